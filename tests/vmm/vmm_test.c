// SPDX-License-Identifier: GPL-2.0
/*
 * Port I/O and MMIO by hypercall, seen from a VMM: the harness.
 *
 *	vmm_test [-l] [--no-handler] [NAME...]
 *
 * Each test is a process of its own, so that neither a crash nor a guest that
 * hangs takes the others along, and so that every VM is gone when the next
 * test looks at the module's reference count.
 *
 * Output is KTAP, exit status 0 when nothing failed.  VMM_TEST_TIMEOUT is the
 * number of seconds one test may take (default 120); VMM_TEST_SEED repeats a
 * random test, VMM_TEST_CALLS is how long a storm is (t_storm.c).  With VMM_TEST_STOP each test's
 * process stops before it begins, for whoever wants to have a look at it (SIGCONT).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

#define EXIT_SKIP	77
#define MAX_REPORTS	25

bool no_handler;

static char *skip_reason;	/* shared with the child */
static char context[160];
static unsigned int failures;

void ctx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

static void vfail(const char *file, int line, const char *fmt, va_list ap)
{
	unsigned int n = __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
	char msg[512];

	if (n > MAX_REPORTS)
		return;
	vsnprintf(msg, sizeof(msg), fmt, ap);
	printf("# %s:%d: %s%s%s\n", file, line, context, *context ? ": " : "",
	       msg);
	if (n == MAX_REPORTS)
		printf("# (further failures of this test are not shown)\n");
}

bool fail_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfail(file, line, fmt, ap);
	va_end(ap);
	return false;
}

/* Has anything failed in this process? */
bool failed(void)
{
	return failures;
}

void die_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfail(file, line, fmt, ap);
	va_end(ap);
	fflush(stdout);
	_exit(1);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(skip_reason, 256, fmt, ap);
	va_end(ap);
	fflush(stdout);
	/* What failed before there was a reason to stop has still failed. */
	_exit(failures ? 1 : EXIT_SKIP);
}

int handler_refcnt(void)
{
	FILE *f = fopen("/sys/module/kvm_hcall/refcnt", "r");
	int n = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

bool switch_own;

/* Do not answer the VMs of these processes: 0, or what is wrong with them. */
int handler_refuse(const char *pids)
{
	int fd = open("/sys/module/kvm_hcall/parameters/refuse", O_WRONLY), err;

	if (fd < 0)
		DIE("no parameter refuse");
	err = write(fd, pids, strlen(pids)) < 0 ? errno : 0;
	close(fd);
	return err;
}

static void own_enable(bool on)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d\n", getpid());
	EQ(handler_refuse(on ? "\n" : pid), 0);
}

void handler_enable(bool on)
{
	bool series = kvm_has_series();
	FILE *f = fopen(series ? "/sys/module/kvm/parameters/pio_hypercall" :
			"/sys/module/kvm_hcall/parameters/enable", "w");

	if (switch_own) {
		own_enable(on);
		return;
	}
	if (!f)
		skip("no switch to turn the handler off with");
	fputs(on ? "Y" : "N", f);
	fclose(f);
	if (series)
		vms_allow(on);
}

static void *nag(void *arg)
{
	struct nagger *n = arg;

	while (!n->stop) {
		struct timespec t = { 0, rand_r(&n->seed) % 400000 };

		nanosleep(&t, NULL);
		pthread_kill(n->victim, SIGUSR1);
		n->sent++;
	}
	return NULL;
}

void nag_start(struct nagger *n, unsigned int seed)
{
	*n = (struct nagger){ .victim = pthread_self(), .seed = seed };
	if (pthread_create(&n->thread, NULL, nag, n))
		DIE("pthread_create");
}

void nag_stop(struct nagger *n)
{
	n->stop = true;
	pthread_join(n->thread, NULL);
}

const char *name_of(u64 nr)
{
	static const char * const n[] = {
		"PROBE", "IN", "OUT", "INS", "OUTS", "READ", "WRITE", "BATCH"
	};

	nr = (u32)nr - PIO_HCALL_BASE;
	return nr < ARRAY_SIZE(n) ? n[nr] : "unknown call";
}

/*
 * Every register gets a value that cannot come about by accident, and RFLAGS
 * all the arithmetic flags and DF (string calls go upwards regardless).
 */
void call_prepare(struct vcpu *v, const struct call *c, struct kvm_regs *r)
{
	load_call(v->vm, CODE_GPA);
	*r = (struct kvm_regs) {
		.rax = c->nr,	.rbx = c->port,	.rcx = c->size,
		.rdx = c->val,	.rsi = c->count,
		.rdi = 0x1122334455667788, .rbp = 0x2233445566778899,
		.rsp = 0x00007fffdeadbee8,
		.r8  = 0x8888888800000008, .r9  = 0x9999999900000009,
		.r10 = 0xaaaaaaaa0000000a, .r11 = 0xbbbbbbbb0000000b,
		.r12 = 0xcccccccc0000000c, .r13 = 0xdddddddd0000000d,
		.r14 = 0xeeeeeeee0000000e, .r15 = 0xffffffff0000000f,
		.rip = CODE_GPA,
		.rflags = 0xcd7,
	};
	if (v->mode == MODE_USER64)
		r->rflags |= 3 << 12;
	vcpu_set(v, r);
}

#define SAME(reg) \
	CHECK(((after->reg ^ before->reg) & m) == 0, \
	      "%#llx became %#llx", before->reg, after->reg)

void check_preserved(struct vcpu *v, const struct kvm_regs *before,
		     const struct kvm_regs *after)
{
	/* Outside 64-bit mode nobody promises anything for upper halves. */
	u64 m = reg_mask(v->mode);

	SAME(rbx);
	SAME(rcx);
	SAME(rdi);
	SAME(rbp);
	SAME(rsp);
	if (is_64(v->mode)) {
		SAME(r8);
		SAME(r9);
		SAME(r10);
		SAME(r11);
		SAME(r12);
		SAME(r13);
		SAME(r14);
		SAME(r15);
	}
	SAME(rflags);
}

/* From wherever the call is to the end of the stub, and what must hold there. */
bool call_finish(struct vcpu *v, const struct kvm_regs *before,
		 struct kvm_regs *after)
{
	if (vcpu_go(v) != STOP_DONE)
		return false;
	vcpu_get(v, after);
	EQ(after->rip, CODE_GPA + CALL_INSN_LEN + EXIT_INSN_LEN);
	check_preserved(v, before, after);
	return true;
}

bool do_call(struct vcpu *v, const struct call *c, struct kvm_regs *after)
{
	struct kvm_regs before;

	call_prepare(v, c, &before);
	return call_finish(v, &before, after);
}

/* The call must fail with err, and leave the device and its operands alone. */
void refused(struct vcpu *v, const struct call *c, int err)
{
	u64 m = reg_mask(v->mode);
	struct kvm_regs r;

	dev_reset(v->dev);
	if (!do_call(v, c, &r))
		return;
	EQ(r.rax, err_in(v->mode, err));
	EQ(r.rdx & m, c->val & m);
	EQ(r.rsi & m, c->count & m);
	EQ(v->dev->n, 0);
}

/*
 * The call must make the very access that an instruction makes, and read the same.
 * @code has the address in RBX or DX, and the data in RAX.
 */
void same_as_native(struct vcpu *v, const struct call *c, const u8 *code,
		    unsigned int len)
{
	static const u8 end[] = { 0xe6, EXIT_PORT };
	struct access native, call;
	struct kvm_regs r, h;

	call_prepare(v, c, &r);
	load_code(v->vm, CODE_GPA, code, len);
	load_code(v->vm, CODE_GPA + len, end, sizeof(end));
	r.rax = c->val;
	r.rdx = c->port;
	vcpu_set(v, &r);
	dev_reset(v->dev);
	if (vcpu_go(v) != STOP_DONE)
		return;
	vcpu_get(v, &r);
	EQ(v->dev->n, 1);
	native = v->dev->log[0];

	dev_reset(v->dev);
	if (!do_call(v, c, &h))
		return;
	EQ(h.rax, 0);
	EQ(v->dev->n, 1);
	call = v->dev->log[0];
	CHECK(!memcmp(&native, &call, sizeof(native)),
	      "native %#llx/%u/%u/%#llx, call %#llx/%u/%u/%#llx",
	      (unsigned long long)native.addr, native.size, native.out,
	      (unsigned long long)native.val, (unsigned long long)call.addr,
	      call.size, call.out, (unsigned long long)call.val);
	EQ(h.rdx, native.out ? c->val : r.rax & mask_of(c->size));
}

/* So many exits of the VMM's, each carried out but the last not yet completed. */
bool serve_exits(struct vcpu *v, unsigned int n)
{
	while (n--) {
		if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
			return false;
		vcpu_serve(v);
	}
	return true;
}

/* The call must succeed with one access. */
void accepted(struct vcpu *v, const struct call *c)
{
	bool out = (u32)c->nr == PIO_HCALL_OUT || (u32)c->nr == PIO_HCALL_WRITE;
	u64 m = reg_mask(v->mode), mask = mask_of((u32)c->size);
	struct access *a;
	struct kvm_regs r;

	dev_reset(v->dev);
	if (!do_call(v, c, &r))
		return;
	EQ(r.rax, 0);
	EQ(r.rsi & m, c->count & m);
	if (out)
		EQ(r.rdx & m, c->val & m);
	else
		EQ(r.rdx, dev_value(0) & mask);
	EQ(v->dev->exits, 1);
	EQ(v->dev->n, 1);
	if (!v->dev->n)
		return;
	a = v->dev->log;
	EQ(a->space, is_mmio(c->nr) ? MMIO : PIO);
	EQ(a->addr, c->port & (is_mmio(c->nr) ? m : 0xffff));
	EQ(a->size, (u32)c->size);
	EQ(a->out, out);
	EQ(a->val, out ? c->val & mask : dev_value(0) & mask);
}

/* One access that must succeed, whoever carries it out; what RDX is then. */
u64 quick(struct vcpu *v, u64 nr, u64 addr, u8 size, u64 val)
{
	struct call c = { nr, addr, size, val, 0 };
	struct kvm_regs r;

	if (!do_call(v, &c, &r))
		return ~0ULL;
	EQ(r.rax, 0);
	return r.rdx;
}

static void on_alarm(int sig)
{
	(void)sig;
	vmm_timed_out();
}

static void on_usr1(int sig)
{
	(void)sig;
}

/* A number from the environment. */
u64 asked_for(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 0) : otherwise;
}

/* Seconds that a test may take. */
unsigned int timeout(void)
{
	int seconds = asked_for("VMM_TEST_TIMEOUT", 120);

	return seconds > 0 ? seconds : 120;
}

static void __attribute__((noreturn)) run_child(const struct test *t)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	sa.sa_handler = on_usr1;
	sigaction(SIGUSR1, &sa, NULL);
	alarm(timeout());
	if (getenv("VMM_TEST_STOP"))
		raise(SIGSTOP);
	t->fn();
	fflush(stdout);
	_exit(failures ? 1 : 0);
}

/* A test for the other kind of host is none of this run, rather than skipped. */
static bool applies(const struct test *t)
{
	if (t->flags & T_FAULTS && access("/proc/thread-self/fail-nth", F_OK))
		return false;
	if (t->flags & (kvm_has_series() ? T_MODULE : T_SERIES))
		return false;
	return !(t->flags & (no_handler ? T_HANDLER : T_STOCK));
}

static bool run_test(const struct test *t, unsigned int n)
{
	time_t start = time(NULL);
	unsigned int ms = 0;
	int status;
	pid_t pid, r;

	*skip_reason = 0;
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		printf("not ok %u %s\n", n, t->name);
		return false;
	}
	if (!pid)
		run_child(t);

	/* The alarm reports; this is for what does not even listen to it. */
	while (!(r = waitpid(pid, &status, WNOHANG))) {
		usleep(2000);
		ms += 2;
		if (ms > (timeout() + 15) * 1000) {
			printf("# killed: it did not react to its alarm\n");
			fflush(stdout);
			kill(pid, SIGKILL);
			r = waitpid(pid, &status, 0);
			break;
		}
	}
	if (time(NULL) > start)
		printf("# %ld s\n", (long)(time(NULL) - start));
	if (r == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %u %s\n", n, t->name);
	} else if (r == pid && WIFEXITED(status) &&
		   WEXITSTATUS(status) == EXIT_SKIP) {
		printf("ok %u %s # SKIP %s\n", n, t->name, skip_reason);
	} else {
		if (r == pid && WIFSIGNALED(status))
			printf("# ended by signal %d\n", WTERMSIG(status));
		printf("not ok %u %s\n", n, t->name);
		fflush(stdout);
		return false;
	}
	fflush(stdout);
	return true;
}

/*
 * One machine that is never run, for as long as the program: else each test's
 * first VM and last one patch the scheduler's code (KVM's preemption notifiers
 * and its key for vCPUs without APIC are static branches).  QEMU's TCG now and
 * then gets such patching wrong with two CPUs, and L1 dies of a stray INT3.
 */
static void hold_kvm(void)
{
	vcpu_create(vm_create(0), 0);
}

int main(int argc, char **argv)
{
	const struct test *const groups[] = {
		single_tests, string_tests, mmio_tests, batch_tests, ring_tests,
		mirror_tests, diff_tests, run_tests, storm_tests
	};
	const struct test *sel[128];
	bool list = false, bad = false;
	unsigned int n = 0, i;
	int a, names = 0, ref;

	for (a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "-l")) {
			list = true;
		} else if (!strcmp(argv[a], "--no-handler")) {
			no_handler = true;
		} else if (argv[a][0] == '-') {
			fprintf(stderr,
				"usage: vmm_test [-l] [--no-handler] [NAME...]\n");
			return 2;
		} else {
			argv[++names] = argv[a];
		}
	}
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		const struct test *t;

		for (t = groups[i]; t->name; t++) {
			bool want = !names && applies(t);

			for (a = 1; a <= names; a++)
				want |= !strcmp(argv[a], t->name);
			if (want && n < ARRAY_SIZE(sel))
				sel[n++] = t;
		}
	}
	if (list) {
		for (i = 0; i < n; i++)
			printf("%s\n", sel[i]->name);
		return 0;
	}
	/* A name that matches nothing must not look like success. */
	if (!n || (names && n < (unsigned int)names)) {
		fprintf(stderr, "vmm_test: no such test\n");
		return 2;
	}
	skip_reason = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (skip_reason == MAP_FAILED) {
		perror("mmap");
		return 2;
	}

	hold_kvm();
	ref = handler_refcnt();
	printf("KTAP version 1\n1..%u\n", n + (ref >= 0));
	for (i = 0; i < n; i++)
		bad |= !run_test(sel[i], i + 1);

	/* Not a process like the others: it is about all of them. */
	if (ref < 0)
		return bad;
	if (handler_refcnt() == ref) {
		printf("ok %u refcnt-at-end\n", n + 1);
	} else {
		printf("# refcnt was %d, is %d\nnot ok %u refcnt-at-end\n",
		       ref, handler_refcnt(), n + 1);
		bad = true;
	}
	return bad;
}
