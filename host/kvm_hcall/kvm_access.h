/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the calls ask of KVM, including parts of it that its headers do not offer to modules.
 */
#ifndef KVM_HCALL_KVM_ACCESS_H
#define KVM_HCALL_KVM_ACCESS_H

#include <linux/kvm_host.h>
#include "compat.h"

/* PCI configuration mechanism #1 (PCI Local Bus Specification 3.0, 3.2.2.3.2). */
#define PCI_CONFIG_ADDRESS	0xcf8

/*
 * Exported by kvm.ko, declared in arch/x86/kvm/x86.h, which no headers package
 * carries.  Despite its name nothing in it is about SEV-ES: it performs @count
 * accesses between a kernel buffer and a port, on KVM's own bus or else by
 * KVM_EXIT_IO, and touches no guest register.
 */
int kvm_sev_es_string_io(struct kvm_vcpu *vcpu, unsigned int size,
			 unsigned int port, void *data, unsigned int count,
			 int in);

/*
 * Of the same kind: one access between @data and a device register, by the local
 * APIC, KVM's MMIO bus, or else KVM_EXIT_MMIO.
 */
int kvm_sev_es_mmio_write(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int bytes,
			  void *data);
int kvm_sev_es_mmio_read(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int bytes,
			 void *data);

/* @count accesses to a port, by KVM if it can: 1 if done, 0 if userspace's. */
static inline int hcall_pio(struct kvm_vcpu *vcpu, u32 size, u16 port,
			    void *data, u32 count, bool in)
{
	return kvm_sev_es_string_io(vcpu, size, port, data, count, in);
}

/* One access to a device register: as hcall_pio(). */
static inline int hcall_mmio(struct kvm_vcpu *vcpu, bool write, gpa_t gpa,
			     u32 size, void *data)
{
	/*
	 * KVM completes a read only if this says so, and sets it for accesses that
	 * it decoded itself; an SEV-ES guest has no others, we do.
	 */
	vcpu->mmio_is_write = write;
	return write ? kvm_sev_es_mmio_write(vcpu, gpa, size, data) :
		       kvm_sev_es_mmio_read(vcpu, gpa, size, data);
}

/*
 * As kvm_request_l1tf_flush_l1d(), which KVM's emulator calls: what the host loads for this call
 * (guest memory, page tables, a device's registers) is flushed before the guest goes on, on CPUs
 * that need it.
 */
static inline void hcall_flush_l1d(struct kvm_vcpu *vcpu)
{
	vcpu->arch.l1tf_flush_l1d = true;
}

/* @len bytes have been written to guest memory, in one page of @slot. */
static inline void hcall_wrote(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			       gpa_t gpa, const void *data, u32 len)
{
	mark_page_dirty_in_slot(vcpu->kvm, slot, gpa_to_gfn(gpa));
}

/* KVM's own devices; NULL after it failed to take one off.  Context: kvm->srcu held for reading. */
static inline struct kvm_io_bus *hcall_bus(struct kvm *kvm, enum kvm_bus idx)
{
	return srcu_dereference(kvm->buses[idx], &kvm->srcu);
}

#define hcall_write_guest	kvm_vcpu_write_guest

/* Renamed for the kernel in 6.10, as a reminder that userspace writes it. */
#ifdef HINT_UNSAFE_IN_KVM
#define hcall_immediate_exit(run)	READ_ONCE((run)->immediate_exit__unsafe)
#else
#define hcall_immediate_exit(run)	READ_ONCE((run)->immediate_exit)
#endif

int hcall_cpl(struct kvm_vcpu *vcpu);
bool hcall_64bit(struct kvm_vcpu *vcpu);
bool hcall_foreign_abi(struct kvm_vcpu *vcpu);
bool hcall_bus_has(struct kvm_vcpu *vcpu, enum kvm_bus idx, gpa_t addr);
bool hcall_knows_outs(struct kvm_vcpu *vcpu);
unsigned long hcall_rip(struct kvm_vcpu *vcpu);
int hcall_skip(struct kvm_vcpu *vcpu, bool mode64);

#endif /* KVM_HCALL_KVM_ACCESS_H */
