/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers whose values a VMM keeps in a page of its memory: reading them needs no exit to
 * userspace (Documentation/abi.rst, "Mirrored registers").
 */
#ifndef KVM_HCALL_MIRROR_H
#define KVM_HCALL_MIRROR_H

#include <linux/kvm_host.h>

struct hcall_mirror;
struct hcall_vcpu;

/**
 * struct hcall_mirror_ref - what a vCPU knows of its VM's registers
 * @now:	NULL: none are mirrored.  Freed when rcu_read_lock_sched() has passed
 */
struct hcall_mirror_ref {
	struct hcall_mirror __rcu *now;
};

static inline bool hcall_has_mirror(const struct hcall_mirror_ref *ref)
{
	return unlikely(rcu_access_pointer(ref->now));
}

bool hcall_mirror_read(struct hcall_vcpu *hv, bool mmio, u64 addr, u32 size);

/**
 * struct hcall_mirrored_vm - a VM that has mirrored registers
 * @node:	in hook.c's list of them, while @mirror is not NULL
 * @kvm:	the VM
 * @mirror:	what its vCPUs are to have
 */
struct hcall_mirrored_vm {
	struct list_head node;
	struct kvm *kvm;
	struct hcall_mirror *mirror;
};

int hcall_mirror_init(void);
void hcall_mirror_exit(void);

/* hook.c: whom the module answers, and what its vCPUs have */
bool hcall_group_has_me(void);
int hcall_vcpus_mirror(struct hcall_mirrored_vm *vm, struct hcall_mirror *mirror);

#endif /* KVM_HCALL_MIRROR_H */
