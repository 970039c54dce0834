// SPDX-License-Identifier: GPL-2.0
/*
 * Access to parts of KVM that are private to it.  One symbol of it is looked up by
 * name, kvm_x86_ops; everything else is exported or in the headers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/btf.h>
#include <linux/kprobes.h>
#include <linux/static_call.h>
#include "compat.h"
#include "kvm_access.h"
#include "kvm_hcall.h"

static struct kvm_x86_ops *x86_ops;
static bool step_by_length;

static unsigned long lookup_nothing(const char *name)
{
	return 0;
}

static s32 find_no_btf(const char *name, u32 kind, struct btf **btf)
{
	return -ENOENT;
}

static void put_no_btf(struct btf *btf)
{
}

DEFINE_STATIC_CALL(kallsyms_lookup, lookup_nothing);
DEFINE_STATIC_CALL(find_btf_id, find_no_btf);
DEFINE_STATIC_CALL(put_btf, put_no_btf);

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

/*
 * The functions of KVM that we declare ourselves or hook by name, and their signatures:
 * the result, then the arguments.  A digit is an integer of that many bytes, p a pointer,
 * v void.
 */
static const struct {
	const char *name, *shape;
} kvm_functions[] = {
	{ "kvm_sev_es_string_io", "4p44p44" },
	{ "kvm_sev_es_mmio_write", "4p84p" },
	{ "kvm_sev_es_mmio_read", "4p84p" },
	{ "kvm_emulate_hypercall", "4p" },
	{ "kvm_arch_vcpu_destroy", "vp" },
};

/* The letter for a type. */
static char type_shape(const struct btf *btf, u32 id)
{
	const struct btf_type *t;

	while (id) {
		t = btf_type_by_id(btf, id);
		switch (t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
			id = t->type;
			break;
		case BTF_KIND_PTR:
			return 'p';
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
			return '0' + t->size;
		default:
			return '?';
		}
	}
	return 'v';
}

/* As in kvm_functions[].shape; @shape has room for all arguments that registers hold. */
static void function_shape(const struct btf *btf, u32 id, char shape[8])
{
	const struct btf_type *t = btf_type_by_id(btf, id);
	const struct btf_param *param;
	unsigned int i, n;

	t = btf_type_by_id(btf, t->type);
	param = (const struct btf_param *)(t + 1);
	n = min_t(unsigned int, BTF_INFO_VLEN(t->info), 6);
	shape[0] = type_shape(btf, t->type);
	for (i = 0; i < n; i++)
		shape[1 + i] = type_shape(btf, param[i].type);
	shape[1 + n] = 0;
}

/*
 * Do KVM's functions have the signatures that we expect?  Its BTF says, if it has any.
 * Symbol versions do not: they show only that the headers are those of the running kernel.
 */
static int check_functions(void)
{
	unsigned long find = static_call(kallsyms_lookup)("bpf_find_btf_id");
	unsigned long put = static_call(kallsyms_lookup)("btf_put");
	unsigned int i;

	if (!find || !put)
		return 0;
	static_call_update(find_btf_id, (void *)find);
	static_call_update(put_btf, (void *)put);
	for (i = 0; i < ARRAY_SIZE(kvm_functions); i++) {
		struct btf *btf;
		char shape[8];
		s32 id = static_call(find_btf_id)(kvm_functions[i].name,
						  BTF_KIND_FUNC, &btf);

		if (id < 0)
			continue;
		function_shape(btf, id, shape);
		static_call(put_btf)(btf);
		if (strcmp(shape, kvm_functions[i].shape)) {
			pr_err("not loaded: %s() of this KVM has other arguments, %s, not %s: it is not the one that this was written for\n",
			       kvm_functions[i].name, shape, kvm_functions[i].shape);
			return -ENOEXEC;
		}
	}
	return 0;
}

/**
 * hcall_compat_init() - find what kvm.ko does not export, check what it does
 *
 * Context: module load; may sleep.
 * Return: 0, -ENOENT or -ENOEXEC with the reason in the log.
 */
int hcall_compat_init(void)
{
	int err;

	x86_ops = (struct kvm_x86_ops *)kallsyms_address("kvm_x86_ops");
	if (!x86_ops) {
		pr_err("not loaded: no symbol kvm_x86_ops in this kernel (CONFIG_KPROBES and CONFIG_KALLSYMS_ALL are needed)\n");
		return -ENOENT;
	}
	err = check_functions();
	if (err)
		return err;

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
 * hcall_bus_has() - does the range of a device in KVM begin here?
 * @vcpu: the vCPU
 * @idx: the bus
 * @addr: first byte of the range
 *
 * Context: as hcall_on_bus().
 * Return: whether one does; not if there are too many to tell.
 */
bool hcall_bus_has(struct kvm_vcpu *vcpu, enum kvm_bus idx, gpa_t addr)
{
	struct kvm_io_bus *bus = hcall_bus(vcpu->kvm, idx);
	int i;

	if (bus && bus->dev_count > NR_IOBUS_DEVS)
		return false;
	for (i = 0; bus && i < bus->dev_count; i++) {
		if (bus->range[i].addr == addr)
			return true;
	}
	return false;
}

/*
 * Does the VMM know KVM_EXIT_IO with several elements to write?  QEMU does; it is the one that
 * coalesces the PCI configuration address.  Context: as hcall_on_bus().
 */
bool hcall_knows_outs(struct kvm_vcpu *vcpu)
{
	return hcall_bus_has(vcpu, KVM_PIO_BUS, PCI_CONFIG_ADDRESS);
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
