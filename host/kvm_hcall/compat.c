// SPDX-License-Identifier: GPL-2.0
/*
 * Access to parts of KVM that are private to it.  One symbol is looked up by
 * name, kvm_x86_ops; everything else is exported or in the headers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/static_call.h>
#include "compat.h"

/* VMCALL (0f 01 c1) and VMMCALL (0f 01 d9) without prefixes, as the ABI asks. */
#define HCALL_INSN_LEN		3

static struct kvm_x86_ops *x86_ops;
static bool step_by_length;

static unsigned long lookup_nothing(const char *name)
{
	return 0;
}

DEFINE_STATIC_CALL(kallsyms_lookup, lookup_nothing);

/*
 * kallsyms_lookup_name() is not exported; a kprobe finds it.  No pointer may be
 * used to call it: nothing in the kernel does, so with IBT its ENDBR is sealed.
 * A static call is patched into a direct one, which may also skip the ENDBR, as
 * the address of a kprobe does.
 */
static unsigned long kallsyms_address(const char *name)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };

	if (register_kprobe(&kp))
		return 0;
	static_call_update(kallsyms_lookup, (void *)kp.addr);
	unregister_kprobe(&kp);
	return static_call(kallsyms_lookup)(name);
}

/**
 * hcall_compat_init() - find what kvm.ko does not export
 *
 * Context: module load; may sleep.
 * Return: 0, or -ENOENT with the reason in the log.
 */
int hcall_compat_init(void)
{
	x86_ops = (struct kvm_x86_ops *)kallsyms_address("kvm_x86_ops");
	if (!x86_ops) {
		pr_err("not loaded: no symbol kvm_x86_ops in this kernel (CONFIG_KPROBES and CONFIG_KALLSYMS_ALL are needed)\n");
		return -ENOENT;
	}

	/*
	 * Without NRIPS (QEMU TCG's SVM model, early AMD64 CPUs) KVM would
	 * decode the instruction just to learn its length.
	 */
	step_by_length = boot_cpu_has(X86_FEATURE_SVM) &&
			 !boot_cpu_has(X86_FEATURE_NRIPS);
	return 0;
}

/* Current privilege level of the guest. */
int hcall_cpl(struct kvm_vcpu *vcpu)
{
	return x86_ops->get_cpl(vcpu);
}

/* As kvm_rip_read() in arch/x86/kvm/kvm_cache_regs.h. */
unsigned long hcall_rip(struct kvm_vcpu *vcpu)
{
	if (!test_bit(VCPU_REGS_RIP, (unsigned long *)&vcpu->arch.regs_avail))
		static_call(kvm_x86_cache_reg)(vcpu, VCPU_REGS_RIP);
	return vcpu->arch.regs[VCPU_REGS_RIP];
}

/* Apart: what is on the stack would have hcall_64bit() guard it. */
static noinline bool code_64bit(struct kvm_vcpu *vcpu)
{
	int db, l;

	static_call(kvm_x86_get_cs_db_l_bits)(vcpu, &db, &l);
	return l;
}

/*
 * As is_64_bit_mode() in arch/x86/kvm/x86.h.  RIP has an upper half in 64-bit
 * code only, and kernels run there; to ask for the code segment costs 100
 * instructions more on SVM.
 */
bool hcall_64bit(struct kvm_vcpu *vcpu)
{
	if (!(vcpu->arch.efer & EFER_LMA))
		return false;
	return hcall_rip(vcpu) >> 32 || code_64bit(vcpu);
}

/**
 * hcall_foreign_abi() - does RAX mean something else than a call number here?
 * @vcpu: the vCPU that made the call
 *
 * Hyper-V passes its call in RCX and leaves RAX undefined, Xen has numbers of
 * its own; the tests are kvm_hv_hypercall_enabled() and
 * kvm_xen_hypercall_enabled().  A nested guest's call belongs to its own
 * hypervisor.  Registers and memory of a confidential guest are not ours to
 * read.
 *
 * Return: true if the call is none of ours, whatever RAX holds.
 */
bool hcall_foreign_abi(struct kvm_vcpu *vcpu)
{
	struct kvm_arch *arch = &vcpu->kvm->arch;

	if (vcpu->arch.hflags & HF_GUEST_MASK)
		return true;
	if (vcpu->arch.guest_state_protected)
		return true;
/* CONFIG_KVM_HYPERV came with 6.8; before, it was always there. */
#if KERNEL_VERSION(6, 8, 0) > LINUX_VERSION_CODE || defined(CONFIG_KVM_HYPERV)
	if (vcpu->arch.hyperv_enabled && arch->hyperv.hv_guest_os_id)
		return true;
#endif
	return arch->xen_hvm_config.flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL;
}

/**
 * hcall_on_bus() - might a device in KVM take an access?
 * @vcpu: the vCPU
 * @idx: the bus
 * @addr: first byte of the access
 * @size: its bytes
 *
 * Context: kvm->srcu held for reading, as the bus is replaced as a whole.
 * Return: whether any device registered on the bus overlaps the access.
 */
bool hcall_on_bus(struct kvm_vcpu *vcpu, enum kvm_bus idx, gpa_t addr,
		  unsigned int size)
{
	struct kvm_io_bus *bus = srcu_dereference(vcpu->kvm->buses[idx],
						  &vcpu->kvm->srcu);
	int i;

	/* All of them: a range that encloses another is not in order. */
	for (i = 0; bus && i < bus->dev_count; i++) {
		struct kvm_io_range *range = &bus->range[i];

		/* A length of 0 is an ioeventfd for accesses of any size. */
		if (range->addr < addr + size &&
		    range->addr + max(range->len, 1) > addr)
			return true;
	}
	return false;
}

/**
 * hcall_bus_has() - does the range of a device in KVM begin here?
 * @vcpu: the vCPU
 * @idx: the bus
 * @addr: first byte of the range
 *
 * Context: as hcall_on_bus().
 * Return: whether one does.
 */
bool hcall_bus_has(struct kvm_vcpu *vcpu, enum kvm_bus idx, gpa_t addr)
{
	struct kvm_io_bus *bus = srcu_dereference(vcpu->kvm->buses[idx],
						  &vcpu->kvm->srcu);
	int i;

	for (i = 0; bus && i < bus->dev_count; i++) {
		if (bus->range[i].addr == addr)
			return true;
	}
	return false;
}

/* As hcall_skip() where the CPU reports no instruction length. */
static noinline int skip_by_length(struct kvm_vcpu *vcpu, bool mode64)
{
	unsigned long rip;

	if (vcpu->guest_debug || (x86_ops->get_rflags(vcpu) & X86_EFLAGS_TF))
		return kvm_skip_emulated_instruction(vcpu);

	rip = hcall_rip(vcpu) + HCALL_INSN_LEN;
	vcpu->arch.regs[VCPU_REGS_RIP] = mode64 ? rip : (u32)rip;
	x86_ops->set_interrupt_shadow(vcpu, 0);
	return 1;
}

/**
 * hcall_skip() - move RIP past the call
 * @vcpu: the vCPU that made the call
 * @mode64: in 64-bit code; elsewhere RIP has 32 bits
 *
 * Where the CPU reports no instruction length, RIP moves by the length the ABI
 * fixes.  A guest that put a prefix before the call gets a RIP inside its own
 * instruction and harms nobody else.  SVM loads RIP from regs[] at every entry.
 *
 * Single-stepping, by the guest or by a debugger, stays KVM's to emulate.  What
 * the short way leaves out is the virtual PMU's count of one instruction.
 *
 * Context: vCPU thread in KVM_RUN, may sleep.
 * Return: 1 to enter the guest, 0 to leave for userspace, as KVM's exit handlers.
 */
int hcall_skip(struct kvm_vcpu *vcpu, bool mode64)
{
	if (likely(!step_by_length))
		return kvm_skip_emulated_instruction(vcpu);
	return skip_by_length(vcpu, mode64);
}
