/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HCALL_STAT_H
#define HCALL_STAT_H

/* What is counted, in hcall_vcpu.stats. */
enum hcall_stat {
	/* Calls by kind, in the order of their numbers. */
	HCALL_STAT_PROBE,
	HCALL_STAT_IN,
	HCALL_STAT_OUT,
	HCALL_STAT_INS,
	HCALL_STAT_OUTS,
	HCALL_STAT_READ,
	HCALL_STAT_WRITE,
	HCALL_STAT_BATCH,
	/* Elements of batches that were carried out. */
	HCALL_STAT_ELEMENTS,
	/* Where accesses, or parts of strings, were carried out. */
	HCALL_STAT_IN_KVM,
	HCALL_STAT_TO_USERSPACE,
	HCALL_STAT_COALESCED,	/* writes that went by the ring, */
	HCALL_STAT_FLUSHES,	/* and exits that had it carried out */
	HCALL_STAT_STRING_BYTES,
	/* Refused, by reason. */
	HCALL_STAT_REFUSED_CPL,
	HCALL_STAT_REFUSED_RESERVED,
	HCALL_STAT_REFUSED_SIZE,
	HCALL_STAT_REFUSED_PORT,
	HCALL_STAT_REFUSED_ADDRESS,
	HCALL_STAT_REFUSED_MEMORY,
	HCALL_STAT_REFUSED_COUNT,
	HCALL_STAT_REFUSED_BUFFER,
	HCALL_STAT_REFUSED_DISABLED,
	HCALL_STAT_REFUSED_GROUP,
	HCALL_STAT_REFUSED_NOMEM,
	/* The vCPU was moved elsewhere while userspace had the access. */
	HCALL_STAT_DROPPED,
	HCALL_STAT_MAX
};

#endif /* HCALL_STAT_H */
