/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a kernel without the patches, or an older one, has not: for the sources of
 * the patches to compile as they are.  Included by force, before them.
 */
#ifndef PIO_HYPERCALL_COMPAT_H
#define PIO_HYPERCALL_COMPAT_H

#include <linux/version.h>

#if KERNEL_VERSION(6, 1, 0) > LINUX_VERSION_CODE || \
	KERNEL_VERSION(7, 4, 0) <= LINUX_VERSION_CODE
#error "pio_hypercall does not know this kernel, only Linux 6.1 to 7.3: see module/compat.h"
#endif

#ifndef CONFIG_X86_64
#error "pio_hypercall is for 64-bit kernels: others need the patches"
#endif

/* The version says little of what has been put into it. */
#ifdef RHEL_RELEASE_CODE
#error "pio_hypercall does not know the kernels of Red Hat Enterprise Linux"
#endif

#if defined(CONFIG_PARAVIRT_PIO) || defined(CONFIG_PIO_HYPERCALL)
#error "this kernel has the patches: set CONFIG_PIO_HYPERCALL_ATA in it instead"
#endif

#if defined(CONFIG_PREEMPTION) && !defined(CONFIG_TASKS_RCU)
#error "pio_hypercall cannot be unloaded from a preemptible kernel without CONFIG_TASKS_RCU"
#endif

#define CONFIG_PIO_HYPERCALL 1
/* As the sources define it; too late for them, with what is included here. */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/kfence.h>
#include <linux/mm.h>
#include <asm/io.h>

/* There is nothing in the way of the native instructions. */
#define __inb	inb
#define __inw	inw
#define __inl	inl
#define __outb	outb
#define __outw	outw
#define __outl	outl

/*
 * Both only ask whether memory is watched by way of the page tables, to find bugs of
 * others, and neither's symbol is exported (everywhere).  A string call to such
 * memory works, unwatched.
 */
#define debug_pagealloc_enabled_static()	false
#define is_kfence_address(addr)			((void)(addr), false)

#endif /* PIO_HYPERCALL_COMPAT_H */
