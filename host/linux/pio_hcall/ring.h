/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __KVM_X86_PIO_HCALL_RING_H
#define __KVM_X86_PIO_HCALL_RING_H

/**
 * struct hcall_ring - what a vCPU has to do with the coalescing ring
 * @last:	index in the ring of the last entry this vCPU put there
 */
struct hcall_ring {
	u32 last;
};

/* There is nothing to count. */
static inline void hcall_ring_begin(struct hcall_ring *ring) {}

#endif /* __KVM_X86_PIO_HCALL_RING_H */
