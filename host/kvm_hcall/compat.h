/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which kernels this module is for, and what differs between them; of KVM's own interfaces,
 * kvm_access.h has them.
 */
#ifndef KVM_HCALL_COMPAT_H
#define KVM_HCALL_COMPAT_H

#include <linux/ftrace.h>
#include <linux/kvm_host.h>
#include <linux/version.h>

/*
 * From 6.18 on KVM exports what is used here to its own modules only
 * (EXPORT_SYMBOL_FOR_KVM_INTERNAL).  Documentation/questions.rst says why there is no way round.
 */
#if KERNEL_VERSION(6, 18, 0) <= LINUX_VERSION_CODE
#error "kvm_hcall does not know this kernel: 6.18 and later need the patches in host/linux"
#endif

/* To widen the range, read compat.c and kvm_access.h against arch/x86/kvm there. */
#if KERNEL_VERSION(6, 1, 0) > LINUX_VERSION_CODE || \
	KERNEL_VERSION(6, 13, 0) <= LINUX_VERSION_CODE
#error "kvm_hcall does not know this kernel: it hooks the KVM of Linux 6.1 to 6.12"
#endif

/* The version says little of what has been put into it. */
#ifdef RHEL_RELEASE_CODE
#error "kvm_hcall does not know the kernels of Red Hat Enterprise Linux"
#endif

#ifndef CONFIG_X86_64
#error "kvm_hcall is for 64-bit hosts"
#endif

#if !IS_MODULE(CONFIG_KVM)
#error "kvm_hcall hooks KVM built as a module: CONFIG_KVM=m"
#endif

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#error "kvm_hcall hooks KVM through ftrace: CONFIG_DYNAMIC_FTRACE_WITH_ARGS=y"
#endif

/*
 * Was static inline in ftrace.h under other names before 6.2 (argument: only
 * with full pt_regs) and is reached through arch_ftrace_regs() from 6.12 on.
 */
#ifdef arch_ftrace_regs
#define hcall_ftrace_pt_regs(fregs)	(&arch_ftrace_regs(fregs)->regs)
#else
#define hcall_ftrace_pt_regs(fregs)	(&(fregs)->regs)
#endif

/* First argument of the hooked function. */
static __always_inline struct kvm_vcpu *hcall_hooked_vcpu(struct ftrace_regs *fregs)
{
	return (struct kvm_vcpu *)hcall_ftrace_pt_regs(fregs)->di;
}

/* Makes the hooked call go to @func with @arg instead. */
#define hcall_redirect(fregs, func, arg)				\
	do {								\
		struct pt_regs *regs_ = hcall_ftrace_pt_regs(fregs);	\
		int (*func_)(typeof(arg)) = func;			\
									\
		regs_->ip = (unsigned long)func_;			\
		regs_->di = (unsigned long)(arg);			\
	} while (0)

int hcall_compat_init(void);

#endif /* KVM_HCALL_COMPAT_H */
