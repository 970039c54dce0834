/* SPDX-License-Identifier: GPL-2.0 */
/* What port I/O hypercalls ask of the rest of KVM. */
#ifndef __KVM_X86_PIO_HCALL_KVM_ACCESS_H
#define __KVM_X86_PIO_HCALL_KVM_ACCESS_H

#include <linux/kvm_host.h>
#include "mmu.h"
#include "mmu/page_track.h"
#include "regs.h"
#include "x86.h"

/* @count accesses to a port, by KVM if it can: 1 if done, 0 if userspace's. */
static inline int hcall_pio(struct kvm_vcpu *vcpu, u32 size, u16 port,
			    void *data, u32 count, bool in)
{
	return kvm_emulate_pio_buffer(vcpu, size, port, data, count, in);
}

/* One access to a device register: as hcall_pio(). */
static inline int hcall_mmio(struct kvm_vcpu *vcpu, bool write, gpa_t gpa,
			     u32 size, void *data)
{
	return kvm_emulate_mmio_buffer(vcpu, write, gpa, size, data);
}

/* What is loaded for this call is flushed before the guest goes on, on CPUs that need it. */
static inline void hcall_flush_l1d(struct kvm_vcpu *vcpu)
{
	kvm_request_l1tf_flush_l1d();
}

/* @len bytes have been written to guest memory, in one page of @slot. */
static inline void hcall_wrote(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			       gpa_t gpa, const void *data, u32 len)
{
	mark_page_dirty_in_slot(vcpu->kvm, slot, gpa_to_gfn(gpa));
	kvm_page_track_write(vcpu, gpa, data, len);
}

/* As kvm_get_bus_srcu(): with the devices that were added before the guest made the call. */
static inline struct kvm_io_bus *hcall_bus(struct kvm *kvm, enum kvm_bus idx)
{
	smp_mb__after_srcu_read_lock();
	return srcu_dereference(kvm->buses[idx], &kvm->srcu);
}

int hcall_write_guest(struct kvm_vcpu *vcpu, gpa_t gpa, const void *data, u32 len);

#define hcall_immediate_exit(run)	READ_ONCE((run)->immediate_exit__unsafe)

#define hcall_64bit	is_64_bit_mode
#define hcall_rip	kvm_rip_read

int hcall_skip(struct kvm_vcpu *vcpu, bool mode64);

/* Does the VMM know KVM_EXIT_IO with several elements to write? */
static inline bool hcall_knows_outs(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->kvm->arch.pio_hypercall);
}

#endif /* __KVM_X86_PIO_HCALL_KVM_ACCESS_H */
