// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's coalescing ring: writes of a list that follow one another share an exit.  flush.h says
 * how userspace is made to carry them out, and whether it can be.
 */
#include <linux/pio_hypercall.h>
#include <linux/spinlock.h>
#include <uapi/linux/kvm_para.h>
#include "kvm_access.h"
#include "kvm_hcall.h"

/*
 * May a write wait in the ring?  Not if a device in KVM would take it, and only if another one
 * follows: alone it is cheaper as an exit of its own.
 */
static bool may_wait(struct hcall_vcpu *hv, const struct pio_hcall_access *e)
{
	struct kvm_vcpu *vcpu = hv->vcpu;

	if (!hv->in_ring &&
	    (hv->next + 1 == hv->count ||
	     hcall_element(hv, hv->next + 1)->op != PIO_HCALL_OP_WRITE))
		return false;
	if (!hcall_flush_allowed(vcpu, &hv->flush, !hv->in_ring))
		return false;

	return !hcall_on_bus(vcpu->kvm, e->space == PIO_HCALL_SPACE_MMIO ?
			     KVM_MMIO_BUS : KVM_PIO_BUS, e->addr, e->size);
}

/*
 * The write at hv->next, or one to try with, as the next entry of the ring.  Its page is
 * userspace's to write: whatever it says, nothing outside it is touched, and a wrong index looks
 * like a full ring.
 */
enum hcall_ring_put hcall_ring_put(struct hcall_vcpu *hv, const struct pio_hcall_access *e)
{
	struct kvm *kvm = hv->vcpu->kvm;
	struct kvm_coalesced_mmio_ring *ring = kvm->coalesced_mmio_ring;
	const struct pio_hcall_access *trial;
	struct kvm_coalesced_mmio *entry;
	u32 last, behind;

	if (!may_wait(hv, e))
		return HCALL_RING_NOT;
	if (!hv->in_ring)
		hcall_progress(hv);
	trial = hcall_flush_trial(&hv->flush);
	if (trial)
		e = trial;

	spin_lock(&kvm->ring_lock);
	last = READ_ONCE(ring->last);
	behind = (last + 1) % KVM_COALESCED_MMIO_MAX;
	if (last >= KVM_COALESCED_MMIO_MAX || behind == READ_ONCE(ring->first)) {
		spin_unlock(&kvm->ring_lock);
		return HCALL_RING_NOT;
	}
	entry = &ring->coalesced_mmio[last];
	entry->phys_addr = e->addr;
	entry->len = e->size;
	memcpy(entry->data, &e->value, sizeof(e->value));
	entry->pio = e->space == PIO_HCALL_SPACE_PIO;
	smp_wmb();	/* pairs with userspace's read of last, then the entry */
	WRITE_ONCE(ring->last, behind);
	spin_unlock(&kvm->ring_lock);

	hv->ring_last = last;
	return trial ? HCALL_RING_TRIED : HCALL_RING_TAKEN;
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
	if ((hv->ring_last + max - first) % max < (last + max - first) % max)
		return false;
	hcall_flush_worked(&hv->flush);
	return true;
}
