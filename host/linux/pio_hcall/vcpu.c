// SPDX-License-Identifier: GPL-2.0
/*
 * Port I/O by hypercall: which calls are answered, and what is kept of a vCPU.
 *
 * The way of a call:
 *
 *	guest			VMCALL or VMMCALL
 *	kvm_emulate_hypercall()	x86.c: is it one of these, and allowed?
 *	kvm_pio_hypercall()	here: the vCPU's record, made at its first call
 *	hcall_emulate()		call.c: validate, then KVM's bus, KVM_EXIT_IO or _MMIO;
 *				batch.c: the same for each element of a list
 *	(userspace)		the VMM's device model, as for a native access
 *	hcall_complete()	call.c: data to the guest, RIP past the call
 *
 * Documentation/virt/kvm/x86/pio-hypercall.rst is the contract with guests.
 */
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/pio_hypercall.h>
#include <linux/slab.h>
#include <uapi/linux/kvm_para.h>
#include "kvm_access.h"
#include "cpuid.h"
#include "kvm_hcall.h"
#include "pio_hcall.h"

/* VMs whose VMM does not know KVM_CAP_X86_PIO_HYPERCALL. */
static bool pio_hypercall;
module_param(pio_hypercall, bool, 0644);
MODULE_PARM_DESC(pio_hypercall, "answer port I/O hypercalls of VMs whose VMM says nothing about them (default: N)");

/**
 * hcall_vcpu_find() - what is kept of a vCPU
 * @vcpu: the vCPU
 *
 * Context: the vCPU's own thread.
 * Return: the record, or NULL before the first call.
 */
struct hcall_vcpu *hcall_vcpu_find(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.pio_hcall;
}

/* As kvm_vcpu_write_guest(); pages that KVM watches writes to are told. */
int hcall_write_guest(struct kvm_vcpu *vcpu, gpa_t gpa, const void *data, u32 len)
{
	while (len) {
		u32 n = min_t(u32, len, PAGE_SIZE - offset_in_page(gpa));

		if (kvm_vcpu_write_guest_page(vcpu, gpa_to_gfn(gpa), data,
					      offset_in_page(gpa), n))
			return -EFAULT;
		kvm_page_track_write(vcpu, gpa, data, n);
		gpa += n;
		data += n;
		len -= n;
	}
	return 0;
}

/**
 * hcall_skip() - move RIP past the call
 * @vcpu: the vCPU that made it
 * @mode64: in 64-bit code; elsewhere RIP has 32 bits
 *
 * A CPU without NRIPS (QEMU's TCG, early AMD64) does not say how long the instruction was.  KVM
 * would decode it to find out, which is more work than the call itself; the contract says
 * that it has no prefixes.  A guest that breaks it gets a RIP inside its own instruction.
 *
 * Return: 1 to enter the guest, 0 to leave for userspace, as KVM's exit handlers.
 */
int hcall_skip(struct kvm_vcpu *vcpu, bool mode64)
{
	unsigned long rip;

	if (likely(!boot_cpu_has(X86_FEATURE_SVM) || boot_cpu_has(X86_FEATURE_NRIPS)) ||
	    vcpu->guest_debug || (kvm_get_rflags(vcpu) & X86_EFLAGS_TF))
		return kvm_skip_emulated_instruction(vcpu);

	rip = kvm_rip_read(vcpu) + HCALL_INSN_LEN;
	kvm_rip_write(vcpu, mode64 ? rip : (u32)rip);
	kvm_x86_call(set_interrupt_shadow)(vcpu, 0);
	return 1;
}

/**
 * kvm_pio_hypercall_allowed() - is a call with such a number to be answered?
 * @vcpu: the vCPU that made it
 *
 * Registers and memory of a confidential guest are not there to be read, and a nested guest's
 * call belongs to its own hypervisor.
 *
 * Return: false if KVM goes on as with any unknown call.
 */
bool kvm_pio_hypercall_allowed(struct kvm_vcpu *vcpu)
{
	u32 said = READ_ONCE(vcpu->kvm->arch.pio_hypercall);

	if (vcpu->arch.guest_state_protected || is_guest_mode(vcpu))
		return false;
	if (vcpu->arch.regs[VCPU_REGS_RAX] >> 32 && is_64_bit_mode(vcpu))
		return false;
	if (kvm_x86_call(get_cpl)(vcpu)) {
		++vcpu->stat.pio_hcall[HCALL_STAT_REFUSED_CPL];
		return false;		/* -KVM_EPERM */
	}
	if (said ? !(said & KVM_X86_PIO_HYPERCALL_ENABLE) : !READ_ONCE(pio_hypercall)) {
		++vcpu->stat.pio_hcall[HCALL_STAT_REFUSED_DISABLED];
		return false;		/* -KVM_ENOSYS */
	}
	/* Userspace that has enabled calls need not also advertise them. */
	if (!said && !guest_pv_has(vcpu, KVM_FEATURE_PIO_HYPERCALL)) {
		++vcpu->stat.pio_hcall[HCALL_STAT_REFUSED_DISABLED];
		return false;
	}
	return true;
}

/**
 * kvm_pio_hypercall() - answer a call
 * @vcpu: the vCPU that made it
 *
 * Context: vCPU thread in KVM_RUN, kvm->srcu held for reading; may sleep.
 * Return: 1 to enter the guest, 0 to leave for userspace.
 */
int kvm_pio_hypercall(struct kvm_vcpu *vcpu)
{
	struct hcall_vcpu none = { .vcpu = vcpu, .stats = vcpu->stat.pio_hcall };
	struct hcall_vcpu *hv = vcpu->arch.pio_hcall;

	/* Which are of KVM's binary statistics; x86.c has their names. */
	BUILD_BUG_ON(ARRAY_SIZE(vcpu->stat.pio_hcall) != HCALL_STAT_MAX);
	if (likely(hv))
		return hcall_emulate(hv);

	hv = kzalloc_obj(*hv, GFP_KERNEL_ACCOUNT);
	if (hv)
		hv->buf = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!hv || !hv->buf) {
		/* The guest stays with IN and OUT. */
		kfree(hv);
		none.mode64 = is_64_bit_mode(vcpu);
		return hcall_refuse(&none, HCALL_STAT_REFUSED_NOMEM);
	}

	hv->vcpu = vcpu;
	hv->stats = vcpu->stat.pio_hcall;
	/* Of no memory slots: KVM counts up from 0. */
	hv->list_generation = -1;
	hv->mmio_generation = -1;
	vcpu->arch.pio_hcall = hv;
	return hcall_emulate(hv);
}

/**
 * kvm_vm_enable_pio_hypercall() - KVM_CAP_X86_PIO_HYPERCALL
 * @kvm: the VM
 * @flags: KVM_X86_PIO_HYPERCALL_*; 0 if no call is to be answered
 *
 * Return: 0, or -EINVAL.
 */
int kvm_vm_enable_pio_hypercall(struct kvm *kvm, u64 flags)
{
	if (flags & ~KVM_X86_PIO_HYPERCALL_VALID_MASK)
		return -EINVAL;
	if (flags && !(flags & KVM_X86_PIO_HYPERCALL_ENABLE))
		return -EINVAL;

	/* A call that is just being made may be answered as before. */
	WRITE_ONCE(kvm->arch.pio_hypercall, flags | PIO_HYPERCALL_SAID);
	return 0;
}

void kvm_pio_hypercall_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	struct hcall_vcpu *hv = vcpu->arch.pio_hcall;

	if (!hv)
		return;
	free_page((unsigned long)hv->buf);
	kfree(hv);
}
