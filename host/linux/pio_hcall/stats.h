/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of port I/O hypercalls: KVM's binary statistics, of each vCPU. */
#ifndef __KVM_X86_PIO_HCALL_STATS_H
#define __KVM_X86_PIO_HCALL_STATS_H

#include <linux/kvm_host.h>

/* Indices of kvm_vcpu_stat.pio_hcall; x86.c has their names. */
enum hcall_stat {
	/* Calls by kind, in the order of their numbers. */
	HCALL_STAT_PROBE,
	HCALL_STAT_IN,
	HCALL_STAT_OUT,
	HCALL_STAT_INS,
	HCALL_STAT_OUTS,
	HCALL_STAT_READ,
	HCALL_STAT_WRITE,
	HCALL_STAT_BATCH,
	/* Elements of batches that were carried out. */
	HCALL_STAT_ELEMENTS,
	/* Where accesses, or parts of strings, were carried out. */
	HCALL_STAT_IN_KVM,
	HCALL_STAT_TO_USERSPACE,
	HCALL_STAT_COALESCED,	/* writes that went by the ring, */
	HCALL_STAT_FLUSHES,	/* and exits that had it carried out */
	HCALL_STAT_STRING_BYTES,
	/* Refused, by reason. */
	HCALL_STAT_REFUSED_CPL,
	HCALL_STAT_REFUSED_RESERVED,
	HCALL_STAT_REFUSED_SIZE,
	HCALL_STAT_REFUSED_PORT,
	HCALL_STAT_REFUSED_ADDRESS,
	HCALL_STAT_REFUSED_MEMORY,
	HCALL_STAT_REFUSED_COUNT,
	HCALL_STAT_REFUSED_BUFFER,
	HCALL_STAT_REFUSED_DISABLED,
	HCALL_STAT_REFUSED_GROUP,
	HCALL_STAT_REFUSED_NOMEM,
	/* The vCPU was moved elsewhere while userspace had the access. */
	HCALL_STAT_DROPPED,
	HCALL_STAT_MAX
};

static inline void hcall_count_by(struct kvm_vcpu *vcpu, enum hcall_stat stat, u64 n)
{
	BUILD_BUG_ON(ARRAY_SIZE(vcpu->stat.pio_hcall) != HCALL_STAT_MAX);
	vcpu->stat.pio_hcall[stat] += n;
}

static inline void hcall_count(struct kvm_vcpu *vcpu, enum hcall_stat stat)
{
	hcall_count_by(vcpu, stat, 1);
}

#endif /* __KVM_X86_PIO_HCALL_STATS_H */
