/* SPDX-License-Identifier: GPL-2.0 */
/* Port I/O by hypercall: what the rest of KVM calls. */
#ifndef __KVM_X86_PIO_HCALL_H
#define __KVM_X86_PIO_HCALL_H

#include <linux/kvm_host.h>
#include <linux/pio_hypercall.h>

#define KVM_X86_PIO_HYPERCALL_VALID_MASK	(KVM_X86_PIO_HYPERCALL_ENABLE | \
						 KVM_X86_PIO_HYPERCALL_RING)

/* In kvm_arch.pio_hypercall: the other bits are what userspace has said. */
#define PIO_HYPERCALL_SAID	BIT(31)

#ifdef CONFIG_KVM_PIO_HYPERCALL
bool kvm_pio_hypercall_allowed(struct kvm_vcpu *vcpu);
int kvm_pio_hypercall(struct kvm_vcpu *vcpu);
int kvm_vm_enable_pio_hypercall(struct kvm *kvm, u64 flags);
void kvm_pio_hypercall_vcpu_destroy(struct kvm_vcpu *vcpu);

/* Is it a number of ours?  KVM's own calls leave here: lower half first. */
static inline bool kvm_is_pio_hypercall(struct kvm_vcpu *vcpu)
{
	u32 nr = vcpu->arch.regs[VCPU_REGS_RAX];

	return nr - PIO_HCALL_BASE < PIO_HCALL_END - PIO_HCALL_BASE &&
	       kvm_pio_hypercall_allowed(vcpu);
}
#else
static inline bool kvm_is_pio_hypercall(struct kvm_vcpu *vcpu)
{
	return false;
}

static inline int kvm_pio_hypercall(struct kvm_vcpu *vcpu)
{
	return -EIO;
}

static inline int kvm_vm_enable_pio_hypercall(struct kvm *kvm, u64 flags)
{
	return -EINVAL;
}

static inline void kvm_pio_hypercall_vcpu_destroy(struct kvm_vcpu *vcpu) {}
#endif

#endif /* __KVM_X86_PIO_HCALL_H */
