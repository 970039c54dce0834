// SPDX-License-Identifier: GPL-2.0
/*
 * Mirrored registers: what is answered from a page of the VMM's, and what a VMM must not get by
 * announcing them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm_hcall.h>

#include "tests.h"

#define VALUE(x)	(KVM_HCALL_READABLE | (x))
#define PORT		0x5000
/* What the VMM answers by an exit; no value of a page is the same. */
#define BY_EXIT		0x5a

struct mirror {
	int			fd;
	struct kvm_hcall_page	*page;
};

static struct mirror mirror_open(void)
{
	struct mirror m = { .fd = open("/dev/kvm_hcall", O_RDWR | O_CLOEXEC) };

	if (m.fd < 0)
		DIE("/dev/kvm_hcall: %s", strerror(errno));
	m.page = mmap(NULL, sizeof(*m.page), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m.page == MAP_FAILED)
		DIE("mmap");
	return m;
}

/* 0, or errno. */
static int announce(struct mirror *m, struct vm *vm, const struct kvm_hcall_register *r,
		    u32 count)
{
	struct kvm_hcall_mirror arg = {
		.vm = vm->fd, .count = count, .registers = (u64)r, .page = (u64)m->page,
	};

	return ioctl(m->fd, KVM_HCALL_MIRROR, &arg) ? errno : 0;
}

static void model(struct access *a)
{
	if (!a->out)
		a->val = BY_EXIT;
}

/* A vCPU whose VMM has announced just this register, with that value. */
static struct vcpu *with_register(struct vcpu *v, struct mirror *m, u8 space, u8 size, u64 addr,
				  u32 value)
{
	struct kvm_hcall_register r = { .addr = addr, .space = space, .size = size };

	v->dev->model = model;
	*m = mirror_open();
	EQ(announce(m, v->vm, &r, 1), 0);
	m->page->value[0] = VALUE(value);
	m->page->valid = 1;
	return v;
}

/* Reads it by a call: how many exits that took says whether the VMM was asked. */
static u64 reads(struct vcpu *v, u8 space, u8 size, u64 addr, unsigned int exits)
{
	u64 value;

	dev_reset(v->dev);
	value = quick(v, space == MMIO ? PIO_HCALL_READ : PIO_HCALL_IN, addr, size, ~0ULL);
	EQ(v->dev->exits, exits);
	return value;
}

#define MIRRORED(v, space, size, addr, want)	EQ(reads(v, space, size, addr, 0), want)
#define ASKED(v, space, size, addr)	\
	EQ(reads(v, space, size, addr, 1), BY_EXIT)

static void t_read(void)
{
	static const struct kvm_hcall_register r[] = {
		{ .addr = PORT, .space = PIO, .size = 1 },
		{ .addr = MMIO_GPA + 4, .space = MMIO, .size = 4 },
		{ .addr = PORT + 1, .space = PIO, .size = 2 },
		{ .addr = 0xfffc, .space = PIO, .size = 4 },
		{ .addr = MMIO_GPA, .space = MMIO, .size = 1 },
		{ .addr = 0, .space = PIO, .size = 1 },
		{ .addr = MMIO_GPA + 2, .space = MMIO, .size = 2 },
		{ .addr = (1ULL << 52) - 4, .space = MMIO, .size = 4 },
	};
	struct vcpu *v = one_vcpu();
	struct mirror m = mirror_open();
	unsigned int i, mode;

	v->dev->model = model;
	EQ(announce(&m, v->vm, r, ARRAY_SIZE(r)), 0);
	for (i = 0; i < ARRAY_SIZE(r); i++)
		m.page->value[i] = ~(u64)i;	/* more bits than there are in the register */
	for (mode = 0; mode < NR_MODES; mode++) {
		if (mode == MODE_USER64)
			continue;
		vcpu_mode(v, mode, 0);
		for (i = 0; i + 1 < ARRAY_SIZE(r); i++) {
			ctx("%s, register %u", mode_name[mode], i);
			m.page->valid = 0;
			ASKED(v, r[i].space, r[i].size, r[i].addr);
			m.page->valid = 1ULL << 63;
			MIRRORED(v, r[i].space, r[i].size, r[i].addr,
				 ~(u64)i & mask_of(r[i].size));
			m.page->value[i] ^= KVM_HCALL_READABLE;
			ASKED(v, r[i].space, r[i].size, r[i].addr);
			m.page->value[i] ^= KVM_HCALL_READABLE;
		}
	}
	vcpu_mode(v, MODE_LONG, 0);
	ctx("other accesses than the register's");
	ASKED(v, PIO, 2, PORT);
	ASKED(v, PIO, 1, PORT + 1);
	ASKED(v, PIO, 1, PORT + 2);
	ASKED(v, PIO, 4, PORT);
	ASKED(v, PIO, 1, PORT - 1);
	ASKED(v, MMIO, 4, MMIO_GPA);
	ASKED(v, MMIO, 8, MMIO_GPA);
	ASKED(v, MMIO, 1, MMIO_GPA + 1);
	dev_reset(v->dev);
	quick(v, PIO_HCALL_OUT, PORT, 1, 1);
	quick(v, PIO_HCALL_WRITE, MMIO_GPA + 4, 4, 1);
	EQ(v->dev->exits, 2);
}

/* All that there can be, and each finds its own value. */
static void t_many(void)
{
	static struct kvm_hcall_register r[KVM_HCALL_REGISTERS_MAX + 1];
	struct vcpu *v = one_vcpu();
	struct mirror m = mirror_open();
	unsigned int i, n = KVM_HCALL_REGISTERS_MAX;

	for (i = 0; i <= n; i++) {
		r[i].space = i % 3 ? PIO : MMIO;
		r[i].size = 1;
		r[i].addr = (i % 3 ? PORT : MMIO_GPA) + i * 211 % 521;
		if (i < n)
			m.page->value[i] = VALUE(i % 251);
	}
	EQ(announce(&m, v->vm, r, n + 1), EINVAL);
	EQ(announce(&m, v->vm, r, n), 0);
	m.page->valid = 1;
	for (i = 0; i < n; i++) {
		ctx("register %u", i);
		MIRRORED(v, r[i].space, 1, r[i].addr, i % 251);
	}
}

/* Lists: all that reads, but not strings; and a CHECK that stops. */
static void t_list(void)
{
	struct mirror m;
	struct vcpu *v = with_register(one_vcpu(), &m, PIO, 1, PORT, 0x81);
	struct batch b = { .v = v, .gpa = BUF_GPA };
	struct pio_hcall_access e;
	struct call c = { PIO_HCALL_INS, PORT, 1, BUF_GPA, 3 };
	struct kvm_regs r;

	batch_add(&b, OP_READ, PIO, 1, PORT, ~0ULL);
	*batch_add(&b, OP_CHECK, PIO, 1, PORT, ~0ULL) = (struct pio_hcall_access){
		.op = OP_CHECK, .size = 1, .addr = PORT, .mask = 0x80, .want = 0x80 };
	batch_add(&b, OP_WRITE_BACK, PIO, 1, PORT, ~0ULL);
	*batch_add(&b, OP_CHECK, PIO, 1, PORT, ~0ULL) = (struct pio_hcall_access){
		.op = OP_CHECK, .size = 1, .addr = PORT, .mask = 0x80, .want = 0 };
	batch_add(&b, OP_WRITE, PIO, 1, PORT, 0);
	batch_start(&b);
	if (!call_finish(v, &b.before, &r))
		return;
	EQ(r.rax, 0);
	EQ(r.rsi, 2);
	EQ(r.rdx, BUF_GPA + 3 * ELEMENT);
	/* What was read is what was written back, and nothing else came to the VMM. */
	EQ(v->dev->n, 1);
	EQ(v->dev->log[0].out, 1);
	EQ(v->dev->log[0].val, 0x81);
	vm_read(v->vm, BUF_GPA, &e, sizeof(e));
	EQ(e.value, 0x81);
	vm_read(v->vm, BUF_GPA + 3 * ELEMENT, &e, sizeof(e));
	EQ(e.value, 0x81);

	ctx("a string");
	dev_reset(v->dev);
	if (!do_call(v, &c, &r))
		return;
	EQ(v->dev->n, 3);
}

/* The device of t_order: what was written is what its register holds. */
static struct mirror shown;

static void store(struct access *a)
{
	if (a->out)
		shown.page->value[0] = VALUE(a->val);
	else
		a->val = BY_EXIT;
}

/* A read sees the writes before it, by whatever way those go. */
static void t_order(void)
{
	struct vcpu *v = with_register(ring_vcpu(), &shown, PIO, 1, 0x6000, 1);
	struct batch b = { .v = v, .gpa = BUF_GPA };
	struct pio_hcall_access e;
	struct kvm_regs r;
	unsigned int i, n;

	v->dev->model = store;
	for (n = 0; n < 4; n++) {
		ctx("%u writes", n);
		b.n = 0;
		for (i = 0; i < n; i++)
			batch_add(&b, OP_WRITE, PIO, 1, 0x6000, 0x10 * n + i);
		batch_add(&b, OP_READ, PIO, 1, 0x6000, ~0ULL);
		batch_start(&b);
		if (!call_finish(v, &b.before, &r))
			return;
		EQ(r.rax, 0);
		EQ(v->dev->n, n);
		vm_read(v->vm, BUF_GPA + n * ELEMENT, &e, sizeof(e));
		EQ(e.value, n ? 0x10 * n + n - 1 : 1);
	}

	ctx("writes of an interrupted list wait in the ring");
	b.n = 0;
	for (i = 0; i < 3; i++)
		batch_add(&b, OP_WRITE, PIO, 1, 0x6000, 0x70 + i);
	batch_start(&b);
	v->vm->lazy = true;
	if (!CHECK(vcpu_enter(v) == STOP_IO && vcpu_flushes(v), "no flush"))
		return;
	vcpu_serve(v);
	vcpu_settle(v);
	EQ(v->dev->n, 0);
	ASKED(v, PIO, 1, 0x6000);
	v->vm->lazy = false;
	vcpu_drain(v);
	/* The vCPU does not know before its next list. */
	b.n = 0;
	batch_add(&b, OP_READ, PIO, 1, 0x6000, ~0ULL);
	batch_start(&b);
	if (!call_finish(v, &b.before, &r))
		return;
	EQ(v->dev->n, 0);
	MIRRORED(v, PIO, 1, 0x6000, 0x72);
}

/* Devices in KVM answer for themselves. */
static void t_in_kvm(void)
{
	static const struct kvm_hcall_register theirs[] = {
		{ .addr = 0x40, .space = PIO, .size = 1 },	/* PIT */
		{ .addr = 0x42, .space = PIO, .size = 4 },
		{ .addr = 0x1f, .space = PIO, .size = 2 },	/* PIC, at 0x20 */
		{ .addr = 0x4d0, .space = PIO, .size = 1 },
		{ .addr = IOAPIC_GPA, .space = MMIO, .size = 4 },
	};
	struct kvm_hcall_register apic = { .addr = APIC_GPA + 0x30, .space = MMIO, .size = 4 };
	struct vcpu *v = vcpu_create(vm_create(VM_IRQCHIP), 0);
	struct mirror m;
	unsigned int i;
	int err;

	with_register(v, &m, PIO, 2, 0x5008, 0x1234);
	for (i = 0; i < ARRAY_SIZE(theirs); i++) {
		ctx("%#llx", (unsigned long long)theirs[i].addr);
		EQ(announce(&m, v->vm, &theirs[i], 1), EBUSY);
	}
	ctx("what was announced before");
	MIRRORED(v, PIO, 2, 0x5008, 0x1234);
	ctx("an ioeventfd that came later");
	vm_ioeventfd(v->vm, PIO, 0x5009, 1, false, 0);
	ASKED(v, PIO, 2, 0x5008);
	ctx("local APIC");
	m.page->value[0] = VALUE(0x11111111);
	err = announce(&m, v->vm, &apic, 1);
	CHECK(!err || err == EFAULT, "%s", strerror(err));
	if (!err)
		CHECK(reads(v, MMIO, 4, apic.addr, 0) != 0x11111111, "answered from the page");
}

/* Memory is for MOV, whatever a VMM announces. */
static void t_memory(void)
{
	struct kvm_hcall_register r = { .addr = BUF_GPA, .space = MMIO, .size = 4 };
	struct mirror m;
	struct vcpu *v = with_register(one_vcpu(), &m, MMIO, 4, MMIO_GPA, 7);
	struct call c = { PIO_HCALL_READ, MMIO_GPA, 4, 0, 0 };

	ctx("announced in memory");
	EQ(announce(&m, v->vm, &r, 1), EFAULT);
	MIRRORED(v, MMIO, 4, MMIO_GPA, 7);
	ctx("memory comes");
	vm_add_slot(v->vm, 1, MMIO_GPA, 0x1000, 0);
	refused(v, &c, KVM_EFAULT);
	ctx("memory goes");
	vm_set_slot(v->vm, 1, 0, false);
	MIRRORED(v, MMIO, 4, MMIO_GPA, 7);
}

/* What cannot be announced; what was before stays. */
static void t_bad(void)
{
	static const struct {
		struct kvm_hcall_register r[3];
		u32 n;
		int err;
	} t[] = {
		{ { { .addr = PORT, .size = 0 } }, 1, EINVAL },
		{ { { .addr = PORT, .size = 3 } }, 1, EINVAL },
		{ { { .addr = PORT, .size = 8 } }, 1, EINVAL },
		{ { { .addr = PORT, .size = 0xff } }, 1, EINVAL },
		{ { { .addr = PORT, .size = 1, .space = 2 } }, 1, EINVAL },
		{ { { .addr = PORT, .size = 1, .space = 0xff } }, 1, EINVAL },
		{ { { .addr = PORT, .size = 1, .reserved = { 1 } } }, 1, EINVAL },
		{ { { .addr = PORT, .size = 1, .reserved = { [5] = 0x80 } } }, 1, EINVAL },
		{ { { .addr = 0xffff, .size = 2 } }, 1, EINVAL },
		{ { { .addr = 0xfffd, .size = 4 } }, 1, EINVAL },
		{ { { .addr = 0x10000, .size = 1 } }, 1, EINVAL },
		{ { { .addr = ~0ULL, .size = 1 } }, 1, EINVAL },
		{ { { .addr = 1ULL << 32 | PORT, .size = 1 } }, 1, EINVAL },
		{ { { .addr = MMIO_GPA + 1, .size = 2, .space = MMIO } }, 1, EINVAL },
		{ { { .addr = MMIO_GPA + 2, .size = 4, .space = MMIO } }, 1, EINVAL },
		{ { { .addr = MMIO_GPA, .size = 8, .space = MMIO } }, 1, EINVAL },
		{ { { .addr = 1ULL << 52, .size = 4, .space = MMIO } }, 1, EINVAL },
		{ { { .addr = ~3ULL, .size = 4, .space = MMIO } }, 1, EINVAL },
		{ { { .addr = PORT, .size = 1 }, { .addr = PORT, .size = 1 } }, 2, EEXIST },
		{ { { .addr = PORT + 1, .size = 1 }, { .addr = PORT, .size = 2 } }, 2, EEXIST },
		{ { { .addr = PORT, .size = 4 }, { .addr = 1, .size = 1 },
		    { .addr = PORT + 3, .size = 1 } }, 3, EEXIST },
		{ { { .addr = MMIO_GPA + 4, .size = 4, .space = MMIO },
		    { .addr = MMIO_GPA + 6, .size = 1, .space = MMIO } }, 2, EEXIST },
		/* The last one is what is wrong. */
		{ { { .addr = PORT, .size = 1 }, { .addr = PORT + 1, .size = 1 },
		    { .addr = PORT + 2, .size = 3 } }, 3, EINVAL },
		{ { { .addr = PORT, .size = 2 }, { .addr = PORT + 2, .size = 2 },
		    { .addr = PORT, .size = 2, .space = MMIO } }, 3, EFAULT },
	};
	struct mirror m;
	struct vcpu *v = with_register(one_vcpu(), &m, PIO, 1, PORT, 0x42);
	struct kvm_hcall_register good = { .addr = PORT, .size = 1 };
	struct kvm_hcall_mirror arg = {
		.vm = v->vm->fd, .count = 1, .registers = (u64)&good, .page = (u64)m.page,
	}, bad;
	unsigned int i;

#define BAD(field, what, error)						\
	do {								\
		ctx("%s is %#llx", #field, (unsigned long long)(what));	\
		bad = arg;						\
		bad.field = (what);					\
		EQ(ioctl(m.fd, KVM_HCALL_MIRROR, &bad) ? errno : 0, error); \
		MIRRORED(v, PIO, 1, PORT, 0x42);			\
	} while (0)

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		ctx("registers %u", i);
		EQ(announce(&m, v->vm, t[i].r, t[i].n), t[i].err);
		MIRRORED(v, PIO, 1, PORT, 0x42);
	}
	BAD(vm, -1, EBADF);
	BAD(vm, 1000, EBADF);
	BAD(vm, v->vm->kvm, EINVAL);
	BAD(vm, v->fd, EINVAL);
	BAD(vm, m.fd, EINVAL);
	BAD(count, KVM_HCALL_REGISTERS_MAX + 1, EINVAL);
	BAD(count, ~0U, EINVAL);
	BAD(registers, 8, EFAULT);
	BAD(registers, ~7ULL, EFAULT);
	BAD(registers, 1ULL << 63, EFAULT);
	BAD(page, (u64)m.page + 8, EINVAL);
	BAD(page, 0x1000, EFAULT);
	BAD(page, ~0xfffULL, EFAULT);
	BAD(page, 1ULL << 63, EFAULT);
	BAD(page, 0xffff888000000000ULL, EFAULT);
	BAD(reserved, 1, EINVAL);
	ctx("another ioctl");
	EQ(ioctl(m.fd, KVM_HCALL_MIRROR + 1, &arg) ? errno : 0, ENOTTY);
	EQ(ioctl(m.fd, KVM_HCALL_MIRROR, 8) ? errno : 0, EFAULT);
	EQ(ioctl(m.fd, KVM_CREATE_VM, 0) ? errno : 0, ENOTTY);
	MIRRORED(v, PIO, 1, PORT, 0x42);
}

/* A VM's registers are its own, and have one owner. */
static void t_owner(void)
{
	struct kvm_hcall_register r = { .addr = PORT, .size = 1 };
	struct mirror m, other = mirror_open();
	struct vcpu *v = with_register(one_vcpu(), &m, PIO, 1, PORT, 1), *second, *w = one_vcpu();
	int status;
	pid_t pid;

	w->dev->model = model;
	ASKED(w, PIO, 1, PORT);
	ctx("two files, one VM");
	EQ(announce(&other, v->vm, &r, 1), EBUSY);
	ctx("one file, two VMs");
	EQ(announce(&m, w->vm, &r, 1), EBUSY);
	EQ(announce(&m, w->vm, &r, 0), EBUSY);
	MIRRORED(v, PIO, 1, PORT, 1);
	ctx("a file each");
	EQ(announce(&other, w->vm, &r, 1), 0);
	other.page->value[0] = VALUE(2);
	other.page->valid = 1;
	MIRRORED(v, PIO, 1, PORT, 1);
	MIRRORED(w, PIO, 1, PORT, 2);
	ctx("a vCPU that comes later");
	second = vcpu_create(v->vm, 1);
	MIRRORED(second, PIO, 1, PORT, 1);
	ctx("given back");
	EQ(announce(&m, v->vm, NULL, 0), 0);
	ASKED(v, PIO, 1, PORT);
	ASKED(second, PIO, 1, PORT);
	MIRRORED(w, PIO, 1, PORT, 2);
	EQ(announce(&m, v->vm, NULL, 0), 0);
	ctx("and taken by another");
	EQ(announce(&other, w->vm, NULL, 0), 0);
	EQ(announce(&other, v->vm, &r, 1), 0);
	MIRRORED(v, PIO, 1, PORT, 2);
	MIRRORED(second, PIO, 1, PORT, 2);
	ctx("another process");
	pid = fork();
	if (!pid) {
		int err = announce(&m, w->vm, &r, 1), own = announce(&other, v->vm, NULL, 0);

		_exit(err != EPERM || own != EPERM);
	}
	EQ(waitpid(pid, &status, 0), pid);
	EQ(status, 0);
	MIRRORED(v, PIO, 1, PORT, 2);
	ctx("the handler is off");
	handler_enable(false);
	refused(v, &(struct call){ PIO_HCALL_IN, PORT, 1, 3, 4 }, KVM_ENOSYS);
	handler_enable(true);
	MIRRORED(v, PIO, 1, PORT, 2);
}

/* One group only: who announces has to be in it. */
static void t_group(void)
{
	static const char *const set[] = { "4242", "-1" };
	struct kvm_hcall_register r = { .addr = PORT, .size = 1 };
	struct vcpu *v = one_vcpu();
	struct mirror m = mirror_open();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(set); i++) {
		int fd = open("/sys/module/kvm_hcall/parameters/group", O_WRONLY);

		if (fd < 0 || write(fd, set[i], strlen(set[i])) < 0)
			DIE("parameter group: %s", strerror(errno));
		close(fd);
		ctx("group %s", set[i]);
		EQ(announce(&m, v->vm, &r, 1), i ? 0 : EACCES);
	}
}

/* What a VMM takes away, the guest gets by exits. */
static void t_teardown(void)
{
	struct mirror m;
	struct vcpu *v = with_register(one_vcpu(), &m, PIO, 1, PORT, 9), *w;
	struct vm *vm = v->vm;
	int copy;

	MIRRORED(v, PIO, 1, PORT, 9);
	ctx("the page cannot be read");
	EQ(mprotect(m.page, 4096, PROT_NONE), 0);
	ASKED(v, PIO, 1, PORT);
	EQ(mprotect(m.page, 4096, PROT_READ | PROT_WRITE), 0);
	MIRRORED(v, PIO, 1, PORT, 9);
	ctx("the page is gone");
	EQ(munmap(m.page, 4096), 0);
	ASKED(v, PIO, 1, PORT);
	ctx("there is another page");
	if (mmap(m.page, 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0) != m.page)
		DIE("mmap");
	ASKED(v, PIO, 1, PORT);
	m.page->value[0] = VALUE(8);
	m.page->valid = 1;
	MIRRORED(v, PIO, 1, PORT, 8);

	ctx("migrated");
	w = vm_clone(v);
	ASKED(w, PIO, 1, PORT);
	vm_destroy(w->vm);

	ctx("closed");
	copy = dup(m.fd);
	close(m.fd);
	MIRRORED(v, PIO, 1, PORT, 8);
	close(copy);
	ASKED(v, PIO, 1, PORT);

	ctx("the VM goes first");
	with_register(v, &m, PIO, 1, PORT, 9);
	MIRRORED(v, PIO, 1, PORT, 9);
	vm_destroy(vm);
	close(m.fd);
}

/*
 * A vCPU reads without end while its VMM announces, takes back, hides the page and removes
 * it.  Each value is the page's or the VMM's, and the latter as often as it was asked.
 */
static void t_race(void)
{
	const u64 n = 60000;
	struct kvm_hcall_register r[] = {
		{ .addr = PORT, .size = 1 }, { .addr = MMIO_GPA, .size = 4, .space = MMIO },
	};
	struct mirror m;
	struct vcpu *v = with_register(one_vcpu(), &m, PIO, 1, PORT, 3);
	unsigned int seed = asked_for("VMM_TEST_SEED", getpid()), rounds = 0;
	struct kvm_regs regs = { .rip = CODE_GPA, .rflags = 2, .r8 = PIO_HCALL_IN, .rbx = PORT,
				 .rcx = 1, .r9 = n };

	note("seed %u", seed);
	load_code(v->vm, CODE_GPA, pay_in_loop, pay_in_loop_end - pay_in_loop);
	vcpu_set(v, &regs);
	dev_reset(v->dev);
	vcpu_spawn(v);
	while (pthread_tryjoin_np(v->thread, NULL)) {
		rounds++;
		switch (rand_r(&seed) % 6) {
		case 0:
			m.page->valid ^= 1;
			break;
		case 1:
			close(m.fd);
			m.fd = open("/dev/kvm_hcall", O_RDWR | O_CLOEXEC);
			break;
		case 2:
			mprotect(m.page, 4096, PROT_NONE);
			mprotect(m.page, 4096, PROT_READ | PROT_WRITE);
			break;
		case 3:
			/* The first register's value is the second's now. */
			m.page->valid = 0;
			announce(&m, v->vm, r + 1, 1);
			m.page->value[0] = VALUE(0x77);
			m.page->valid = 1;
			break;
		case 4:
			munmap(m.page, 4096);
			if (mmap(m.page, 4096, PROT_READ | PROT_WRITE,
				 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != m.page)
				DIE("mmap");
			break;
		case 5:
			m.page->valid = 0;
			announce(&m, v->vm, r, 2);
			m.page->value[0] = VALUE(3);
			m.page->value[1] = VALUE(4);
			m.page->valid = 1;
			break;
		}
		usleep(rand_r(&seed) % 300);
	}
	v->thread = pthread_self();
	vcpu_get(v, &regs);
	EQ(regs.rax, 0);
	EQ(regs.r9, 0);
	EQ(regs.r10, v->dev->n * BY_EXIT + (n - v->dev->n) * 3);
	note("%u changes; of %llu reads %llu were asked of the VMM", rounds,
	     (unsigned long long)n, (unsigned long long)v->dev->n);
	CHECK(v->dev->n > n / 100 && v->dev->n < n - n / 100, "one way only");
}

/* A VMM that dies with all of it in use: nothing holds the module, or the VM, afterwards. */
static void t_killed(void)
{
	int ref = handler_refcnt(), i, status, tries;

	for (i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (!pid) {
			struct mirror m;
			struct vcpu *v = with_register(one_vcpu(), &m, PIO, 1, PORT, 3);
			struct kvm_regs regs = {
				.rip = CODE_GPA, .rflags = 2, .r8 = PIO_HCALL_IN,
				.rbx = PORT, .rcx = 1, .r9 = ~0ULL,
			};

			load_code(v->vm, CODE_GPA, pay_in_loop, pay_in_loop_end - pay_in_loop);
			vcpu_set(v, &regs);
			vcpu_go(v);
			_exit(1);
		}
		usleep(20000 + 7000 * i);
		kill(pid, SIGKILL);
		EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %#x", status);
	}
	/* RCU has the records for a moment. */
	for (tries = 0; handler_refcnt() != ref && tries < 100; tries++)
		usleep(20000);
	EQ(handler_refcnt(), ref);
}

const struct test mirror_tests[] = {
	{ "mirror-read",	T_HANDLER | T_MODULE,	t_read },
	{ "mirror-many",	T_HANDLER | T_MODULE,	t_many },
	{ "mirror-list",	T_HANDLER | T_MODULE,	t_list },
	{ "mirror-order",	T_HANDLER | T_MODULE,	t_order },
	{ "mirror-in-kvm",	T_HANDLER | T_MODULE,	t_in_kvm },
	{ "mirror-memory",	T_HANDLER | T_MODULE,	t_memory },
	{ "mirror-bad",		T_HANDLER | T_MODULE,	t_bad },
	{ "mirror-owner",	T_HANDLER | T_MODULE,	t_owner },
	{ "mirror-group",	T_HANDLER | T_MODULE,	t_group },
	{ "mirror-teardown",	T_HANDLER | T_MODULE,	t_teardown },
	{ "mirror-race",	T_HANDLER | T_MODULE,	t_race },
	{ "mirror-killed",	T_HANDLER | T_MODULE,	t_killed },
	{ }
};
