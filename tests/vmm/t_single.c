// SPDX-License-Identifier: GPL-2.0
/*
 * PROBE, IN and OUT: what the registers say, and that the device is touched
 * exactly once or not at all.
 */
#include <errno.h>
#include <string.h>

#include "tests.h"

static const unsigned int sizes[] = { 1, 2, 4 };

/* The VMM itself: without this, no other result means anything. */
static void t_native(void)
{
	static const struct {
		u8	code[4];
		u8	len, size, out;
	} insn[] = {
		{ { 0xec },		1, 1, 0 },
		{ { 0x66, 0xed },	2, 2, 0 },
		{ { 0xed },		1, 4, 0 },
		{ { 0xee },		1, 1, 1 },
		{ { 0x66, 0xef },	2, 2, 1 },
		{ { 0xef },		1, 4, 1 },
	};
	struct vcpu *v = one_vcpu();
	unsigned int i, m;

	for (m = 0; m < NR_MODES; m++) {
		if (m == MODE_REAL)	/* 0x66 means the opposite there */
			continue;
		vcpu_mode(v, m, 0);
		for (i = 0; i < ARRAY_SIZE(insn); i++) {
			static const u8 end[] = { 0xe6, EXIT_PORT };
			struct call c = { 0 };
			struct kvm_regs r;
			u32 mask = mask_of(insn[i].size);

			ctx("%s, %s of %u", mode_name[m],
			    insn[i].out ? "out" : "in", insn[i].size);
			call_prepare(v, &c, &r);
			load_code(v->vm, CODE_GPA, insn[i].code, insn[i].len);
			load_code(v->vm, CODE_GPA + insn[i].len, end,
				  sizeof(end));
			r.rax = 0x0123456789abcdef;
			r.rdx = 0x5004;
			vcpu_set(v, &r);
			dev_reset(v->dev);
			if (vcpu_go(v) != STOP_DONE)
				continue;
			vcpu_get(v, &r);
			EQ(r.rip, CODE_GPA + insn[i].len + EXIT_INSN_LEN);
			EQ(v->dev->n, 1);
			EQ(v->dev->log[0].addr, 0x5004);
			EQ(v->dev->log[0].size, insn[i].size);
			EQ(v->dev->log[0].out, insn[i].out);
			EQ(v->dev->log[0].val, insn[i].out ?
			   0x89abcdef & mask : dev_value(0) & mask);
			if (!insn[i].out)
				EQ(r.rax & mask, dev_value(0) & mask);
		}
	}
}

/* All modes reach KVM's hypercall code and the end of the stub. */
static void t_modes(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int m;

	for (m = 0; m < NR_MODES; m++) {
		struct call c = { .nr = 0x7777 };

		ctx("%s", mode_name[m]);
		vcpu_mode(v, m, 0);
		refused(v, &c, m == MODE_USER64 ? KVM_EPERM : KVM_ENOSYS);
	}
}

static void t_stock_enosys(void)
{
	struct vcpu *v = one_vcpu();
	u64 nr;

	for (nr = PIO_HCALL_BASE; nr < PIO_HCALL_BASE + 0x100; nr++) {
		struct call c = { nr, 0x5000, 1, BUF_GPA, 4 };

		ctx("call %#llx", (unsigned long long)nr);
		refused(v, &c, KVM_ENOSYS);
		if (nr == PIO_HCALL_PROBE) {
			c.port = c.size = 0;
			refused(v, &c, KVM_ENOSYS);
		}
	}
	vcpu_mode(v, MODE_PROT32, 0);
	for (nr = PIO_HCALL_BASE; nr < PIO_HCALL_END; nr++) {
		struct call c = { nr, 0x5000, 1, BUF_GPA, 4 };

		ctx("32-bit call %#llx", (unsigned long long)nr);
		refused(v, &c, KVM_ENOSYS);
	}
}

static void t_unknown(void)
{
	static const u64 nr[] = {
		PIO_HCALL_END, PIO_HCALL_BASE + 0x80,
		PIO_HCALL_BASE + 0xff, PIO_HCALL_BASE + 0x100,
		PIO_HCALL_BASE - 1, 0, 0x7fffffff, ~0ULL,
		/* full width: these are not our numbers in 64-bit mode */
		0x100000000ULL | PIO_HCALL_PROBE,
		DIRTY | PIO_HCALL_OUT, DIRTY | PIO_HCALL_IN,
	};
	struct vcpu *v = one_vcpu();
	unsigned int i, m;

	for (i = 0; i < ARRAY_SIZE(nr); i++) {
		struct call c = { nr[i], 0x5000, 1, 0x42, 3 };

		ctx("call %#llx", (unsigned long long)nr[i]);
		refused(v, &c, KVM_ENOSYS);
	}
	/* Low halves only outside 64-bit mode, and those are still unknown. */
	for (m = MODE_COMPAT; m <= MODE_REAL; m++) {
		struct call c = { DIRTY | PIO_HCALL_END, 0x5000, 1, 0x42, 3 };

		vcpu_mode(v, m, 0);
		ctx("%s", mode_name[m]);
		refused(v, &c, KVM_ENOSYS);
	}
}

static void t_passthrough(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int m;

	for (m = 0; m < NR_MODES; m++) {
		struct call c = { KVM_HC_VAPIC_POLL_IRQ, 0x5000, 1, 0x42, 3 };

		ctx("%s", mode_name[m]);
		vcpu_mode(v, m, 0);
		if (m == MODE_USER64) {
			refused(v, &c, KVM_EPERM);
		} else {
			struct kvm_regs r;

			dev_reset(v->dev);
			if (!do_call(v, &c, &r))
				continue;
			EQ(r.rax, 0);
			EQ((u32)r.rdx, c.val);
			EQ((u32)r.rsi, c.count);
			EQ(v->dev->n, 0);
		}
	}
}

static void t_probe(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int m;

	for (m = 0; m < NR_MODES; m++) {
		/* Upper halves are no reason to refuse outside 64-bit mode. */
		u64 d = is_64(m) ? 0 : DIRTY;
		struct call c = { d | PIO_HCALL_PROBE, d, d, ~0ULL, ~0ULL };
		struct kvm_regs r;

		if (m == MODE_USER64)
			continue;
		ctx("%s", mode_name[m]);
		vcpu_mode(v, m, 0);
		dev_reset(v->dev);
		if (!do_call(v, &c, &r))
			continue;
		EQ(r.rax, 0);
		EQ(r.rdx, PIO_HCALL_ABI_VERSION);
		EQ(r.rsi, PIO_HCALL_F_PIO | PIO_HCALL_F_STRING |
		   PIO_HCALL_F_MMIO | PIO_HCALL_F_BATCH);
		EQ(v->dev->n, 0);
	}
}

static void t_probe_dirty(void)
{
	static const u64 dirty[][2] = {
		{ 1, 0 }, { 0, 1 }, { DIRTY, 0 }, { 0, DIRTY },
		{ 1ULL << 63, 0 }, { 0, 1ULL << 32 }, { ~0ULL, ~0ULL },
	};
	struct vcpu *v = one_vcpu();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dirty); i++) {
		struct call c = { PIO_HCALL_PROBE, dirty[i][0], dirty[i][1],
				  0x42, 0x43 };

		ctx("rbx %#llx rcx %#llx", (unsigned long long)c.port,
		    (unsigned long long)c.size);
		refused(v, &c, KVM_EINVAL);
	}
	vcpu_mode(v, MODE_PROT32, 0);
	ctx("32-bit, rbx 1");
	refused(v, &(struct call){ PIO_HCALL_PROBE, 1, 0, 2, 3 }, KVM_EINVAL);
	ctx("32-bit, rcx 1");
	refused(v, &(struct call){ PIO_HCALL_PROBE, 0, 1, 2, 3 }, KVM_EINVAL);
}

static void t_in_out(void)
{
	static const u64 preset[] = { ~0ULL, 0, 0x0123456789abcdef,
				      0x80000000ULL, 0xffffff80ULL };
	struct vcpu *v = one_vcpu();
	unsigned int i, j, m;
	u64 nr;

	for (m = 0; m < NR_MODES; m++) {
		if (m == MODE_USER64)
			continue;
		vcpu_mode(v, m, 0);
		for (nr = PIO_HCALL_IN; nr <= PIO_HCALL_OUT; nr++)
			for (i = 0; i < ARRAY_SIZE(sizes); i++)
				for (j = 0; j < ARRAY_SIZE(preset); j++) {
					struct call c = { nr, 0x5000 + j,
							  sizes[i], preset[j],
							  DIRTY | 9 };

					ctx("%s, %s of %u, rdx %#llx",
					    mode_name[m],
					    nr == PIO_HCALL_IN ? "IN" : "OUT",
					    sizes[i],
					    (unsigned long long)preset[j]);
					accepted(v, &c);
				}
	}
}

/* Several values, so that no constant passes for data. */
static void t_in_sequence(void)
{
	struct vcpu *v = one_vcpu();
	struct call c = { PIO_HCALL_IN, 0x5000, 4, ~0ULL, 0 };
	struct kvm_regs r;
	u64 i;

	for (i = 0; i < 100; i++) {
		ctx("IN number %llu", (unsigned long long)i);
		c.size = sizes[i % 3];
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
		u8	code[2];
		u8	len, size, out;
	} insn[] = {
		{ { 0xec }, 1, 1, 0 }, { { 0x66, 0xed }, 2, 2, 0 },
		{ { 0xed }, 1, 4, 0 }, { { 0xee }, 1, 1, 1 },
		{ { 0x66, 0xef }, 2, 2, 1 }, { { 0xef }, 1, 4, 1 },
	};
	static const u16 ports[] = { 0, 0x1f0, 0x1f7, 0x5000, 0xfffc };
	const u64 val = 0xfedcba9876543210;
	struct vcpu *v = one_vcpu();
	unsigned int i, p;

	for (p = 0; p < ARRAY_SIZE(ports); p++)
		for (i = 0; i < ARRAY_SIZE(insn); i++) {
			struct call c = { insn[i].out ? PIO_HCALL_OUT :
					  PIO_HCALL_IN, ports[p],
					  insn[i].size, val, 0 };

			ctx("port %#x, %s of %u", ports[p],
			    insn[i].out ? "out" : "in", insn[i].size);
			same_as_native(v, &c, insn[i].code, insn[i].len);
		}
}

static void t_limits(void)
{
	static const struct {
		u64	port, size;
		bool	ok;
	} t[] = {
		{ 0x5000, 0, false },		{ 0x5000, 3, false },
		{ 0x5000, 5, false },		{ 0x5000, 6, false },
		{ 0x5000, 7, false },		{ 0x5000, 8, false },
		{ 0x5000, 16, false },		{ 0x5000, 0xff, false },
		{ 0x5000, 0x101, false },	{ 0x5000, 0x10001, false },
		{ 0x5000, 0x80000001, false },	{ 0x5000, 0xffffffff, false },
		{ 0x5000, 0x100000001, false },	{ 0x5000, DIRTY | 1, false },
		{ 0x5000, DIRTY | 4, false },	{ 0x5000, ~0ULL, false },
		{ 0, 1, true },			{ 0, 4, true },
		{ 0xffff, 1, true },		{ 0xfffe, 2, true },
		{ 0xfffc, 4, true },		{ 0xffff, 2, false },
		{ 0xffff, 4, false },		{ 0xfffe, 4, false },
		{ 0xfffd, 4, false },		{ 0x10000, 1, false },
		{ 0x10000, 4, false },		{ 0x15000, 1, false },
		{ 0x80005000, 1, false },	{ 0xffffffff, 1, false },
		{ 0xfffffffe, 2, false },	{ 0xfffffffc, 4, false },
		{ 0x100005000, 1, false },	{ DIRTY | 0x5000, 1, false },
		{ 1ULL << 63, 1, false },	{ ~0ULL, 1, false },
		{ ~0ULL - 3, 4, false },	{ ~0ULL, ~0ULL, false },
		{ 5, ~0ULL - 3, false },
		/* whose device looks at the vCPU */
		{ 0x7e, 1, false },		{ 0x7e, 2, false },
		{ 0x7f, 1, false },		{ 0x7d, 1, true },
		{ 0x7d, 2, false },		{ 0x7b, 4, false },
		{ 0x7a, 4, true },		{ 0x80, 4, true },
		{ 0x5658, 4, false },		{ 0x5659, 1, false },
		{ 0x5655, 4, false },		{ 0x5654, 4, true },
		{ 0x565a, 1, true },
	};
	struct vcpu *v = one_vcpu();
	unsigned int i;
	u64 nr;

	for (nr = PIO_HCALL_IN; nr <= PIO_HCALL_OUTS; nr++)
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			struct call c = { nr, t[i].port, t[i].size, BUF_GPA, 1 };

			ctx("call %#llx port %#llx size %#llx",
			    (unsigned long long)nr,
			    (unsigned long long)t[i].port,
			    (unsigned long long)t[i].size);
			if (!t[i].ok)
				refused(v, &c, KVM_EINVAL);
			else if (nr <= PIO_HCALL_OUT)
				accepted(v, &c);
		}
}

/* Outside 64-bit mode the upper halves do not exist. */
static void t_limits_32(void)
{
	static const struct {
		u64	port, size;
		bool	ok;
	} t[] = {
		{ DIRTY | 0x5000, 1, true },	{ 0x5000, DIRTY | 2, true },
		{ 0x100005000, 0x100000004, true },
		{ DIRTY | 0xffff, DIRTY | 1, true },
		{ DIRTY | 0x10000, 1, false },	{ DIRTY | 0xffff, 2, false },
		{ DIRTY | 0x5000, DIRTY | 3, false },
		{ 0x5000, DIRTY, false },	{ 0xffffffff, 1, false },
		{ 0xffffffff, 0xffffffff, false },
		{ 4, 0xfffffffe, false },
	};
	struct vcpu *v = one_vcpu();
	unsigned int i, m;
	u64 nr;

	for (m = MODE_COMPAT; m <= MODE_REAL; m++) {
		vcpu_mode(v, m, 0);
		for (nr = PIO_HCALL_IN; nr <= PIO_HCALL_OUT; nr++)
			for (i = 0; i < ARRAY_SIZE(t); i++) {
				struct call c = { DIRTY | nr, t[i].port,
						  t[i].size, 0x123456789abcdef,
						  7 };

				ctx("%s call %#llx port %#llx size %#llx",
				    mode_name[m], (unsigned long long)nr,
				    (unsigned long long)t[i].port,
				    (unsigned long long)t[i].size);
				if (t[i].ok)
					accepted(v, &c);
				else
					refused(v, &c, KVM_EINVAL);
			}
	}
}

static void t_cpl3(void)
{
	struct vcpu *v = one_vcpu();
	u64 nr;

	vcpu_mode(v, MODE_USER64, 0);
	for (nr = PIO_HCALL_BASE; nr <= PIO_HCALL_END; nr++) {
		struct call c = { nr, 0x5000, 1, BUF_GPA, 16 };

		ctx("call %#llx", (unsigned long long)nr);
		refused(v, &c, KVM_EPERM);
		/* Nothing may be told apart by what else is wrong. */
		c.port = ~0ULL;
		refused(v, &c, KVM_EPERM);
		c = (struct call){ .nr = nr };
		refused(v, &c, KVM_EPERM);
		c = (struct call){ nr, MMIO_GPA, 4, 0x42, 0 };
		refused(v, &c, KVM_EPERM);
		c = (struct call){ nr, 0, 0, BUF_GPA, 1 };
		refused(v, &c, KVM_EPERM);
	}
}

/*
 * The other vendor's instruction: KVM rewrites it in guest memory and runs it
 * again.  The call must happen once, not twice.
 */
static void t_foreign_insn(void)
{
	struct vcpu *v = one_vcpu();
	struct call c = { PIO_HCALL_OUT, 0x5000, 1, 0x42, 0 };
	struct kvm_regs before, r;
	u8 *p;

	call_prepare(v, &c, &before);
	p = vm_hva(v->vm, CODE_GPA);
	p[2] = cpu_is_amd() ? 0xc1 : 0xd9;
	if (!call_finish(v, &before, &r))
		return;
	EQ(r.rax, 0);
	EQ(v->dev->n, 1);
}

/* Devices in KVM answer there: userspace must not see any of this. */
static void t_kernel_devices(void)
{
	static const u8 imr[] = { 0x11, 0x5a, 0xa5, 0xfb };
	struct vcpu *v = vcpu_create(vm_create(VM_IRQCHIP), 0);
	struct kvm_regs r;
	struct call c;
	u64 lo, hi;
	u8 *buf = vm_hva(v->vm, BUF_GPA);

	ctx("PIT");
	quick(v, PIO_HCALL_OUT, 0x43, 1, 0x34);	/* channel 0, mode 2 */
	quick(v, PIO_HCALL_OUT, 0x40, 1, 0x34);
	quick(v, PIO_HCALL_OUT, 0x40, 1, 0x12);
	quick(v, PIO_HCALL_OUT, 0x43, 1, 0xe2);	/* read back the status */
	EQ(quick(v, PIO_HCALL_IN, 0x40, 1, ~0ULL) & ~0xc0ULL, 0x34);
	quick(v, PIO_HCALL_OUT, 0x43, 1, 0);	/* latch the count */
	lo = quick(v, PIO_HCALL_IN, 0x40, 1, ~0ULL);
	hi = quick(v, PIO_HCALL_IN, 0x40, 1, ~0ULL);
	CHECK(lo < 0x100 && hi <= 0x12, "count %#llx %#llx",
	      (unsigned long long)lo, (unsigned long long)hi);

	ctx("PIC");
	quick(v, PIO_HCALL_OUT, 0x4d0, 1, 0x20);
	EQ(quick(v, PIO_HCALL_IN, 0x4d0, 1, ~0ULL), 0x20);
	quick(v, PIO_HCALL_OUT, 0x4d0, 1, 0x88);
	EQ(quick(v, PIO_HCALL_IN, 0x4d0, 1, ~0ULL), 0x88);

	ctx("OUTS to the PIC");
	memcpy(buf, imr, sizeof(imr));
	c = (struct call){ PIO_HCALL_OUTS, 0x21, 1, BUF_GPA, sizeof(imr) };
	if (do_call(v, &c, &r)) {
		EQ(r.rax, 0);
		EQ(r.rdx, BUF_GPA + sizeof(imr));
		EQ(r.rsi, 0);
	}
	EQ(quick(v, PIO_HCALL_IN, 0x21, 1, ~0ULL), 0xfb);

	ctx("INS from the PIC");
	memset(buf, 0, 16);
	c = (struct call){ PIO_HCALL_INS, 0x21, 1, BUF_GPA + 1, 5 };
	if (do_call(v, &c, &r)) {
		EQ(r.rax, 0);
		EQ(r.rdx, BUF_GPA + 6);
		EQ(r.rsi, 0);
		CHECK(!memcmp(buf, "\0\xfb\xfb\xfb\xfb\xfb\0", 7),
		      "memory is wrong");
	}
	EQ(v->dev->n, 0);

	/* KVM's own memslots are not the guest's RAM. */
	ctx("INS to the APIC page");
	c = (struct call){ PIO_HCALL_INS, 0x5000, 4, 0xfee00000, 1 };
	refused(v, &c, KVM_EFAULT);
	ctx("ports nobody in KVM has");
	accepted(v, &(struct call){ PIO_HCALL_OUT, 0x5000, 4, 0x12345678, 0 });
	accepted(v, &(struct call){ PIO_HCALL_IN, 0x5000, 2, ~0ULL, 0 });
}

static void t_ioeventfd(void)
{
	struct vcpu *v = one_vcpu();
	int any = vm_ioeventfd(v->vm, PIO, 0x5008, 2, false, 0);
	int five = vm_ioeventfd(v->vm, PIO, 0x500c, 1, true, 5);
	struct kvm_regs r;
	struct call c;

	ctx("OUT");
	quick(v, PIO_HCALL_OUT, 0x5008, 2, 0x1234);
	EQ(v->dev->n, 0);
	EQ(events(any), 1);
	ctx("OUT of another size");
	accepted(v, &(struct call){ PIO_HCALL_OUT, 0x5008, 4, 0x1234, 0 });
	EQ(events(any), 0);
	ctx("IN there");
	accepted(v, &(struct call){ PIO_HCALL_IN, 0x5008, 2, 0x1234, 0 });
	EQ(events(any), 0);

	/* Bits above the size are not part of the value. */
	ctx("OUT that matches");
	dev_reset(v->dev);
	quick(v, PIO_HCALL_OUT, 0x500c, 1, DIRTY | 0xff05);
	EQ(v->dev->n, 0);
	EQ(events(five), 1);
	ctx("OUT that does not match");
	accepted(v, &(struct call){ PIO_HCALL_OUT, 0x500c, 1, 6, 0 });
	EQ(events(five), 0);

	ctx("OUTS");
	dev_reset(v->dev);
	c = (struct call){ PIO_HCALL_OUTS, 0x5008, 2, BUF_GPA + 0xfff, 5000 };
	if (do_call(v, &c, &r)) {
		EQ(r.rax, 0);
		EQ(r.rdx, BUF_GPA + 0xfff + 10000);
		EQ(r.rsi, 0);
		EQ(v->dev->n, 0);
		EQ(events(any), 5000);
	}
}

/*
 * OUTS of single bytes, as a call or natively.  The native one asks KVM's bus
 * about each element; what it does is what the call is measured by.
 */
static void outs_prepare(struct vcpu *v, bool native, u16 port, u64 n)
{
	static const u8 code[] = { 0xf3, 0x6e, 0xe6, EXIT_PORT };
	struct call c = { PIO_HCALL_OUTS, port, 1, BUF_GPA, n };
	struct kvm_regs r;

	call_prepare(v, &c, &r);
	if (!native)
		return;
	load_code(v->vm, CODE_GPA, code, sizeof(code));
	r.rflags = 2;
	r.rdx = port;
	r.rsi = BUF_GPA;
	r.rcx = n;
	vcpu_set(v, &r);
}

static void outs_finished(struct vcpu *v, bool native)
{
	struct kvm_regs r;

	vcpu_get(v, &r);
	if (native) {
		EQ(r.rcx, 0);
	} else {
		EQ(r.rax, 0);
		EQ(r.rsi, 0);
	}
}

/*
 * A string some of whose elements end in KVM and some with the VMM: all once,
 * in order.  The first element is the one that a handler could take for all.
 */
static void t_ioeventfd_mixed(void)
{
	struct vcpu *v = one_vcpu();
	int five = vm_ioeventfd(v->vm, PIO, 0x500c, 1, true, 5);
	u8 *buf = vm_hva(v->vm, BUF_GPA);
	unsigned int way, i;

	for (way = 0; way < 4; way++) {
		bool native = way & 2;
		unsigned int first = way & 1 ? 5 : 0;
		u64 n = 0, ev;

		ctx("%s, first element is %u, 5 is for the ioeventfd",
		    native ? "native" : "call", first);
		for (i = 0; i < 20; i++)
			buf[i] = (first + i) % 10;
		dev_reset(v->dev);
		outs_prepare(v, native, 0x500c, 20);
		if (vcpu_go(v) != STOP_DONE)
			return;
		outs_finished(v, native);
		ev = events(five);
		CHECK(ev == 2 && v->dev->n == 18,
		      "20 elements: %llu to the eventfd (2 expected), %llu to the VMM (18 expected)",
		      (unsigned long long)ev, (unsigned long long)v->dev->n);
		for (i = 0; i < 20 && n < v->dev->n; i++)
			if (buf[i] != 5 && v->dev->log[n++].val != buf[i]) {
				FAIL("VMM's element %llu is %#llx, not %#x",
				     (unsigned long long)n - 1,
				     (unsigned long long)v->dev->log[n - 1].val,
				     buf[i]);
				break;
			}
	}
}

/*
 * A port whose writes KVM collects in a ring, as QEMU has it for 0xcf8 and
 * 0x70.  When the ring is full, the writes that do not fit are the VMM's.
 */
static void t_coalesced(void)
{
	struct vcpu *v = one_vcpu();
	u8 *buf = vm_hva(v->vm, BUF_GPA);
	unsigned int way, i;

	vcpu_coalesce(v, 0x70, 1, true, true);

	ctx("OUT");
	quick(v, PIO_HCALL_OUT, 0x70, 1, 0x1234);
	EQ(v->dev->n, 0);
	EQ(vcpu_drain(v), 1);
	EQ(v->dev->log[0].val, 0x34);

	for (way = 0; way < 4; way++) {
		bool native = way & 2;
		u64 n = way & 1 ? 5000 : 100;
		enum stop s;

		ctx("%s, %llu elements, ring of %u",
		    native ? "native" : "call", (unsigned long long)n,
		    (unsigned int)RING_MAX - 1);
		for (i = 0; i < n; i++)
			buf[i] = i * 7 + (i >> 8);
		dev_reset(v->dev);
		outs_prepare(v, native, 0x70, n);
		/* What QEMU does: the ring's writes were before this one. */
		while ((s = vcpu_enter(v)) == STOP_IO) {
			vcpu_drain(v);
			vcpu_serve(v);
		}
		if (s != STOP_DONE)
			return;
		vcpu_drain(v);
		outs_finished(v, native);
		EQ(v->dev->n, n);
		for (i = 0; i < n && i < v->dev->n; i++)
			if (v->dev->log[i].val != buf[i]) {
				FAIL("element %u is %#llx, not %#x", i,
				     (unsigned long long)v->dev->log[i].val,
				     buf[i]);
				break;
			}
	}
}

const struct test single_tests[] = {
	{ "vmm-native-io",	0,		t_native },
	{ "vmm-modes",		0,		t_modes },
	{ "unknown-numbers",	0,		t_unknown },
	{ "kvm-own-call",	0,		t_passthrough },
	{ "cpl3",		0,		t_cpl3 },
	{ "stock-enosys",	T_STOCK,	t_stock_enosys },
	{ "probe",		T_HANDLER,	t_probe },
	{ "probe-dirty",	T_HANDLER,	t_probe_dirty },
	{ "in-out",		T_HANDLER,	t_in_out },
	{ "in-sequence",	T_HANDLER,	t_in_sequence },
	{ "native-same",	T_HANDLER,	t_native_same },
	{ "limits",		T_HANDLER,	t_limits },
	{ "limits-32bit",	T_HANDLER,	t_limits_32 },
	{ "foreign-insn",	T_HANDLER,	t_foreign_insn },
	{ "kernel-devices",	T_HANDLER,	t_kernel_devices },
	{ "ioeventfd",		T_HANDLER,	t_ioeventfd },
	{ "ioeventfd-mixed",	T_HANDLER,	t_ioeventfd_mixed },
	{ "coalesced-pio",	T_HANDLER,	t_coalesced },
	{ }
};
