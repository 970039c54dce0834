// SPDX-License-Identifier: GPL-2.0
/*
 * The calls themselves: Documentation/abi.rst is the contract.
 *
 * One exit carries at most one page of data and leads to at most one exit to
 * userspace.  A string call that has more to do leaves RIP on the call and its
 * progress in the guest's registers, like a REP instruction that was
 * interrupted: signals, KVM_GET_REGS and the end of the VM find nothing
 * half-done.
 */
#include <linux/pagemap.h>
#include <linux/pio_hypercall.h>
#include <uapi/linux/kvm_para.h>
#include "compat.h"
#include "kvm_hcall.h"
#include "stats.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static u64 reg_read(struct kvm_vcpu *vcpu, int reg)
{
	unsigned long val = vcpu->arch.regs[reg];

	return hcall_64bit(vcpu) ? val : (u32)val;
}

/* VMX and SVM load the general registers from regs[] at every entry. */
static void reg_write(struct kvm_vcpu *vcpu, int reg, u64 val)
{
	vcpu->arch.regs[reg] = hcall_64bit(vcpu) ? val : (u32)val;
}

/* The call is over: status to RAX, RIP to the next instruction. */
static int call_return(struct kvm_vcpu *vcpu, u32 nr, long status)
{
	trace_kvm_hcall_done(vcpu->vcpu_id, nr, status,
			     vcpu->arch.regs[VCPU_REGS_RDX],
			     vcpu->arch.regs[VCPU_REGS_RSI]);
	reg_write(vcpu, VCPU_REGS_RAX, status);
	return hcall_skip(vcpu);
}

static int call_refuse(struct kvm_vcpu *vcpu, u32 nr, long status,
		       enum hcall_stat reason)
{
	hcall_count(reason);
	return call_return(vcpu, nr, status);
}

static bool is_string(u32 nr)
{
	return nr == PIO_HCALL_INS || nr == PIO_HCALL_OUTS;
}

static bool is_in(u32 nr)
{
	return nr == PIO_HCALL_IN || nr == PIO_HCALL_INS;
}

/*
 * Is all of [gpa, gpa + len) memory that userspace gave the guest, writable if
 * @write?  Looks at memory slots only, so it is cheap for any length.
 */
static bool buffer_in_memslots(struct kvm_vcpu *vcpu, gpa_t gpa, u64 len,
			       bool write)
{
	struct kvm_memslots *slots = kvm_vcpu_memslots(vcpu);
	struct kvm_memory_slot *slot;
	gfn_t gfn = gpa_to_gfn(gpa);
	gpa_t last;

	if (check_add_overflow(gpa, len - 1, &last))
		return false;

	while (gfn <= gpa_to_gfn(last)) {
		slot = __gfn_to_memslot(slots, gfn);
		if (!slot || slot->id >= KVM_USER_MEM_SLOTS ||
		    slot->flags & KVM_MEMSLOT_INVALID)
			return false;
		if (write && slot->flags & KVM_MEM_READONLY)
			return false;
#ifdef KVM_MEM_GUEST_MEMFD
		/* What the guest sees may not be what userspace maps. */
		if (slot->flags & KVM_MEM_GUEST_MEMFD)
			return false;
#endif
		gfn = slot->base_gfn + slot->npages;
	}
	return true;
}

/*
 * Make userspace's mapping of [gpa, gpa + len) writable now: once the device
 * was read it is too late for an error.  @len is a page at most.
 */
static bool buffer_fault_in(struct kvm_vcpu *vcpu, gpa_t gpa, u32 len)
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

/* The accesses of this exit are done; IN data is in hv->buf. */
static int transfer_done(struct kvm_vcpu *vcpu, struct hcall_vcpu *hv)
{
	u32 len = hv->count * hv->size;
	u32 val = 0;

	if (hv->nr == PIO_HCALL_IN) {
		memcpy(&val, hv->buf, hv->size);
		reg_write(vcpu, VCPU_REGS_RDX, val);
	}
	if (!is_string(hv->nr))
		return call_return(vcpu, hv->nr, 0);

	/* Fails only if userspace took the memory away during the access. */
	if (hv->nr == PIO_HCALL_INS &&
	    kvm_vcpu_write_guest(vcpu, hv->gpa, hv->buf, len))
		return call_refuse(vcpu, hv->nr, -KVM_EFAULT,
				   HCALL_STAT_REFUSED_BUFFER);

	hcall_count_by(HCALL_STAT_STRING_BYTES, len);
	reg_write(vcpu, VCPU_REGS_RDX, hv->gpa + len);
	reg_write(vcpu, VCPU_REGS_RSI, hv->left - hv->count);
	if (hv->left == hv->count)
		return call_return(vcpu, hv->nr, 0);

	trace_kvm_hcall_done(vcpu->vcpu_id, hv->nr, 1, hv->gpa + len,
			     hv->left - hv->count);
	return 1;
}

/*
 * Userspace has carried out the exit.  If it also moved the vCPU elsewhere (a
 * reset by port 0x92 or 0xcf9, KVM_SET_REGS), the registers are no longer the
 * caller's and the call is forgotten, as KVM's complete_fast_pio_in() does.
 */
static int hcall_complete(struct kvm_vcpu *vcpu)
{
	struct hcall_vcpu *hv = hcall_vcpu_find(vcpu);

	if (hcall_rip(vcpu) != hv->rip ||
	    (u32)vcpu->arch.regs[VCPU_REGS_RAX] != hv->nr) {
		vcpu->arch.pio.count = 0;
		vcpu->arch.sev_pio_count = 0;
		hcall_count(HCALL_STAT_DROPPED);
		return 1;
	}
	/* Copies IN data to hv->buf.  One page at most, so there is no more. */
	hv->complete(vcpu);
	return transfer_done(vcpu, hv);
}

/* hv describes the transfer, OUT data is in hv->buf. */
static int transfer(struct kvm_vcpu *vcpu, struct hcall_vcpu *hv)
{
	if (kvm_sev_es_string_io(vcpu, hv->size, hv->port, hv->buf, hv->count,
				 is_in(hv->nr))) {
		hcall_count(HCALL_STAT_IN_KVM);
		return transfer_done(vcpu, hv);
	}
	hcall_count(HCALL_STAT_TO_USERSPACE);
	hv->rip = hcall_rip(vcpu);
	hv->complete = vcpu->arch.complete_userspace_io;
	vcpu->arch.complete_userspace_io = hcall_complete;
	return 0;
}

/* IN and OUT: one element, data in RDX. */
static int call_single(struct kvm_vcpu *vcpu, struct hcall_vcpu *hv)
{
	u32 val;

	hv->count = 1;
	if (hv->nr == PIO_HCALL_OUT) {
		val = vcpu->arch.regs[VCPU_REGS_RDX];
		memcpy(hv->buf, &val, sizeof(val));
	}
	return transfer(vcpu, hv);
}

/* INS and OUTS: as many elements as fit the page, buffer at RDX, count in RSI. */
static int call_string(struct kvm_vcpu *vcpu, struct hcall_vcpu *hv)
{
	u64 bytes;
	u32 len;

	hv->gpa = reg_read(vcpu, VCPU_REGS_RDX);
	hv->left = reg_read(vcpu, VCPU_REGS_RSI);
	if (!hv->left)
		return call_return(vcpu, hv->nr, 0);

	if (check_mul_overflow(hv->left, (u64)hv->size, &bytes) ||
	    !buffer_in_memslots(vcpu, hv->gpa, bytes, is_in(hv->nr)))
		goto refuse;

	hv->count = min_t(u64, hv->left, PAGE_SIZE / hv->size);
	len = hv->count * hv->size;
	if (is_in(hv->nr) ? !buffer_fault_in(vcpu, hv->gpa, len)
			  : kvm_vcpu_read_guest(vcpu, hv->gpa, hv->buf, len))
		goto refuse;

	return transfer(vcpu, hv);

refuse:
	return call_refuse(vcpu, hv->nr, -KVM_EFAULT, HCALL_STAT_REFUSED_BUFFER);
}

static int call_probe(struct kvm_vcpu *vcpu)
{
	if (reg_read(vcpu, VCPU_REGS_RBX) || reg_read(vcpu, VCPU_REGS_RCX))
		return call_refuse(vcpu, PIO_HCALL_PROBE, -KVM_EINVAL,
				   HCALL_STAT_REFUSED_RESERVED);

	reg_write(vcpu, VCPU_REGS_RDX, PIO_HCALL_ABI_VERSION);
	reg_write(vcpu, VCPU_REGS_RSI, PIO_HCALL_F_PIO | PIO_HCALL_F_STRING);
	return call_return(vcpu, PIO_HCALL_PROBE, 0);
}

/**
 * hcall_emulate() - answer a call; takes the place of kvm_emulate_hypercall()
 * @vcpu: the vCPU that made it, in PIO_HCALL_BASE..PIO_HCALL_END, at CPL 0
 *
 * Context: vCPU thread in KVM_RUN, kvm->srcu held for reading; may sleep.
 * Return: 1 to enter the guest, 0 to leave for userspace.
 */
int hcall_emulate(struct kvm_vcpu *vcpu)
{
	struct hcall_vcpu *hv = hcall_vcpu_find(vcpu);
	u32 nr = vcpu->arch.regs[VCPU_REGS_RAX];
	u64 port = reg_read(vcpu, VCPU_REGS_RBX);
	u64 size = reg_read(vcpu, VCPU_REGS_RCX);

	trace_kvm_hcall_call(vcpu->vcpu_id, nr, port, size,
			     vcpu->arch.regs[VCPU_REGS_RDX],
			     vcpu->arch.regs[VCPU_REGS_RSI]);
	++vcpu->stat.hypercalls;
	hcall_count(HCALL_STAT_PROBE + (nr - PIO_HCALL_PROBE));

	if (nr == PIO_HCALL_PROBE)
		return call_probe(vcpu);

	/* Whole registers: nothing is cut off before it was looked at. */
	if (size != 1 && size != 2 && size != 4)
		return call_refuse(vcpu, nr, -KVM_EINVAL,
				   HCALL_STAT_REFUSED_SIZE);
	if (port > 0x10000 - size)
		return call_refuse(vcpu, nr, -KVM_EINVAL,
				   HCALL_STAT_REFUSED_PORT);

	hv->nr = nr;
	hv->port = port;
	hv->size = size;
	return is_string(nr) ? call_string(vcpu, hv) : call_single(vcpu, hv);
}
