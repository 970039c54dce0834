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
#include <linux/sizes.h>
#include <uapi/linux/kvm_para.h>
#include "compat.h"
#include "kvm_hcall.h"
#include "stats.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static u64 reg_read(struct hcall_vcpu *hv, int reg)
{
	unsigned long val = hv->vcpu->arch.regs[reg];

	return hv->mode64 ? val : (u32)val;
}

/* VMX and SVM load the general registers from regs[] at every entry. */
static void reg_write(struct hcall_vcpu *hv, int reg, u64 val)
{
	hv->vcpu->arch.regs[reg] = hv->mode64 ? val : (u32)val;
}

/* The call is over: status to RAX, RIP to the next instruction. */
static int call_return(struct hcall_vcpu *hv, long status)
{
	struct kvm_vcpu *vcpu = hv->vcpu;

	trace_kvm_hcall_done(vcpu->vcpu_id, hv->nr, status,
			     vcpu->arch.regs[VCPU_REGS_RDX],
			     vcpu->arch.regs[VCPU_REGS_RSI]);
	reg_write(hv, VCPU_REGS_RAX, status);
	return hcall_skip(vcpu, hv->mode64);
}

static int call_refuse(struct hcall_vcpu *hv, long status,
		       enum hcall_stat reason)
{
	hcall_count(reason);
	return call_return(hv, status);
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
static int transfer_done(struct hcall_vcpu *hv)
{
	struct kvm_vcpu *vcpu = hv->vcpu;
	u32 len = hv->count * hv->size;
	u32 val = 0;

	if (hv->nr == PIO_HCALL_IN) {
		memcpy(&val, hv->buf, hv->size);
		reg_write(hv, VCPU_REGS_RDX, val);
	}
	if (!is_string(hv->nr))
		return call_return(hv, 0);

	/* Fails only if userspace took the memory away during the access. */
	if (hv->nr == PIO_HCALL_INS &&
	    kvm_vcpu_write_guest(vcpu, hv->gpa, hv->buf, len))
		return call_refuse(hv, -KVM_EFAULT,
				   HCALL_STAT_REFUSED_BUFFER);

	hcall_count_by(HCALL_STAT_STRING_BYTES, len);
	reg_write(hv, VCPU_REGS_RDX, hv->gpa + len);
	reg_write(hv, VCPU_REGS_RSI, hv->left - hv->count);
	if (hv->left == hv->count)
		return call_return(hv, 0);

	trace_kvm_hcall_done(vcpu->vcpu_id, hv->nr, 1, hv->gpa + len,
			     hv->left - hv->count);
	return 1;
}

/*
 * Userspace has carried out the exit.  If it also moved the vCPU elsewhere (a
 * reset by port 0x92 or 0xcf9, KVM_SET_REGS), the registers are no longer the
 * caller's and the call is forgotten.  KVM's complete_fast_pio_in() forgets an IN
 * for the same reason; it compares the linear RIP, which CS alone may change.
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
	return transfer_done(hv);
}

/*
 * hv describes the transfer, OUT data is in hv->buf.
 *
 * For KVM the first of several elements decides where all of them go, and those
 * that the bus then does not take are lost.  But an ioeventfd may take some
 * values and not others, and the coalescing ring may fill up.  So where a device
 * of KVM's is in the way of OUTS, elements go one by one, as those of the native
 * instruction do, up to the first for userspace.
 */
static int transfer(struct hcall_vcpu *hv)
{
	struct kvm_vcpu *vcpu = hv->vcpu;
	bool in = is_in(hv->nr);
	u32 step = hv->count;
	u32 done;

	if (step > 1 && !in && hcall_port_on_bus(vcpu, hv->port, hv->size))
		step = 1;

	for (done = 0; done < hv->count; done += step) {
		if (!kvm_sev_es_string_io(vcpu, hv->size, hv->port,
					  hv->buf + done * hv->size, step, in))
			break;
	}
	if (done == hv->count) {
		hcall_count(HCALL_STAT_IN_KVM);
		return transfer_done(hv);
	}
	hv->count = done + step;
	hcall_count(HCALL_STAT_TO_USERSPACE);
	hv->rip = hcall_rip(vcpu);
	hv->complete = vcpu->arch.complete_userspace_io;
	vcpu->arch.complete_userspace_io = hcall_complete;
	return 0;
}

/* IN and OUT: one element, data in RDX. */
static int call_single(struct hcall_vcpu *hv)
{
	u32 val;

	hv->count = 1;
	if (hv->nr == PIO_HCALL_OUT) {
		val = reg_read(hv, VCPU_REGS_RDX);
		memcpy(hv->buf, &val, sizeof(val));
	}
	return transfer(hv);
}

/* INS and OUTS: as many elements as fit the page, buffer at RDX, count in RSI. */
static int call_string(struct hcall_vcpu *hv)
{
	struct kvm_vcpu *vcpu = hv->vcpu;
	u64 bytes;
	u32 len;

	hv->gpa = reg_read(hv, VCPU_REGS_RDX);
	hv->left = reg_read(hv, VCPU_REGS_RSI);
	if (!hv->left)
		return call_return(hv, 0);

	if (check_mul_overflow(hv->left, (u64)hv->size, &bytes))
		goto refuse;
	/* RDX has 32 bits there, and must still name the next part. */
	if (!hv->mode64 && hv->gpa + bytes > SZ_4G)
		goto refuse;
	if (!buffer_in_memslots(vcpu, hv->gpa, bytes, is_in(hv->nr)))
		goto refuse;

	hv->count = min_t(u64, hv->left, PAGE_SIZE / hv->size);
	len = hv->count * hv->size;
	if (is_in(hv->nr) ? !buffer_fault_in(vcpu, hv->gpa, len)
			  : kvm_vcpu_read_guest(vcpu, hv->gpa, hv->buf, len))
		goto refuse;

	return transfer(hv);

refuse:
	return call_refuse(hv, -KVM_EFAULT, HCALL_STAT_REFUSED_BUFFER);
}

static int call_probe(struct hcall_vcpu *hv)
{
	if (reg_read(hv, VCPU_REGS_RBX) || reg_read(hv, VCPU_REGS_RCX))
		return call_refuse(hv, -KVM_EINVAL,
				   HCALL_STAT_REFUSED_RESERVED);

	reg_write(hv, VCPU_REGS_RDX, PIO_HCALL_ABI_VERSION);
	reg_write(hv, VCPU_REGS_RSI, PIO_HCALL_F_PIO | PIO_HCALL_F_STRING);
	return call_return(hv, 0);
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
	u64 port, size;

	hv->mode64 = hcall_64bit(vcpu);
	hv->nr = reg_read(hv, VCPU_REGS_RAX);
	port = reg_read(hv, VCPU_REGS_RBX);
	size = reg_read(hv, VCPU_REGS_RCX);

	trace_kvm_hcall_call(vcpu->vcpu_id, hv->nr, port, size,
			     vcpu->arch.regs[VCPU_REGS_RDX],
			     vcpu->arch.regs[VCPU_REGS_RSI]);
	++vcpu->stat.hypercalls;
	hcall_count(HCALL_STAT_PROBE + (hv->nr - PIO_HCALL_PROBE));

	if (hv->nr == PIO_HCALL_PROBE)
		return call_probe(hv);

	/* Whole registers: nothing is cut off before it was looked at. */
	if (size != 1 && size != 2 && size != 4)
		return call_refuse(hv, -KVM_EINVAL, HCALL_STAT_REFUSED_SIZE);
	if (port > 0x10000 - size)
		return call_refuse(hv, -KVM_EINVAL, HCALL_STAT_REFUSED_PORT);

	hv->port = port;
	hv->size = size;
	return is_string(hv->nr) ? call_string(hv) : call_single(hv);
}
