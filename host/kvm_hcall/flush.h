/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How userspace is made to carry out KVM's coalescing ring.
 *
 * A stock VMM does so only when something makes it.  QEMU does where its machine has a zone at
 * port 0xcf8 and that port is read.  So a vCPU's first list tries it: a write to the port of
 * diagnostic codes, the read, and a look at the ring (Documentation/abi.rst, "Order and
 * userspace").  Where nothing comes of it, each write has an exit of its own.
 */
#ifndef KVM_HCALL_FLUSH_H
#define KVM_HCALL_FLUSH_H

#include <linux/pio_hypercall.h>
#include "kvm_access.h"

/* Is the ring carried out when port 0xcf8 is read? */
enum hcall_flush_use {
	HCALL_FLUSH_UNKNOWN,
	HCALL_FLUSH_WORKS,
	HCALL_FLUSH_REFUSED,
};

/**
 * struct hcall_flush - what is known of how userspace carries out the ring
 * @use:	whether it does
 * @tries:	flushes that did not empty it, of this list and in a row
 */
struct hcall_flush {
	enum hcall_flush_use use;
	u32 tries;
};

extern const struct pio_hcall_access hcall_flush_post_code;

/* A list begins, or what is left of one. */
static inline void hcall_flush_begin(struct hcall_flush *flush)
{
	flush->tries = 0;
}

/*
 * May writes wait?  @first of those of a list: the zone begins at the port, for QEMU's is split
 * by the reset control register, port 0xcf9.
 */
static inline bool hcall_flush_allowed(struct kvm_vcpu *vcpu, const struct hcall_flush *flush,
				       bool first)
{
	return flush->use != HCALL_FLUSH_REFUSED &&
	       (!first || hcall_bus_has(vcpu, KVM_PIO_BUS, PCI_CONFIG_ADDRESS));
}

/* The write that is to be made first, to see what comes of it; NULL if that is known. */
static inline const struct pio_hcall_access *hcall_flush_trial(const struct hcall_flush *flush)
{
	return unlikely(flush->use == HCALL_FLUSH_UNKNOWN) ? &hcall_flush_post_code : NULL;
}

/* Userspace has carried out the ring. */
static inline void hcall_flush_worked(struct hcall_flush *flush)
{
	flush->use = HCALL_FLUSH_WORKS;
	flush->tries = 0;
}

bool hcall_flush_given_up(struct hcall_flush *flush);
void hcall_flush_exit(struct kvm_run *run);

#endif /* KVM_HCALL_FLUSH_H */
