/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How userspace is made to carry out the coalescing ring: it has promised to, whenever KVM_RUN
 * returns and before it does anything else (KVM_X86_PIO_HYPERCALL_RING).  So any exit will do,
 * and nothing is to be tried or remembered.
 */
#ifndef __KVM_X86_PIO_HCALL_FLUSH_H
#define __KVM_X86_PIO_HCALL_FLUSH_H

#include <linux/kvm_host.h>
#include <linux/pio_hypercall.h>

struct hcall_flush {};

static inline void hcall_flush_begin(struct hcall_flush *flush) {}
static inline void hcall_flush_worked(struct hcall_flush *flush) {}

static inline bool hcall_flush_allowed(struct kvm_vcpu *vcpu, const struct hcall_flush *flush,
				       bool first)
{
	return READ_ONCE(vcpu->kvm->arch.pio_hypercall) & KVM_X86_PIO_HYPERCALL_RING;
}

static inline const struct pio_hcall_access *hcall_flush_trial(const struct hcall_flush *flush)
{
	return NULL;
}

/* Ask again, as long as it takes. */
static inline bool hcall_flush_given_up(struct hcall_flush *flush)
{
	return false;
}

static inline void hcall_flush_exit(struct kvm_run *run)
{
	run->exit_reason = KVM_EXIT_COALESCED_RING;
}

#endif /* __KVM_X86_PIO_HCALL_FLUSH_H */
