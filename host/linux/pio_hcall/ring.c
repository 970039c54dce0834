// SPDX-License-Identifier: GPL-2.0
/*
 * The coalescing ring: writes of a list that follow one another share an exit.
 *
 * Only where userspace has promised to empty the ring whenever KVM_RUN returns, before it does
 * anything else (KVM_X86_PIO_HYPERCALL_RING): then any exit will do, and the order of
 * accesses is that of the list.
 */
#include <linux/cleanup.h>
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

	if (!(READ_ONCE(vcpu->kvm->arch.pio_hypercall) & KVM_X86_PIO_HYPERCALL_RING))
		return false;
	if (!hv->in_ring &&
	    (hv->next + 1 == hv->count ||
	     hcall_element(hv, hv->next + 1)->op != PIO_HCALL_OP_WRITE))
		return false;

	return !hcall_on_bus(vcpu, e->space == PIO_HCALL_SPACE_MMIO ?
			     KVM_MMIO_BUS : KVM_PIO_BUS, e->addr, e->size);
}

/*
 * The write at hv->next, as the next entry of the ring.  Its page is userspace's to write:
 * whatever it says, nothing outside it is touched, and a wrong index looks like a full ring.
 */
enum hcall_ring_put hcall_ring_put(struct hcall_vcpu *hv, const struct pio_hcall_access *e)
{
	struct kvm *kvm = hv->vcpu->kvm;
	struct kvm_coalesced_mmio_ring *ring = kvm->coalesced_mmio_ring;
	struct kvm_coalesced_mmio *entry;
	u32 last, behind;

	if (!may_wait(hv, e))
		return HCALL_RING_NOT;
	if (!hv->in_ring)
		hcall_progress(hv);

	guard(spinlock)(&kvm->ring_lock);
	last = READ_ONCE(ring->last);
	behind = (last + 1) % KVM_COALESCED_MMIO_MAX;
	if (last >= KVM_COALESCED_MMIO_MAX || behind == READ_ONCE(ring->first))
		return HCALL_RING_NOT;

	entry = &ring->coalesced_mmio[last];
	entry->phys_addr = e->addr;
	entry->len = e->size;
	memcpy(entry->data, &e->value, sizeof(e->value));
	entry->pio = e->space == PIO_HCALL_SPACE_PIO;
	smp_wmb();	/* pairs with userspace's read of last, then the entry */
	WRITE_ONCE(ring->last, behind);

	hv->ring.last = last;
	return HCALL_RING_TAKEN;
}

/* The exit in which userspace empties the ring: there is nothing else to do. */
void hcall_ring_flush(struct hcall_vcpu *hv)
{
	hv->vcpu->run->exit_reason = KVM_EXIT_COALESCED_RING;
}

/* Has userspace carried out the last entry that this vCPU put there? */
bool hcall_ring_flushed(struct hcall_vcpu *hv)
{
	struct kvm *kvm = hv->vcpu->kvm;
	struct kvm_coalesced_mmio_ring *ring = kvm->coalesced_mmio_ring;
	u32 max = KVM_COALESCED_MMIO_MAX;
	u32 first, last;

	/* No entry is added in between; that first moves on meanwhile does no harm. */
	scoped_guard(spinlock, &kvm->ring_lock) {
		first = READ_ONCE(ring->first);
		last = READ_ONCE(ring->last);
	}
	if (first >= max || last >= max)
		return false;
	/* It is done when it is not between first and last. */
	return (hv->ring.last + max - first) % max >= (last + max - first) % max;
}

/* It was promised: ask again, as long as it takes. */
bool hcall_ring_given_up(struct hcall_vcpu *hv)
{
	return false;
}
