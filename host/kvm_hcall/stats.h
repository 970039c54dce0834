/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVM_HCALL_STATS_H
#define KVM_HCALL_STATS_H

#include <linux/percpu.h>
#include "hcall_stat.h"

struct kvm_vcpu;

/* Reads of mirrored registers: only the module has any. */
#define HCALL_STAT_MIRRORED	HCALL_STAT_MAX
#define HCALL_STATS		(HCALL_STAT_MAX + 1)

/*
 * Counters in debugfs, /sys/kernel/debug/kvm_hcall/stats: one line each, name
 * and value, since the module was loaded.
 */
DECLARE_PER_CPU(u64[HCALL_STATS], hcall_stats);

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
