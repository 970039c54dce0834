/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVM_HCALL_H
#define KVM_HCALL_H

#include <linux/kvm_host.h>

/**
 * struct hcall_vcpu - what the module keeps of one vCPU
 * @node:	in the table of hook.c, by @vcpu
 * @rcu:	readers of the table may still pass through after removal
 * @vcpu:	the vCPU; only its own thread uses the fields below
 * @buf:	one page, the data of the access under way
 * @nr:		number of the call under way
 * @mode64:	made in 64-bit code: whole registers count
 * @port:	its first port
 * @size:	bytes of one element: 1, 2 or 4
 * @count:	elements of @buf that this exit transfers
 * @left:	elements of a string call not transferred yet, @count included
 * @gpa:	guest-physical address of the first of them
 * @rip:	where the call is, to see whether userspace moved the vCPU
 * @complete:	KVM's own completion of the exit to userspace
 *
 * Everything about a call that went to userspace is taken from here when it
 * comes back: struct kvm_run is writable by userspace, the guest's registers by
 * KVM_SET_REGS.
 */
struct hcall_vcpu {
	struct hlist_node node;
	struct rcu_head rcu;
	struct kvm_vcpu *vcpu;
	void *buf;
	u32 nr;
	bool mode64;
	u16 port;
	u8 size;
	u32 count;
	u64 left;
	gpa_t gpa;
	unsigned long rip;
	int (*complete)(struct kvm_vcpu *vcpu);
};

/* hook.c */
struct hcall_vcpu *hcall_vcpu_find(struct kvm_vcpu *vcpu);

/* pio.c */
int hcall_emulate(struct hcall_vcpu *hv);

#endif /* KVM_HCALL_H */
