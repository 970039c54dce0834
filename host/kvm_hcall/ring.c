// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's coalescing ring: writes of a list that follow one another share an exit.
 *
 * A stock VMM carries out the ring only when something makes it.  QEMU does where its machine
 * has a zone at port 0xcf8 and that port is read.  So a vCPU's first list tries it: a write to
 * the port of diagnostic codes, the read, and a look at the ring (Documentation/abi.rst,
 * "Order and userspace").  Where nothing comes of it, each write has an exit of its own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/pio_hypercall.h>
#include <uapi/linux/kvm_para.h>
#include "kvm_access.h"
#include "kvm_hcall.h"

/* Diagnostic codes of the firmware: nobody minds a write. */
#define POST_CODE		0x80

/* A VMM may be carrying out the ring just then, and leave ours to that thread. */
#define FLUSH_TRIES		8

/*
 * May a write wait in the ring?  Not if a device in KVM would take it, and only if another one
 * follows: alone it is cheaper as an exit of its own.
 */
static bool may_wait(struct hcall_vcpu *hv, const struct pio_hcall_access *e)
{
	struct kvm_vcpu *vcpu = hv->vcpu;

	if (hv->ring.use == HCALL_RING_REFUSED)
		return false;
	/*
	 * Begins there: QEMU's zone is split by the reset control register,
	 * port 0xcf9.
	 */
	if (!hv->in_ring &&
	    (hv->next + 1 == hv->count ||
	     hcall_element(hv, hv->next + 1)->op != PIO_HCALL_OP_WRITE ||
	     !hcall_bus_has(vcpu, KVM_PIO_BUS, PCI_CONFIG_ADDRESS)))
		return false;

	return !hcall_on_bus(vcpu, e->space == PIO_HCALL_SPACE_MMIO ?
			     KVM_MMIO_BUS : KVM_PIO_BUS, e->addr, e->size);
}

/*
 * The next entry of the ring.  Its page is userspace's to write: whatever it says,
 * nothing outside it is touched, and a wrong index looks like a full ring.
 */
static bool ring_put(struct hcall_vcpu *hv, u8 space, u64 addr, u32 size, u64 value)
{
	struct kvm *kvm = hv->vcpu->kvm;
	struct kvm_coalesced_mmio_ring *ring = kvm->coalesced_mmio_ring;
	struct kvm_coalesced_mmio *entry;
	u32 last, behind;

	spin_lock(&kvm->ring_lock);
	last = READ_ONCE(ring->last);
	behind = (last + 1) % KVM_COALESCED_MMIO_MAX;
	if (last >= KVM_COALESCED_MMIO_MAX || behind == READ_ONCE(ring->first)) {
		spin_unlock(&kvm->ring_lock);
		return false;
	}
	entry = &ring->coalesced_mmio[last];
	entry->phys_addr = addr;
	entry->len = size;
	memcpy(entry->data, &value, sizeof(value));
	entry->pio = space == PIO_HCALL_SPACE_PIO;
	smp_wmb();	/* pairs with userspace's read of last, then the entry */
	WRITE_ONCE(ring->last, behind);
	spin_unlock(&kvm->ring_lock);

	hv->ring.last = last;
	return true;
}

/* The write at hv->next, or one to try the ring with. */
enum hcall_ring_put hcall_ring_put(struct hcall_vcpu *hv, const struct pio_hcall_access *e)
{
	if (!may_wait(hv, e))
		return HCALL_RING_NOT;
	if (!hv->in_ring)
		hcall_progress(hv);
	if (unlikely(hv->ring.use == HCALL_RING_UNKNOWN))
		return ring_put(hv, PIO_HCALL_SPACE_PIO, POST_CODE, 1, 0) ?
		       HCALL_RING_TRIED : HCALL_RING_NOT;
	return ring_put(hv, e->space, e->addr, e->size, e->value) ?
	       HCALL_RING_TAKEN : HCALL_RING_NOT;
}

/* Has userspace carried out the last entry that this vCPU put there? */
bool hcall_ring_flushed(struct hcall_vcpu *hv)
{
	struct kvm *kvm = hv->vcpu->kvm;
	struct kvm_coalesced_mmio_ring *ring = kvm->coalesced_mmio_ring;
	u32 max = KVM_COALESCED_MMIO_MAX;
	u32 first, last;

	/* No entry is added in between; that first moves on meanwhile does no harm. */
	spin_lock(&kvm->ring_lock);
	first = READ_ONCE(ring->first);
	last = READ_ONCE(ring->last);
	spin_unlock(&kvm->ring_lock);
	if (first >= max || last >= max)
		return false;
	/* It is done when it is not between first and last. */
	if ((hv->ring.last + max - first) % max < (last + max - first) % max)
		return false;
	hv->ring.use = HCALL_RING_USED;
	hv->ring.tries = 0;
	return true;
}

/*
 * Not flushed: is it of no use to ask again?  If so, writes that are still in the ring are
 * carried out later than they should be, if ever.
 */
bool hcall_ring_given_up(struct hcall_vcpu *hv)
{
	if (++hv->ring.tries < FLUSH_TRIES)
		return false;
	if (hv->ring.use == HCALL_RING_USED)
		pr_warn_ratelimited("userspace does not carry out the coalescing ring any more: writes go one by one\n");
	hv->ring.use = HCALL_RING_REFUSED;
	hv->ring.tries = 0;
	return true;
}

/*
 * The exit in which userspace carries out the ring.  It reads that port, and nobody wants the
 * value, so KVM need not be asked: of its devices there is only the zone, which is for writes.
 */
void hcall_ring_flush(struct hcall_vcpu *hv)
{
	struct kvm_run *run = hv->vcpu->run;

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = KVM_EXIT_IO_IN;
	run->io.size = 1;
	run->io.port = PCI_CONFIG_ADDRESS;
	run->io.count = 1;
	run->io.data_offset = KVM_PIO_PAGE_OFFSET * PAGE_SIZE;
}
