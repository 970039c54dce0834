/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVM_HCALL_STATS_H
#define KVM_HCALL_STATS_H

#include <linux/percpu.h>

struct kvm_vcpu;

/*
 * Counters in debugfs, /sys/kernel/debug/kvm_hcall/stats: one line each, name
 * and value, since the module was loaded.
 */
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

DECLARE_PER_CPU(u64[HCALL_STAT_MAX], hcall_stats);

/* Of all VMs together: @vcpu does not matter. */
static inline void hcall_count(struct kvm_vcpu *vcpu, enum hcall_stat stat)
{
	this_cpu_inc(hcall_stats[stat]);
}

static inline void hcall_count_by(struct kvm_vcpu *vcpu, enum hcall_stat stat, u64 n)
{
	this_cpu_add(hcall_stats[stat], n);
}

void hcall_stats_init(void);
void hcall_stats_exit(void);

#endif /* KVM_HCALL_STATS_H */
