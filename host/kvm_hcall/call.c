// SPDX-License-Identifier: GPL-2.0
/*
 * The calls themselves, but for BATCH: Documentation/abi.rst is the contract.
 *
 * One exit carries at most one page of data and leads to at most one exit to
 * userspace.  A string call that has more to do leaves RIP on the call and its
 * progress in the guest's registers, like a REP instruction that was
 * interrupted: signals, KVM_GET_REGS and the end of the VM find nothing
 * half-done.
 */
#include <linux/pagemap.h>
#include <linux/pio_hypercall.h>
#include <linux/sizes.h>
#include <uapi/linux/kvm_para.h>
#include "kvm_access.h"
#include "kvm_hcall.h"

#define CREATE_TRACE_POINTS
#include "hcall_trace.h"

static int call_over(struct hcall_vcpu *hv, long status)
{
	hcall_reg_write(hv, VCPU_REGS_RAX, status);
	return hcall_skip(hv->vcpu, hv->mode64);
}

static noinline int traced_call_over(struct hcall_vcpu *hv, long status)
{
	struct kvm_vcpu *vcpu = hv->vcpu;

	trace_kvm_hcall_done(vcpu->vcpu_id, hv->nr, status,
			     vcpu->arch.regs[VCPU_REGS_RDX],
			     vcpu->arch.regs[VCPU_REGS_RSI]);
	return call_over(hv, status);
}

/*
 * The call is over: status to RAX, RIP to the next instruction.  Tracing is apart
 * for the registers that it has to have saved.
 */
int hcall_return(struct hcall_vcpu *hv, long status)
{
	if (trace_kvm_hcall_done_enabled())
		return traced_call_over(hv, status);
	return call_over(hv, status);
}

/* The call, or what is left of it, is not carried out, for @reason. */
int hcall_refuse(struct hcall_vcpu *hv, enum hcall_stat reason)
{
	hcall_count(hv, reason);
	switch (reason) {
	case HCALL_STAT_REFUSED_MEMORY:
	case HCALL_STAT_REFUSED_BUFFER:
		return hcall_return(hv, -KVM_EFAULT);
	case HCALL_STAT_REFUSED_NOMEM:
		return hcall_return(hv, -KVM_ENOSYS);
	default:
		return hcall_return(hv, -KVM_EINVAL);
	}
}

/* What is left of the call comes with its next exit: RIP stays. */
int hcall_restart(struct hcall_vcpu *hv)
{
	struct kvm_vcpu *vcpu = hv->vcpu;

	trace_kvm_hcall_done(vcpu->vcpu_id, hv->nr, 1,
			     vcpu->arch.regs[VCPU_REGS_RDX],
			     vcpu->arch.regs[VCPU_REGS_RSI]);
	return 1;
}

/* Is it memory that userspace gave the guest, writable if @write? */
static bool slot_ok(const struct kvm_memory_slot *slot, bool write)
{
	if (!slot || slot->id >= KVM_USER_MEM_SLOTS ||
	    slot->flags & KVM_MEMSLOT_INVALID)
		return false;
#ifdef KVM_MEM_GUEST_MEMFD
	/* What the guest sees may not be what userspace maps. */
	if (slot->flags & KVM_MEM_GUEST_MEMFD)
		return false;
#endif
	return !write || !(slot->flags & KVM_MEM_READONLY);
}

/*
 * Is all of [gpa, gpa + len) such memory, and can registers name its end?  Looks
 * at memory slots only, so it is cheap for any length.
 */
static bool buffer_ok(struct hcall_vcpu *hv, gpa_t gpa, u64 len, bool write)
{
	struct kvm_memslots *slots = kvm_vcpu_memslots(hv->vcpu);
	struct kvm_memory_slot *slot;
	gfn_t gfn = gpa_to_gfn(gpa);
	gpa_t last;

	if (check_add_overflow(gpa, len - 1, &last))
		return false;
	/* RDX has 32 bits there, and must still name the next part. */
	if (!hv->mode64 && last >= SZ_4G)
		return false;

	while (gfn <= gpa_to_gfn(last)) {
		slot = __gfn_to_memslot(slots, gfn);
		if (!slot_ok(slot, write))
			return false;
		gfn = slot->base_gfn + slot->npages;
	}
	return true;
}

/*
 * Where userspace has the memory at @gpa, for the rest of its page, to be read and
 * written; NULL if the guest may not write it.  Lists are mostly in the page that
 * the last one was in: it is looked up again only if the memory slots have changed,
 * which their generation says.
 */
void __user *hcall_list_page(struct hcall_vcpu *hv, gpa_t gpa)
{
	struct kvm_memslots *slots = kvm_vcpu_memslots(hv->vcpu);
	gfn_t gfn = gpa_to_gfn(gpa);

	if (unlikely(slots->generation != hv->list_generation ||
		     gfn != hv->list_gfn)) {
		struct kvm_memory_slot *slot = __gfn_to_memslot(slots, gfn);

		if (!slot_ok(slot, true))
			return NULL;
		hv->list_generation = slots->generation;
		hv->list_gfn = gfn;
		hv->list_slot = slot;
		hv->list_hva = __gfn_to_hva_memslot(slot, gfn);
	}
	return (void __user *)hv->list_hva + offset_in_page(gpa);
}

/*
 * Make userspace's mapping of [gpa, gpa + len) writable now: once the device
 * was read it is too late for an error.  @len is a page at most.
 */
bool hcall_buffer_fault_in(struct kvm_vcpu *vcpu, gpa_t gpa, u32 len)
{
	while (len) {
		u32 offset = offset_in_page(gpa);
		u32 chunk = min_t(u32, len, PAGE_SIZE - offset);
		unsigned long hva = kvm_vcpu_gfn_to_hva(vcpu, gpa_to_gfn(gpa));

		if (kvm_is_error_hva(hva) ||
		    fault_in_safe_writeable((char __user *)hva + offset, chunk))
			return false;
		gpa += chunk;
		len -= chunk;
	}
	return true;
}

/* The access that is userspace's will not be completed. */
static void hcall_forget(struct kvm_vcpu *vcpu)
{
	vcpu->arch.pio.count = 0;
	vcpu->arch.sev_pio_count = 0;
	vcpu->mmio_needed = 0;
}

/*
 * Userspace has carried out the exit.  If it also moved the vCPU elsewhere (a
 * reset by port 0x92 or 0xcf9, KVM_SET_REGS), the registers are no longer the
 * caller's and the call is forgotten.  KVM's complete_fast_pio_in() forgets an IN
 * for the same reason; it compares the linear RIP, which CS alone may change.
 * RIP alone tells: a device may have set other registers as part of what it does
 * (QEMU's vmport), and the access was made all the same.
 */
static int hcall_complete(struct kvm_vcpu *vcpu)
{
	struct hcall_vcpu *hv = hcall_vcpu_find(vcpu);

	if (hcall_rip(vcpu) != hv->rip) {
		hcall_forget(vcpu);
		hcall_count(hv, HCALL_STAT_DROPPED);
		return 1;
	}
	/* For a call that goes on. */
	hcall_reg_write(hv, VCPU_REGS_RAX, hv->nr);
	/*
	 * Copies what was read to hv->buf or hv->data.  One page at most of a
	 * port, 8 bytes at most of a register: so there is no more.
	 */
	if (hv->complete)
		hv->complete(vcpu);
	return hv->done(hv);
}

/* The access left for userspace; @done goes on when it comes back. */
int hcall_to_userspace(struct hcall_vcpu *hv, int (*done)(struct hcall_vcpu *hv))
{
	struct kvm_vcpu *vcpu = hv->vcpu;

	hcall_count(hv, HCALL_STAT_TO_USERSPACE);
	hv->rip = hcall_rip(vcpu);
	hv->complete = vcpu->arch.complete_userspace_io;
	hv->done = done;
	vcpu->arch.complete_userspace_io = hcall_complete;
	return 0;
}

/*
 * Ports whose device looks at the registers of the vCPU that accesses them, and would find
 * a call where it expects an IN or OUT.  In QEMU these are the ports of the vapic, which
 * rewrites the guest's code before RIP (hw/i386/vapic.c), and those of the VMware backdoor
 * with its fast channel (hw/i386/vmport.c).
 */
static bool looks_at_vcpu(u64 port, u64 size)
{
	u64 last = port + size - 1;

	return (port <= 0x7f && last >= 0x7e) ||
	       (port <= 0x5659 && last >= 0x5658);
}

/**
 * hcall_on_bus() - might a device in KVM take an access?
 * @kvm: the VM
 * @idx: the bus
 * @addr: first byte of the access
 * @size: its bytes
 *
 * KVM limits a bus to NR_IOBUS_DEVS devices, but does not count ioeventfds, of which
 * userspace may have a million.  A bus with more devices than that is not searched: the
 * search would be repeated for every element of a list.
 *
 * Context: kvm->srcu held for reading, as the bus is replaced as a whole.
 * Return: whether the range of any device overlaps the access, or there are too many to tell.
 */
bool hcall_on_bus(struct kvm *kvm, enum kvm_bus idx, gpa_t addr, unsigned int size)
{
	struct kvm_io_bus *bus = hcall_bus(kvm, idx);
	int i;

	if (bus && bus->dev_count > NR_IOBUS_DEVS)
		return true;
	/* All of them: a range that encloses another is not in order. */
	for (i = 0; bus && i < bus->dev_count; i++) {
		struct kvm_io_range *range = &bus->range[i];

		/* A length of 0 is an ioeventfd for accesses of any size. */
		if (range->addr < addr + size &&
		    range->addr + max(range->len, 1) > addr)
			return true;
	}
	return false;
}

/* 0, or why the access is not to be made: HCALL_STAT_REFUSED_*. */
enum hcall_stat hcall_access_check(struct hcall_vcpu *hv, bool mmio, u64 addr,
				   u64 size)
{
	struct kvm_vcpu *vcpu = hv->vcpu;
	struct kvm_memslots *slots;
	gfn_t gfn;

	/* Whole registers: nothing is cut off before it was looked at. */
	if (size != 1 && size != 2 && size != 4 && !(mmio && size == 8))
		return HCALL_STAT_REFUSED_SIZE;
	if (!mmio)
		return addr > 0x10000 - size || looks_at_vcpu(addr, size) ?
		       HCALL_STAT_REFUSED_PORT : 0;

	if (addr & (size - 1) || addr & vcpu->arch.reserved_gpa_bits)
		return HCALL_STAT_REFUSED_ADDRESS;
	/* A device's registers are in one page, mostly. */
	slots = kvm_vcpu_memslots(vcpu);
	gfn = gpa_to_gfn(addr);
	if (slots->generation == hv->mmio_generation && gfn == hv->mmio_gfn)
		return 0;
	/* Any slot, KVM's own (the APIC access page) included. */
	if (__gfn_to_memslot(slots, gfn))
		return HCALL_STAT_REFUSED_MEMORY;
	hv->mmio_generation = slots->generation;
	hv->mmio_gfn = gfn;
	return 0;
}

/* By KVM, if it can. */
static __always_inline bool kvm_access(struct hcall_vcpu *hv, bool mmio, u64 addr, u32 size,
				       bool write)
{
	struct kvm_vcpu *vcpu = hv->vcpu;
	int done;

	if (mmio)
		done = hcall_mmio(vcpu, write, addr, size, &hv->data);
	else
		done = hcall_pio(vcpu, size, addr, &hv->data, 1, !write);
	if (done)
		hcall_count(hv, HCALL_STAT_IN_KVM);
	return done;
}

/* Apart: VMs that mirror nothing have no registers to save for it. */
static noinline bool mirrored_access(struct hcall_vcpu *hv, bool mmio, u64 addr, u32 size)
{
	return hcall_mirror_read(hv, mmio, addr, size) || kvm_access(hv, mmio, addr, size, false);
}

/*
 * One access between a register and hv->data.  True if it has been carried out here,
 * false if it is userspace's: hcall_to_userspace() must follow.
 */
bool hcall_access(struct hcall_vcpu *hv, bool mmio, u64 addr, u32 size,
		  bool write)
{
	if (!write && hcall_has_mirror(&hv->mirror))
		return mirrored_access(hv, mmio, addr, size);
	return kvm_access(hv, mmio, addr, size, write);
}

static int single_done(struct hcall_vcpu *hv)
{
	if (hv->nr == PIO_HCALL_IN || hv->nr == PIO_HCALL_READ)
		hcall_reg_write(hv, VCPU_REGS_RDX, hv->data);
	return hcall_return(hv, 0);
}

/* IN, OUT, READ, WRITE: register's address in RBX, size in RCX, data in RDX. */
static noinline int call_single(struct hcall_vcpu *hv)
{
	bool write = hv->nr == PIO_HCALL_OUT || hv->nr == PIO_HCALL_WRITE;
	bool mmio = hv->nr == PIO_HCALL_READ || hv->nr == PIO_HCALL_WRITE;
	u64 addr = hcall_reg_read(hv, VCPU_REGS_RBX);
	u64 size = hcall_reg_read(hv, VCPU_REGS_RCX);
	enum hcall_stat refused;

	/* A native IN or OUT does not either. */
	if (mmio)
		hcall_flush_l1d(hv->vcpu);
	/* RDX has 32 bits there. */
	if (size == 8 && !hv->mode64)
		return hcall_refuse(hv, HCALL_STAT_REFUSED_SIZE);
	refused = hcall_access_check(hv, mmio, addr, size);
	if (refused)
		return hcall_refuse(hv, refused);

	hv->data = write ? hcall_reg_read(hv, VCPU_REGS_RDX) : 0;
	if (hcall_access(hv, mmio, addr, size, write))
		return single_done(hv);
	return hcall_to_userspace(hv, single_done);
}

/* The elements of this exit are done; INS data is in hv->buf. */
static int string_done(struct hcall_vcpu *hv)
{
	u32 len = hv->count * hv->size;

	/* Fails only if userspace took the memory away during the access. */
	if (hv->nr == PIO_HCALL_INS &&
	    hcall_write_guest(hv->vcpu, hv->gpa, hv->buf, len))
		return hcall_refuse(hv, HCALL_STAT_REFUSED_BUFFER);

	hcall_count_by(hv, HCALL_STAT_STRING_BYTES, len);
	hv->gpa += len;
	hv->left -= hv->count;
	hcall_progress(hv);
	return hv->left ? hcall_restart(hv) : hcall_return(hv, 0);
}

/*
 * hv describes the transfer, OUTS data is in hv->buf.
 *
 * For KVM the first of several elements decides where all of them go, and those
 * that the bus then does not take are lost.  But an ioeventfd may take some
 * values and not others, and the coalescing ring may fill up.  So where a device
 * of KVM's is in the way of OUTS, elements go one by one, as those of the native
 * instruction do, up to the first for userspace.
 *
 * They also do where the VMM may not know KVM_EXIT_IO with several elements to
 * write: KVM leaves with such for INS, but for OUTS of SEV-ES guests only.
 */
static int string_transfer(struct hcall_vcpu *hv)
{
	struct kvm_vcpu *vcpu = hv->vcpu;
	bool in = hv->nr == PIO_HCALL_INS;
	u32 step = hv->count;
	u32 done;

	if (step > 1 && !in &&
	    (!hcall_knows_outs(vcpu) ||
	     hcall_on_bus(vcpu->kvm, KVM_PIO_BUS, hv->port, hv->size)))
		step = 1;

	for (done = 0; done < hv->count; done += step) {
		if (!hcall_pio(vcpu, hv->size, hv->port,
			       hv->buf + done * hv->size, step, in))
			break;
	}
	if (done == hv->count) {
		hcall_count(hv, HCALL_STAT_IN_KVM);
		return string_done(hv);
	}
	hv->count = done + step;
	return hcall_to_userspace(hv, string_done);
}

/* INS and OUTS: as many elements as fit the page, buffer at RDX, count in RSI. */
static noinline int call_string(struct hcall_vcpu *hv)
{
	struct kvm_vcpu *vcpu = hv->vcpu;
	bool in = hv->nr == PIO_HCALL_INS;
	u64 port = hcall_reg_read(hv, VCPU_REGS_RBX);
	u64 size = hcall_reg_read(hv, VCPU_REGS_RCX);
	enum hcall_stat refused;
	u64 bytes;
	u32 len;

	hcall_flush_l1d(vcpu);
	refused = hcall_access_check(hv, false, port, size);
	if (refused)
		return hcall_refuse(hv, refused);

	hv->port = port;
	hv->size = size;
	hv->gpa = hcall_reg_read(hv, VCPU_REGS_RDX);
	hv->left = hcall_reg_read(hv, VCPU_REGS_RSI);
	if (!hv->left)
		return hcall_return(hv, 0);

	if (check_mul_overflow(hv->left, size, &bytes) ||
	    !buffer_ok(hv, hv->gpa, bytes, in))
		goto refuse;

	hv->count = min_t(u64, hv->left, PAGE_SIZE / hv->size);
	len = hv->count * hv->size;
	if (in ? !hcall_buffer_fault_in(vcpu, hv->gpa, len)
	       : kvm_vcpu_read_guest(vcpu, hv->gpa, hv->buf, len))
		goto refuse;

	return string_transfer(hv);

refuse:
	return hcall_refuse(hv, HCALL_STAT_REFUSED_BUFFER);
}

static int call_probe(struct hcall_vcpu *hv)
{
	if (hcall_reg_read(hv, VCPU_REGS_RBX) || hcall_reg_read(hv, VCPU_REGS_RCX))
		return hcall_refuse(hv, HCALL_STAT_REFUSED_RESERVED);

	hcall_reg_write(hv, VCPU_REGS_RDX, PIO_HCALL_ABI_VERSION);
	hcall_reg_write(hv, VCPU_REGS_RSI,
			PIO_HCALL_F_PIO | PIO_HCALL_F_STRING |
			PIO_HCALL_F_MMIO | PIO_HCALL_F_BATCH);
	return hcall_return(hv, 0);
}

/**
 * hcall_emulate() - answer a call; takes the place of kvm_emulate_hypercall()
 * @hv: of the vCPU that made it, in PIO_HCALL_BASE..PIO_HCALL_END, at CPL 0
 *
 * Context: vCPU thread in KVM_RUN, kvm->srcu held for reading; may sleep.
 * Return: 1 to enter the guest, 0 to leave for userspace.
 */
int hcall_emulate(struct hcall_vcpu *hv)
{
	struct kvm_vcpu *vcpu = hv->vcpu;

	/* Its upper half is none, or not the call's: the caller has looked. */
	u32 nr = vcpu->arch.regs[VCPU_REGS_RAX];

	hv->mode64 = hcall_64bit(vcpu);
	hv->nr = nr;

	if (trace_kvm_hcall_call_enabled())
		trace_kvm_hcall_call(vcpu->vcpu_id, nr,
				     hcall_reg_read(hv, VCPU_REGS_RBX),
				     hcall_reg_read(hv, VCPU_REGS_RCX),
				     vcpu->arch.regs[VCPU_REGS_RDX],
				     vcpu->arch.regs[VCPU_REGS_RSI]);
	++vcpu->stat.hypercalls;
	hcall_count(hv, HCALL_STAT_PROBE + (nr - PIO_HCALL_PROBE));

	switch (nr) {
	case PIO_HCALL_PROBE:
		return call_probe(hv);
	case PIO_HCALL_INS:
	case PIO_HCALL_OUTS:
		return call_string(hv);
	case PIO_HCALL_BATCH:
		return hcall_batch(hv);
	default:
		return call_single(hv);
	}
}
