/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Mirrored registers: the contract between the host module kvm_hcall and a VMM.
 *
 * A VMM keeps the values of registers whose reading has no effect in a page of its memory.  The
 * module answers IN, READ and CHECK of them from there.  Documentation/abi.rst has the rules,
 * under "Mirrored registers".  Guests know nothing of it.
 */
#ifndef _UAPI_LINUX_KVM_HCALL_H
#define _UAPI_LINUX_KVM_HCALL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Most registers of a VM. */
#define KVM_HCALL_REGISTERS_MAX	511

/**
 * struct kvm_hcall_register - a register, for accesses of just that address and size
 * @addr:	port, or guest-physical address, a multiple of @size
 * @space:	PIO_HCALL_SPACE_* (linux/pio_hypercall.h)
 * @size:	bytes: 1, 2 or 4
 * @reserved:	0
 */
struct kvm_hcall_register {
	__u64 addr;
	__u8  space;
	__u8  size;
	__u8  reserved[6];
};

/* In kvm_hcall_page.value: the register can be read there.  Its value is below. */
#define KVM_HCALL_READABLE	(1ULL << 32)

/**
 * struct kvm_hcall_page - values, in memory of the VMM's
 * @valid:	0: none of them can be read
 * @value:	of the register of that number: KVM_HCALL_READABLE and what it holds, or 0
 */
struct kvm_hcall_page {
	__u64 valid;
	__u64 value[KVM_HCALL_REGISTERS_MAX];
};

/**
 * struct kvm_hcall_mirror - all mirrored registers of a VM
 * @vm:		its file descriptor, from KVM_CREATE_VM
 * @count:	registers; 0: none any more
 * @registers:	address of so many struct kvm_hcall_register
 * @page:	address of a struct kvm_hcall_page, a multiple of its size
 * @reserved:	0
 */
struct kvm_hcall_mirror {
	__s32 vm;
	__u32 count;
	__u64 registers;
	__u64 page;
	__u64 reserved;
};

/* Of /dev/kvm_hcall.  In place of what was announced before; until the file is closed. */
#define KVM_HCALL_MIRROR	_IOW(0xae, 0xf0, struct kvm_hcall_mirror)

#endif /* _UAPI_LINUX_KVM_HCALL_H */
