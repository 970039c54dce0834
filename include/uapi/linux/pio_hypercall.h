/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Port I/O and MMIO by hypercall: the contract between guest and host.
 *
 * Both sides compile this file.  The contract in full is
 * Documentation/virt/kvm/x86/pio-hypercall.rst (Documentation/abi.rst where the
 * host module lives); where the two differ, one of them has a bug.
 *
 * A call is one VMCALL (Intel) or VMMCALL (AMD) without prefixes, made at
 * CPL 0.  Registers, in 32-bit mode their low halves:
 *
 *	in	PROBE	IN	OUT	INS / OUTS	READ	WRITE	BATCH
 *	RAX	----------------------- call number -----------------------
 *	RBX	0	port	port	port		address	address	0
 *	RCX	0	size	size	element's size	size	size	0
 *	RDX	-	-	value	buffer		-	value	list
 *	RSI	-	-	-	elements left	-	-	elements left
 *
 *	out
 *	RAX	---------------- 0 or a negative error --------------------
 *	RDX	version	data	-	next element	data	-	next element
 *	RSI	feature	-	-	elements left	-	-	elements left
 *
 * Addresses, also those of buffer, list and next element, are guest-physical.
 *
 * Status and data never share a register.  All other registers, and RFLAGS,
 * are preserved.
 */
#ifndef _UAPI_LINUX_PIO_HYPERCALL_H
#define _UAPI_LINUX_PIO_HYPERCALL_H

#include <linux/types.h>

/*
 * "PIO" in ASCII, the call in the low byte: clear of KVM's own numbers (small
 * integers, include/uapi/linux/kvm_para.h), and positive in both modes.
 */
#define PIO_HCALL_BASE		0x50494f00
#define PIO_HCALL_PROBE		(PIO_HCALL_BASE + 0)
#define PIO_HCALL_IN		(PIO_HCALL_BASE + 1)
#define PIO_HCALL_OUT		(PIO_HCALL_BASE + 2)
#define PIO_HCALL_INS		(PIO_HCALL_BASE + 3)
#define PIO_HCALL_OUTS		(PIO_HCALL_BASE + 4)
#define PIO_HCALL_READ		(PIO_HCALL_BASE + 5)
#define PIO_HCALL_WRITE		(PIO_HCALL_BASE + 6)
#define PIO_HCALL_BATCH		(PIO_HCALL_BASE + 7)
#define PIO_HCALL_END		(PIO_HCALL_BASE + 8)

/* What PROBE returns in RDX; it changes when an old guest would break. */
#define PIO_HCALL_ABI_VERSION	1

/* What PROBE returns in RSI; a guest ignores the bits it does not know. */
#define PIO_HCALL_F_PIO		(1U << 0)	/* IN and OUT */
#define PIO_HCALL_F_STRING	(1U << 1)	/* INS and OUTS */
#define PIO_HCALL_F_MMIO	(1U << 2)	/* READ and WRITE */
#define PIO_HCALL_F_BATCH	(1U << 3)	/* BATCH */

/* Most elements of a BATCH. */
#define PIO_HCALL_BATCH_MAX	64

/**
 * struct pio_hcall_access - one element of a BATCH
 * @op:		PIO_HCALL_OP_*
 * @space:	PIO_HCALL_SPACE_*
 * @size:	bytes: 1, 2, 4, and 8 in PIO_HCALL_SPACE_MMIO
 * @state:	0; the host's note of what is done, while the call is restarted
 * @reserved:	0
 * @addr:	port, or guest-physical address, a multiple of @size
 * @value:	what to write, or what was read, zero-extended
 * @mask:	PIO_HCALL_OP_CHECK: bits of what was read that count
 * @want:	PIO_HCALL_OP_CHECK: what they have to be for the list to go on
 */
struct pio_hcall_access {
	__u8  op;
	__u8  space;
	__u8  size;
	__u8  state;
	__u8  reserved[4];
	__aligned_u64 addr;
	__aligned_u64 value;
	__u32 mask;
	__u32 want;
};

#define PIO_HCALL_OP_READ	0	/* value = register */
#define PIO_HCALL_OP_WRITE	1	/* register = value */
#define PIO_HCALL_OP_WRITE_BACK	2	/* value = register; register = value */
#define PIO_HCALL_OP_CHECK	3	/* read; stop unless (value & mask) == want */

#define PIO_HCALL_STATE_READ	1	/* WRITE_BACK: read, @value is to be written */

#define PIO_HCALL_SPACE_PIO	0
#define PIO_HCALL_SPACE_MMIO	1

/*
 * Errors are KVM's (include/uapi/linux/kvm_para.h), negated:
 *
 *	KVM_EPERM	CPL was not 0
 *	KVM_EINVAL	port, address, size, count, op or something that must be
 *			0 is out of range
 *	KVM_EFAULT	the buffer or list is not RAM the call may use, or READ
 *			or WRITE is about memory
 *	KVM_ENOSYS	there is no handler (any more): stay with IN and OUT
 */

/*
 * The list device: a PCI function of the VMM's that carries out lists in a thread of
 * its own, when its doorbell is rung or another device raises an interrupt.  Lists are
 * those of BATCH; the thread reaches what abi.rst says under "The list device".
 * All addresses are guest-physical, all numbers little-endian.
 */
#define PIO_LIST_VENDOR		0x1af4	/* of virtio's; 0x10f0 is for experiments */
#define PIO_LIST_DEVICE		0x10f0
#define PIO_LIST_ABI_VERSION	1

/* Registers in its BAR 0, of 4 KiB; each has 32 bits. */
#define PIO_LIST_VERSION	0x00	/* r: PIO_LIST_ABI_VERSION */
#define PIO_LIST_QUEUES		0x04	/* r: how many queues it has */
#define PIO_LIST_SELECT		0x08	/* the queue that those below are about */
#define PIO_LIST_STATE		0x0c	/* PIO_LIST_STOPPED, ... */
#define PIO_LIST_ADDR_LOW	0x10	/* of struct pio_list_queue, a multiple of 64 */
#define PIO_LIST_ADDR_HIGH	0x14
#define PIO_LIST_SIZE		0x18	/* entries: a power of 2, PIO_LIST_SIZE_MAX at most */
#define PIO_LIST_SOURCE		0x1c	/* what has the queue's lists carried out */
#define PIO_LIST_FEATURES	0x20	/* r: PIO_LIST_F_* */
#define PIO_LIST_DOORBELL	0x40	/* w: any value: look at queue 0 */

#define PIO_LIST_SIZE_MAX	256

#define PIO_LIST_F_READ_STRING	(1U << 0)	/* PIO_LIST_OP_READ_STRING */

/*
 * Of its lists only: @mask reads of @size bytes of port @addr, to the buffer at @value, as INS.
 * @want is 0.
 */
#define PIO_LIST_OP_READ_STRING	0x80
/* Most reads of one. */
#define PIO_LIST_STRING_MAX	4096

/* Written: to stop and to start.  Read: what it is. */
#define PIO_LIST_STOPPED	0
#define PIO_LIST_RUNNING	1
#define PIO_LIST_BROKEN		2	/* stopped: its indices made no sense */

/* Queue 0 has the doorbell.  Others have the interrupts of one source each. */
#define PIO_LIST_SOURCE_DOORBELL	0
#define PIO_LIST_SOURCE_MSI	(1U << 24)	/* | bus << 8 | device << 3 | function */
#define PIO_LIST_SOURCE_LINE	(2U << 24)	/* | number of the I/O APIC's pin */

/**
 * struct pio_list_entry - one list of a queue
 * @list:	its address, a multiple of 8
 * @count:	its elements, PIO_HCALL_BATCH_MAX at most
 * @left:	device: how many were not carried out, as RSI after BATCH
 * @status:	device: as RAX after BATCH
 * @order:	device: @used of queue 0 when this list began
 * @reserved:	0
 */
struct pio_list_entry {
	__u64 list;
	__u32 count;
	__u32 left;
	__s32 status;
	__u32 order;
	__u32 reserved[2];
};

/**
 * struct pio_list_queue - a queue, in the guest's memory
 * @avail:	driver: lists given to the device so far
 * @reserved:	0
 * @used:	device: lists done so far
 * @wake:	device: the doorbell has to be rung if @avail goes from here, or from
 *		before, to beyond
 * @passed:	device: interrupts for which there was no list, and which it passed on
 * @reserved2:	0
 * @entry:	list N is entry N modulo the queue's size
 */
struct pio_list_queue {
	__u32 avail;
	__u32 reserved[15];
	__u32 used;
	__u32 wake;
	__u32 passed;
	__u32 reserved2[13];
	struct pio_list_entry entry[];
};

#endif /* _UAPI_LINUX_PIO_HYPERCALL_H */
