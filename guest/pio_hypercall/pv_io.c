// SPDX-License-Identifier: GPL-2.0
/*
 * pv_ops.io by hypercall: pio_hcall= on the command line, and the entry points
 * that turn an instruction's registers into a C call.
 */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/cpufeature.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/linkage.h>
#include <linux/pio_hypercall.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <asm/frame.h>
#include <asm/paravirt.h>
#include <asm/pio_hypercall.h>
#include "transport.h"

/*
 * As PV_CALLEE_SAVE_REGS_THUNK(), with the registers of pv_ops.io: port in %dx,
 * data in %rax, buffer in %rdi or %rsi, count in %rcx.
 */
#define PIO_THUNK(name, section, save, args, func, restore)		\
	asm(".pushsection " section ", \"ax\";"				\
	    ".globl " #name ";"						\
	    ".type " #name ", @function;"				\
	    ASM_FUNC_ALIGN						\
	    #name ":"							\
	    ASM_ENDBR							\
	    FRAME_BEGIN							\
	    save							\
	    PV_SAVE_ALL_CALLER_REGS					\
	    args							\
	    "call " #func ";"						\
	    PV_RESTORE_ALL_CALLER_REGS					\
	    restore							\
	    FRAME_END							\
	    ASM_RET							\
	    ".size " #name ", .-" #name ";"				\
	    ".popsection")

#define PIO_SAVE_RAX		"push %rax;"
#define PIO_RESTORE_RAX		"pop %rax;"

#define PIO_IN_THUNK(bwl, size)						\
	PIO_THUNK(pio_hcall_pv_in##bwl, ".noinstr.text", "",				\
		  "movzwl %dx, %edi; movl $" #size ", %esi;",		\
		  pio_hcall_in, "")

#define PIO_OUT_THUNK(bwl, size)					\
	PIO_THUNK(pio_hcall_pv_out##bwl, ".noinstr.text", PIO_SAVE_RAX,			\
		  "movzwl %dx, %edi; movl %eax, %esi; movl $" #size ", %edx;", \
		  pio_hcall_out, PIO_RESTORE_RAX)

#define PIO_INS_THUNK(bwl, size)					\
	PIO_THUNK(pio_hcall_pv_ins##bwl, ".text", PIO_SAVE_RAX,			\
		  "movq %rdi, %rsi; movzwl %dx, %edi; movq %rcx, %rdx;"	\
		  "movl $" #size ", %ecx;",				\
		  pio_hcall_ins, PIO_RESTORE_RAX)

#define PIO_OUTS_THUNK(bwl, size)					\
	PIO_THUNK(pio_hcall_pv_outs##bwl, ".text", PIO_SAVE_RAX,			\
		  "movzwl %dx, %edi; movq %rcx, %rdx; movl $" #size ", %ecx;", \
		  pio_hcall_outs, PIO_RESTORE_RAX)

PIO_IN_THUNK(b, 1);
PIO_IN_THUNK(w, 2);
PIO_IN_THUNK(l, 4);
PIO_OUT_THUNK(b, 1);
PIO_OUT_THUNK(w, 2);
PIO_OUT_THUNK(l, 4);
PIO_INS_THUNK(b, 1);
PIO_INS_THUNK(w, 2);
PIO_INS_THUNK(l, 4);
PIO_OUTS_THUNK(b, 1);
PIO_OUTS_THUNK(w, 2);
PIO_OUTS_THUNK(l, 4);

/* pio_hcall= as given; NULL if it was not. */
static char *pio_hcall_arg __initdata;

static int __init parse_pio_hcall(char *arg)
{
	pio_hcall_arg = arg ?: "";
	return 0;
}
early_param("pio_hcall", parse_pio_hcall);

u32 pio_hcall_features __ro_after_init;
EXPORT_SYMBOL_GPL(pio_hcall_features);

/* What can be left out of "on": nostring, nommio, nobatch, noposted. */
#define OPT_POSTED	BIT(31)		/* no feature of the host's */

static const struct {
	const char *name;
	u32 feature;
} parts[] = {
	{ "string", PIO_HCALL_F_STRING },
	{ "mmio", PIO_HCALL_F_MMIO },
	{ "batch", PIO_HCALL_F_BATCH },
	{ "posted", OPT_POSTED },
};

/*
 * "on", and what is left out of it, behind commas.  False if any of it is unknown;
 * then nothing is switched on, as who wrote it meant something else.
 */
static bool __init parse_on(const char *arg, u32 *without)
{
	unsigned int i, len;

	if (strncmp(arg, "on", 2))
		return false;
	arg += 2;
	while (*arg) {
		if (strncmp(arg, ",no", 3))
			return false;
		arg += 3;
		len = strcspn(arg, ",");
		for (i = 0; i < ARRAY_SIZE(parts); i++) {
			if (strlen(parts[i].name) == len &&
			    !strncmp(arg, parts[i].name, len))
				break;
		}
		if (i == ARRAY_SIZE(parts))
			return false;
		*without |= parts[i].feature;
		arg += len;
	}
	return true;
}

/**
 * pio_hcall_init() - switch pv_ops.io over if asked to and if possible
 *
 * Says in one line what it did and why.
 *
 * Context: setup_arch(), one CPU, after the hypervisor was detected and before
 * alternatives are applied, which turn calls through pv_ops.io into direct
 * calls or back into native instructions.
 */
void __init pio_hcall_init(void)
{
	struct pio_hcall_host host;
	const char *why;
	u32 without = 0;

	if (!pio_hcall_arg || !strcmp(pio_hcall_arg, "off")) {
		pr_info("off: not asked for (pio_hcall=on switches it on)\n");
		return;
	}
	if (!parse_on(pio_hcall_arg, &without)) {
		pr_err("off: unknown value pio_hcall=\"%s\", known are off and on[,nostring][,nommio][,nobatch][,noposted]\n",
		       pio_hcall_arg);
		return;
	}
	why = pio_hcall_probe(&host);
	if (why) {
		pr_warn("off: %s\n", why);
		return;
	}
	pio_hcall_features = host.features & ~without;

	pv_ops.io.in8.func = pio_hcall_pv_inb;
	pv_ops.io.in16.func = pio_hcall_pv_inw;
	pv_ops.io.in32.func = pio_hcall_pv_inl;
	pv_ops.io.out8.func = pio_hcall_pv_outb;
	pv_ops.io.out16.func = pio_hcall_pv_outw;
	pv_ops.io.out32.func = pio_hcall_pv_outl;
	if (pio_hcall_features & PIO_HCALL_F_STRING) {
		pv_ops.io.ins8.func = pio_hcall_pv_insb;
		pv_ops.io.ins16.func = pio_hcall_pv_insw;
		pv_ops.io.ins32.func = pio_hcall_pv_insl;
		pv_ops.io.outs8.func = pio_hcall_pv_outsb;
		pv_ops.io.outs16.func = pio_hcall_pv_outsw;
		pv_ops.io.outs32.func = pio_hcall_pv_outsl;
	}
	/* A string, too, must find done what was written before it. */
	pio_posted_enabled = (pio_hcall_features & PIO_HCALL_F_BATCH) &&
			     (pio_hcall_features & PIO_HCALL_F_STRING) &&
			     !(without & OPT_POSTED);
	setup_force_cpu_cap(X86_FEATURE_PV_PIO);
	pr_info("on: ABI %u, features 0x%x (port I/O%s%s%s%s)\n", host.version,
		pio_hcall_features,
		pio_hcall_features & PIO_HCALL_F_STRING ? ", strings" : "",
		pio_hcall_features & PIO_HCALL_F_MMIO ? ", MMIO" : "",
		pio_hcall_features & PIO_HCALL_F_BATCH ? ", batches" : "",
		pio_posted_enabled ? ", posted writes" : "");
}

static int __init stats_early(void)
{
	pio_hcall_stats_early();
	return 0;
}
early_initcall(stats_early);

static int __init stats_init(void)
{
	pio_hcall_stats_init();
	return 0;
}
core_initcall(stats_init);	/* before drivers */
