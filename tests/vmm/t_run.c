// SPDX-License-Identifier: GPL-2.0
/*
 * What happens between the exit and the re-entry: signals, migration, reset,
 * a VMM that scribbles or dies, other vCPUs, a nested guest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

static const u64 string_nr[] = { PIO_HCALL_INS, PIO_HCALL_OUTS };

static const u64 single_nr[] = {
	PIO_HCALL_IN, PIO_HCALL_OUT, PIO_HCALL_READ, PIO_HCALL_WRITE
};

/* all that one access, or a string of them, can be */
static const u64 transfer_nr[] = {
	PIO_HCALL_IN, PIO_HCALL_OUT, PIO_HCALL_READ, PIO_HCALL_WRITE,
	PIO_HCALL_INS, PIO_HCALL_OUTS
};

static bool is_string(u64 nr)
{
	return nr == PIO_HCALL_INS || nr == PIO_HCALL_OUTS;
}

static bool reads(u64 nr)
{
	return nr == PIO_HCALL_IN || nr == PIO_HCALL_READ;
}

static u64 place(u64 nr)
{
	return is_mmio(nr) ? MMIO_GPA + 0x1238 : 0x5000;
}

static void fill(u8 *p, u64 len)
{
	u64 i;

	for (i = 0; i < len; i++)
		p[i] = i * 11 + (i >> 8) * 5 + 1;
}

/* Memory and log agree, element by element; for INS and OUTS alike. */
static void compare(struct vcpu *v, const struct call *c)
{
	const u8 *p = vm_hva(v->vm, c->val);
	u64 i;

	EQ(v->dev->n, c->count);
	for (i = 0; i < c->count && i < v->dev->n; i++) {
		u64 val = 0;

		memcpy(&val, p + i * c->size, c->size);
		if (v->dev->log[i].val != val ||
		    v->dev->log[i].size != c->size ||
		    v->dev->log[i].addr != c->port) {
			FAIL("element %llu: memory %#llx, device %#llx (port %#llx, size %u)",
			      (unsigned long long)i, (unsigned long long)val,
			      (unsigned long long)v->dev->log[i].val,
			      (unsigned long long)v->dev->log[i].addr,
			      v->dev->log[i].size);
			return;
		}
	}
}

/*
 * Between two elements: the registers say exactly what the device has seen.
 * Returns false when the call is over.
 */
static bool check_progress(struct vcpu *v, const struct call *c)
{
	struct kvm_regs r;

	vcpu_get(v, &r);
	EQ(c->count - r.rsi, v->dev->n);
	EQ(r.rdx, c->val + v->dev->n * c->size);
	if (v->dev->n == c->count)
		return false;
	EQ(r.rip, CODE_GPA);
	EQ(r.rax, c->nr);
	return true;
}

static void t_progress(void)
{
	struct vcpu *v = ring_vcpu();
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct call c = { string_nr[i], 0x5000, 2, BUF_GPA + 0xfff,
				  20000 };
		struct kvm_regs before, r;
		u64 at = 0;

		ctx("%s", name_of(c.nr));
		fill(vm_hva(v->vm, c.val), c.count * c.size);
		dev_reset(v->dev);
		call_prepare(v, &c, &before);
		while (at < c.count) {
			if (vcpu_enter(v) != STOP_IO) {
				FAIL("stopped early");
				return;
			}
			vcpu_serve(v);
			if (!CHECK(v->dev->n > at, "no progress"))
				return;
			at = v->dev->n;
			if (!vcpu_settle(v))
				return;
			check_progress(v, &c);
			vcpu_get(v, &r);
			check_preserved(v, &before, &r);
		}
		/* The completion of the last element ends the call. */
		vcpu_get(v, &r);
		EQ(r.rax, 0);
		EQ(r.rsi, 0);
		EQ(r.rip, CODE_GPA + CALL_INSN_LEN);
		call_finish(v, &before, &r);
		compare(v, &c);
	}
}

static void signals(bool masked)
{
	struct {
		struct kvm_signal_mask m;
		u8 set[8];
	} mask = { .m.len = 8 };
	struct vcpu *v = ring_vcpu();
	unsigned int i, eintr = 0;
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	if (masked) {
		/* As old VMMs do it: the signal gets in during KVM_RUN only. */
		pthread_sigmask(SIG_BLOCK, &usr1, NULL);
		if (ioctl(v->fd, KVM_SET_SIGNAL_MASK, &mask))
			DIE("KVM_SET_SIGNAL_MASK: %s", strerror(errno));
	}
	/* Again, if few signals came in between: the alarm bounds it. */
	for (i = 0; i < 2 && !failed(); i += eintr >= 10) {
		struct call c = { string_nr[i], 0x5000, 2, BUF_GPA + 1, 200000 };
		struct nagger n;
		struct kvm_regs before, r;

		ctx("%s", name_of(c.nr));
		fill(vm_hva(v->vm, c.val), c.count * c.size);
		dev_reset(v->dev);
		call_prepare(v, &c, &before);
		nag_start(&n, 42 + i);
		for (eintr = 0;;) {
			enum stop s = vcpu_enter(v);

			if (s == STOP_IO) {
				vcpu_serve(v);
			} else if (s == STOP_INTR) {
				struct timespec zero = { 0, 0 };

				eintr++;
				check_progress(v, &c);
				if (masked)
					sigtimedwait(&usr1, NULL, &zero);
			} else {
				break;
			}
		}
		nag_stop(&n);
		vcpu_get(v, &r);
		EQ(r.rax, 0);
		EQ(r.rsi, 0);
		EQ(r.rdx, c.val + c.count * c.size);
		check_preserved(v, &before, &r);
		compare(v, &c);
		note("%s: %u signals, %u times -EINTR", name_of(c.nr), n.sent,
		     eintr);
	}
}

static void t_signals(void)
{
	signals(false);
}

static void t_signal_mask(void)
{
	signals(true);
}

/* -EINTR before each entry and after each exit, without any luck involved. */
static void t_immediate_exit(void)
{
	struct vcpu *v = ring_vcpu();
	unsigned int i;
	u64 size;

	for (i = 0; i < ARRAY_SIZE(single_nr); i++)
		for (size = 1; size <= 8; size *= 2) {
			u64 nr = single_nr[i];
			struct call c = { nr, place(nr), size,
					  0xfedcba9876543210, 0x55 };
			struct kvm_regs before, r;

			if (size == 8 && !is_mmio(nr))
				continue;
			ctx("%s of %llu", name_of(nr),
			    (unsigned long long)size);
			dev_reset(v->dev);
			call_prepare(v, &c, &before);
			if (!vcpu_settle(v))
				return;
			vcpu_get(v, &r);
			EQ(r.rip, CODE_GPA);
			if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
				return;
			/* Nothing may show before the device has answered. */
			vcpu_get(v, &r);
			EQ(r.rdx, before.rdx);
			vcpu_serve(v);
			if (!vcpu_settle(v))
				return;
			vcpu_get(v, &r);
			EQ(r.rip, CODE_GPA + CALL_INSN_LEN);
			EQ(r.rax, 0);
			EQ(r.rdx, reads(nr) ? dev_value(0) & mask_of(size) :
			   c.val);
			call_finish(v, &before, &r);
			EQ(v->dev->n, 1);
		}
}

/* Leave for a new machine right after every exit. */
static void t_migrate(void)
{
	unsigned int i, moves;

	for (i = 0; i < ARRAY_SIZE(transfer_nr); i++) {
		struct vcpu *v = ring_vcpu(), *to, *first = v;
		u64 nr = transfer_nr[i];
		struct call c = { nr, place(nr), 2, BUF_GPA + 3, 12000 };
		struct kvm_regs before, r;
		enum stop s;

		ctx("%s", name_of(nr));
		fill(vm_hva(v->vm, BUF_GPA + 3), 24000);
		call_prepare(v, &c, &before);
		for (moves = 0; (s = vcpu_enter(v)) == STOP_IO; moves++) {
			vcpu_serve(v);
			if (!vcpu_settle(v))
				return;
			to = vm_clone(v);
			vcpu_use_ring(to);
			if (v != first)	/* the device lives there */
				vm_destroy(v->vm);
			v = to;
			if (moves > 50) {
				FAIL("no end");
				return;
			}
		}
		if (s != STOP_DONE)
			return;
		vcpu_get(v, &r);
		EQ(r.rip, CODE_GPA + CALL_INSN_LEN + EXIT_INSN_LEN);
		EQ(r.rax, 0);
		check_preserved(v, &before, &r);
		if (is_string(nr)) {
			EQ(r.rsi, 0);
			EQ(r.rdx, c.val + 24000);
			compare(v, &c);
			CHECK(moves >= 6, "only %u exits", moves);
		} else {
			EQ(v->dev->n, 1);
			EQ(r.rdx, reads(nr) ? dev_value(0) & 0xffff : c.val);
		}
	}
}

/*
 * The device resets the machine while the call is in it (ports 0x92, 0xcf9):
 * the VMM sets registers, and what was pending must not change them.
 */
static void t_reset(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(transfer_nr); i++)
		for (j = 0; j < 3; j++) {
			u64 nr = transfer_nr[i];
			struct call c = { nr, is_mmio(nr) ? place(nr) : 0xcf9,
					  1, BUF_GPA, 10000 };
			u8 *buf = vm_hva(v->vm, BUF_GPA);
			struct kvm_regs before, set, r;
			u64 n, k;

			ctx("%s, %s", name_of(nr), j == 0 ? "stub only" :
			    j == 1 ? "stub that calls" : "settle first");
			memset(buf, 0x5c, 10000);
			dev_reset(v->dev);
			call_prepare(v, &c, &before);
			if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
				return;
			vcpu_serve(v);
			n = v->dev->n;

			/* somewhere else, as if from the reset vector */
			set = before;
			set.rip = CODE2_GPA;
			set.rax = 0x1111111111111111;
			set.rbx = 0x2222222222222222;
			set.rcx = 0x3333333333333333;
			set.rdx = 0x4444444444444444;
			set.rsi = 0x5555555555555555;
			load_call(v->vm, CODE2_GPA);
			if (j == 1) {
				set.rax = PIO_HCALL_OUT;
				set.rbx = 0x5003;
				set.rcx = 1;
				set.rdx = 0x66;
			} else {
				set.rip += CALL_INSN_LEN;
			}
			vcpu_set(v, &set);
			if (j == 2) {
				if (!vcpu_settle(v))
					return;
				vcpu_get(v, &r);
				EQ(r.rip, set.rip);
			}
			if (vcpu_go(v) != STOP_DONE)
				return;
			vcpu_get(v, &r);
			EQ(r.rip, CODE2_GPA + CALL_INSN_LEN + EXIT_INSN_LEN);
			EQ(r.rax, j == 1 ? 0 : set.rax);
			EQ(r.rdx, set.rdx);
			EQ(r.rsi, set.rsi);
			check_preserved(v, &set, &r);
			EQ(v->dev->n, n + (j == 1));
			if (j == 1 && v->dev->n == n + 1) {
				EQ(v->dev->log[n].addr, 0x5003);
				EQ(v->dev->log[n].val, 0x66);
			}
			for (k = 0; k < 10000 && buf[k] == 0x5c; k++)
				;
			CHECK(k == 10000, "memory written at +%llu after the reset",
			      (unsigned long long)k);

			/* and the vCPU is none the worse for it */
			c = (struct call){ PIO_HCALL_IN, 0x5000, 1, ~0ULL, 0 };
			dev_reset(v->dev);
			if (do_call(v, &c, &r)) {
				EQ(r.rax, 0);
				EQ(r.rdx, dev_value(0) & 0xff);
			}
		}
}

/*
 * A device that sets registers of the vCPU, but for RIP, as QEMU's vmport does: the
 * access was made, once, and the call ends as any other.
 */
static void t_rax_changed(void)
{
	struct vcpu *v = one_vcpu();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(transfer_nr); i++) {
		u64 nr = transfer_nr[i];
		struct call c = { nr, place(nr), 2, is_string(nr) ? BUF_GPA :
				  0x1234, is_string(nr) ? 5000 : 0 };
		struct kvm_regs before, set, r;

		ctx("%s", name_of(nr));
		dev_reset(v->dev);
		call_prepare(v, &c, &before);
		if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
			return;
		vcpu_serve(v);
		vcpu_get(v, &set);
		set.rax = 0x564d5868;
		vcpu_set(v, &set);
		if (!call_finish(v, &before, &r))
			return;
		EQ(r.rax, 0);
		EQ(v->dev->n, is_string(nr) ? c.count : 1);
		if (reads(nr))
			EQ(r.rdx, dev_value(0) & 0xffff);
	}
}

/* kvm_run belongs to userspace; what is in it afterwards proves nothing. */
static void t_tamper(void)
{
	struct vcpu *v = ring_vcpu();
	unsigned int i, how;

	for (i = 0; i < ARRAY_SIZE(transfer_nr); i++)
		for (how = 0; how < NR_TAMPERS; how++) {
			u64 n = 5000, len = n * 2, k, nr = transfer_nr[i];
			struct call c = { nr, place(nr), 2, is_string(nr) ?
					  BUF_GPA + 1 : 0xfedcba9876543210, n };
			u8 *buf = vm_hva(v->vm, BUF_GPA + 1);
			struct kvm_regs before, r;
			enum stop s;

			ctx("%s, way %u", name_of(nr), how);
			memset(buf - 0x1001, 0x5c, len + 0x3000);
			fill(buf, len);
			dev_reset(v->dev);
			call_prepare(v, &c, &before);
			while ((s = vcpu_enter(v)) == STOP_IO ||
			       s == STOP_INTR) {
				if (s == STOP_INTR)
					continue;
				vcpu_serve(v);
				vcpu_tamper(v, how);
			}
			if (s != STOP_DONE)
				return;
			vcpu_get(v, &r);
			EQ(r.rip, CODE_GPA + CALL_INSN_LEN + EXIT_INSN_LEN);
			EQ(r.rax, 0);
			check_preserved(v, &before, &r);
			if (!is_string(nr)) {
				EQ(v->dev->n, 1);
				EQ(r.rdx, reads(nr) ? dev_value(0) & 0xffff :
				   c.val);
			} else {
				EQ(r.rsi, 0);
				EQ(r.rdx, c.val + len);
				compare(v, &c);
			}
			for (k = 0; k < 0x1000; k++)
				if (buf[-1 - (long)k] != 0x5c ||
				    buf[len + k] != 0x5c)
					break;
			CHECK(k == 0x1000, "overrun, %llu bytes away",
			      (unsigned long long)k + 1);
		}
}

static void t_slot_deleted(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct vcpu *v = one_vcpu();
		struct call c = { string_nr[i], 0x5000, 1, 0xa00000, 10000 };
		struct kvm_regs before, r;
		u64 n;

		ctx("%s", name_of(c.nr));
		vm_add_slot(v->vm, 1, 0xa00000, 0x10000, 0);
		call_prepare(v, &c, &before);
		if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
			return;
		vcpu_serve(v);
		n = v->dev->n;
		vm_set_slot(v->vm, 1, 0, false);
		if (!call_finish(v, &before, &r))
			return;
		EQ(r.rax, ERR(KVM_EFAULT));
		EQ(v->dev->n, n);
		note("%s: of %llu elements, %llu done by RSI, %llu at the device",
		     name_of(c.nr), (unsigned long long)c.count,
		     (unsigned long long)(c.count - r.rsi),
		     (unsigned long long)n);
		EQ(r.rdx, c.val + (c.count - r.rsi) * c.size);
		/* INS lost what it had read: those elements are not done. */
		EQ(c.count - r.rsi, c.nr == PIO_HCALL_OUTS ? n : 0);

		/* With the memory back, the call can be made again. */
		vm_set_slot(v->vm, 1, 0, true);
		dev_reset(v->dev);
		if (do_call(v, &c, &r)) {
			EQ(r.rax, 0);
			compare(v, &c);
		}
	}
}

/*
 * The handler is switched off while userspace has an access, as it would be
 * missing after migration: what was begun is completed, the rest is KVM's
 * -KVM_ENOSYS, with the registers saying how much that is.
 */
static void t_disabled_midway(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct vcpu *v = ring_vcpu();
		struct call c = { string_nr[i], 0x5000, 2, BUF_GPA, 10000 };
		struct kvm_regs before, r;

		ctx("%s", name_of(c.nr));
		fill(vm_hva(v->vm, c.val), c.count * c.size);
		call_prepare(v, &c, &before);
		if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
			return;
		vcpu_serve(v);
		handler_enable(false);
		if (call_finish(v, &before, &r)) {
			EQ(r.rax, ERR(KVM_ENOSYS));
			EQ(v->dev->n, 0x1000 / c.size);
			EQ(c.count - r.rsi, v->dev->n);
			EQ(r.rdx, c.val + v->dev->n * c.size);
			c.count = v->dev->n;
			compare(v, &c);
		}
		ctx("%s, single", name_of(c.nr));
		c.nr = c.nr == PIO_HCALL_INS ? PIO_HCALL_IN : PIO_HCALL_OUT;
		dev_reset(v->dev);
		if (do_call(v, &c, &r)) {
			EQ(r.rax, ERR(KVM_ENOSYS));
			EQ(v->dev->n, 0);
		}
		handler_enable(true);
	}
}

static void t_refused_midway(void)
{
	switch_own = true;
	t_disabled_midway();
}

static u64 probe(struct vcpu *v)
{
	struct call c = { .nr = PIO_HCALL_PROBE };
	struct kvm_regs r;

	return do_call(v, &c, &r) ? r.rax : 1;
}

/* What the parameter says, without its end of line. */
static const char *refused_pids(void)
{
	static char said[64];
	FILE *f = fopen("/sys/module/kvm_hcall/parameters/refuse", "r");

	if (!f || !fgets(said, sizeof(said), f))
		DIE("parameter refuse cannot be read");
	fclose(f);
	said[strcspn(said, "\n")] = '\0';
	return said;
}

/*
 * One process's VMs are refused, before the first call or after it, and another's are not; on
 * again, they are answered.
 */
static void t_refuse(void)
{
	struct vcpu *called = one_vcpu(), *silent = one_vcpu();
	char me[16], both[32];
	int tell[2], status;
	pid_t child;
	char c;

	EQ(probe(called), 0);
	if (pipe(tell))
		DIE("pipe");
	child = fork();
	if (child < 0)
		DIE("fork");
	if (!child) {
		/* It has a VM of its own: the parent's are of another address space. */
		if (read(tell[0], &c, 1) != 1)
			_exit(1);
		ctx("another process");
		EQ(probe(one_vcpu()), 0);
		_exit(failed());
	}
	snprintf(me, sizeof(me), "%d", getpid());
	snprintf(both, sizeof(both), "%d,%d", child, getpid());
	EQ(handler_refuse(me), 0);
	CHECK(!strcmp(refused_pids(), me), "it says '%s'", refused_pids());
	EQ(probe(called), ERR(KVM_ENOSYS));
	EQ(probe(silent), ERR(KVM_ENOSYS));
	if (write(tell[1], "", 1) != 1 || waitpid(child, &status, 0) != child)
		DIE("the other process");
	EQ(status, 0);

	ctx("wrong ones");
	EQ(handler_refuse("x"), EINVAL);
	EQ(handler_refuse("1,"), EINVAL);
	EQ(handler_refuse(",1"), EINVAL);
	EQ(handler_refuse("1,-1"), EINVAL);
	EQ(handler_refuse("99999999999"), ERANGE);
	EQ(handler_refuse("0"), ESRCH);
	EQ(handler_refuse("2147483647"), ESRCH);
	EQ(handler_refuse(both), ESRCH);
	CHECK(!strcmp(refused_pids(), me), "it says '%s'", refused_pids());
	EQ(probe(called), ERR(KVM_ENOSYS));

	ctx("answered again");
	EQ(handler_refuse("\n"), 0);
	CHECK(!*refused_pids(), "it says '%s'", refused_pids());
	EQ(probe(called), 0);
	EQ(probe(silent), 0);
}

/* One that has ended is not in there any more, though it was, behind one that has not. */
static void t_refuse_ended(void)
{
	char list[32], me[16];
	pid_t child = fork();

	if (child < 0)
		DIE("fork");
	if (!child) {
		pause();
		_exit(0);
	}
	snprintf(me, sizeof(me), "%d", getpid());
	snprintf(list, sizeof(list), "%d,%d\n", getpid(), child);
	EQ(handler_refuse(list), 0);
	list[strlen(list) - 1] = '\0';
	CHECK(!strcmp(refused_pids(), list), "it says '%s'", refused_pids());
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	CHECK(!strcmp(refused_pids(), me), "it says '%s'", refused_pids());
	EQ(handler_refuse("\n"), 0);
}

/* A counter of the VM with that descriptor, or of all if it is -1; -1 without the file. */
static long counter(int fd, const char *name)
{
	char path[96], line[64];
	size_t len = strlen(name);
	long n = -1;
	FILE *f;

	if (fd >= 0)
		snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/kvm_hcall", getpid(), fd);
	else
		snprintf(path, sizeof(path), "/sys/kernel/debug/kvm_hcall/stats");
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ' ')
			n = atol(line + len);
	fclose(f);
	return n;
}

/* Each VM has its own counters, of all its vCPUs; those of all VMs keep what ended ones did. */
static void t_counters(void)
{
	struct vcpu *v = one_vcpu(), *second = vcpu_create(v->vm, 1), *other = one_vcpu();
	struct call bad = { PIO_HCALL_IN, 0x5000, 3, 0, 0 };
	struct kvm_regs r;
	long all = counter(-1, "calls_in"), refusals = counter(-1, "refused_disabled");
	int one = v->vm->fd, two = other->vm->fd, i;
	char me[16];

	EQ(counter(one, "calls_in"), -1);
	for (i = 0; i < 5; i++)
		quick(i % 2 ? second : v, PIO_HCALL_IN, 0x5000, 1, 0);
	for (i = 0; i < 3; i++)
		quick(other, PIO_HCALL_IN, 0x5000, 1, 0);
	do_call(v, &bad, &r);
	EQ(counter(one, "calls_in"), 6);
	EQ(counter(one, "sent_to_userspace"), 5);
	EQ(counter(one, "refused_size"), 1);
	EQ(counter(two, "calls_in"), 3);
	EQ(counter(two, "refused_size"), 0);
	EQ(counter(-1, "calls_in"), all + 9);
	ctx("refused");
	snprintf(me, sizeof(me), "%d", getpid());
	EQ(handler_refuse(me), 0);
	EQ(probe(other), ERR(KVM_ENOSYS));
	EQ(handler_refuse("\n"), 0);
	EQ(counter(one, "refused_disabled"), 0);
	EQ(counter(two, "refused_disabled"), 1);
	EQ(counter(-1, "refused_disabled"), refusals + 1);
	ctx("gone");
	vm_destroy(v->vm);
	EQ(counter(one, "calls_in"), -1);
	EQ(counter(two, "calls_in"), 3);
	EQ(counter(-1, "calls_in"), all + 9);
}

/* The memory turns read-only in the host while the data is under way. */
static void t_slot_readonly(void)
{
	struct vcpu *v = one_vcpu();
	struct call c = { PIO_HCALL_INS, 0x5000, 1, 0xa00000, 10000 };
	struct kvm_regs before, r;
	u8 *mem = vm_add_slot(v->vm, 1, 0xa00000, 0x10000, 0);
	u64 n;

	memset(mem, 0x5c, 0x10000);
	call_prepare(v, &c, &before);
	if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
		return;
	vcpu_serve(v);
	n = v->dev->n;
	/* flags of a live slot cannot change this way: delete, make anew */
	vm_set_slot(v->vm, 1, 0, false);
	vm_set_slot(v->vm, 1, KVM_MEM_READONLY, true);
	if (!call_finish(v, &before, &r))
		return;
	EQ(r.rax, ERR(KVM_EFAULT));
	EQ(v->dev->n, n);
	CHECK(mem[0] == 0x5c && !memcmp(mem, mem + 1, 0xffff),
	      "read-only memory was written");
}

#define SVM_CPUID_ASID		1
#define INTERCEPT_UD		(1U << 6)
#define INTERCEPT_HLT_SHUTDOWN	(1U << 24 | 1U << 31)
#define INTERCEPT_VMRUN		(1U << 0)
#define INTERCEPT_VMMCALL	(1U << 1)
#define EXIT_VMMCALL		0x81
#define EXIT_UD			0x46
#define EFER_SVME		(1UL << 12)
#define MSR_VM_HSAVE_PA		0xc0010117

static void vmcb_seg(u8 *vmcb, unsigned int off, const struct kvm_segment *s)
{
	u16 attr = s->type | s->s << 4 | s->dpl << 5 | s->present << 7 |
		   s->avl << 8 | s->l << 9 | s->db << 10 | s->g << 11;

	memcpy(vmcb + off, &s->selector, 2);
	memcpy(vmcb + off + 2, &attr, 2);
	memcpy(vmcb + off + 4, &s->limit, 4);
	memcpy(vmcb + off + 8, &s->base, 8);
}

static void put32(u8 *p, unsigned int off, u32 val)
{
	memcpy(p + off, &val, 4);
}

static void put64(u8 *p, unsigned int off, u64 val)
{
	memcpy(p + off, &val, 8);
}

static u64 get64(const u8 *p, unsigned int off)
{
	u64 val;

	memcpy(&val, p + off, 8);
	return val;
}

static struct vcpu *nested_setup(const struct call *c, bool hear,
				 struct kvm_regs *before)
{
	struct {
		struct kvm_msrs h;
		struct kvm_msr_entry e;
	} msr = { .h.nmsrs = 1, .e = { .index = MSR_VM_HSAVE_PA,
				       .data = HSAVE_GPA } };
	struct vcpu *v = one_vcpu();
	u8 *vmcb = vm_hva(v->vm, VMCB_GPA);
	struct kvm_sregs s;

	vcpu_mode(v, MODE_LONG, EFER_SVME);
	if (ioctl(v->fd, KVM_SET_MSRS, &msr) != 1)
		DIE("KVM_SET_MSRS: %s", strerror(errno));
	if (ioctl(v->fd, KVM_GET_SREGS, &s))
		DIE("KVM_GET_SREGS: %s", strerror(errno));
	call_prepare(v, c, before);
	load_code(v->vm, CODE_GPA, pay_vmrun, pay_vmrun_end - pay_vmrun);
	load_call(v->vm, NCODE_GPA);
	put32(vmcb, 0x08, INTERCEPT_UD);
	put32(vmcb, 0x0c, INTERCEPT_HLT_SHUTDOWN);
	put32(vmcb, 0x10, INTERCEPT_VMRUN | (hear ? INTERCEPT_VMMCALL : 0));
	put32(vmcb, 0x58, SVM_CPUID_ASID);
	vmcb_seg(vmcb, 0x400, &s.es);
	vmcb_seg(vmcb, 0x410, &s.cs);
	vmcb_seg(vmcb, 0x420, &s.ss);
	vmcb_seg(vmcb, 0x430, &s.ds);
	put64(vmcb, 0x4d0, s.efer);
	put64(vmcb, 0x548, s.cr4);
	put64(vmcb, 0x550, s.cr3);
	put64(vmcb, 0x558, s.cr0);
	put64(vmcb, 0x560, 0x400);		/* DR7 */
	put64(vmcb, 0x568, 0xffff0ff0);		/* DR6 */
	put64(vmcb, 0x570, 2);			/* RFLAGS */
	put64(vmcb, 0x578, NCODE_GPA);		/* RIP */
	put64(vmcb, 0x5d8, 0x7000);		/* RSP */
	put64(vmcb, 0x5f8, c->nr);		/* RAX */
	put64(vmcb, 0x668, 0x0007040600070406);	/* PAT */
	before->rax = VMCB_GPA;
	before->rflags = 2;
	vcpu_set(v, before);
	return v;
}

static void nested_result(struct vcpu *v, const struct call *c, u64 exit,
			  const struct kvm_regs *before)
{
	const u8 *vmcb = vm_hva(v->vm, VMCB_GPA);
	struct kvm_regs r;

	vcpu_get(v, &r);
	EQ(get64(vmcb, 0x70), exit);
	EQ(get64(vmcb, 0x5f8), c->nr);
	EQ(get64(vmcb, 0x578), NCODE_GPA);
	EQ(r.rax, VMCB_GPA);
	EQ(r.rdx, c->val);
	EQ(r.rsi, c->count);
	check_preserved(v, before, &r);
}

static struct call nested_call(u64 nr)
{
	struct call c = { nr, 0x5000, 1, BUF_GPA, 4 };

	if (nr == PIO_HCALL_PROBE || nr == PIO_HCALL_BATCH)
		c.port = c.size = 0;
	if (is_mmio(nr))
		c.port = MMIO_GPA;
	return c;
}

static void need_nested_svm(void)
{
	if (!cpu_is_amd())
		skip("the payload is for SVM");
	if (!kvm_has_nested_svm())
		skip("KVM offers no nested SVM");
}

/*
 * A guest of our guest makes the call.  It is its own hypervisor's to answer;
 * L0's devices are not L2's.
 */
static void t_nested(void)
{
	u64 nr;

	need_nested_svm();
	for (nr = PIO_HCALL_PROBE; nr < PIO_HCALL_END; nr++) {
		struct call c = nested_call(nr);
		struct kvm_regs before;
		struct vcpu *v = nested_setup(&c, true, &before);

		ctx("%s", name_of(nr));
		if (vcpu_go(v) != STOP_DONE)
			return;
		EQ(v->dev->n, 0);
		nested_result(v, &c, EXIT_VMMCALL, &before);
		vm_destroy(v->vm);
	}
}

/*
 * The same when the nested hypervisor does not want to hear of VMMCALL: #UD by
 * the architecture.  KVM 6.1, with or without the handler, takes the #UD for
 * the other vendor's instruction, writes VMMCALL over VMMCALL and tries again,
 * for ever.  That is not ours to fix, so it passes; an access does not.
 */
static void t_nested_unheard(void)
{
	u64 nr;

	need_nested_svm();
	for (nr = PIO_HCALL_PROBE; nr < PIO_HCALL_END; nr++) {
		struct call c = nested_call(nr);
		time_t end = time(NULL) + 2;
		struct kvm_regs before, r;
		struct vcpu *v = nested_setup(&c, false, &before);
		struct nagger n;
		enum stop s;

		ctx("%s", name_of(nr));
		nag_start(&n, 1);
		do {
			s = vcpu_enter(v);
		} while (s == STOP_INTR && time(NULL) <= end);
		nag_stop(&n);
		CHECK(s != STOP_IO, "the call reached the device");
		EQ(v->dev->n, 0);
		vcpu_get(v, &r);
		if (s == STOP_DONE) {
			nested_result(v, &c, EXIT_UD, &before);
		} else if (s == STOP_INTR) {
			note("%s: KVM repeats the instruction for ever",
			     name_of(nr));
			EQ(r.rip, NCODE_GPA);
			EQ(r.rax, nr);
		}
		vm_destroy(v->vm);
	}
}

#define LOOPS	3000

static void t_two_vcpus(void)
{
	struct vm *vm = vm_create(0);
	static struct dev devs[2];
	struct vcpu *v[2];
	unsigned int i, round;
	u64 k, sum;

	for (i = 0; i < 2; i++) {
		v[i] = vcpu_create(vm, i);
		v[i]->dev = &devs[i];
	}
	/* both write; one reads and one writes; both read */
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 2; i++) {
			bool in = i < round;
			u64 gpa = i ? CODE2_GPA : CODE_GPA;
			struct kvm_regs r = {
				.r8 = in ? PIO_HCALL_IN : PIO_HCALL_OUT,
				.rbx = 0x5000 + 0x100 * i, .rcx = 2 + 2 * i,
				.rdx = i * 0x1000000, .r9 = LOOPS,
				.rip = gpa, .rflags = 2,
			};

			if (in)
				load_code(vm, gpa, pay_in_loop,
					  pay_in_loop_end - pay_in_loop);
			else
				load_code(vm, gpa, pay_out_loop,
					  pay_out_loop_end - pay_out_loop);
			vcpu_set(v[i], &r);
			dev_reset(v[i]->dev);
		}
		for (i = 0; i < 2; i++)
			vcpu_spawn(v[i]);
		for (i = 0; i < 2; i++) {
			enum stop s = vcpu_join(v[i]);

			ctx("round %u, vCPU %u", round, i);
			CHECK(s == STOP_DONE, "did not end");
		}
		for (i = 0; i < 2; i++) {
			struct dev *d = v[i]->dev;
			bool in = i < round;
			struct kvm_regs r;

			ctx("round %u, vCPU %u", round, i);
			vcpu_get(v[i], &r);
			EQ(r.rax, 0);
			EQ(r.r9, 0);
			EQ(d->n, LOOPS);
			for (k = 0, sum = 0; k < d->n && k < LOOPS; k++) {
				u32 size = 2 + 2 * i;
				u32 want = in ? dev_value(k) : i * 0x1000000 + k;

				want &= mask_of(size);
				sum += want;
				if (d->log[k].addr != 0x5000 + 0x100 * i ||
				    d->log[k].size != size ||
				    d->log[k].val != want) {
					FAIL("access %llu: port %#llx size %u value %#llx",
					      (unsigned long long)k,
					      (unsigned long long)d->log[k].addr,
					      d->log[k].size,
					      (unsigned long long)d->log[k].val);
					break;
				}
			}
			if (in)
				EQ(r.r10, sum);
		}
	}
}

/* Two vCPUs, both with string calls, into neighbouring buffers. */
static void t_two_vcpus_string(void)
{
	struct vm *vm = vm_create(0);
	static struct dev devs[2];
	const u64 n = 30000;
	struct vcpu *v[2];
	struct call c[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct kvm_regs r;

		v[i] = vcpu_create(vm, i);
		v[i]->dev = &devs[i];
		c[i] = (struct call){ string_nr[i], 0x5000 + i, 2,
				      BUF_GPA + 1 + i * n * 2, n };
		fill(vm_hva(vm, c[i].val), n * 2);
		call_prepare(v[i], &c[i], &r);
	}
	for (i = 0; i < 2; i++)
		vcpu_spawn(v[i]);
	for (i = 0; i < 2; i++) {
		enum stop s = vcpu_join(v[i]);

		ctx("%s", name_of(c[i].nr));
		CHECK(s == STOP_DONE, "did not end");
	}
	for (i = 0; i < 2; i++) {
		ctx("%s", name_of(c[i].nr));
		compare(v[i], &c[i]);
	}
}

enum victim { IN_EXIT, IN_RUN_USER, IN_RUN_KERNEL, NR_VICTIMS };

static void __attribute__((noreturn)) victim(enum victim how, u64 nr, int fd)
{
	struct vcpu *v = one_vcpu();
	struct call c = { nr, 0x5008, 1, BUF_GPA, 1000000 };
	struct batch b = { .v = v, .gpa = BUF_GPA };
	struct kvm_regs r;

	if (nr == PIO_HCALL_BATCH) {
		while (b.n < MAX)
			batch_add(&b, OP_WRITE, PIO,
				  1, 0x5008, 0);
		batch_load(&b);
		c = (struct call){ nr, 0, 0, BUF_GPA, b.n };
	}
	call_prepare(v, &c, &r);
	load_code(v->vm, CODE_GPA, pay_str_forever,
		  pay_str_forever_end - pay_str_forever);
	r.r8 = nr;
	r.r11 = c.val;
	r.r12 = c.count;
	vcpu_set(v, &r);
	if (how == IN_RUN_KERNEL)
		vm_ioeventfd(v->vm, PIO, 0x5008, 1, false, 0);
	if (how != IN_RUN_KERNEL) {
		if (vcpu_enter(v) != STOP_IO)
			_exit(4);
		vcpu_serve(v);
	}
	if (write(fd, "x", 1) != 1)
		_exit(5);
	if (how == IN_EXIT)
		for (;;)
			pause();
	for (;;) {
		enum stop s = vcpu_enter(v);

		if (s == STOP_BAD || s == STOP_DONE)
			_exit(6);
		if (s == STOP_IO) {
			vcpu_serve(v);
			dev_reset(v->dev);	/* the log is of no use here */
		}
	}
}

static void t_killed(void)
{
	int ref = handler_refcnt(), now = -1;
	unsigned int how, i, wait;

	for (how = 0; how < NR_VICTIMS; how++)
		for (i = 0; i < 8; i++) {
			u64 nr = i % 3 == 2 ? PIO_HCALL_BATCH :
				 how == IN_RUN_KERNEL || i % 3 ?
				 PIO_HCALL_OUTS : PIO_HCALL_INS;
			int status, p[2];
			pid_t pid;
			char x;

			ctx("way %u, round %u, %s", how, i, name_of(nr));
			if (pipe(p))
				DIE("pipe: %s", strerror(errno));
			fflush(stdout);
			pid = fork();
			if (!pid) {
				close(p[0]);
				victim(how, nr, p[1]);
			}
			close(p[1]);
			if (read(p[0], &x, 1) != 1)
				FAIL("the victim did not get there");
			close(p[0]);
			if (how != IN_EXIT)
				usleep(1000 + 3571 * i);
			if (how == IN_EXIT && ref >= 0 && i == 0)
				note("refcnt %d, with a VM in a call %d", ref,
				     handler_refcnt());
			kill(pid, SIGKILL);
			if (waitpid(pid, &status, 0) != pid)
				DIE("waitpid: %s", strerror(errno));
			CHECK(WIFSIGNALED(status), "ended by itself, status %#x",
			      status);
		}
	if (ref < 0)
		skip("no /sys/module/kvm_hcall/refcnt to look at");
	/* files are closed before the parent hears of it, RCU is not */
	for (wait = 0; wait < 100; wait++) {
		now = handler_refcnt();
		if (now == ref)
			break;
		usleep(100000);
	}
	ctx("afterwards");
	EQ(now, ref);

	ctx("a new VM");
	{
		struct vcpu *v = one_vcpu();
		struct call c = { PIO_HCALL_IN, 0x5000, 4, 0, 0 };
		struct kvm_regs r;

		if (do_call(v, &c, &r)) {
			EQ(r.rax, 0);
			EQ(r.rdx, dev_value(0) & mask_of(c.size));
		}
	}
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		DIE("cannot write %s to %s", text, path);
}

/* Make this thread's @nth allocation fail; returns what is left of the last @nth. */
static int fail_nth(int fd, unsigned int nth)
{
	char left[16] = "", text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pread(fd, left, sizeof(left) - 1, 0) <= 0 || pwrite(fd, text, len, 0) != len)
		DIE("fail-nth: %s", strerror(errno));
	return atoi(left);
}

/*
 * Each allocation of a vCPU's first call, KVM's too, fails in turn: there is an error, of the
 * call or of KVM_RUN, and the next call or KVM_RUN is as if nothing had been.
 */
static void t_no_memory(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR);
	static const u8 end[] = { 0xe6, EXIT_PORT };
	struct call c = { .nr = PIO_HCALL_PROBE };
	unsigned int nth, native = 0, failed = 0;

	put("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	put("/sys/kernel/debug/failslab/verbose", "0");
	put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	put("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	put("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	for (nth = 1; nth < 1000; nth++) {
		struct vcpu *v = one_vcpu();
		struct kvm_regs before, r;
		int err, left;

		ctx("allocation %u", nth);
		/* What KVM needs to run anything is not of interest. */
		call_prepare(v, &c, &before);
		load_code(v->vm, CODE_GPA, end, sizeof(end));
		if (vcpu_go(v) != STOP_DONE)
			return;
		call_prepare(v, &c, &before);
		fail_nth(fd, nth);
		err = ioctl(v->fd, KVM_RUN, 0) ? errno : 0;
		left = fail_nth(fd, 0);
		if (err) {
			failed++;
			EQ(err, ENOMEM);
			vcpu_get(v, &r);
			EQ(r.rip, CODE_GPA);
			if (!call_finish(v, &before, &r))
				return;
		} else {
			if (!vcpu_settle(v))
				return;
			vcpu_get(v, &r);
			native += r.rax == ERR(KVM_ENOSYS);
		}
		CHECK(!r.rax || r.rax == ERR(KVM_ENOSYS), "RAX is %#llx", r.rax);
		/* The next one is answered. */
		if (!do_call(v, &c, &r))
			return;
		EQ(r.rax, 0);
		EQ(r.rdx, PIO_HCALL_ABI_VERSION);
		vm_destroy(v->vm);
		if (left > 0)
			break;
	}
	note("%u allocations: KVM_RUN failed %u times, the call %u times", nth - 1, failed, native);
	/* A record, and its page. */
	CHECK(native >= 2, "the call failed %u times", native);
	CHECK(nth < 1000, "there is no end");
}

const struct test run_tests[] = {
	{ "immediate-exit",	T_HANDLER,	t_immediate_exit },
	{ "progress",		T_HANDLER,	t_progress },
	{ "signals",		T_HANDLER,	t_signals },
	{ "signal-mask",	T_HANDLER,	t_signal_mask },
	{ "migrate",		T_HANDLER,	t_migrate },
	{ "reset",		T_HANDLER,	t_reset },
	{ "rax-changed",	T_HANDLER,	t_rax_changed },
	{ "tamper",		T_HANDLER,	t_tamper },
	{ "disabled-midway",	T_HANDLER,	t_disabled_midway },
	{ "refused-midway",	T_HANDLER | T_MODULE, t_refused_midway },
	{ "refuse",		T_HANDLER | T_MODULE, t_refuse },
	{ "refuse-ended",	T_HANDLER | T_MODULE, t_refuse_ended },
	{ "counters",		T_HANDLER | T_MODULE, t_counters },
	{ "slot-deleted",	T_HANDLER,	t_slot_deleted },
	{ "slot-readonly",	T_HANDLER,	t_slot_readonly },
	{ "nested",		0,		t_nested },
	{ "nested-unheard",	0,		t_nested_unheard },
	{ "two-vcpus",		T_HANDLER,	t_two_vcpus },
	{ "two-vcpus-string",	T_HANDLER,	t_two_vcpus_string },
	{ "killed",		T_HANDLER | T_MODULE, t_killed },
	{ "no-memory",		T_HANDLER | T_FAULTS, t_no_memory },
	{ }
};
