/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Port I/O by hypercall: the contract between guest and host.
 *
 * Both sides compile this file.  The contract in full is
 * Documentation/virt/kvm/x86/pio-hypercall.rst (Documentation/abi.rst where the
 * host module lives); where the two differ, one of them has a bug.
 *
 * A call is one VMCALL (Intel) or VMMCALL (AMD) without prefixes, made at
 * CPL 0.  Registers, in 32-bit mode their low halves:
 *
 *	in	PROBE	IN	OUT	INS / OUTS
 *	RAX	----------- call number -----------
 *	RBX	0	port	port	port
 *	RCX	0	size	size	size of one element
 *	RDX	-	-	value	guest-physical address of the buffer
 *	RSI	-	-	-	elements left to transfer
 *
 *	out
 *	RAX	----------- 0 or a negative error -----------
 *	RDX	version	data	-	address of the first element not done
 *	RSI	features -	-	elements left: 0 when RAX is 0
 *
 * Status and data never share a register.  All other registers, and RFLAGS,
 * are preserved.
 */
#ifndef _UAPI_LINUX_PIO_HYPERCALL_H
#define _UAPI_LINUX_PIO_HYPERCALL_H

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
#define PIO_HCALL_END		(PIO_HCALL_BASE + 5)

/* What PROBE returns in RDX; it changes when an old guest would break. */
#define PIO_HCALL_ABI_VERSION	1

/* What PROBE returns in RSI; a guest ignores the bits it does not know. */
#define PIO_HCALL_F_PIO		(1U << 0)	/* IN and OUT */
#define PIO_HCALL_F_STRING	(1U << 1)	/* INS and OUTS */

/*
 * Errors are KVM's (include/uapi/linux/kvm_para.h), negated:
 *
 *	KVM_EPERM	CPL was not 0
 *	KVM_EINVAL	port, size or a register that must be 0 is out of range
 *	KVM_EFAULT	the buffer is not RAM the transfer may use
 *	KVM_ENOSYS	there is no handler (any more): stay with IN and OUT
 */

#endif /* _UAPI_LINUX_PIO_HYPERCALL_H */
