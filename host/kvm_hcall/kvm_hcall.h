/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVM_HCALL_H
#define KVM_HCALL_H

#include <linux/kvm_host.h>
#include <linux/pio_hypercall.h>
#include "flush.h"
#include "hcall_stat.h"
#include "mirror.h"

/* VMCALL (0f 01 c1) and VMMCALL (0f 01 d9) without prefixes, as the ABI asks. */
#define HCALL_INSN_LEN		3

/**
 * struct hcall_vcpu - what is kept of one vCPU
 * @vcpu:	the vCPU; only its own thread uses the fields below
 * @stats:	its counters, by enum hcall_stat
 * @buf:	one page: data of a string call, or the list of a batch
 * @data:	data of the one access under way, zero-extended
 * @nr:		number of the call under way
 * @mode64:	made in 64-bit code: whole registers count
 * @size:	string: bytes of one element, 1, 2 or 4
 * @port:	string: the port
 * @count:	string: elements of @buf that this exit transfers
 *		batch: elements in @buf
 * @next:	batch: index in @buf of the element to carry out next
 * @left:	string, batch: elements not done yet, @count included
 * @gpa:	string, batch: guest-physical address of the first of them
 * @writing:	batch: a WRITE_BACK has been read, its write is next
 * @in_ring:	batch: elements that are in the coalescing ring, not flushed; kept
 *		where the call had to stop before they were
 * @ring_last:	batch: index in the ring of the last entry this vCPU put there
 * @flush:	batch: what is known of how userspace carries out the ring
 * @list_generation: batch: of the memory slots that the next three are from
 * @list_gfn:	batch: page of guest memory that (a part of) the last list was in
 * @list_slot:	batch: its slot
 * @list_hva:	batch: where userspace has it
 * @mmio_generation: of the memory slots in which @mmio_gfn was looked for
 * @mmio_gfn:	page of the last device register: no slot has it
 * @mirror:	registers that are read without an exit
 * @rip:	where the call is, to see whether userspace moved the vCPU
 * @complete:	KVM's own completion of the exit to userspace, NULL if it has none
 * @done:	ours, after it
 *
 * Everything about a call that went to userspace is taken from here when it
 * comes back: struct kvm_run is writable by userspace, the guest's registers by
 * KVM_SET_REGS.
 */
struct hcall_vcpu {
	struct kvm_vcpu *vcpu;
	u64 *stats;
	void *buf;
	u64 data;
	u32 nr;
	bool mode64;
	u8 size;
	u16 port;
	u32 count;
	u32 next;
	u64 left;
	gpa_t gpa;
	bool writing;
	u32 in_ring;
	u32 ring_last;
	struct hcall_flush flush;
	u64 list_generation;
	gfn_t list_gfn;
	struct kvm_memory_slot *list_slot;
	unsigned long list_hva;
	u64 mmio_generation;
	gfn_t mmio_gfn;
	struct hcall_mirror_ref mirror;
	unsigned long rip;
	int (*complete)(struct kvm_vcpu *vcpu);
	int (*done)(struct hcall_vcpu *hv);
};

static inline void hcall_count_by(struct hcall_vcpu *hv, enum hcall_stat stat, u64 n)
{
	hv->stats[stat] += n;
}

static inline void hcall_count(struct hcall_vcpu *hv, enum hcall_stat stat)
{
	hcall_count_by(hv, stat, 1);
}

static inline u64 hcall_reg_read(struct hcall_vcpu *hv, int reg)
{
	unsigned long val = hv->vcpu->arch.regs[reg];

	return hv->mode64 ? val : (u32)val;
}

/* VMX and SVM load the general registers from regs[] at every entry. */
static inline void hcall_reg_write(struct hcall_vcpu *hv, int reg, u64 val)
{
	hv->vcpu->arch.regs[reg] = hv->mode64 ? val : (u32)val;
}

/* An element of the list in @hv->buf. */
static inline struct pio_hcall_access *hcall_element(struct hcall_vcpu *hv, u32 index)
{
	return (struct pio_hcall_access *)hv->buf + index;
}

/* Is it an access to the page of the vCPU's local APIC? */
static inline bool hcall_local_apic(struct kvm_vcpu *vcpu, bool mmio, u64 addr)
{
	return mmio && (addr ^ vcpu->arch.apic_base) >> PAGE_SHIFT == 0;
}

/* What a restarted call goes on from. */
static inline void hcall_progress(struct hcall_vcpu *hv)
{
	hcall_reg_write(hv, VCPU_REGS_RDX, hv->gpa);
	hcall_reg_write(hv, VCPU_REGS_RSI, hv->left);
}

/* Of those who call hcall_emulate(), and keep the records. */
struct hcall_vcpu *hcall_vcpu_find(struct kvm_vcpu *vcpu);

/* call.c: what returns int returns it to KVM: 1 to enter the guest, 0 to leave */
int hcall_emulate(struct hcall_vcpu *hv);
int hcall_return(struct hcall_vcpu *hv, long status);
int hcall_refuse(struct hcall_vcpu *hv, enum hcall_stat reason);
int hcall_restart(struct hcall_vcpu *hv);
int hcall_to_userspace(struct hcall_vcpu *hv,
		       int (*done)(struct hcall_vcpu *hv));
enum hcall_stat hcall_access_check(struct hcall_vcpu *hv, bool mmio, u64 addr,
				   u64 size);
bool hcall_access(struct hcall_vcpu *hv, bool mmio, u64 addr, u32 size,
		  bool write);
bool hcall_on_bus(struct kvm *kvm, enum kvm_bus idx, gpa_t addr, unsigned int size);
bool hcall_buffer_fault_in(struct kvm_vcpu *vcpu, gpa_t gpa, u32 len);
void __user *hcall_list_page(struct hcall_vcpu *hv, gpa_t gpa);

/* batch.c */
int hcall_batch(struct hcall_vcpu *hv);

/* ring.c: writes that wait in the coalescing ring */
enum hcall_ring_put {
	HCALL_RING_TAKEN,	/* it is in there */
	HCALL_RING_TRIED,	/* another one is, of no effect: to be flushed, then again */
	HCALL_RING_NOT,		/* it may not wait there, or there is no room */
};

enum hcall_ring_put hcall_ring_put(struct hcall_vcpu *hv,
				   const struct pio_hcall_access *e);
bool hcall_ring_flushed(struct hcall_vcpu *hv);

#endif /* KVM_HCALL_H */
