/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of port I/O hypercalls: KVM's binary statistics, of each vCPU. */
#ifndef __KVM_X86_PIO_HCALL_STATS_H
#define __KVM_X86_PIO_HCALL_STATS_H

#include <linux/kvm_host.h>
#include "hcall_stat.h"

/* x86.c has their names. */
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
