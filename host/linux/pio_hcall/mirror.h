/* SPDX-License-Identifier: GPL-2.0 */
/* Registers whose values userspace keeps in memory: the module's only, so far. */
#ifndef __KVM_X86_PIO_HCALL_MIRROR_H
#define __KVM_X86_PIO_HCALL_MIRROR_H

#include <linux/kvm_host.h>

struct hcall_vcpu;
struct hcall_mirror_ref {};

static inline bool hcall_has_mirror(const struct hcall_mirror_ref *ref)
{
	return false;
}

static inline bool hcall_mirror_read(struct hcall_vcpu *hv, bool mmio, u64 addr, u32 size)
{
	return false;
}

#endif /* __KVM_X86_PIO_HCALL_MIRROR_H */
