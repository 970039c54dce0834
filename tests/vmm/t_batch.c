// SPDX-License-Identifier: GPL-2.0
/*
 * BATCH: each element as the single call would do it, and at any time the
 * registers say how many were.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "tests.h"

static const char * const op_name[] = { "READ", "WRITE", "WRITE_BACK", "CHECK" };

static u64 somewhere(u8 space)
{
	return space == MMIO ? MMIO_GPA + 0x40 : 0x5000;
}

/* One of everything, and reads between, so that order and values show. */
static void one_of_each(struct batch *b)
{
	u8 op, space, size;

	for (space = PIO; space <= MMIO; space++)
		for (size = 1; size <= (space == MMIO ? 8 : 4); size *= 2)
			for (op = OP_READ; op <= OP_CHECK; op++) {
				u64 addr = somewhere(space) + size * b->n;

				if (op != OP_CHECK)
					batch_add(b, op, space, size, addr,
						  0xf1e2d3c4b5a69788 * b->n);
				else if (size <= 4)
					batch_check(b, space, size, addr, ~0U,
						    true);
			}
}

static void t_ops(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int m, seed = 1, i;
	struct batch b;
	u8 op, space, size;

	for (m = 0; m < NR_MODES; m++) {
		if (m == MODE_USER64)
			continue;
		vcpu_mode(v, m, 0);
		for (space = PIO; space <= MMIO; space++)
			for (size = 1; size <= (space == MMIO ? 8 : 4); size *= 2)
				for (op = OP_READ; op <= OP_CHECK; op++) {
					ctx("%s, %s of %u in space %u",
					    mode_name[m], op_name[op], size,
					    space);
					if (op == OP_CHECK && size == 8)
						continue;
					b = (struct batch){ .v = v,
							    .gpa = BUF_GPA };
					if (op == OP_CHECK)
						batch_check(&b, space, size,
							    somewhere(space),
							    ~0U, true);
					else
						batch_add(&b, op, space, size,
							  somewhere(space),
							  0xfedcba9876543210);
					batch_run(&b);
					EQ(v->dev->exits, b.accesses);
				}
		ctx("%s, one of each", mode_name[m]);
		b = (struct batch){ .v = v, .gpa = BUF_GPA + 0x18 };
		one_of_each(&b);
		batch_run(&b);
		EQ(v->dev->exits, b.accesses);

		for (i = 0; i < 20; i++) {
			ctx("%s, random list %u", mode_name[m], i);
			b = (struct batch){ .v = v, .gpa = BUF_GPA + 8 * i };
			batch_random(&b, &seed, 1 + rand_r(&seed) % MAX);
			batch_run(&b);
			EQ(v->dev->exits, b.accesses);
		}
	}
}

/* A CHECK behind some elements and before others. */
static void one_check(struct vcpu *v, u8 space, u8 size, u32 mask, bool passes,
		      unsigned int before, unsigned int behind)
{
	struct batch b = { .v = v, .gpa = BUF_GPA };
	unsigned int n;

	ctx("%s, mask %#x, size %u, space %u, %u before, %u behind, %s",
	    mode_name[v->mode], mask, size, space, before, behind,
	    passes ? "passes" : "stops");
	for (n = 0; n < before; n++)
		batch_add(&b, n % 3, space, 2, somewhere(space), n);
	batch_check(&b, space, size, somewhere(space), mask, passes);
	for (n = 0; n < behind; n++)
		batch_add(&b, n % 3, space, 2, somewhere(space), n);
	batch_start(&b);
	batch_finish(&b, 0, passes ? b.n : before);
}

/* It stops where it must: RDX at the CHECK, its value in the list. */
static void t_check(void)
{
	/* some of it above the size: what was read is zero there */
	static const u32 masks[] = { ~0U, 0, 1, 0x80, 0x8000, 0x80000000 };
	static const enum mode modes[] = { MODE_LONG, MODE_PROT32 };
	struct vcpu *v = one_vcpu();
	unsigned int m, i, how;
	u8 space, size;

	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		vcpu_mode(v, modes[m], 0);
		for (i = 0; i < ARRAY_SIZE(masks); i++)
			for (space = PIO; space <= MMIO; space++)
				for (size = 1; size <= 4; size *= 2)
					for (how = 0; how < 8; how++)
						one_check(v, space, size,
							  masks[i], how & 1,
							  how & 2 ? 4 : 0,
							  how & 4 ? 5 : 0);
	}

	/* What is left is a list of its own: an interpreter of it goes on. */
	ctx("the rest behind a CHECK");
	{
		struct batch b = { .v = v, .gpa = BUF_GPA }, rest;
		struct kvm_regs r;

		batch_check(&b, PIO, 1, 0x5000, ~0U, false);
		batch_add(&b, OP_WRITE, PIO, 1, 0x5001, 7);
		batch_start(&b);
		if (!call_finish(v, &b.before, &r))
			return;
		rest = (struct batch){ .v = v, .gpa = r.rdx + ELEMENT,
				       .n = r.rsi - 1 };
		memcpy(rest.list, &b.list[1], ELEMENT);
		batch_run(&rest);
	}
}

static void batch_call(struct vcpu *v, u64 rbx, u64 rcx, u64 list, u64 n, int err)
{
	struct call c = { PIO_HCALL_BATCH, rbx, rcx, list, n };

	ctx("%s, rbx %#llx rcx %#llx list %#llx elements %#llx",
	    mode_name[v->mode], (unsigned long long)rbx,
	    (unsigned long long)rcx, (unsigned long long)list,
	    (unsigned long long)n);
	refused(v, &c, err);
}

static void t_arguments(void)
{
	static const u64 counts[] = {
		65, 66, 128, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff,
	}, wide[] = {
		0x100000000, 0x100000001, 1ULL << 59, (1ULL << 59) + 1,
		1ULL << 63, ~0ULL, DIRTY | 1,
	}, dirty[][2] = {
		{ 1, 0 }, { 0, 1 }, { 0x5000, 4 }, { 0x80000000, 0 },
		{ 0, 0x80000000 },
	}, dirty_above[][2] = {
		{ DIRTY, 0 }, { 0, DIRTY }, { 1ULL << 63, 0 }, { 0, 1ULL << 32 },
	};
	struct vcpu *v = one_vcpu();
	struct batch b = { .v = v, .gpa = BUF_GPA };
	unsigned int i, m;
	struct kvm_regs r;

	while (b.n < MAX)
		batch_add(&b, b.n % 2, PIO, 4, 0x5000 + b.n, b.n);
	batch_load(&b);
	vm_write(v->vm, BUF_GPA + sizeof(b.list), b.list, sizeof(b.list));
	for (m = 0; m < NR_MODES; m++) {
		if (m == MODE_USER64)
			continue;
		vcpu_mode(v, m, 0);
		for (i = 0; i < ARRAY_SIZE(counts); i++)
			batch_call(v, 0, 0, BUF_GPA, counts[i], KVM_EINVAL);
		for (i = 0; is_64(m) && i < ARRAY_SIZE(wide); i++)
			batch_call(v, 0, 0, BUF_GPA, wide[i], KVM_EINVAL);
		for (i = 1; i < 8; i++) {
			vm_write(v->vm, BUF_GPA + i, b.list, sizeof(b.list));
			batch_call(v, 0, 0, BUF_GPA + i, 2, KVM_EINVAL);
		}
		batch_load(&b);
		for (i = 0; i < ARRAY_SIZE(dirty); i++)
			batch_call(v, dirty[i][0], dirty[i][1], BUF_GPA, 2,
				   KVM_EINVAL);
		for (i = 0; is_64(m) && i < ARRAY_SIZE(dirty_above); i++)
			batch_call(v, dirty_above[i][0], dirty_above[i][1],
				   BUF_GPA, 2, KVM_EINVAL);

		/* Nothing to do: there or not is all the same. */
		batch_call(v, 0, 0, BUF_GPA, 0, 0);
		batch_call(v, 0, 0, MMIO_GPA, 0, 0);
		batch_call(v, 0, 0, BUF_GPA + 1, 0, 0);
		batch_call(v, 0, 0, ~0ULL, 0, 0);

		ctx("%s, the longest", mode_name[m]);
		batch_run(&b);
		if (is_64(m))
			continue;
		ctx("%s, dirty upper halves", mode_name[m]);
		batch_start(&b);
		b.before.rax |= DIRTY;
		b.before.rbx |= DIRTY;
		b.before.rcx |= DIRTY;
		b.before.rdx |= DIRTY;
		b.before.rsi |= DIRTY;
		vcpu_set(v, &b.before);
		if (call_finish(v, &b.before, &r)) {
			EQ(r.rdx, BUF_GPA + sizeof(b.list));
			EQ(r.rsi, 0);
			batch_ended(&b, &r, 0, b.n);
		}
	}
}

/* The element of which this is said is not carried out, nor those behind it. */
static void t_bad_element(void)
{
	const u64 phys = 1ULL << cpu_maxphyaddr();
	const struct {
		struct pio_hcall_access e;
		int err;
	} t[] = {
		{ { .op = 4, .size = 1, .addr = 0x5000 }, KVM_EINVAL },
		{ { .op = 0x80, .size = 1, .addr = 0x5000 }, KVM_EINVAL },
		{ { .op = 0xff, .size = 1, .addr = 0x5000 }, KVM_EINVAL },
		{ { .space = 2, .size = 1, .addr = 0x5000 }, KVM_EINVAL },
		{ { .space = 2, .size = 1, .addr = MMIO_GPA }, KVM_EINVAL },
		{ { .space = 0xff, .size = 1, .addr = 0x5000 }, KVM_EINVAL },
		{ { .size = 0, .addr = 0x5000 }, KVM_EINVAL },
		{ { .size = 3, .addr = 0x5000 }, KVM_EINVAL },
		{ { .size = 8, .addr = 0x5000 }, KVM_EINVAL },
		{ { .size = 0x81, .addr = 0x5000 }, KVM_EINVAL },
		{ { .size = 0xff, .addr = 0x5000 }, KVM_EINVAL },
		{ { .op = OP_WRITE, .size = 8, .addr = 0x5000 }, KVM_EINVAL },
		{ { .op = OP_WRITE, .addr = 0x5000 }, KVM_EINVAL },
		{ { .space = 1, .size = 0, .addr = MMIO_GPA }, KVM_EINVAL },
		{ { .space = 1, .size = 3, .addr = MMIO_GPA }, KVM_EINVAL },
		{ { .space = 1, .size = 16, .addr = MMIO_GPA }, KVM_EINVAL },
		{ { .op = OP_CHECK, .space = 1, .size = 8, .addr = MMIO_GPA },
		  KVM_EINVAL },
		{ { .op = OP_CHECK, .size = 8, .addr = 0x5000 }, KVM_EINVAL },
		{ { .size = 1, .reserved = { 1 }, .addr = 0x5000 },
		  KVM_EINVAL },
		{ { .size = 1, .reserved = { 0, 0, 0x80 }, .addr = 0x5000 },
		  KVM_EINVAL },
		{ { .size = 1, .reserved = { [3] = 0x80 }, .addr = 0x5000 },
		  KVM_EINVAL },
		/* the host's note, where there can be none */
		{ { .size = 1, .state = 1, .addr = 0x5000 }, KVM_EINVAL },
		{ { .op = OP_WRITE, .size = 1, .state = 1, .addr = 0x5000 },
		  KVM_EINVAL },
		{ { .op = OP_CHECK, .size = 1, .state = 1, .addr = 0x5000 },
		  KVM_EINVAL },
		{ { .op = OP_WRITE_BACK, .size = 1, .state = 2, .addr = 0x5000 },
		  KVM_EINVAL },
		{ { .op = OP_WRITE_BACK, .size = 1, .state = 0x81,
		    .addr = 0x5000 }, KVM_EINVAL },
		/* ports whose device looks at the vCPU */
		{ { .op = OP_WRITE, .size = 1, .addr = 0x7e }, KVM_EINVAL },
		{ { .size = 4, .addr = 0x5658 }, KVM_EINVAL },
		{ { .op = OP_WRITE, .space = 1, .size = 1,
		    .reserved = { [3] = 0x10 }, .addr = MMIO_GPA }, KVM_EINVAL },
		{ { .size = 1, .addr = 0x10000 }, KVM_EINVAL },
		{ { .size = 2, .addr = 0xffff }, KVM_EINVAL },
		{ { .size = 4, .addr = 0xfffd }, KVM_EINVAL },
		{ { .size = 1, .addr = 0x100005000 }, KVM_EINVAL },
		{ { .size = 1, .addr = DIRTY | 0x5000 }, KVM_EINVAL },
		{ { .op = OP_WRITE, .size = 4, .addr = ~0ULL }, KVM_EINVAL },
		{ { .op = OP_WRITE, .size = 4, .addr = ~0ULL - 3 }, KVM_EINVAL },
		{ { .space = 1, .size = 2, .addr = MMIO_GPA + 1 }, KVM_EINVAL },
		{ { .space = 1, .size = 4, .addr = MMIO_GPA + 2 }, KVM_EINVAL },
		{ { .space = 1, .size = 8, .addr = MMIO_GPA + 4 }, KVM_EINVAL },
		{ { .op = OP_WRITE_BACK, .space = 1, .size = 4,
		    .addr = MMIO_GPA + 3 }, KVM_EINVAL },
		{ { .space = 1, .size = 4, .addr = phys }, KVM_EINVAL },
		{ { .space = 1, .size = 8, .addr = phys | MMIO_GPA },
		  KVM_EINVAL },
		{ { .op = OP_WRITE, .space = 1, .size = 8, .addr = 1ULL << 63 },
		  KVM_EINVAL },
		{ { .space = 1, .size = 4, .addr = 0 }, KVM_EFAULT },
		{ { .space = 1, .size = 8, .addr = BUF_GPA + 0x1000 },
		  KVM_EFAULT },
		{ { .op = OP_WRITE, .space = 1, .size = 1, .addr = CODE_GPA },
		  KVM_EFAULT },
		{ { .op = OP_WRITE_BACK, .space = 1, .size = 4,
		    .addr = RAM_SIZE - 4 }, KVM_EFAULT },
		{ { .op = OP_CHECK, .space = 1, .size = 4, .addr = BUF_GPA },
		  KVM_EFAULT },
	};
	static const unsigned int places[] = { 0, 5, 11 }, modes[] = {
		MODE_LONG, MODE_PROT32
	};
	struct vcpu *v = one_vcpu();
	unsigned int i, p, m;

	for (m = 0; m < ARRAY_SIZE(modes); m++)
		for (i = 0; i < ARRAY_SIZE(t); i++)
			for (p = 0; p < ARRAY_SIZE(places); p++) {
				struct batch b = { .v = v, .gpa = BUF_GPA };

				vcpu_mode(v, modes[m], 0);
				ctx("%s, bad element %u at %u",
				    mode_name[modes[m]], i, places[p]);
				while (b.n < 12)
					batch_add(&b, b.n % 3, b.n % 2, 4,
						  somewhere(b.n % 2), b.n);
				b.list[places[p]] = t[i].e;
				b.list[places[p]].value = 0x1122334455667788;
				batch_start(&b);
				batch_finish(&b, t[i].err, places[p]);
			}

	/* The last of the port space, and of what CPUID allows. */
	ctx("at the limits");
	{
		struct batch b = { .v = v, .gpa = BUF_GPA };

		batch_add(&b, OP_READ, PIO, 1, 0xffff, 0);
		batch_add(&b, OP_READ, PIO, 2, 0xfffe, 0);
		batch_add(&b, OP_WRITE, PIO, 4, 0xfffc, 1);
		batch_add(&b, OP_READ, PIO, 4, 0, 0);
		batch_add(&b, OP_READ, MMIO, 1, phys - 1, 0);
		batch_add(&b, OP_WRITE, MMIO, 8, phys - 8, 2);
		batch_add(&b, OP_READ, MMIO, 8, RAM_SIZE, 0);
		batch_add(&b, OP_WRITE, MMIO, 8, 0x100000000, 3);
		batch_run(&b);
	}
}

/* n reads of a list at gpa: all of them or, as there is a fault, none. */
static void list_at(struct vcpu *v, u64 gpa, unsigned int n, int err)
{
	struct batch b = { .v = v, .gpa = gpa };

	ctx("%s, %u elements at %#llx", mode_name[v->mode], n,
	    (unsigned long long)gpa);
	while (b.n < n)
		batch_add(&b, OP_READ, b.n % 2, 4, somewhere(b.n % 2), 0);
	if (!err)
		batch_run(&b);
	else
		refused(v, &(struct call){ PIO_HCALL_BATCH, 0, 0, gpa, n }, err);
}

static void t_list(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int i, phys = cpu_maxphyaddr();
	const u64 bad[] = {
		0x500000, 0x600008, MMIO_GPA, 0x3fffffff000, 0x500000 - 8,
		0x500000 - 16, 0x500000 - 24, 0x7f0000 - 8, 0x7f0000 - 32,
		0x100000000ULL | BUF_GPA, 1ULL << 52, (1ULL << phys) | BUF_GPA,
		(1ULL << 51) | BUF_GPA, 1ULL << 63 | BUF_GPA, DIRTY | BUF_GPA,
		0xffffffff00000000ULL | BUF_GPA, ~7ULL, ~0ULL - 31,
		0xfffffffffffff000ULL,
	};
	struct vm *vm = v->vm;
	u8 *rom = NULL;

	/* as in string-range: two slots, a hole, RAM and then ROM */
	vm_add_slot(vm, 1, RAM_SIZE, 0x100000, 0);
	vm_add_slot(vm, 2, 0x7f0000, 0x10000, 0);
	if (ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM) > 0) {
		rom = vm_add_slot(vm, 3, 0x800000, 0x10000, KVM_MEM_READONLY);
		memset(rom, 0x77, 0x10000);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		list_at(v, bad[i], 1, KVM_EFAULT);
		list_at(v, bad[i], 64, KVM_EFAULT);
	}
	/* across pages, cut in each of its words; across slots */
	for (i = 8; i <= 64; i += 8) {
		list_at(v, BUF_GPA + 0x1000 - i, 3, 0);
		list_at(v, RAM_SIZE - i, 3, 0);
	}
	list_at(v, BUF_GPA + 0x1000 - 1024, 64, 0);
	list_at(v, RAM_SIZE - 1000, 64, 0);
	/* the end of memory, and behind it */
	list_at(v, 0x500000 - 64 * ELEMENT, 64, 0);
	list_at(v, 0x500000 - 64 * ELEMENT + 8, 64, KVM_EFAULT);
	list_at(v, 0x500000 - 63 * ELEMENT, 64, KVM_EFAULT);
	list_at(v, 0x500000 - ELEMENT, 2, KVM_EFAULT);
	list_at(v, 0x7f0000, 64, 0);
	if (!rom) {
		note("no read-only memslots here");
		return;
	}
	list_at(v, 0x800000, 1, KVM_EFAULT);
	list_at(v, 0x800ff8, 64, KVM_EFAULT);
	list_at(v, 0x800000 - 8, 1, KVM_EFAULT);
	list_at(v, 0x800000 - 63 * ELEMENT, 64, KVM_EFAULT);
	CHECK(rom[0] == 0x77 && !memcmp(rom, rom + 1, 0xffff),
	      "read-only memory was written");
}

/* Also where nothing is to be stored the list has to be writable. */
static void t_list_rom(void)
{
	struct vcpu *v = one_vcpu();
	struct batch b = { .v = v, .gpa = 0x800000 };

	if (ioctl(v->vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM) <= 0)
		skip("no read-only memslots here");
	vm_add_slot(v->vm, 1, 0x800000, 0x10000, KVM_MEM_READONLY);
	batch_add(&b, OP_WRITE, PIO, 1, 0x5000, 1);
	batch_add(&b, OP_WRITE, MMIO, 8, MMIO_GPA, 1);
	batch_load(&b);
	refused(v, &(struct call){ PIO_HCALL_BATCH, 0, 0, b.gpa, 2 },
		KVM_EFAULT);
}

static void t_list_4g(void)
{
	struct vcpu *v = one_vcpu();
	u8 *low = vm_hva(v->vm, 0), saved[0x1000];
	unsigned int m;

	vm_add_slot(v->vm, 1, 0xffff0000, 0x10000, 0);
	vm_add_slot(v->vm, 2, 0x100000000, 0x10000, 0);
	memcpy(saved, low, sizeof(saved));
	for (m = 0; m < NR_MODES; m++) {
		if (m == MODE_USER64)
			continue;
		vcpu_mode(v, m, 0);
		list_at(v, 0x100000000 - 4 * ELEMENT, 4, 0);
		list_at(v, 0x100000000 - 4 * ELEMENT, 5, is_64(m) ? 0 :
			KVM_EFAULT);
		list_at(v, 0x100000000 - 8, 1, is_64(m) ? 0 : KVM_EFAULT);
		list_at(v, 0x100000000 - 24, 64, is_64(m) ? 0 : KVM_EFAULT);
	}
	vcpu_mode(v, MODE_LONG, 0);
	list_at(v, 0x100000000, 64, 0);
	CHECK(!memcmp(saved, low, sizeof(saved)), "page 0 was written");
}

/*
 * What userspace did to its own mapping.  No device may be read for a value that
 * has no place.
 */
static void t_list_prot(void)
{
	struct vcpu *v = one_vcpu();
	u8 *mem = vm_add_slot(v->vm, 1, 0xa00000, 0x10000, 0);
	unsigned int i, k;

	for (i = 0; i < 2; i++) {
		u64 page = i ? 0xa08000 : 0xa04000;
		struct batch b = { .v = v, .gpa = page - 8 * ELEMENT };
		struct kvm_regs r;

		while (b.n < 16)
			batch_add(&b, b.n % 3, b.n % 2, 4, somewhere(b.n % 2),
				  b.n);
		batch_start(&b);
		if (mprotect(mem + (page - 0xa00000), 0x4000,
			     i ? PROT_NONE : PROT_READ))
			DIE("mprotect: %s", strerror(errno));
		ctx("list in a page that is %s", i ? "not there" : "read-only");
		refused(v, &(struct call){ PIO_HCALL_BATCH, 0, 0, page, 8 },
			KVM_EFAULT);

		/* Good at first and bad later: the registers say how far. */
		ctx("list into a page that is %s",
		    i ? "not there" : "read-only");
		dev_reset(v->dev);
		vcpu_set(v, &b.before);
		if (!call_finish(v, &b.before, &r))
			return;
		if (mprotect(mem + (page - 0xa00000), 0x4000,
			     PROT_READ | PROT_WRITE))
			DIE("mprotect: %s", strerror(errno));
		k = b.n - r.rsi;
		CHECK(k <= 8, "%u elements done", k);
		batch_ended(&b, &r, KVM_EFAULT, k);
	}
}

/* Live migration copies what the log says was written, and nothing else. */
static void t_dirty_log(void)
{
	struct vcpu *v = one_vcpu();
	u64 bitmap = 0;
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = &bitmap };
	struct batch b = { .v = v, .gpa = 0xa03000 - 8 * ELEMENT };

	vm_add_slot(v->vm, 1, 0xa00000, 0x40000, KVM_MEM_LOG_DIRTY_PAGES);
	while (b.n < 16)
		batch_add(&b, b.n % 2 ? OP_READ : OP_WRITE, PIO, 4, 0x5000, 0);
	batch_run(&b);
	if (ioctl(v->vm->fd, KVM_GET_DIRTY_LOG, &log))
		DIE("KVM_GET_DIRTY_LOG: %s", strerror(errno));
	EQ(bitmap, 0xc);
}

/*
 * Stop at each exit, and before the first entry: whatever is begun is completed,
 * and the registers say so.
 */
static void t_progress(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int m, round, seed = 3;

	for (m = MODE_LONG; m < NR_MODES; m++)
		for (round = 0; round < 12; round++) {
			struct batch b = { .v = v, .gpa = BUF_GPA + 0xfe8 };
			enum stop s;

			if (m == MODE_USER64)
				continue;
			vcpu_mode(v, m, 0);
			ctx("%s, round %u", mode_name[m], round);
			batch_random(&b, &seed, round ? 1 + rand_r(&seed) % MAX :
				     MAX);
			/* every third one ends with a CHECK that stops */
			if (round % 3 == 1 && b.n < MAX)
				batch_check(&b, PIO, 4, 0x5000, ~0U, false);
			batch_start(&b);
			if (!vcpu_settle(v))
				return;
			EQ(v->dev->n, 0);
			batch_progress(&b);
			while ((s = vcpu_enter(v)) == STOP_IO) {
				u64 at = v->dev->n;

				vcpu_serve(v);
				CHECK(v->dev->n > at, "no progress");
				if (!vcpu_settle(v) || !batch_progress(&b))
					break;
			}
			batch_finish(&b, 0, b.n - (round % 3 == 1));
		}
}

/* Nothing may show before the device has answered, but all before it must. */
static void t_in_exit(void)
{
	static const u8 ops[] = { OP_READ, OP_WRITE, OP_CHECK };
	struct vcpu *v = one_vcpu();
	struct batch b = { .v = v, .gpa = BUF_GPA };
	unsigned int exits = 0;
	struct kvm_regs r;

	while (b.n < 30)
		if (ops[b.n % 3] == OP_CHECK)
			batch_check(&b, b.n % 2, 4, somewhere(b.n % 2), ~0U,
				    true);
		else
			batch_add(&b, ops[b.n % 3], b.n % 2, 4,
				  somewhere(b.n % 2), b.n);
	batch_start(&b);
	while (vcpu_enter(v) == STOP_IO) {
		ctx("exit %u", exits);
		if (!batch_progress(&b))
			return;
		vcpu_get(v, &r);
		EQ(r.rsi, b.n - exits);
		vcpu_serve(v);
		exits++;
	}
	EQ(exits, b.n);
	vcpu_get(v, &r);
	batch_ended(&b, &r, 0, b.n);
}

static void t_signals(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int round, seed = 5, eintr = 0;
	struct nagger n;

	nag_start(&n, 6);
	/* However fast the machine is: the alarm bounds it. */
	for (round = 0; round < 200 || eintr < 50; round++) {
		struct batch b = { .v = v, .gpa = BUF_GPA + 8 * (round % 200) };

		ctx("round %u", round);
		batch_random(&b, &seed, 1 + rand_r(&seed) % MAX);
		if (!batch_nagged(&b, &eintr))
			break;
	}
	nag_stop(&n);
	note("%u signals, %u times -EINTR", n.sent, eintr);
}

/* Leave for a new machine right after every exit. */
static void t_migrate(void)
{
	struct vcpu *v = one_vcpu(), *first = v, *to;
	struct batch b = { .v = v, .gpa = BUF_GPA };
	unsigned int moves;

	one_of_each(&b);
	batch_start(&b);
	for (moves = 0; vcpu_enter(v) == STOP_IO; moves++) {
		vcpu_serve(v);
		if (!vcpu_settle(v))
			return;
		to = vm_clone(v);
		if (v != first)	/* the device lives there */
			vm_destroy(v->vm);
		b.v = v = to;
		if (!batch_progress(&b))
			break;
	}
	CHECK(moves + 1 >= b.n, "only %u moves", moves);
	batch_finish(&b, 0, b.n);
}

/*
 * The device resets the machine in the middle: the rest is forgotten, and what
 * was pending changes neither registers nor the list.
 */
static void t_reset(void)
{
	struct vcpu *v = one_vcpu();
	struct batch all = { .v = v };
	unsigned int at, how;

	one_of_each(&all);
	for (at = 0; at < all.accesses; at++)
		for (how = 0; how < 3; how++) {
			struct batch b = all, next = {
				.v = v, .gpa = BUF_GPA + 0x2000
			};
			struct pio_hcall_access mem[MAX], now[MAX];
			struct kvm_regs set, r;
			u64 n;

			ctx("access %u, %s", at, how == 0 ? "stub only" :
			    how == 1 ? "stub with a BATCH" : "settle first");
			b.gpa = BUF_GPA;
			batch_start(&b);
			if (!serve_exits(v, at + 1))
				return;
			n = v->dev->n;
			vm_read(v->vm, b.gpa, mem, sizeof(mem));

			set = b.before;
			set.rip = CODE2_GPA;
			set.rax = 0x1111111111111111;
			set.rbx = set.rcx = 0;
			set.rdx = 0x4444444444444444;
			set.rsi = 0x5555555555555555;
			load_call(v->vm, CODE2_GPA);
			if (how == 1) {
				batch_add(&next, OP_WRITE, PIO, 4, 0x5ffc, 7);
				batch_add(&next, OP_READ, MMIO, 8, MMIO_GPA, 7);
				batch_load(&next);
				set.rax = PIO_HCALL_BATCH;
				set.rdx = next.gpa;
				set.rsi = next.n;
			} else {
				set.rip += CALL_INSN_LEN;
			}
			vcpu_set(v, &set);
			if (how == 2) {
				if (!vcpu_settle(v))
					return;
				vcpu_get(v, &r);
				EQ(r.rip, set.rip);
				EQ(v->dev->n, n);
			}
			if (vcpu_go(v) != STOP_DONE)
				return;
			vcpu_get(v, &r);
			EQ(r.rip, CODE2_GPA + CALL_INSN_LEN + EXIT_INSN_LEN);
			EQ(r.rax, how == 1 ? 0 : set.rax);
			EQ(r.rdx, set.rdx + (how == 1 ? 2 * ELEMENT : 0));
			EQ(r.rsi, how == 1 ? 0 : set.rsi);
			check_preserved(v, &set, &r);
			EQ(v->dev->n, n + (how == 1 ? 2 : 0));
			if (how == 1 && v->dev->n == n + 2) {
				EQ(v->dev->log[n].addr, 0x5ffc);
				EQ(v->dev->log[n].val, 7);
				EQ(v->dev->log[n + 1].addr, MMIO_GPA);
			}
			vm_read(v->vm, b.gpa, now, sizeof(now));
			CHECK(!memcmp(mem, now, sizeof(mem)),
			      "the list was written after the reset");

			/* and the vCPU is none the worse for it */
			if (how == 0 && at % 8 == 0)
				batch_run(&b);
		}
}

/*
 * A WRITE_BACK stopped between its halves, and moved: the note in the list is enough for
 * the other machine to go on, and whoever forges it gets no more than a WRITE.
 */
static void t_write_back(void)
{
	struct vcpu *v = one_vcpu(), *to;
	struct pio_hcall_access mem;
	struct batch b;
	u8 space;

	for (space = PIO; space <= MMIO; space++) {
		ctx("space %u", space);
		b = (struct batch){ .v = v, .gpa = BUF_GPA };
		batch_add(&b, OP_WRITE_BACK, space, 4, somewhere(space), 7);
		batch_add(&b, OP_READ, space, 4, somewhere(space), 7);
		batch_start(&b);
		if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
			return;
		vcpu_serve(v);
		if (!vcpu_settle(v))
			return;
		EQ(v->dev->n, 1);
		vm_read(v->vm, b.gpa, &mem, sizeof(mem));
		EQ(mem.state, PIO_HCALL_STATE_READ);
		EQ(mem.value, dev_value(0) & 0xffffffff);
		if (!batch_progress(&b))
			return;
		b.v = to = vm_clone(v);
		if (batch_finish(&b, 0, 2)) {
			EQ(v->dev->n, 3);
			EQ(v->dev->log[1].out, 1);
			EQ(v->dev->log[1].val, dev_value(0) & 0xffffffff);
		}
		vm_destroy(to->vm);
	}

	ctx("forged");
	b = (struct batch){ .v = v, .gpa = BUF_GPA };
	batch_add(&b, OP_WRITE_BACK, PIO, 4, 0x5000, 0x11223344)->state =
		PIO_HCALL_STATE_READ;
	batch_start(&b);
	if (!call_finish(v, &b.before, &(struct kvm_regs){ 0 }))
		return;
	EQ(v->dev->n, 1);
	EQ(v->dev->log[0].out, 1);
	EQ(v->dev->log[0].val, 0x11223344);
	vm_read(v->vm, b.gpa, &mem, sizeof(mem));
	EQ(mem.state, 0);
}

static void t_tamper(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int how;

	for (how = 0; how < NR_TAMPERS; how++) {
		struct batch b = { .v = v, .gpa = BUF_GPA };
		struct kvm_regs r;
		enum stop s;

		ctx("way %u", how);
		one_of_each(&b);
		batch_start(&b);
		while ((s = vcpu_enter(v)) == STOP_IO) {
			vcpu_serve(v);
			vcpu_tamper(v, how);
		}
		if (s != STOP_DONE)
			return;
		vcpu_get(v, &r);
		batch_ended(&b, &r, 0, b.n);
	}
}

/*
 * The handler is switched off while userspace has an access: what was begun is
 * completed, the rest is KVM's -KVM_ENOSYS, and the registers say how much.
 */
static void t_disabled_midway(void)
{
	struct vcpu *v = one_vcpu();
	struct batch all = { .v = v };
	unsigned int at;

	one_of_each(&all);
	for (at = 0; at < all.accesses; at += 5) {
		struct batch b = all;
		struct kvm_regs r;
		struct extent x;
		bool ended;

		ctx("access %u", at);
		b.gpa = BUF_GPA;
		batch_start(&b);
		if (!serve_exits(v, at + 1))
			return;
		handler_enable(false);
		/* the guest has to make the call again */
		ended = vcpu_settle(v) && call_finish(v, &b.before, &r);
		handler_enable(true);
		if (!ended)
			return;
		x = batch_extent(&b);
		/* a WRITE_BACK may have had its write to come */
		CHECK(v->dev->n <= at + 2, "%llu accesses",
		      (unsigned long long)v->dev->n);
		batch_ended(&b, &r, x.done < b.n ? KVM_ENOSYS : 0, x.done);
	}
}

static void t_refused_midway(void)
{
	switch_own = true;
	t_disabled_midway();
}

/*
 * The memory of the list goes away in an exit.  A value that was read has no
 * place then; what was written was written.
 */
static void t_slot_deleted(void)
{
	static const u8 ops[] = { OP_READ, OP_CHECK, OP_WRITE, OP_WRITE_BACK };
	struct vcpu *v = one_vcpu();
	unsigned int i, at;
	u8 space;

	vm_add_slot(v->vm, 1, 0xa00000, 0x10000, 0);
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		for (space = PIO; space <= MMIO; space++)
			for (at = 0; at < 3; at++) {
				struct batch b = { .v = v, .gpa = 0xa00ff0 };
				unsigned int k, done;
				struct kvm_regs r;
				bool ended;
				u64 n;

				ctx("%s in space %u as element %u",
				    op_name[ops[i]], space, at);
				for (k = 0; k < 3; k++)
					if (k != at)
						batch_add(&b, OP_WRITE, space, 4,
							  somewhere(space), k);
					else if (ops[i] == OP_CHECK)
						batch_check(&b, space, 4,
							    somewhere(space),
							    ~0U, true);
					else
						batch_add(&b, ops[i], space, 4,
							  somewhere(space), k);
				batch_start(&b);
				if (!serve_exits(v, at + 1))
					return;
				n = v->dev->n;
				vm_set_slot(v->vm, 1, 0, false);
				/* the list is looked at again, at the latest */
				ended = vcpu_settle(v) &&
					call_finish(v, &b.before, &r);
				vm_set_slot(v->vm, 1, 0, true);
				if (!ended)
					return;
				done = ops[i] == OP_WRITE ? at + 1 : at;
				EQ(r.rax, done == b.n ? 0 : ERR(KVM_EFAULT));
				EQ(r.rsi, b.n - done);
				EQ(r.rdx, b.gpa + done * ELEMENT);
				/* whether it was written back is not laid down */
				if (ops[i] != OP_WRITE_BACK)
					EQ(v->dev->n, n);
				/* With the memory back, it can be made again. */
				batch_run(&b);
			}
}

/*
 * The list is changed in the exit of an element.  The element itself was read,
 * once, before; those to come are the old ones or the new.
 */
static void t_list_changed(void)
{
	struct vcpu *v = one_vcpu();
	struct pio_hcall_access e = { .op = OP_WRITE, .size = 2,
				      .addr = 0x7000, .value = 0x7777 };
	u8 space, op;

	for (space = PIO; space <= MMIO; space++)
		for (op = OP_READ; op <= OP_CHECK; op++) {
			struct batch b = { .v = v, .gpa = BUF_GPA };
			struct pio_hcall_access mem;
			struct kvm_regs r;
			u64 n, want;

			ctx("%s in space %u", op_name[op], space);
			if (op == OP_CHECK)
				batch_check(&b, space, 4, somewhere(space), ~0U,
					    true);
			else
				batch_add(&b, op, space, 4, somewhere(space), 1);
			batch_add(&b, OP_WRITE, PIO, 4, 0x6000, 2);
			batch_start(&b);
			if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
				return;
			/* it must not be done again, nor otherwise */
			vm_write(v->vm, b.gpa, &e, sizeof(e));
			vcpu_serve(v);
			if (op == OP_WRITE_BACK) {
				if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
					return;
				vm_write(v->vm, b.gpa, &e, sizeof(e));
				vcpu_serve(v);
			}
			n = v->dev->n;
			EQ(n, op == OP_WRITE_BACK ? 2 : 1);
			EQ(v->dev->log[n - 1].space, space);
			EQ(v->dev->log[n - 1].addr, somewhere(space));
			if (op == OP_WRITE_BACK)
				EQ(v->dev->log[1].val, v->dev->log[0].val);
			if (!call_finish(v, &b.before, &r))
				return;
			EQ(r.rax, 0);
			EQ(r.rsi, 0);
			EQ(v->dev->n, n + 1);
			EQ(v->dev->log[n].addr, 0x6000);
			EQ(v->dev->log[n].val, 2);
			/* whether before or after the change is not laid down */
			vm_read(v->vm, b.gpa, &mem, sizeof(mem));
			want = op == OP_READ || op == OP_CHECK ?
			       dev_value(0) & ~0U : 0x7777;
			if (op != OP_WRITE_BACK)
				EQ(mem.value, want);

			/* the next one: old or new, word by word */
			ctx("the element behind a %s in space %u", op_name[op],
			    space);
			if (op == OP_WRITE_BACK)
				continue;
			batch_start(&b);
			if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
				return;
			vm_write(v->vm, b.gpa + ELEMENT, &e, sizeof(e));
			vcpu_serve(v);
			if (!call_finish(v, &b.before, &r))
				return;
			EQ(r.rax, 0);
			EQ(r.rsi, 0);
			EQ(v->dev->n, 2);
			CHECK(v->dev->log[1].addr == 0x6000 ||
			      v->dev->log[1].addr == 0x7000, "addr %#llx",
			      (unsigned long long)v->dev->log[1].addr);
		}
}

#define NR_WORDS	3

struct flipper {
	pthread_t	thread;
	volatile bool	stop;
	volatile u64	*list;
	unsigned int	n;
	u64		flips;
};

/* Words of an element; each may be combined with each of the others. */
static const u64 words[3][NR_WORDS] = {
	{ 0x040001, 0x020000, 0x090001 },	/* WRITE of 4, READ of 2, size 9 */
	{ 0x5000, 0x6000, 0x12345 },		/* the last one is no port */
	{ 0x1111111111111111, 0x2222222222222222, 0x3333333333333333 },
};

static void *flip(void *arg)
{
	struct flipper *f = arg;
	unsigned int seed = 8;

	while (!f->stop) {
		unsigned int i = rand_r(&seed) % f->n, w = rand_r(&seed) % 3;
		/* what is not valid comes seldom */
		unsigned int k = rand_r(&seed) % 1024;

		f->list[4 * i + w] = words[w][k ? k % 2 : 2];
		f->flips++;
	}
	return NULL;
}

/* Another vCPU changes the list all the time. */
static void t_list_flipped(void)
{
	struct vcpu *v = one_vcpu();
	struct flipper f = { .list = (u64 *)vm_hva(v->vm, BUF_GPA), .n = 64 };
	unsigned int round, failed = 0, i;
	u64 k;

	for (i = 0; i < 64 * 4; i++)
		f.list[i] = i % 4 < 3 ? words[i % 4][0] : 0;
	if (pthread_create(&f.thread, NULL, flip, &f))
		DIE("pthread_create");
	/* Until it made a difference both ways; the alarm bounds it. */
	for (round = 0; round < 150 || !failed || failed == round; round++) {
		struct call c = { PIO_HCALL_BATCH, 0, 0, BUF_GPA, 64 };
		struct kvm_regs r;

		ctx("round %u", round);
		dev_reset(v->dev);
		for (i = 0; i < 64; i++)
			f.list[4 * i + 2] = words[2][i % NR_WORDS];
		if (!do_call(v, &c, &r))
			break;
		failed += !!r.rax;
		CHECK(!r.rax || r.rax == ERR(KVM_EINVAL), "rax %#llx", r.rax);
		EQ(r.rdx, BUF_GPA + (64 - r.rsi) * ELEMENT);
		EQ(v->dev->n, 64 - r.rsi);
		if (!r.rax)
			EQ(r.rsi, 0);
		for (k = 0; k < v->dev->n; k++) {
			struct access *a = &v->dev->log[k];
			u32 hex = a->val & 0xf;

			if ((a->addr == 0x5000 || a->addr == 0x6000) &&
			    a->space == PIO &&
			    (a->out ? a->size == 4 && hex >= 1 && hex <= 3 &&
				      a->val == hex * 0x11111111 : a->size == 2))
				continue;
			FAIL("access %llu: %s of %u at %#llx, %#llx",
			     (unsigned long long)k, a->out ? "write" : "read",
			     a->size, (unsigned long long)a->addr,
			     (unsigned long long)a->val);
			break;
		}
	}
	f.stop = true;
	pthread_join(f.thread, NULL);
	note("%llu flips, %u of %u batches met an invalid one",
	     (unsigned long long)f.flips, failed, round);
	CHECK(f.flips > round, "fewer flips than batches");
}

/* 64 is a bound for what one entry does where nobody leaves KVM. */
static void t_in_kernel(void)
{
	struct vcpu *v = one_vcpu();
	int fd[2] = { vm_ioeventfd(v->vm, PIO, 0x5008, 2, false, 0),
		      vm_ioeventfd(v->vm, MMIO, MMIO_GPA + 8, 8, false, 0) };
	struct batch b = { .v = v, .gpa = BUF_GPA, .in_kvm = ~0ULL };
	struct timespec t[2];
	unsigned int i;

	while (b.n < MAX) {
		batch_add(&b, OP_WRITE, PIO, 2, 0x5008, b.n);
		batch_add(&b, OP_WRITE, MMIO, 8, MMIO_GPA + 8, b.n);
	}
	batch_start(&b);
	clock_gettime(CLOCK_MONOTONIC, &t[0]);
	batch_finish(&b, 0, MAX);
	clock_gettime(CLOCK_MONOTONIC, &t[1]);
	EQ(v->dev->exits, 0);
	for (i = 0; i < 2; i++)
		EQ(events(fd[i]), MAX / 2);
	note("%u accesses: %lld us, with what is around them", MAX,
	     ((t[1].tv_sec - t[0].tv_sec) * 1000000000LL + t[1].tv_nsec -
	      t[0].tv_nsec) / 1000);

	ctx("between others");
	b = (struct batch){ .v = v, .gpa = BUF_GPA };
	for (i = 0; i < MAX; i++) {
		if (i % 3 == 1) {
			b.in_kvm |= 1ULL << i;
			batch_add(&b, OP_WRITE, PIO, 2, 0x5008, i);
		} else {
			batch_add(&b, i % 2, i % 2, 4, somewhere(i % 2), i);
		}
	}
	batch_run(&b);
	EQ(events(fd[0]), 21);
}

/* A device that KVM has: values as a guest would see them. */
static void t_kernel_device(void)
{
	struct vcpu *v = vcpu_create(vm_create(VM_IRQCHIP), 0);
	struct batch b = { .v = v, .gpa = BUF_GPA };
	struct pio_hcall_access mem[MAX];
	struct kvm_regs r;

	batch_add(&b, OP_WRITE, PIO, 1, 0x21, 0x5a);
	batch_add(&b, OP_READ, PIO, 1, 0x21, ~0ULL);
	batch_add(&b, OP_WRITE, PIO, 1, 0x21, 0xfb);
	batch_add(&b, OP_WRITE_BACK, PIO, 1, 0x21, 0);
	batch_add(&b, OP_WRITE, MMIO, 4, 0xfec00000, 0x12);
	batch_add(&b, OP_WRITE, MMIO, 4, 0xfec00010, 0x100a5);
	batch_add(&b, OP_READ, MMIO, 4, 0xfec00010, ~0ULL);
	batch_add(&b, OP_CHECK, PIO, 1, 0x21, 0);
	b.list[7].mask = 0xff;
	b.list[7].want = 0xfb;
	batch_add(&b, OP_CHECK, MMIO, 4, 0xfec00010, 0);
	b.list[8].mask = 0xff;
	b.list[8].want = 0xa4;
	batch_add(&b, OP_WRITE, PIO, 1, 0x21, 0);
	batch_start(&b);
	if (!call_finish(v, &b.before, &r))
		return;
	EQ(r.rax, 0);
	EQ(r.rsi, 2);
	EQ(r.rdx, b.gpa + 8 * ELEMENT);
	EQ(v->dev->exits, 0);
	vm_read(v->vm, b.gpa, mem, b.n * ELEMENT);
	EQ(mem[1].value, 0x5a);
	EQ(mem[3].value, 0xfb);
	EQ(mem[6].value, 0x100a5);
	EQ(mem[7].value, 0xfb);
	EQ(mem[8].value, 0x100a5);
	EQ(quick(v, PIO_HCALL_IN, 0x21, 1, ~0ULL), 0xfb);
}

/* Two vCPUs, each with a list and a device of its own. */
static void t_two_vcpus(void)
{
	struct vm *vm = vm_create(0);
	static struct dev devs[2];
	unsigned int i, round, seed = 9;
	struct vcpu *v[2];

	for (i = 0; i < 2; i++) {
		v[i] = vcpu_create(vm, i);
		v[i]->dev = &devs[i];
	}
	for (round = 0; round < 50; round++) {
		struct batch b[2];

		for (i = 0; i < 2; i++) {
			b[i] = (struct batch){ .v = v[i],
					       .gpa = BUF_GPA + i * 0x810 };
			batch_random(&b[i], &seed, 1 + rand_r(&seed) % MAX);
			batch_start(&b[i]);
		}
		for (i = 0; i < 2; i++)
			vcpu_spawn(v[i]);
		for (i = 0; i < 2; i++) {
			enum stop s = vcpu_join(v[i]);
			struct kvm_regs r;

			ctx("round %u, vCPU %u", round, i);
			if (!CHECK(s == STOP_DONE, "did not end"))
				return;
			vcpu_get(v[i], &r);
			batch_ended(&b[i], &r, 0, b[i].n);
		}
	}
}

/*
 * KVM reports an access to the TPR by an exit of its own, and keeps what it has to say in
 * struct kvm_run until then: no other access may come before.
 */
static void t_tpr_report(void)
{
	struct vcpu *v = vcpu_create(vm_create(VM_IRQCHIP), 0);
	struct kvm_tpr_access_ctl on = { .enabled = 1 };
	struct call c = { PIO_HCALL_READ, APIC_GPA + 0x80, 4, 0, 0 };
	struct batch b = { .v = v, .gpa = BUF_GPA, .in_kvm = 1 };
	struct kvm_run *run = v->run;
	struct kvm_regs r;

	if (!do_call(v, &c, &r))
		return;
	if (r.rax == ERR(KVM_EFAULT)) {
		note("KVM has memory there: it leaves the TPR to the processor");
		return;
	}
	if (ioctl(v->fd, KVM_TPR_ACCESS_REPORTING, &on))
		DIE("KVM_TPR_ACCESS_REPORTING: %s", strerror(errno));
	batch_add(&b, OP_WRITE, MMIO, 4, APIC_GPA + 0x80, 0x20);
	batch_add(&b, OP_WRITE, MMIO, 4, MMIO_GPA, 0x5a);
	batch_start(&b);
	if (!CHECK(!ioctl(v->fd, KVM_RUN, 0), "KVM_RUN: %s", strerror(errno)))
		return;
	EQ(run->exit_reason, KVM_EXIT_TPR_ACCESS);
	EQ(run->tpr_access.rip, CODE_GPA);
	EQ(run->tpr_access.is_write, 1);
	batch_finish(&b, 0, 2);
}

const struct test batch_tests[] = {
	{ "batch",		T_HANDLER,	t_ops },
	{ "batch-check",	T_HANDLER,	t_check },
	{ "batch-arguments",	T_HANDLER,	t_arguments },
	{ "batch-bad-element",	T_HANDLER,	t_bad_element },
	{ "batch-list",		T_HANDLER,	t_list },
	{ "batch-list-rom",	T_HANDLER,	t_list_rom },
	{ "batch-list-4g",	T_HANDLER,	t_list_4g },
	{ "batch-list-prot",	T_HANDLER,	t_list_prot },
	{ "batch-dirty-log",	T_HANDLER,	t_dirty_log },
	{ "batch-progress",	T_HANDLER,	t_progress },
	{ "batch-in-exit",	T_HANDLER,	t_in_exit },
	{ "batch-signals",	T_HANDLER,	t_signals },
	{ "batch-migrate",	T_HANDLER,	t_migrate },
	{ "batch-reset",	T_HANDLER,	t_reset },
	{ "batch-write-back",	T_HANDLER,	t_write_back },
	{ "batch-tamper",	T_HANDLER,	t_tamper },
	{ "batch-disabled",	T_HANDLER,	t_disabled_midway },
	{ "batch-refused",	T_HANDLER | T_MODULE, t_refused_midway },
	{ "batch-slot-deleted",	T_HANDLER,	t_slot_deleted },
	{ "batch-list-changed",	T_HANDLER,	t_list_changed },
	{ "batch-list-flipped",	T_HANDLER,	t_list_flipped },
	{ "batch-in-kernel",	T_HANDLER,	t_in_kernel },
	{ "batch-kernel-device", T_HANDLER,	t_kernel_device },
	{ "batch-tpr-report",	T_HANDLER,	t_tpr_report },
	{ "batch-two-vcpus",	T_HANDLER,	t_two_vcpus },
	{ }
};
