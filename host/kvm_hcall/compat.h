/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that this module knows about kernel versions and about parts of KVM
 * that its headers do not offer to modules.
 */
#ifndef KVM_HCALL_COMPAT_H
#define KVM_HCALL_COMPAT_H

#include <linux/ftrace.h>
#include <linux/kvm_host.h>
#include <linux/version.h>

/* To widen the range, read this file and compat.c against arch/x86/kvm there. */
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

struct hcall_vcpu;

/*
 * Exported by kvm.ko, declared in arch/x86/kvm/x86.h, which no headers package
 * carries.  Despite its name nothing in it is about SEV-ES: it performs @count
 * accesses between a kernel buffer and a port, on KVM's own bus or else by
 * KVM_EXIT_IO, and touches no guest register.
 */
int kvm_sev_es_string_io(struct kvm_vcpu *vcpu, unsigned int size,
			 unsigned int port, void *data, unsigned int count,
			 int in);

/*
 * Of the same kind: one access between @data and a device register, by the local
 * APIC, KVM's MMIO bus, or else KVM_EXIT_MMIO.  1 if done, 0 if userspace's.
 */
int kvm_sev_es_mmio_write(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int bytes,
			  void *data);
int kvm_sev_es_mmio_read(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int bytes,
			 void *data);

/* Renamed for the kernel in 6.10, as a reminder that userspace writes it. */
#ifdef HINT_UNSAFE_IN_KVM
#define hcall_immediate_exit(run)	READ_ONCE((run)->immediate_exit__unsafe)
#else
#define hcall_immediate_exit(run)	READ_ONCE((run)->immediate_exit)
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
int hcall_cpl(struct kvm_vcpu *vcpu);
bool hcall_64bit(struct kvm_vcpu *vcpu);
bool hcall_foreign_abi(struct kvm_vcpu *vcpu);
bool hcall_on_bus(struct kvm_vcpu *vcpu, enum kvm_bus idx, gpa_t addr,
		  unsigned int size);
bool hcall_bus_has(struct kvm_vcpu *vcpu, enum kvm_bus idx, gpa_t addr);
unsigned long hcall_rip(struct kvm_vcpu *vcpu);
int hcall_skip(struct kvm_vcpu *vcpu, bool mode64);

#endif /* KVM_HCALL_COMPAT_H */
