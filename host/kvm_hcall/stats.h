/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVM_HCALL_STATS_H
#define KVM_HCALL_STATS_H

#include "hcall_stat.h"

struct kvm;

/* Reads of mirrored registers: only the module has any. */
#define HCALL_STAT_MIRRORED	HCALL_STAT_MAX
#define HCALL_STATS		(HCALL_STAT_MAX + 1)

/*
 * Counters in debugfs, one line each, name and value: kvm_hcall/stats has those of all VMs
 * since the module was loaded, and kvm/PID-FD/kvm_hcall those of one VM that has made a call.
 */
void hcall_stats_init(void);
void hcall_stats_exit(void);
void hcall_stats_add_vm(struct kvm *kvm);

/* hook.c: what has been counted for @kvm, or for all VMs if it is NULL */
void hcall_stats_sum(const struct kvm *kvm, u64 sum[HCALL_STATS]);

#endif /* KVM_HCALL_STATS_H */
