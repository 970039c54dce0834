// SPDX-License-Identifier: GPL-2.0
/*
 * BATCH: a list of accesses in one call.
 *
 * The way of a list: hcall_batch() takes a copy of what is left of it, and batch_go()
 * carries elements out until one is userspace's; when that is done, KVM_RUN comes back to
 * batch_access_done(), and that to batch_go().  What was read goes to the guest's list at
 * once, and registers say how many elements are done whenever userspace has the vCPU.  So
 * the call can stop between any two, and does where KVM_RUN has to return: the guest then
 * makes the rest of it.  Where that is between the halves of a WRITE_BACK, the guest's list
 * says so.
 *
 * Writes that follow one another share an exit: they go to KVM's coalescing ring, and an
 * exit makes the VMM carry them out (ring.c says which writes, flush.h which exit).  While any
 * are in the ring nothing else is done but to add to it, so the order is that of the list.
 */
#include <linux/mutex.h>	/* before asm/futex.h */
#include <linux/pio_hypercall.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <uapi/linux/kvm_para.h>
#include <asm/futex.h>
#include "kvm_access.h"
#include "kvm_hcall.h"
#include "hcall_trace.h"

/*
 * Elements of one entry by the guest where a VMM has a dirty ring: each may log a
 * page, and KVM keeps room for 64 (KVM_DIRTY_RING_RSVD_ENTRIES), its own included.
 */
#define DIRTY_RING_BATCH	32

/* What a list does next: one of these, or -HCALL_STAT_REFUSED_*, which ends it. */
enum batch_next {
	BATCH_GOES_ON,	/* with the element at hv->next */
	BATCH_ACCESS,	/* leaves: userspace makes the access */
	BATCH_FLUSH,	/* leaves: userspace carries out the ring */
	BATCH_STOPS,	/* this exit ends; the guest calls again if anything is left */
	BATCH_OVER,	/* the call ends: a CHECK found something else than it wants */
};

/* Is the access that comes next a write? */
static bool next_writes(struct hcall_vcpu *hv)
{
	return hv->writing ||
	       hcall_element(hv, hv->next)->op == PIO_HCALL_OP_WRITE;
}

/* The @word of the element under way, to the guest's list. */
static bool hcall_list_put(struct hcall_vcpu *hv, unsigned int word)
{
	const u64 *from = (u64 *)hcall_element(hv, hv->next) + word;
	gpa_t gpa = hv->gpa + word * sizeof(*from);
	u64 __user *to = hcall_list_page(hv, gpa);

	if (!to || __put_user(*from, to))
		return false;
	hcall_wrote(hv->vcpu, hv->list_slot, gpa, from, sizeof(*from));
	return true;
}

/* An access of a batch is done: to the next one, unless a write belongs to it. */
static void element_done(struct hcall_vcpu *hv)
{
	struct pio_hcall_access *e = hcall_element(hv, hv->next);

	/* For the list to be as the guest made it.  If it is gone, so is the note. */
	if (unlikely(e->state)) {
		e->state = 0;
		hcall_list_put(hv, 0);
	}
	hcall_count(hv, HCALL_STAT_ELEMENTS);
	hv->writing = false;
	hv->next++;
	hv->left--;
	hv->gpa += sizeof(struct pio_hcall_access);
}

/*
 * KVM_RUN is to return.  A call that goes on all the same would keep the VMM from
 * stopping the vCPU for as long as the list is.
 */
static bool batch_must_stop(struct hcall_vcpu *hv)
{
	return signal_pending(current) || hcall_immediate_exit(hv->vcpu->run);
}

/* 0, or why the element is not to be carried out: HCALL_STAT_REFUSED_*. */
static enum hcall_stat element_check(struct hcall_vcpu *hv,
				     const struct pio_hcall_access *e)
{
	/* The bits that op, space, size and state may have; the rest of the word is reserved. */
	static const union {
		struct pio_hcall_access e;
		u64 head;
	} all = { .e = {
		.op = PIO_HCALL_OP_CHECK, .space = PIO_HCALL_SPACE_MMIO,
		.size = 0xff, .state = PIO_HCALL_STATE_READ,
	} };
	u64 head;

	BUILD_BUG_ON(PIO_HCALL_OP_CHECK != 3 || PIO_HCALL_SPACE_MMIO != 1 ||
		     PIO_HCALL_STATE_READ != 1);
	memcpy(&head, e, sizeof(head));
	if (head & ~all.head)
		return HCALL_STAT_REFUSED_RESERVED;
	/* Whoever has written that: no more than a WRITE comes of it. */
	if (e->state && e->op != PIO_HCALL_OP_WRITE_BACK)
		return HCALL_STAT_REFUSED_RESERVED;
	if (e->op == PIO_HCALL_OP_CHECK && e->size == 8)
		return HCALL_STAT_REFUSED_SIZE;
	return hcall_access_check(hv, e->space == PIO_HCALL_SPACE_MMIO, e->addr,
				  e->size);
}

/* Userspace has had the exit in which it was to carry out the ring: what comes next? */
static int batch_flushed(struct hcall_vcpu *hv)
{
	bool flushed = hcall_ring_flushed(hv);

	hcall_count(hv, HCALL_STAT_FLUSHES);
	trace_kvm_hcall_flush(hv->vcpu->vcpu_id, flushed);
	if (!flushed) {
		/* Somebody else is at it, and has it done before anything is saved. */
		if (batch_must_stop(hv))
			return BATCH_STOPS;
		if (!hcall_flush_given_up(&hv->flush))
			return BATCH_FLUSH;
	}
	hv->in_ring = 0;
	if (batch_must_stop(hv))
		return BATCH_STOPS;
	hcall_progress(hv);
	return BATCH_GOES_ON;
}

/*
 * Whoever empties the ring need not be the thread of this vCPU, nor of any: a
 * device that asks which vCPU writes (of QEMU's: port 0xb2 and the local APIC) must
 * not be written that way.  So of ports only those of ATA channels, and those where
 * firmware puts BARs.
 */
static bool any_thread(struct kvm_vcpu *vcpu, const struct pio_hcall_access *e)
{
	if (e->space == PIO_HCALL_SPACE_MMIO)
		return !hcall_local_apic(vcpu, true, e->addr);
	switch (e->addr) {
	case 0x6000 ... 0xffff:
	case 0x1f0 ... 0x1f7:
	case 0x3f6:
	case 0x170 ... 0x177:
	case 0x376:
		return true;
	default:
		return false;
	}
}

/* An access has been made: do what follows from it, and say what comes next. */
static int batch_accessed(struct hcall_vcpu *hv)
{
	struct pio_hcall_access *e = hcall_element(hv, hv->next);

	if (next_writes(hv)) {
		trace_kvm_hcall_element(hv->vcpu->vcpu_id, e, true, false);
		element_done(hv);
		return BATCH_GOES_ON;
	}

	e->value = hv->data;
	trace_kvm_hcall_element(hv->vcpu->vcpu_id, e, false, false);
	/* Fails only if userspace took the memory away during the access. */
	if (!hcall_list_put(hv, offsetof(typeof(*e), value) / sizeof(u64)))
		return -HCALL_STAT_REFUSED_BUFFER;
	if (e->op == PIO_HCALL_OP_CHECK && ((u32)e->value & e->mask) != e->want) {
		hcall_count(hv, HCALL_STAT_ELEMENTS);
		return BATCH_OVER;
	}
	if (e->op == PIO_HCALL_OP_WRITE_BACK)
		hv->writing = true;
	else
		element_done(hv);
	return BATCH_GOES_ON;
}

/* The element at hv->next: put it into the ring or make its access, if KVM can. */
static int batch_element(struct hcall_vcpu *hv)
{
	struct pio_hcall_access *e = hcall_element(hv, hv->next);
	bool mmio = e->space == PIO_HCALL_SPACE_MMIO;
	enum hcall_stat refused = 0;
	bool write;
	int next;

	if (!hv->writing) {
		refused = element_check(hv, e);
		if (unlikely(e->state) && !refused)
			hv->writing = true;
	}
	write = next_writes(hv);

	if (!refused && write && any_thread(hv->vcpu, e)) {
		switch (hcall_ring_put(hv, e)) {
		case HCALL_RING_TAKEN:
			trace_kvm_hcall_element(hv->vcpu->vcpu_id, e, true, true);
			hcall_count(hv, HCALL_STAT_COALESCED);
			hv->in_ring++;
			element_done(hv);
			return BATCH_GOES_ON;
		case HCALL_RING_TRIED:
			return BATCH_FLUSH;
		case HCALL_RING_NOT:
			break;
		}
	}
	if (hv->in_ring)
		return BATCH_FLUSH;
	if (refused)
		return -refused;

	hcall_progress(hv);
	hv->data = write ? e->value : 0;
	if (!hcall_access(hv, mmio, e->addr, e->size, write))
		return BATCH_ACCESS;
	next = batch_accessed(hv);
	/*
	 * A TPR access may be for KVM to report (KVM_REQ_REPORT_TPR_ACCESS),
	 * by the words of struct kvm_run that the next exit would use.
	 */
	if (next == BATCH_GOES_ON && !hv->writing && hcall_local_apic(hv->vcpu, mmio, e->addr))
		return BATCH_STOPS;
	return next;
}

static int batch_go(struct hcall_vcpu *hv, int next);

static int batch_access_done(struct hcall_vcpu *hv)
{
	int next = batch_accessed(hv);

	return batch_go(hv, next == BATCH_GOES_ON && batch_must_stop(hv) ? BATCH_STOPS : next);
}

static int batch_flush_done(struct hcall_vcpu *hv)
{
	return batch_go(hv, batch_flushed(hv));
}

/*
 * The list, from what is next on: until userspace has something to do, which comes back by
 * one of the two above, or this entry of the guest is done with.
 */
static int batch_go(struct hcall_vcpu *hv, int next)
{
	struct pio_hcall_access *e;

	while (next == BATCH_GOES_ON) {
		if (hv->next < hv->count)
			next = batch_element(hv);
		else
			next = hv->in_ring ? BATCH_FLUSH : BATCH_STOPS;
	}
	switch (next) {
	case BATCH_ACCESS:
		return hcall_to_userspace(hv, batch_access_done);
	case BATCH_FLUSH:
		hcall_flush_exit(hv->vcpu->run);
		return hcall_to_userspace(hv, batch_flush_done);
	case BATCH_STOPS:
		/* With writes in the ring it is not over: the guest makes the call again. */
		if (!hv->left && !hv->in_ring)
			break;
		e = hcall_element(hv, hv->next);
		if (hv->writing && !e->state) {
			e->state = PIO_HCALL_STATE_READ;
			if (!hcall_list_put(hv, 0)) {
				next = -HCALL_STAT_REFUSED_BUFFER;
				break;
			}
		}
		hcall_progress(hv);
		return hcall_restart(hv);
	}

	hcall_progress(hv);
	return next < 0 ? hcall_refuse(hv, -next) : hcall_return(hv, 0);
}

/* Copy the elements of this exit to hv->buf. */
static bool hcall_list_get(struct hcall_vcpu *hv)
{
	u32 len = hv->count * sizeof(struct pio_hcall_access);
	gpa_t gpa = hv->gpa;
	u64 *to = hv->buf;

	while (len) {
		u32 n = min_t(u32, len, PAGE_SIZE - offset_in_page(gpa));
		u64 __user *from = hcall_list_page(hv, gpa);

		if (!from || !user_read_access_begin(from, n))
			return false;
		gpa += n;
		for (len -= n; n; n -= sizeof(*to))
			unsafe_get_user(*to++, from++, fault);
		user_read_access_end();
	}
	return true;

fault:
	user_read_access_end();
	return false;
}

/*
 * Have the places of what will be read writable in userspace: once the device was
 * read it is too late for an error.  To add 0 in one go harms nobody who writes there
 * at the same time, and costs a few instructions where hcall_buffer_fault_in() takes
 * a thousand.  That one is asked if it fails, as a signal ends the wait for a page
 * (userfaultfd) here, and not there.
 */
static bool hcall_list_fault_in(struct hcall_vcpu *hv)
{
	gfn_t last = ~(gfn_t)0;
	gpa_t gpa = hv->gpa + offsetof(struct pio_hcall_access, value);
	u32 i;

	for (i = 0; i < hv->count; i++, gpa += sizeof(struct pio_hcall_access)) {
		u32 __user *value;
		int old;

		if (hcall_element(hv, i)->op == PIO_HCALL_OP_WRITE ||
		    gpa_to_gfn(gpa) == last)
			continue;
		last = gpa_to_gfn(gpa);
		value = hcall_list_page(hv, gpa);
		if (!value ||
		    (arch_futex_atomic_op_inuser(FUTEX_OP_ADD, 0, &old, value) &&
		     !hcall_buffer_fault_in(hv->vcpu, gpa, sizeof(u64))))
			return false;
	}
	return true;
}

/**
 * hcall_batch() - answer BATCH: list at RDX, elements left in RSI
 * @hv: of the vCPU
 *
 * Context: as hcall_emulate().  64 accesses at most for one exit of the guest.
 * Return: as hcall_emulate().
 */
int hcall_batch(struct hcall_vcpu *hv)
{
	gpa_t last;

	BUILD_BUG_ON(sizeof(struct pio_hcall_access) != 32);
	BUILD_BUG_ON(PIO_HCALL_BATCH_MAX * sizeof(struct pio_hcall_access) >
		     PAGE_SIZE);

	hcall_flush_l1d(hv->vcpu);
	hcall_flush_begin(&hv->flush);
	if (hcall_reg_read(hv, VCPU_REGS_RBX) ||
	    hcall_reg_read(hv, VCPU_REGS_RCX))
		return hcall_refuse(hv, HCALL_STAT_REFUSED_RESERVED);

	hv->gpa = hcall_reg_read(hv, VCPU_REGS_RDX);
	hv->left = hcall_reg_read(hv, VCPU_REGS_RSI);
	if (hv->left > PIO_HCALL_BATCH_MAX)
		return hcall_refuse(hv, HCALL_STAT_REFUSED_COUNT);
	hv->count = hv->left;
	hv->next = 0;
	hv->writing = false;
	/* Writes that userspace had not carried out when the call stopped go first. */
	if (hv->in_ring && hcall_ring_flushed(hv))
		hv->in_ring = 0;
	if (!hv->left)
		return hv->in_ring ? batch_go(hv, BATCH_FLUSH) : hcall_return(hv, 0);
	if (hv->gpa & 7)
		return hcall_refuse(hv, HCALL_STAT_REFUSED_ADDRESS);

	/*
	 * All of it is memory, two pages at most, and registers can name its end:
	 * RDX has 32 bits outside 64-bit code.
	 */
	last = hv->gpa + hv->count * sizeof(struct pio_hcall_access) - 1;
	if (last < hv->gpa || (!hv->mode64 && last >= SZ_4G) ||
	    !hcall_list_page(hv, last) || !hcall_list_page(hv, hv->gpa))
		goto refuse;
	if (hv->vcpu->kvm->dirty_ring_size)
		hv->count = min_t(u32, hv->count, DIRTY_RING_BATCH);
	if (!hcall_list_get(hv) || !hcall_list_fault_in(hv))
		goto refuse;
	return batch_go(hv, BATCH_GOES_ON);

refuse:
	return hcall_refuse(hv, HCALL_STAT_REFUSED_BUFFER);
}
