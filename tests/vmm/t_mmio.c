// SPDX-License-Identifier: GPL-2.0
/*
 * READ and WRITE: as IN and OUT, at guest-physical addresses without memory.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests.h"


static void t_read_write(void)
{
	static const u64 preset[] = { ~0ULL, 0, 0x0123456789abcdef,
				      0x80000000ULL, 0xffffff80ULL,
				      0xfedcba9876543210 };
	struct vcpu *v = one_vcpu();
	unsigned int i, m;
	u64 nr, size;

	for (m = 0; m < NR_MODES; m++) {
		if (m == MODE_USER64)
			continue;
		vcpu_mode(v, m, 0);
		for (nr = PIO_HCALL_READ; nr <= PIO_HCALL_WRITE; nr++)
			for (size = 1; size <= 8; size *= 2)
				for (i = 0; i < ARRAY_SIZE(preset); i++) {
					struct call c = {
						nr, MMIO_GPA + 0x1000 - size * i,
						size, preset[i], DIRTY | 9
					};

					ctx("%s, %s of %llu, rdx %#llx",
					    mode_name[m], name_of(nr),
					    (unsigned long long)size,
					    (unsigned long long)preset[i]);
					if (size == 8 && !is_64(m))
						refused(v, &c, KVM_EINVAL);
					else
						accepted(v, &c);
				}
	}
}

/* Several values, so that no constant passes for data. */
static void t_sequence(void)
{
	struct vcpu *v = one_vcpu();
	struct call c = { PIO_HCALL_READ, MMIO_GPA, 8, ~0ULL, 0 };
	struct kvm_regs r;
	u64 i;

	for (i = 0; i < 100; i++) {
		ctx("READ number %llu", (unsigned long long)i);
		c.size = 1 << i % 4;
		if (!do_call(v, &c, &r))
			return;
		EQ(r.rax, 0);
		EQ(r.rdx, dev_value(i) & mask_of(c.size));
		EQ(v->dev->n, i + 1);
	}
}

static void t_native_same(void)
{
	static const struct {
		u8	code[3];
		u8	len, size, out;
	} insn[] = {
		{ { 0x8a, 0x03 }, 2, 1, 0 },		/* mov (%rbx),%al */
		{ { 0x66, 0x8b, 0x03 }, 3, 2, 0 },
		{ { 0x8b, 0x03 }, 2, 4, 0 },
		{ { 0x48, 0x8b, 0x03 }, 3, 8, 0 },
		{ { 0x88, 0x03 }, 2, 1, 1 },		/* mov %al,(%rbx) */
		{ { 0x66, 0x89, 0x03 }, 3, 2, 1 },
		{ { 0x89, 0x03 }, 2, 4, 1 },
		{ { 0x48, 0x89, 0x03 }, 3, 8, 1 },
	};
	static const u64 addrs[] = { MMIO_GPA, MMIO_GPA + 0xff8, RAM_SIZE };
	const u64 val = 0xfedcba9876543210;
	struct vcpu *v = one_vcpu();
	unsigned int i, p;

	for (p = 0; p < ARRAY_SIZE(addrs); p++)
		for (i = 0; i < ARRAY_SIZE(insn); i++) {
			struct call c = { insn[i].out ? PIO_HCALL_WRITE :
					  PIO_HCALL_READ, addrs[p],
					  insn[i].size, val, 0 };

			ctx("%#llx, %s of %u", (unsigned long long)addrs[p],
			    insn[i].out ? "write" : "read", insn[i].size);
			same_as_native(v, &c, insn[i].code, insn[i].len);
		}
}

static void t_limits(void)
{
	static const u64 bad[] = {
		0, 3, 5, 6, 7, 9, 12, 16, 32, 0xff, 0x101, 0x108, 0x10001,
		0x80000001, 0xffffffff, 0x100000001, 0x100000008, DIRTY,
		DIRTY | 1, DIRTY | 4, DIRTY | 8, ~0ULL, ~0ULL - 7,
	};
	struct vcpu *v = one_vcpu();
	unsigned int i, m;
	u64 nr, size;

	for (nr = PIO_HCALL_READ; nr <= PIO_HCALL_WRITE; nr++) {
		vcpu_mode(v, MODE_LONG, 0);
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			ctx("%s, size %#llx", name_of(nr),
			    (unsigned long long)bad[i]);
			refused(v, &(struct call){ nr, MMIO_GPA, bad[i], 0x42,
				7 }, KVM_EINVAL);
		}
		for (m = 0; m < NR_MODES; m++) {
			if (m == MODE_USER64)
				continue;
			vcpu_mode(v, m, 0);
			for (size = 2; size <= (is_64(m) ? 8 : 4); size *= 2)
				for (i = 1; i < size; i++) {
					ctx("%s, %s of %llu at +%u",
					    mode_name[m], name_of(nr),
					    (unsigned long long)size, i);
					refused(v, &(struct call){ nr,
						MMIO_GPA + i, size, 0x42, 7 },
						KVM_EINVAL);
				}
			/* No upper halves outside 64-bit mode. */
			ctx("%s, %s, dirty upper halves", mode_name[m],
			    name_of(nr));
			if (is_64(m))
				refused(v, &(struct call){ nr, DIRTY | MMIO_GPA,
					4, 0x42, 7 }, KVM_EINVAL);
			else
				accepted(v, &(struct call){ DIRTY | nr,
					 DIRTY | MMIO_GPA, DIRTY | 4,
					 DIRTY | 0x12345678, DIRTY | 7 });
		}
	}
}

/* What CPUID says counts, not what the CPU has. */
static void t_maxphyaddr(void)
{
	static const u64 above[] = { 0, 8, 0x1000, MMIO_GPA };
	const u8 bits[] = { cpu_maxphyaddr(), 36, 33 };
	unsigned int b, i;
	u64 nr, size;

	for (b = 0; b < ARRAY_SIZE(bits); b++) {
		struct vcpu *v = one_vcpu();
		u64 limit = 1ULL << bits[b];

		vcpu_maxphyaddr(v, bits[b]);
		for (nr = PIO_HCALL_READ; nr <= PIO_HCALL_WRITE; nr++)
			for (size = 1; size <= 8; size *= 2) {
				ctx("%u bits, %s of %llu", bits[b], name_of(nr),
				    (unsigned long long)size);
				accepted(v, &(struct call){ nr, limit - size,
					 size, 0x1234567812345678, 7 });
				for (i = 0; i < ARRAY_SIZE(above); i++)
					refused(v, &(struct call){ nr,
						limit + above[i], size, 1, 7 },
						KVM_EINVAL);
				refused(v, &(struct call){ nr, 1ULL << 63, size,
					1, 7 }, KVM_EINVAL);
				refused(v, &(struct call){ nr, -size, size, 1,
					7 }, KVM_EINVAL);
			}
		vm_destroy(v->vm);
	}
}

/* Memory is refused, of whatever kind, and stays what it was. */
static void t_memory(void)
{
	static const u64 ram[] = {
		0, 8, BUF_GPA, BUF_GPA + 0xff8, CODE_GPA + 0x800, RAM_SIZE - 8,
		0xa00000, 0xa00ff8, 0xa01000, 0xa0fff8,	/* ROM, if there is */
		0xc00000, 0xc00ff8,			/* one page */
	};
	static const u64 none[] = {
		RAM_SIZE, 0x9ffff8, 0xa10000, 0xbffff8, 0xc01000,
	};
	struct vcpu *v = one_vcpu();
	struct vm *vm = v->vm;
	unsigned int i;
	u64 nr, size;
	u8 *rom = NULL;

	vm_add_slot(vm, 2, 0xc00000, 0x1000, 0);
	if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM) > 0) {
		rom = vm_add_slot(vm, 1, 0xa00000, 0x10000, KVM_MEM_READONLY);
		memset(rom, 0x77, 0x10000);
	} else {
		note("no read-only memslots here");
	}
	memset(vm_hva(vm, BUF_GPA), 0x77, 0x1000);
	for (nr = PIO_HCALL_READ; nr <= PIO_HCALL_WRITE; nr++)
		for (size = 1; size <= 8; size *= 2) {
			for (i = 0; i < ARRAY_SIZE(ram); i++) {
				if (!rom && ram[i] >= 0xa00000 &&
				    ram[i] < 0xa10000)
					continue;
				ctx("%s of %llu at %#llx", name_of(nr),
				    (unsigned long long)size,
				    (unsigned long long)ram[i]);
				refused(v, &(struct call){ nr, ram[i], size,
					0x42, 7 }, KVM_EFAULT);
			}
			for (i = 0; i < ARRAY_SIZE(none); i++) {
				ctx("%s of %llu at %#llx", name_of(nr),
				    (unsigned long long)size,
				    (unsigned long long)none[i]);
				accepted(v, &(struct call){ nr, none[i], size,
					 0x42, 7 });
			}
		}
	if (rom)
		CHECK(rom[0] == 0x77 && !memcmp(rom, rom + 1, 0xffff),
		      "read-only memory was written");
	rom = vm_hva(vm, BUF_GPA);
	CHECK(rom[0] == 0x77 && !memcmp(rom, rom + 1, 0xfff),
	      "memory was written");

	ctx("a slot that is gone");
	vm_set_slot(vm, 2, 0, false);
	accepted(v, &(struct call){ PIO_HCALL_READ, 0xc00000, 4, 0x42, 7 });
	vm_set_slot(vm, 2, 0, true);
	refused(v, &(struct call){ PIO_HCALL_READ, 0xc00000, 4, 0x42, 7 },
		KVM_EFAULT);
}

/* Devices in KVM answer there: userspace must not see any of this. */
static void t_kernel_devices(void)
{
	struct vcpu *v = vcpu_create(vm_create(VM_IRQCHIP), 0);
	struct call c = { PIO_HCALL_READ, APIC_GPA + 0x30, 4, ~0ULL, 0 };
	struct kvm_regs r;

	ctx("IOAPIC");
	quick(v, PIO_HCALL_WRITE, IOAPIC_GPA, 4, 1);
	EQ(quick(v, PIO_HCALL_READ, IOAPIC_GPA + 0x10, 4, ~0ULL), 0x170011);
	quick(v, PIO_HCALL_WRITE, IOAPIC_GPA, 4, 0x12);
	quick(v, PIO_HCALL_WRITE, IOAPIC_GPA + 0x10, 4, 0x100a5);
	EQ(quick(v, PIO_HCALL_READ, IOAPIC_GPA + 0x10, 4, ~0ULL), 0x100a5);
	quick(v, PIO_HCALL_WRITE, IOAPIC_GPA + 0x10, 4, DIRTY | 0x1005a);
	EQ(quick(v, PIO_HCALL_READ, IOAPIC_GPA + 0x10, 4, ~0ULL), 0x1005a);

	/* KVM may have a memory slot of its own there. */
	ctx("local APIC");
	if (do_call(v, &c, &r) && r.rax != ERR(KVM_EFAULT)) {
		EQ(r.rax, 0);
		EQ(r.rdx & 0xff, 0x14);
		quick(v, PIO_HCALL_WRITE, APIC_GPA + 0x80, 4, 0x30);
		EQ(quick(v, PIO_HCALL_READ, APIC_GPA + 0x80, 4, ~0ULL), 0x30);
		quick(v, PIO_HCALL_WRITE, APIC_GPA + 0x80, 4, 0);
	}
	EQ(v->dev->n, 0);
	ctx("addresses nobody in KVM has");
	accepted(v, &(struct call){ PIO_HCALL_WRITE, IOAPIC_GPA + 0x1000, 4,
		 0x12345678, 0 });
	accepted(v, &(struct call){ PIO_HCALL_READ, MMIO_GPA, 2, ~0ULL, 0 });
}

static void t_ioeventfd(void)
{
	struct vcpu *v = one_vcpu();
	int two = vm_ioeventfd(v->vm, MMIO, MMIO_GPA + 8, 2, false, 0);
	int five = vm_ioeventfd(v->vm, MMIO, MMIO_GPA + 0x10, 4, true, 5);
	int eight = vm_ioeventfd(v->vm, MMIO, MMIO_GPA + 0x18, 8, true,
				 0x123456789abcdef0);
	int any = vm_ioeventfd(v->vm, MMIO, MMIO_GPA + 0x20, 0, false, 0);
	int pio = vm_ioeventfd(v->vm, PIO, 0x5008, 4, false, 0);
	unsigned int size;

	ctx("WRITE");
	quick(v, PIO_HCALL_WRITE, MMIO_GPA + 8, 2, 0x1234);
	EQ(v->dev->n, 0);
	EQ(events(two), 1);
	ctx("WRITE of another size");
	accepted(v, &(struct call){ PIO_HCALL_WRITE, MMIO_GPA + 8, 4, 0x12, 0 });
	EQ(events(two), 0);
	ctx("READ there");
	accepted(v, &(struct call){ PIO_HCALL_READ, MMIO_GPA + 8, 2, 0x12, 0 });
	EQ(events(two), 0);

	/* Bits above the size are not part of the value. */
	ctx("WRITE that matches");
	dev_reset(v->dev);
	quick(v, PIO_HCALL_WRITE, MMIO_GPA + 0x10, 4, DIRTY | 5);
	quick(v, PIO_HCALL_WRITE, MMIO_GPA + 0x18, 8, 0x123456789abcdef0);
	EQ(v->dev->n, 0);
	EQ(events(five), 1);
	EQ(events(eight), 1);
	ctx("WRITE that does not match");
	accepted(v, &(struct call){ PIO_HCALL_WRITE, MMIO_GPA + 0x10, 4, 6, 0 });
	accepted(v, &(struct call){ PIO_HCALL_WRITE, MMIO_GPA + 0x18, 8,
		 0x023456789abcdef0, 0 });
	EQ(events(five), 0);
	EQ(events(eight), 0);

	dev_reset(v->dev);
	for (size = 1; size <= 8; size *= 2) {
		ctx("WRITE of %u to one for all sizes", size);
		quick(v, PIO_HCALL_WRITE, MMIO_GPA + 0x20, size, ~0ULL);
		EQ(events(any), 1);
	}
	EQ(v->dev->n, 0);

	/* The two spaces are two. */
	ctx("the same number as a port and as an address");
	refused(v, &(struct call){ PIO_HCALL_WRITE, 0x5008, 4, 1, 0 },
		KVM_EFAULT);
	accepted(v, &(struct call){ PIO_HCALL_OUT, 0x18, 4, 1, 0 });
	EQ(events(pio), 0);
}

#define LOOPS	3000

/* A signal may hit anywhere; each access happens once. */
static void t_signals(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int i;
	u64 k, sum;

	for (i = 0; i < 2; i++) {
		struct kvm_regs r = {
			.r8 = i ? PIO_HCALL_WRITE : PIO_HCALL_READ,
			.rbx = MMIO_GPA, .rcx = 8, .rdx = DIRTY, .r9 = LOOPS,
			.rip = CODE_GPA, .rflags = 2,
		};
		struct nagger n;
		enum stop s;

		ctx("%s", name_of(r.r8));
		load_code(v->vm, CODE_GPA, i ? pay_out_loop : pay_in_loop,
			  i ? pay_out_loop_end - pay_out_loop :
			  pay_in_loop_end - pay_in_loop);
		vcpu_set(v, &r);
		dev_reset(v->dev);
		nag_start(&n, 7 + i);
		s = vcpu_go(v);
		nag_stop(&n);
		if (s != STOP_DONE)
			return;
		vcpu_get(v, &r);
		EQ(r.rax, 0);
		EQ(r.r9, 0);
		EQ(v->dev->n, LOOPS);
		for (k = sum = 0; k < LOOPS && k < v->dev->n; k++) {
			struct access *a = &v->dev->log[k];
			u64 want = i ? DIRTY + k : dev_value(k);

			sum += want;
			if (a->addr != MMIO_GPA || a->size != 8 ||
			    a->out != i || a->val != want) {
				FAIL("access %llu: %#llx", (unsigned long long)k,
				     (unsigned long long)a->val);
				break;
			}
		}
		if (!i)
			EQ(r.r10, sum);
	}
}

const struct test mmio_tests[] = {
	{ "read-write",		T_HANDLER,	t_read_write },
	{ "read-sequence",	T_HANDLER,	t_sequence },
	{ "mmio-native-same",	T_HANDLER,	t_native_same },
	{ "mmio-limits",	T_HANDLER,	t_limits },
	{ "mmio-maxphyaddr",	T_HANDLER,	t_maxphyaddr },
	{ "mmio-memory",	T_HANDLER,	t_memory },
	{ "mmio-kernel-devices", T_HANDLER,	t_kernel_devices },
	{ "mmio-ioeventfd",	T_HANDLER,	t_ioeventfd },
	{ "mmio-signals",	T_HANDLER,	t_signals },
	{ }
};
