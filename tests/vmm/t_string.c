// SPDX-License-Identifier: GPL-2.0
/*
 * INS and OUTS: every byte of memory, every element at the device, and the
 * progress in RDX and RSI.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "tests.h"

#define GUARD	4096

static u8 filler(u64 i)
{
	return i * 7 + (i >> 8) * 13 + 3;
}

/*
 * One whole transfer in plain RAM.  want is what memory must hold afterwards,
 * guards on both sides included.
 */
static void whole(struct vcpu *v, bool out, unsigned int size, u64 gpa,
		  u64 count)
{
	static u8 want[RAM_SIZE];
	u64 len = size * count, all = len + 2 * GUARD, i;
	struct call c = { out ? PIO_HCALL_OUTS : PIO_HCALL_INS, 0x5000, size,
			  gpa, count };
	u8 *mem = vm_hva(v->vm, gpa - GUARD);
	struct kvm_regs r;

	for (i = 0; i < all; i++)
		want[i] = filler(i);
	memcpy(mem, want, all);
	if (!out)
		for (i = 0; i < count; i++) {
			u64 val = dev_value(i);

			memcpy(want + GUARD + i * size, &val, size);
		}
	dev_reset(v->dev);
	if (!do_call(v, &c, &r))
		return;
	EQ(r.rax, 0);
	EQ(r.rdx, gpa + len);
	EQ(r.rsi, 0);
	EQ(v->dev->n, count);
	CHECK(v->dev->most <= 4096, "an exit of %u bytes", v->dev->most);
	if (memcmp(mem, want, all)) {
		for (i = 0; mem[i] == want[i]; i++)
			;
		FAIL("memory differs first at buffer%+lld: %#x, not %#x",
		      (long long)(i - GUARD), mem[i], want[i]);
	}
	for (i = 0; i < count && i < v->dev->n; i++) {
		struct access *a = &v->dev->log[i];
		u64 val = 0;

		memcpy(&val, want + GUARD + i * size, size);
		if (a->space != PIO || a->addr != 0x5000 || a->size != size ||
		    a->out != out || a->val != val) {
			FAIL("element %llu: port %#llx size %u %s %#llx, expected %#llx",
			      (unsigned long long)i, (unsigned long long)a->addr,
			      a->size, a->out ? "out" : "in",
			      (unsigned long long)a->val,
			      (unsigned long long)val);
			break;
		}
	}
}

static void sweep(bool out)
{
	static const u64 counts[] = {
		0, 1, 2, 3, 256, 1023, 1024, 1025, 2047, 2048, 2049, 4095,
		4096, 4097, 70000
	};
	/* aligned; odd; one element over the page; two halves of one */
	static const u64 offs[] = { 0, 1, 0xffd, 0xfff };
	struct vcpu *v = ring_vcpu();
	unsigned int size, i, o;

	for (size = 1; size <= 4; size *= 2)
		for (i = 0; i < ARRAY_SIZE(counts); i++)
			for (o = 0; o < ARRAY_SIZE(offs); o++) {
				if (counts[i] > 10000 && o != 2)
					continue;
				ctx("%s of %u, count %llu, offset %#llx",
				    out ? "OUTS" : "INS", size,
				    (unsigned long long)counts[i],
				    (unsigned long long)offs[o]);
				whole(v, out, size, BUF_GPA + offs[o],
				      counts[i]);
			}
}

static void t_ins(void)
{
	sweep(false);
}

static void t_outs(void)
{
	sweep(true);
}

/*
 * Natively OUTS never leaves KVM with more than one element, and there are VMMs that know
 * no other: those that are not known to cope get one at a time.
 */
static void t_outs_one(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int size;

	for (size = 1; size <= 4; size *= 2) {
		ctx("OUTS of %u", size);
		whole(v, true, size, BUF_GPA + 0xfff, 100);
		EQ(v->dev->most, size);
		EQ(v->dev->exits, 100);
		ctx("INS of %u", size);
		whole(v, false, size, BUF_GPA + 0xfff, 100);
		EQ(v->dev->exits, 1);
	}
}

static void t_modes(void)
{
	struct vcpu *v = ring_vcpu();
	unsigned int m;
	u64 nr;

	for (m = MODE_COMPAT; m <= MODE_REAL; m++) {
		vcpu_mode(v, m, 0);
		ctx("INS, %s", mode_name[m]);
		whole(v, false, 2, BUF_GPA + 0xfff, 3000);
		ctx("OUTS, %s", mode_name[m]);
		whole(v, true, 2, BUF_GPA + 0xfff, 3000);
		for (nr = PIO_HCALL_INS; nr <= PIO_HCALL_OUTS; nr++) {
			struct call c = { DIRTY | nr, DIRTY | 0x5000, DIRTY | 2,
					  DIRTY | BUF_GPA, DIRTY | 5000 };
			struct kvm_regs r;

			ctx("%s, dirty upper halves, call %#llx", mode_name[m],
			    (unsigned long long)nr);
			dev_reset(v->dev);
			if (!do_call(v, &c, &r))
				continue;
			EQ(r.rax, 0);
			EQ((u32)r.rdx, BUF_GPA + 10000);
			EQ((u32)r.rsi, 0);
			EQ(v->dev->n, 5000);
		}
	}
}

static void t_native_same(void)
{
	static const struct {
		u8	code[3];
		u8	len, size, out;
	} insn[] = {
		{ { 0xf3, 0x6c }, 2, 1, 0 },
		{ { 0x66, 0xf3, 0x6d }, 3, 2, 0 },
		{ { 0xf3, 0x6d }, 2, 4, 0 },
		{ { 0xf3, 0x6e }, 2, 1, 1 },
		{ { 0x66, 0xf3, 0x6f }, 3, 2, 1 },
		{ { 0xf3, 0x6f }, 2, 4, 1 },
	};
	static const u8 end[] = { 0xe6, EXIT_PORT };
	struct vcpu *v = ring_vcpu();
	const u64 n = 600, gpa = BUF_GPA + 0xffb;
	static u8 mem[4096];
	struct access *log = calloc(n, sizeof(*log));
	u8 *buf = vm_hva(v->vm, gpa);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(insn); i++) {
		struct call c = { insn[i].out ? PIO_HCALL_OUTS : PIO_HCALL_INS,
				  0x1f0, insn[i].size, gpa, n };
		struct kvm_regs r;

		ctx("%s of %u", insn[i].out ? "outs" : "ins", insn[i].size);
		call_prepare(v, &c, &r);
		load_code(v->vm, CODE_GPA, insn[i].code, insn[i].len);
		load_code(v->vm, CODE_GPA + insn[i].len, end, sizeof(end));
		for (j = 0; j < sizeof(mem); j++)
			buf[j] = filler(j);
		r.rflags &= ~0x400ULL;
		r.rdx = 0x1f0;
		r.rcx = n;
		r.rsi = r.rdi = gpa;
		vcpu_set(v, &r);
		dev_reset(v->dev);
		if (vcpu_go(v) != STOP_DONE)
			continue;
		EQ(v->dev->n, n);
		if (v->dev->n != n)
			continue;
		memcpy(log, v->dev->log, n * sizeof(*log));
		memcpy(mem, buf, sizeof(mem));

		for (j = 0; j < sizeof(mem); j++)
			buf[j] = filler(j);
		dev_reset(v->dev);
		if (!do_call(v, &c, &r))
			continue;
		EQ(r.rax, 0);
		EQ(v->dev->n, n);
		CHECK(v->dev->n == n &&
		      !memcmp(log, v->dev->log, n * sizeof(*log)),
		      "the device saw something else");
		CHECK(!memcmp(mem, buf, sizeof(mem)), "memory is different");
	}
}

static void faults(struct vcpu *v, u64 nr, u64 size, u64 gpa, u64 count)
{
	struct call c = { nr, 0x5000, size, gpa, count };
	struct kvm_regs r;

	ctx("%s of %llu, count %#llx, at %#llx",
	    name_of(nr), (unsigned long long)size,
	    (unsigned long long)count, (unsigned long long)gpa);
	dev_reset(v->dev);
	if (!do_call(v, &c, &r))
		return;
	EQ(r.rax, ERR(KVM_EFAULT));
	EQ(r.rdx, gpa);
	EQ(r.rsi, count);
	EQ(v->dev->n, 0);
}

static void works(struct vcpu *v, u64 nr, u64 size, u64 gpa, u64 count)
{
	struct call c = { nr, 0x5000, size, gpa, count };
	struct kvm_regs r;

	ctx("%s of %llu, count %#llx, at %#llx",
	    name_of(nr), (unsigned long long)size,
	    (unsigned long long)count, (unsigned long long)gpa);
	dev_reset(v->dev);
	if (!do_call(v, &c, &r))
		return;
	EQ(r.rax, 0);
	EQ(r.rdx, gpa + size * count);
	EQ(r.rsi, 0);
	EQ(v->dev->n, count);
}

static void t_range(void)
{
	static const u64 counts[] = {
		0xffffffff, 0x100000000, 1ULL << 61, (1ULL << 62) - 1,
		1ULL << 62, (1ULL << 62) + 1, (1ULL << 63) - 1, 1ULL << 63,
		(1ULL << 63) + 1, ~0ULL - 1, ~0ULL,
	};
	struct vcpu *v = ring_vcpu();
	unsigned int i, phys = cpu_maxphyaddr();
	const u64 bad[] = {
		0x500000, 0x600001, 0x3fffffff000, 0x100000000ULL | BUF_GPA,
		1ULL << 52, (1ULL << phys) | BUF_GPA, (1ULL << 51) | BUF_GPA,
		1ULL << 63 | BUF_GPA, 0xffffffff00000000ULL | BUF_GPA,
		~0ULL, ~0ULL - 3, 0xfffffffffffff000ULL, 0xfffbd000,
		0xfffbc000, 0xfee00000,
	};
	struct vm *vm = v->vm;
	u64 nr, size;

	/* RAM to 0x500000 in two slots; RAM then ROM at 0x7f0000; hole between */
	vm_add_slot(vm, 1, RAM_SIZE, 0x100000, 0);
	vm_add_slot(vm, 2, 0x7f0000, 0x10000, 0);
	if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM) > 0)
		vm_add_slot(vm, 3, 0x800000, 0x10000, KVM_MEM_READONLY);
	else
		note("no read-only memslots here");

	for (nr = PIO_HCALL_INS; nr <= PIO_HCALL_OUTS; nr++)
		for (size = 1; size <= 4; size *= 2) {
			for (i = 0; i < ARRAY_SIZE(counts); i++)
				faults(v, nr, size, BUF_GPA + 1, counts[i]);
			for (i = 0; i < ARRAY_SIZE(bad); i++) {
				faults(v, nr, size, bad[i], 1);
				faults(v, nr, size, bad[i], 0x3000);
				/* an empty range has no bad address */
				works(v, nr, size, bad[i], 0);
			}
			/* the end of RAM */
			works(v, nr, size, 0x500000 - 8 * size, 8);
			faults(v, nr, size, 0x500000 - 8 * size, 9);
			faults(v, nr, size, 0x500000 - 5000 * size, 5001);
			if (size > 1)
				faults(v, nr, size, 0x500000 - 1, 1);
			/* good at both ends is not enough */
			faults(v, nr, size, 0x4ff000, 0x2f2000 / size);
			/* from one slot into the next */
			works(v, nr, size, RAM_SIZE - 4001, 2049);
			works(v, nr, size, RAM_SIZE - 1, 1);
			works(v, nr, size, RAM_SIZE - 9000, 9001);
		}

	if (!vm->slots[3].hva)
		return;
	for (size = 1; size <= 4; size *= 2) {
		u8 *rom = vm->slots[3].hva;

		memset(rom, 0x77, 0x10000);
		faults(v, PIO_HCALL_INS, size, 0x800000, 1);
		faults(v, PIO_HCALL_INS, size, 0x801ffe, 2000);
		faults(v, PIO_HCALL_INS, size, 0x800000 - 4 * size, 5);
		faults(v, PIO_HCALL_INS, size, 0x800000 - 6000 * size, 6001);
		CHECK(rom[0] == 0x77 && !memcmp(rom, rom + 1, 0xffff),
		      "read-only memory was written");
		works(v, PIO_HCALL_OUTS, size, 0x800000, 1);
		works(v, PIO_HCALL_OUTS, size, 0x801ffe, 2000);
		works(v, PIO_HCALL_OUTS, size, 0x800000 - 6000 * size, 6001);
	}
}

/*
 * The guest sees RAM, the host's mapping of it refuses: what userspace does to
 * its own memory.  The device must not be read for data that has no place.
 */
static void t_host_prot(void)
{
	struct vcpu *v = ring_vcpu();
	u8 *mem = vm_add_slot(v->vm, 1, 0xa00000, 0x10000, 0);
	const u64 ro = 0xa04000, none = 0xa08000;
	u64 nr, size;

	memset(mem, 0x33, 0x10000);
	if (mprotect(mem + 0x4000, 0x4000, PROT_READ) ||
	    mprotect(mem + 0x8000, 0x4000, PROT_NONE))
		DIE("mprotect: %s", strerror(errno));
	for (size = 1; size <= 4; size *= 2) {
		faults(v, PIO_HCALL_INS, size, ro, 1);
		faults(v, PIO_HCALL_INS, size, ro + 3, 3000);
		works(v, PIO_HCALL_OUTS, size, ro, 1);
		works(v, PIO_HCALL_OUTS, size, ro + 3, 3000);
		for (nr = PIO_HCALL_INS; nr <= PIO_HCALL_OUTS; nr++) {
			faults(v, nr, size, none, 1);
			faults(v, nr, size, none + 3, 3000);
		}
	}
	/*
	 * Good at first and bad later.  How far it gets is not laid down; that
	 * the registers tell how far is.
	 */
	for (nr = PIO_HCALL_INS; nr <= PIO_HCALL_OUTS; nr++)
		for (size = 1; size <= 4; size *= 2) {
			u64 gpa = nr == PIO_HCALL_INS ? ro - 4099 : none - 4099;
			struct call c = { nr, 0x5000, size, gpa, 9000 / size };
			struct kvm_regs r;
			u64 i;

			ctx("%s of %llu into a bad page",
			    name_of(nr),
			    (unsigned long long)size);
			dev_reset(v->dev);
			if (!do_call(v, &c, &r))
				continue;
			EQ(r.rax, ERR(KVM_EFAULT));
			EQ(c.count - r.rsi, v->dev->n);
			EQ(r.rdx, gpa + v->dev->n * size);
			for (i = 0; nr == PIO_HCALL_INS && i < v->dev->n; i++) {
				u32 val = 0;

				memcpy(&val, mem + (gpa - 0xa00000) + i * size,
				       size);
				EQ(val, v->dev->log[i].val);
			}
		}
}

static void t_empty_still_checked(void)
{
	struct vcpu *v = ring_vcpu();
	u64 nr;

	for (nr = PIO_HCALL_INS; nr <= PIO_HCALL_OUTS; nr++) {
		struct call c = { nr, 0x10000, 1, BUF_GPA, 0 };
		struct kvm_regs r;

		ctx("call %#llx, count 0, bad port", (unsigned long long)nr);
		if (do_call(v, &c, &r))
			EQ(r.rax, ERR(KVM_EINVAL));
		ctx("call %#llx, count 0, bad size", (unsigned long long)nr);
		c.port = 0x5000;
		c.size = 3;
		if (do_call(v, &c, &r))
			EQ(r.rax, ERR(KVM_EINVAL));
	}
	EQ(v->dev->n, 0);
}

/* Live migration copies what the log says was written, and nothing else. */
static void t_dirty_log(void)
{
	struct vcpu *v = ring_vcpu();
	u8 *mem = vm_add_slot(v->vm, 1, 0xa00000, 0x40000,
			      KVM_MEM_LOG_DIRTY_PAGES);
	u64 bitmap = 0;
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = &bitmap };

	memset(mem, 0, 0x40000);
	works(v, PIO_HCALL_INS, 2, 0xa03fff, 0x1001);
	if (ioctl(v->vm->fd, KVM_GET_DIRTY_LOG, &log))
		DIE("KVM_GET_DIRTY_LOG: %s", strerror(errno));
	EQ(bitmap, 0x78);	/* the last byte of page 3 to the first of 6 */
	works(v, PIO_HCALL_OUTS, 2, 0xa03fff, 0x1001);
	if (ioctl(v->vm->fd, KVM_GET_DIRTY_LOG, &log))
		DIE("KVM_GET_DIRTY_LOG: %s", strerror(errno));
	EQ(bitmap, 0);
}

/* Where RDX has 32 bits, going on behind 4 GiB would be going on at 0. */
static void t_4g(void)
{
	struct vcpu *v = ring_vcpu();
	u8 *low = vm_hva(v->vm, 0), saved[0x1000];
	unsigned int m;
	u64 nr;

	vm_add_slot(v->vm, 1, 0xffff0000, 0x10000, 0);
	vm_add_slot(v->vm, 2, 0x100000000, 0x10000, 0);
	memcpy(saved, low, sizeof(saved));

	for (nr = PIO_HCALL_INS; nr <= PIO_HCALL_OUTS; nr++) {
		vcpu_mode(v, MODE_LONG, 0);
		works(v, nr, 2, 0xfffff000, 0x1000);
		for (m = MODE_COMPAT; m <= MODE_REAL; m++) {
			struct call c = { nr, 0x5000, 2, 0xfffff000, 0x1000 };
			struct kvm_regs r;

			vcpu_mode(v, m, 0);
			ctx("%s, across 4 GiB, call %#llx", mode_name[m],
			    (unsigned long long)nr);
			dev_reset(v->dev);
			if (do_call(v, &c, &r)) {
				EQ(r.rax, err_in(m, KVM_EFAULT));
				EQ(v->dev->n, 0);
			}
			c.val = 0xffffe000;
			ctx("%s, up to 4 GiB, call %#llx", mode_name[m],
			    (unsigned long long)nr);
			dev_reset(v->dev);
			if (do_call(v, &c, &r)) {
				EQ(r.rax, 0);
				EQ(r.rdx, 0);
				EQ(v->dev->n, 0x1000);
			}
		}
	}
	CHECK(!memcmp(saved, low, sizeof(saved)), "page 0 was written");
}

const struct test string_tests[] = {
	{ "ins",		T_HANDLER,	t_ins },
	{ "outs",		T_HANDLER,	t_outs },
	{ "outs-one",		T_HANDLER,	t_outs_one },
	{ "string-32bit",	T_HANDLER,	t_modes },
	{ "string-native-same",	T_HANDLER,	t_native_same },
	{ "string-range",	T_HANDLER,	t_range },
	{ "string-4g",		T_HANDLER,	t_4g },
	{ "string-host-prot",	T_HANDLER,	t_host_prot },
	{ "string-count0",	T_HANDLER,	t_empty_still_checked },
	{ "string-dirty-log",	T_HANDLER,	t_dirty_log },
	{ }
};
