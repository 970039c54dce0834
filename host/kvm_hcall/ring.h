/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVM_HCALL_RING_H
#define KVM_HCALL_RING_H

/* Does userspace carry out the coalescing ring when port 0xcf8 is read? */
enum hcall_ring_use {
	HCALL_RING_UNKNOWN,
	HCALL_RING_USED,
	HCALL_RING_REFUSED,
};

/**
 * struct hcall_ring - what a vCPU has to do with the coalescing ring
 * @use:	whether it may be used
 * @tries:	flushes that did not empty it, of this list and in a row
 * @last:	index in the ring of the last entry this vCPU put there
 */
struct hcall_ring {
	enum hcall_ring_use use;
	u32 tries;
	u32 last;
};

/* A list begins, or what is left of one. */
static inline void hcall_ring_begin(struct hcall_ring *ring)
{
	ring->tries = 0;
}

#endif /* KVM_HCALL_RING_H */
