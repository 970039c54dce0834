// SPDX-License-Identifier: GPL-2.0
/*
 * Storms: a hostile guest of up to four vCPUs in a hostile VMM, and a clean VM beside it that
 * must not notice.
 *
 * A storm is a process: a VM, a thread for each vCPU that makes calls of all kinds and does to
 * its vCPU what a VMM may, and one that changes memory, slots, the ring and devices under
 * them.  One in four is killed.  It does not matter what a storm's call returns.  But each exit
 * to the VMM must be one that the ABI allows, memory that is not the guest's to write must stay
 * as it is, and each KVM_RUN must come back.  The clean VM is held to the ABI by the checks
 * of the other tests.
 *
 * VMM_TEST_CALLS is how many calls have to end (10000), if there is time.  Each storm has a
 * seed, one more than that of the storm before: VMM_TEST_SEED=SEED VMM_TEST_CALLS=1 repeats
 * one, but for the timing of its threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"

#define CALLS_OF_STORM	4000
#define CALLS_AT_ONCE	64		/* by a vCPU, */
#define TABLES_GPA	0x40000ULL	/* from a table here */
#define CODE_SIZE	128
#define STORM_SECONDS	20		/* it takes no longer */

/* The storm's memory beside RAM, in the host: parts with canaries between them. */
#define PART_SIZE	0x10000ULL
enum part { CANARY_0, MOVING, CANARY_1, FROZEN, CANARY_2, PARTS };

#define CANARY_BYTE	0xca

/* FROZEN is read-only, and a list that would be carried out if it were not. */
static const struct pio_hcall_access frozen = {
	.op = OP_READ, .space = PIO, .size = 4, .addr = 0x6000, .value = 0xf0f0f0f0f0f0f0f0,
};

#define MOVING_GPA	RAM_SIZE	/* or one part further on */
#define FROZEN_GPA	0x13fff0000ULL
/* Below it are page tables and code, without which the guest makes no calls. */
#define LOWEST_BUFFER	0x10000ULL

/* Of all storms, shared with their processes. */
struct tally {
	u64	ok, errors;	/* calls that ended */
	u64	entries, exits, interrupted, failed_runs, changes;
};

struct storm {
	struct vm	*vm;
	struct tally	*tally;
	u8		*parts;
	unsigned int	vcpus;
	u8		code[2][CODE_SIZE];	/* at CODE_GPA and CODE2_GPA */
	bool		no_moving;	/* that slot is deleted */
	bool		over;		/* for who makes calls */
	unsigned int	playing;	/* those who do */
};

struct player {
	struct storm	*storm;
	struct vcpu	*v;
	u64		random;
	pthread_t	thread;
	unsigned int	id, calls;	/* that it is making, */
	u64		rip;		/* with this instruction */
	bool		scribbled;	/* kvm_run may say anything */
	bool		astray;		/* the next exit may be that of an instruction */
};

#define GET(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define TALLY(storm, what)	__atomic_add_fetch(&(storm)->tally->what, 1, __ATOMIC_RELAXED)

/* splitmix64: any seed is a good one. */
static u64 next(u64 *random)
{
	u64 x = *random += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static u64 below(u64 *random, u64 n)
{
	return next(random) % n;
}

static bool one_in(u64 *random, u64 n)
{
	return !below(random, n);
}

#define ONE_OF(random, list)	((list)[below(random, ARRAY_SIZE(list))])

/* --- calls ------------------------------------------------------------------ */

static u64 some_buffer(u64 *random)
{
	static const u64 edges[] = {
		BUF_GPA, BUF_GPA + 0x1000, RAM_SIZE, RAM_SIZE + PART_SIZE,
		RAM_SIZE + 2 * PART_SIZE, FROZEN_GPA, FROZEN_GPA + PART_SIZE,
		MMIO_GPA, APIC_GPA, 1ULL << 32, 1ULL << 46, ~0ULL - 0x1fff, 1ULL << 63,
	};
	u64 gpa;

	switch (below(random, 4)) {
	case 0:
		gpa = ONE_OF(random, edges) - below(random, 0x100);
		break;
	case 1:
		gpa = ONE_OF(random, edges) + below(random, 0x2000);
		break;
	default:
		gpa = BUF_GPA + below(random, 0x4000);
		break;
	}
	if (!one_in(random, 8))
		gpa &= ~7ULL;
	return (u32)gpa < LOWEST_BUFFER ? gpa + LOWEST_BUFFER : gpa;
}

static u64 some_size(u64 *random)
{
	if (one_in(random, 16))
		return below(random, 20) - 2;
	return 1 << below(random, 4);
}

static u64 some_port(u64 *random, u64 size)
{
	static const u64 edges[] = {
		0, 0x7e, 0x7f, 0x80, 0x1f0, 0x1f7, 0x3f6, 0x3f8, 0xb2, 0xcf8, 0xcfc, 0x5658,
		0x5659, 0x6000, 0xfffe, 0xffff, 0x10000,
	};
	u64 port = one_in(random, 2) ? 0x6000 + below(random, 0x80) : ONE_OF(random, edges);

	if (one_in(random, 64))
		return next(random);
	return one_in(random, 8) ? port : port & ~(size - 1);
}

static u64 some_address(u64 *random, u64 size)
{
	static const u64 edges[] = {
		MMIO_GPA, APIC_GPA, IOAPIC_GPA, RAM_SIZE - 8, MOVING_GPA, MOVING_GPA + PART_SIZE,
		FROZEN_GPA, CODE_GPA, 1ULL << 32, 1ULL << 40, ~7ULL,
	};
	u64 gpa = MMIO_GPA;

	if (one_in(random, 64))
		return next(random);
	if (one_in(random, 4))
		gpa = ONE_OF(random, edges);
	gpa += below(random, 0x100);
	return one_in(random, 8) ? gpa : gpa & ~(size - 1);
}

/* Mostly well-formed: what is refused goes no further. */
static void some_element(u64 *random, struct pio_hcall_access *e)
{
	*e = (struct pio_hcall_access){
		.op = one_in(random, 2) ? OP_WRITE : below(random, 4),
		.space = below(random, 2),
		.value = next(random),
	};
	e->size = 1 << below(random, e->space == MMIO && e->op != OP_CHECK ? 4 : 3);
	e->addr = e->space == MMIO ? some_address(random, e->size) :
				     some_port(random, e->size) & 0xffff;
	if (one_in(random, 4))
		e->mask = 1 << below(random, 32);
	if (one_in(random, 32))
		((u8 *)e)[below(random, sizeof(*e))] ^= 1 << below(random, 8);
}

/* Into RAM; what lies elsewhere stays as it is. */
static void put_list(struct storm *s, u64 *random, u64 gpa, u64 n)
{
	struct pio_hcall_access e;

	for (; n--; gpa += sizeof(e)) {
		some_element(random, &e);
		if (gpa >= BUF_GPA && gpa < RAM_SIZE - sizeof(e))
			memcpy(s->vm->slots[0].hva + gpa, &e, sizeof(e));
	}
}

/* RAX, RBX, RCX, RDX and RSI of a call. */
static void some_call(struct storm *s, u64 *random, u64 call[5])
{
	static const u64 counts[] = { 0, 1, 2, 63, 64, 65, 1024, 4096, 0x10000, ~0ULL };
	u64 size = some_size(random), nr, i;

	nr = PIO_HCALL_BASE + below(random, PIO_HCALL_END - PIO_HCALL_BASE + 1);
	for (i = 1; i < 5; i++)
		call[i] = next(random);
	call[0] = nr;
	call[2] = size;
	switch (nr) {
	case PIO_HCALL_PROBE:
		call[1] = call[2] = 0;
		break;
	case PIO_HCALL_IN:
	case PIO_HCALL_OUT:
		call[1] = some_port(random, size);
		break;
	case PIO_HCALL_READ:
	case PIO_HCALL_WRITE:
		call[1] = some_address(random, size);
		break;
	case PIO_HCALL_INS:
	case PIO_HCALL_OUTS:
		call[1] = some_port(random, size);
		call[3] = some_buffer(random);
		call[4] = one_in(random, 8) ? ONE_OF(random, counts) : below(random, 2048);
		break;
	case PIO_HCALL_BATCH:
		call[1] = call[2] = 0;
		call[3] = some_buffer(random);
		call[4] = one_in(random, 16) ? ONE_OF(random, counts) : below(random, MAX + 1);
		/* Else what is there, perhaps another vCPU's, which is at it. */
		if (one_in(random, 2))
			put_list(s, random, call[3], call[4] > MAX ? MAX : call[4]);
		break;
	}
	if (one_in(random, 64))
		call[below(random, 5)] ^= 1ULL << below(random, 64);
}

/* What guests have written there is of no use to the next calls. */
static void mend_code(struct storm *s)
{
	static const u64 gpa[] = { CODE_GPA, CODE2_GPA };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gpa); i++)
		if (memcmp(vm_hva(s->vm, gpa[i]), s->code[i], CODE_SIZE))
			memcpy(vm_hva(s->vm, gpa[i]), s->code[i], CODE_SIZE);
}

static void load_calls(struct storm *s)
{
	load_code(s->vm, CODE_GPA, pay_calls, pay_calls_end - pay_calls);
	load_call(s->vm, CODE2_GPA);
	vm_read(s->vm, CODE_GPA, s->code[0], CODE_SIZE);
	vm_read(s->vm, CODE2_GPA, s->code[1], CODE_SIZE);
}

static void begin_calls(struct player *p)
{
	u64 *random = &p->random, i, call[5];
	u64 table = TABLES_GPA + p->id * CALLS_AT_ONCE * sizeof(call);
	struct vm *vm = p->v->vm;
	struct kvm_regs r;

	for (i = 0; i < sizeof(r) / sizeof(u64); i++)
		((u64 *)&r)[i] = next(random);
	r.rip = CODE_GPA;
	/* IOPL: for it to have an end at CPL 3. */
	r.rflags = 2 | (next(random) & 0xcd5) | 3 << 12;
	if (one_in(random, 64))
		r.rflags |= next(random) & 0x3f7fd7;

	if (one_in(random, 16))
		vcpu_mode(p->v, one_in(random, 2) ? MODE_LONG : below(random, NR_MODES), 0);
	if (is_64(p->v->mode)) {
		p->calls = 1 + below(random, CALLS_AT_ONCE);
		for (i = 0; i < p->calls; i++) {
			some_call(p->storm, random, call);
			vm_write(vm, table + i * sizeof(call), call, sizeof(call));
		}
		r.r12 = r.r13 = 0;
		r.r14 = p->calls;
		r.r15 = table;
		p->rip = CODE_GPA + (pay_calls_call - pay_calls);
	} else {
		/* Code of 64-bit mode it cannot run. */
		p->calls = 1;
		some_call(p->storm, random, call);
		r.rax = call[0];
		r.rbx = call[1];
		r.rcx = call[2];
		r.rdx = call[3];
		r.rsi = call[4];
		r.rip = CODE2_GPA;
		p->rip = CODE2_GPA;
	}
	mend_code(p->storm);
	vcpu_set(p->v, &r);
}

/* How they have ended. */
static void count_calls(struct player *p)
{
	struct tally *t = p->storm->tally;
	struct kvm_regs r;

	vcpu_get(p->v, &r);
	if (!is_64(p->v->mode)) {
		r.r14 = r.rip == p->rip;
		r.r12 = !r.r14 && !(u32)r.rax;
		r.r13 = !r.r14 && (u32)r.rax;
	}
	/* Unless the VMM has changed what was counted. */
	if (r.r14 > p->calls || r.r12 + r.r13 + r.r14 != p->calls)
		return;
	__atomic_add_fetch(&t->ok, r.r12, __ATOMIC_RELAXED);
	__atomic_add_fetch(&t->errors, r.r13, __ATOMIC_RELAXED);
}

/* --- the hostile VMM, vCPU by vCPU -------------------------------------------- */

/* What kvm_run is to say for KVM_RUN to run. */
static void mend_run(struct player *p)
{
	struct kvm_run *run = p->v->run;
	struct kvm_vcpu_events events = { 0 };

	run->immediate_exit = 0;
	run->request_interrupt_window = 0;
	run->cr8 = 0;
	run->kvm_valid_regs = 0;
	run->kvm_dirty_regs = 0;
	if (p->scribbled)
		ioctl(p->v->fd, KVM_SET_VCPU_EVENTS, &events);
	p->scribbled = false;
}

/* An exit that nobody has tampered with. */
static bool exit_ok(struct player *p)
{
	struct vcpu *v = p->v;
	struct kvm_run *run = v->run;
	u64 bytes = (u64)run->io.size * run->io.count, last;
	u64 gpa = run->mmio.phys_addr;
	bool by_call;
	struct kvm_regs r;

	if (run->exit_reason != KVM_EXIT_IO && run->exit_reason != KVM_EXIT_MMIO)
		return true;
	vcpu_get(v, &r);
	by_call = r.rip == p->rip && !p->astray;
	if (run->exit_reason == KVM_EXIT_MMIO) {
		/* KVM splits what crosses pages, and guests gone astray make such accesses. */
		if (run->mmio.len < 1 || run->mmio.len > 8)
			return FAIL("MMIO of %u bytes", run->mmio.len);
		if (by_call && (run->mmio.len & (run->mmio.len - 1) || gpa % run->mmio.len))
			return FAIL("MMIO of %u bytes at %#llx by a call", run->mmio.len,
				    (unsigned long long)gpa);
		if (by_call && (gpa < RAM_SIZE || (gpa >= FROZEN_GPA &&
						   gpa < FROZEN_GPA + PART_SIZE)))
			return FAIL("MMIO in memory, at %#llx", (unsigned long long)gpa);
		return true;
	}
	if ((run->io.size != 1 && run->io.size != 2 && run->io.size != 4) || !bytes ||
	    bytes > 4096 || run->io.data_offset % 4096 ||
	    run->io.data_offset + bytes > v->run_size)
		return FAIL("port %#x size %u count %u offset %#llx", run->io.port, run->io.size,
			    run->io.count, (unsigned long long)run->io.data_offset);
	last = run->io.port + run->io.size - 1;
	if (by_call && (last > 0xffff || (run->io.port <= 0x7f && last >= 0x7e) ||
			(run->io.port <= 0x5659 && last >= 0x5658)))
		return FAIL("an access of %u bytes to port %#x by a call", run->io.size,
			    run->io.port);
	return true;
}

/* A device's answer, or another one. */
static void serve(struct player *p)
{
	struct kvm_run *run = p->v->run;
	struct kvm_coalesced_mmio_ring *ring = p->storm->vm->ring;
	u64 i, data = next(&p->random);

	if (ring && !one_in(&p->random, 4))
		ring->first = ring->last;
	if (run->exit_reason == KVM_EXIT_MMIO)
		memcpy(run->mmio.data, &data, sizeof(data));
	else if (run->exit_reason == KVM_EXIT_IO)
		for (i = 0; i + 8 <= 4096; i += 512)
			memcpy((u8 *)run + run->io.data_offset + i, &data, sizeof(data));
}

static void scribble(struct player *p)
{
	u64 n = 1 + below(&p->random, 32);

	/* The ring's page is the chaos thread's. */
	while (n--)
		((u8 *)p->v->run)[below(&p->random, one_in(&p->random, 2) ? 0x60 : 0x2000)] =
			next(&p->random);
	p->scribbled = true;
}

/* Between an exit and the next KVM_RUN; returns false when the call is to be left there. */
static bool misbehave(struct player *p)
{
	struct vcpu *v = p->v;
	struct kvm_regs r;
	u64 *random = &p->random;
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };

	switch (below(random, 160)) {
	case 0:
		scribble(p);
		return true;
	case 1:
		vcpu_tamper(v, below(random, NR_TAMPERS));
		p->scribbled = true;
		return true;
	case 2:
		vcpu_get(v, &r);
		((u64 *)&r)[below(random, 16)] = one_in(random, 2) ? next(random) : below(random, 70);
		vcpu_set(v, &r);
		return true;
	case 3:
		p->astray = true;
		vcpu_get(v, &r);
		r.rip += one_in(random, 2) ? CALL_INSN_LEN : below(random, 16) - 8;
		vcpu_set(v, &r);
		return true;
	case 4:
		p->astray = true;
		vcpu_mode(v, below(random, NR_MODES), 0);
		return true;
	case 5:
		v->run->immediate_exit = 1;
		ioctl(v->fd, KVM_RUN, 0);
		v->run->immediate_exit = 0;
		return !one_in(random, 2);
	case 6:
		if (v->vm->flags & VM_IRQCHIP)
			ioctl(v->fd, KVM_SET_MP_STATE, &state);
		return true;
	case 7:
		ioctl(v->fd, KVM_NMI);
		return true;
	case 8:
		return false;
	default:
		return true;
	}
}

static void make_calls(struct player *p)
{
	struct vcpu *v = p->v;
	struct kvm_run *run = v->run;
	u64 i;

	begin_calls(p);
	/* Those that take more are left where they are. */
	for (i = 0; i < 2 * p->calls + 16 && !GET(p->storm->over); i++) {
		TALLY(p->storm, entries);
		if (ioctl(v->fd, KVM_RUN, 0)) {
			TALLY(p->storm, interrupted);
			if (errno == EINTR || errno == EAGAIN) {
				run->immediate_exit = 0;
				continue;
			}
			/* EFAULT: memory the guest runs in is out of reach. */
			TALLY(p->storm, failed_runs);
			if (!p->scribbled && errno != EFAULT)
				FAIL("KVM_RUN: %s", strerror(errno));
			break;
		}
		TALLY(p->storm, exits);
		if (!p->scribbled && !exit_ok(p))
			return;
		p->astray = false;
		mend_run(p);
		/* Anything else than an access: an exception, the end of the machine. */
		if ((run->exit_reason != KVM_EXIT_IO && run->exit_reason != KVM_EXIT_MMIO &&
		     run->exit_reason != KVM_EXIT_COALESCED_RING) ||
		    (run->exit_reason == KVM_EXIT_IO && run->io.port == EXIT_PORT))
			break;
		serve(p);
		if (!misbehave(p))
			break;
	}
	/* KVM may have the other half of an instruction's access left. */
	p->astray = true;
	mend_run(p);
	count_calls(p);
}

static void *play(void *arg)
{
	struct player *p = arg;
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	u64 n;

	for (n = 0; n < CALLS_OF_STORM / p->storm->vcpus && !GET(p->storm->over); n += p->calls) {
		/* A local APIC's INIT, or HLT, is not the end of it. */
		if (p->storm->vm->flags & VM_IRQCHIP)
			ioctl(p->v->fd, KVM_SET_MP_STATE, &state);
		make_calls(p);
	}
	__atomic_sub_fetch(&p->storm->playing, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* --- the hostile VMM, as a whole ------------------------------------------------ */

static void toggle_moving(struct storm *s, u64 *random)
{
	static const u32 flags[] = { 0, 0, KVM_MEM_READONLY, KVM_MEM_LOG_DIRTY_PAGES };
	struct slot *slot = &s->vm->slots[1];

	if (!s->no_moving)
		vm_set_slot(s->vm, 1, 0, false);
	s->no_moving = one_in(random, 4);
	if (s->no_moving)
		return;
	slot->gpa = MOVING_GPA + below(random, 2) * PART_SIZE;
	vm_set_slot(s->vm, 1, ONE_OF(random, flags), true);
}

/* Devices and zones in KVM, over the registers that calls are about. */
static void toggle_device(struct storm *s, u64 *random, int fd)
{
	bool pio = one_in(random, 2);
	struct kvm_coalesced_mmio_zone zone = {
		.addr = pio ? 0x6000 + below(random, 0x40) : MMIO_GPA + below(random, 0x40),
		.size = 1 + below(random, 16), .pio = pio,
	};
	struct kvm_ioeventfd e = {
		.addr = pio ? 0x6010 : MMIO_GPA + 0x10, .len = 4, .fd = fd,
		.flags = pio ? KVM_IOEVENTFD_FLAG_PIO : 0,
	};

	if (one_in(random, 2)) {
		ioctl(s->vm->fd, one_in(random, 2) ? KVM_REGISTER_COALESCED_MMIO :
		      KVM_UNREGISTER_COALESCED_MMIO, &zone);
		return;
	}
	if (one_in(random, 2))
		e.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
	ioctl(s->vm->fd, KVM_IOEVENTFD, &e);
}

static void change(struct storm *s, u64 *random, struct player *players, int event)
{
	static const int prot[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	u8 *moving = s->parts + MOVING * PART_SIZE, *buffers = s->vm->slots[0].hva + BUF_GPA;
	struct kvm_dirty_log log = { .slot = 1 };
	static u8 bitmap[64];
	u64 n, page = below(random, 4) * 4096;
	pid_t pid;

	/* Those that make KVM build its page tables anew are seldom, as they take its time. */
	switch (below(random, 64)) {
	case 0:
		toggle_moving(s, random);
		break;
	case 1:
		mprotect(moving + page, 4096, ONE_OF(random, prot));
		break;
	case 2:
		madvise(one_in(random, 2) ? moving + page : buffers + page, 4096, MADV_DONTNEED);
		break;
	case 3:
		toggle_device(s, random, event);
		break;
	case 4 ... 10:
		if (!s->vm->ring)
			break;
		/* The ring's own words, and what is in it. */
		n = below(random, one_in(random, 2) ? 8 : 4096);
		((u8 *)s->vm->ring)[n] = next(random);
		if (one_in(random, 2))
			s->vm->ring->first = s->vm->ring->last = 0;
		break;
	case 11:
		log.dirty_bitmap = bitmap;
		ioctl(s->vm->fd, KVM_GET_DIRTY_LOG, &log);
		break;
	case 12:
		/* All memory is shared with it until it is written. */
		if (!one_in(random, 8))
			break;
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		break;
	case 13 ... 18:
		s->vm->vcpus[below(random, s->vcpus)].run->immediate_exit = below(random, 2);
		break;
	case 19 ... 22:
		pthread_kill(players[below(random, s->vcpus)].thread, SIGUSR1);
		break;
	default:
		/* Lists, while they are carried out. */
		for (n = 1 + below(random, 64); n--;)
			buffers[below(random, 0x5000)] = next(random);
		break;
	}
	TALLY(s, changes);
}

struct chaos {
	struct storm	*storm;
	struct player	*players;
	u64		random;
};

static void *chaos(void *arg)
{
	struct chaos *c = arg;
	int event = eventfd(0, EFD_NONBLOCK);

	/* Those who have ended are not yet joined. */
	while (GET(c->storm->playing)) {
		struct timespec t = { 0, below(&c->random, 2000000) };
		u64 n;

		nanosleep(&t, NULL);
		for (n = 1 + below(&c->random, 8); n--;)
			change(c->storm, &c->random, c->players, event);
		/* Nobody is left in KVM_RUN for ever: HLT, a string without end. */
		if (one_in(&c->random, 4))
			pthread_kill(c->players[below(&c->random, c->storm->vcpus)].thread, SIGUSR1);
	}
	return NULL;
}

/* --- storms --------------------------------------------------------------------- */

static void check_parts(struct storm *s)
{
	static const enum part canaries[] = { CANARY_0, CANARY_1, CANARY_2 };
	u8 *part;
	u64 i, j;

	for (i = 0; i < ARRAY_SIZE(canaries); i++) {
		part = s->parts + canaries[i] * PART_SIZE;
		for (j = 0; j < PART_SIZE && part[j] == CANARY_BYTE; j++)
			;
		CHECK(j == PART_SIZE, "byte %#llx beside a slot has changed",
		      (unsigned long long)(part - s->parts + j));
	}
	part = s->parts + FROZEN * PART_SIZE;
	for (j = 0; j < PART_SIZE && !memcmp(part + j, &frozen, ELEMENT); j += ELEMENT)
		;
	CHECK(j == PART_SIZE, "a read-only slot has changed at %#llx", (unsigned long long)j);
}

static void add_part(struct storm *s, int slot, enum part part, u64 gpa, u32 flags)
{
	s->vm->slots[slot] = (struct slot){
		.gpa = gpa, .size = PART_SIZE, .hva = s->parts + part * PART_SIZE,
	};
	vm_set_slot(s->vm, slot, flags, true);
}

/* The process of a storm. */
static void storm(struct tally *tally, u64 seed)
{
	struct storm s = { .tally = tally };
	struct player players[MAX_VCPUS];
	struct chaos c = { &s, players, seed ^ 0xc4a05 };
	u64 random = seed;
	pthread_t thread;
	unsigned int i;

	ctx("seed %llu", (unsigned long long)seed);
	/* The test's end is ours, too. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_DFL);
	alarm(timeout() / 2);
	s.vcpus = 1 + below(&random, MAX_VCPUS);
	s.vm = vm_create(one_in(&random, 2) ? VM_IRQCHIP : 0);
	s.parts = mmap(NULL, PARTS * PART_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s.parts == MAP_FAILED)
		DIE("mmap: %s", strerror(errno));
	memset(s.parts, CANARY_BYTE, PARTS * PART_SIZE);
	for (i = 0; i < PART_SIZE; i += ELEMENT)
		memcpy(s.parts + FROZEN * PART_SIZE + i, &frozen, ELEMENT);
	add_part(&s, 1, MOVING, MOVING_GPA, 0);
	add_part(&s, 2, FROZEN, FROZEN_GPA, KVM_MEM_READONLY);
	for (i = 0; i < s.vcpus; i++)
		players[i] = (struct player){
			.storm = &s, .v = vcpu_create(s.vm, i), .id = i,
			.random = next(&random),
		};
	if (!one_in(&random, 4))
		vcpu_use_ring(players[0].v);
	load_calls(&s);
	s.playing = s.vcpus;
	for (i = 0; i < s.vcpus; i++)
		if (pthread_create(&players[i].thread, NULL, play, &players[i]))
			DIE("pthread_create");
	if (pthread_create(&thread, NULL, chaos, &c))
		DIE("pthread_create");
	for (i = 0; i < STORM_SECONDS * 100 && GET(s.playing); i++)
		usleep(10000);
	__atomic_store_n(&s.over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	for (i = 0; i < s.vcpus; i++)
		pthread_join(players[i].thread, NULL);
	check_parts(&s);
}

/* One that must not notice: a list of all kinds of accesses, and a call of its own. */
static void clean(struct vcpu *v, unsigned int *seed)
{
	struct call c = { PIO_HCALL_IN, 0x5000, 4, 0, 0 };
	struct batch b = { .v = v, .gpa = BUF_GPA };

	batch_random(&b, seed, 1 + rand_r(seed) % MAX);
	batch_run(&b);
	accepted(v, &c);
}

static void t_storm(void)
{
	u64 calls = asked_for("VMM_TEST_CALLS", 10000);
	u64 seed = asked_for("VMM_TEST_SEED", (u64)time(NULL) * 65599);
	unsigned int storms = 0, killed = 0, lists = 0;
	time_t end = time(NULL) + timeout() * 3 / 4;
	struct tally *t;

	note("seed %llu (VMM_TEST_SEED)", (unsigned long long)seed);
	t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED)
		DIE("mmap: %s", strerror(errno));
	for (; t->ok + t->errors < calls && time(NULL) < end && !failed(); storms++, seed++) {
		unsigned int small = seed;
		u64 random = ~seed;
		unsigned int life = one_in(&random, 4) ? 1 + below(&random, 1000) : 0, ms = 0;
		struct vcpu *v = ring_vcpu();
		int status;
		pid_t pid;

		ctx("beside storm %llu", (unsigned long long)seed);
		fflush(stdout);
		pid = fork();
		if (pid < 0)
			DIE("fork: %s", strerror(errno));
		if (!pid) {
			storm(t, seed);
			fflush(stdout);
			_exit(failed());
		}
		while (!waitpid(pid, &status, WNOHANG)) {
			clean(v, &small);
			if (!(++lists % 16))
				handler_enable(false);
			usleep(50000);
			if (!(lists % 16))
				handler_enable(true);
			ms += 50;
			if (life && ms >= life) {
				kill(pid, SIGKILL);
				life = 0;
			}
		}
		ctx("after storm %llu", (unsigned long long)seed);
		clean(v, &small);
		vm_destroy(v->vm);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			killed++;
		else if (WIFSIGNALED(status))
			FAIL("it ended by signal %d", WTERMSIG(status));
		else
			CHECK(!WEXITSTATUS(status), "it has failed");
	}
	note("%u storms, %u of them killed; beside them %u clean lists", storms, killed, lists);
	note("%llu calls ended well, %llu with an error", (unsigned long long)t->ok,
	     (unsigned long long)t->errors);
	note("%llu entries, %llu exits, %llu interrupted, %llu failed; %llu changes",
	     (unsigned long long)t->entries, (unsigned long long)t->exits,
	     (unsigned long long)t->interrupted, (unsigned long long)t->failed_runs,
	     (unsigned long long)t->changes);
	if (failed())
		return;
	CHECK(t->ok >= (t->ok + t->errors) / 20 && t->errors >= (t->ok + t->errors) / 20,
	      "it is all the same to the calls");
	CHECK(t->interrupted && t->changes, "it was calm");
}

/* --- the module, taken out under guests that begin to call ------------------------ */

#define MODULE		"/job/kvm_hcall.ko"
#define CALLERS		2

/* Shared with the callers. */
struct callers {
	unsigned int	begun, ended;	/* first calls of a vCPU's */
	unsigned int	answered, native;
	bool		over;
};

/* One new vCPU after the other makes its first call; it is answered, or there is no handler. */
static void caller(struct callers *c)
{
	struct call in = { PIO_HCALL_IN, 0x5000, 4, 0, 0 };
	struct kvm_regs r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!GET(c->over) && !failed()) {
		struct vcpu *v = one_vcpu();

		__atomic_add_fetch(&c->begun, 1, __ATOMIC_RELAXED);
		if (!do_call(v, &in, &r))
			break;
		__atomic_add_fetch(&c->ended, 1, __ATOMIC_RELAXED);
		if (r.rax == ERR(KVM_ENOSYS)) {
			__atomic_add_fetch(&c->native, 1, __ATOMIC_RELAXED);
			EQ(v->dev->n, 0);
		} else {
			__atomic_add_fetch(&c->answered, 1, __ATOMIC_RELAXED);
			EQ(r.rax, 0);
			EQ(v->dev->n, 1);
		}
		vm_destroy(v->vm);
		/* For the module to be loaded soon. */
		usleep(5000);
	}
}

static void t_unload(void)
{
	unsigned int attempts = asked_for("VMM_TEST_CALLS", 0) / 1000, i;
	unsigned int busy = 0, raced = 0;
	time_t end = time(NULL) + timeout() * 3 / 4;
	struct callers *c;
	pid_t pids[CALLERS];
	int fd, status;

	/* They take seconds. */
	if (attempts < 10)
		attempts = 10;
	fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		skip("no %s", MODULE);
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		DIE("mmap: %s", strerror(errno));
	fflush(stdout);
	for (i = 0; i < CALLERS; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			DIE("fork: %s", strerror(errno));
		if (!pids[i]) {
			ctx("caller %u", i);
			caller(c);
			fflush(stdout);
			_exit(failed());
		}
	}
	for (i = 0; i < attempts || !busy || busy == i || !raced; i++) {
		unsigned int before = GET(c->ended);
		unsigned int begun, ended, tries;
		bool gone;

		if (time(NULL) >= end || failed())
			break;
		usleep(997 * i % 20000);
		/* In a new vCPU's call, as seen from here; or whenever it is. */
		for (tries = 0; i % 2 && tries < 5000; tries++) {
			ended = GET(c->ended);
			if (ended - before >= 2 * CALLERS &&
			    ended != GET(c->begun))
				break;
			usleep(1000);
		}
		ended = GET(c->ended);
		begun = GET(c->begun);
		gone = !syscall(SYS_delete_module, "kvm_hcall", O_NONBLOCK);
		if (!gone && errno != EWOULDBLOCK)
			FAIL("delete_module: %s", strerror(errno));
		/* One was under way, or has begun meanwhile. */
		raced += begun != ended || GET(c->begun) != begun;
		busy += !gone;
		if (!gone)
			continue;
		usleep(997 * i % 5000);
		if (syscall(SYS_finit_module, fd, "", 0))
			DIE("finit_module: %s", strerror(errno));
	}
	attempts = i;
	__atomic_store_n(&c->over, true, __ATOMIC_RELAXED);
	for (i = 0; i < CALLERS; i++) {
		if (waitpid(pids[i], &status, 0) != pids[i])
			DIE("waitpid: %s", strerror(errno));
		CHECK(!status, "caller %u ended with %#x", i, status);
	}
	note("%u attempts: %u found it in use; %u while a first call was made", attempts, busy,
	     raced);
	note("%u first calls were answered, %u had no handler", c->answered, c->native);
	CHECK(busy && busy < attempts && raced && c->answered && c->native,
	      "it is always the same");
}

const struct test storm_tests[] = {
	{ "storm",		T_HANDLER,	t_storm },
	{ "unload",		T_HANDLER | T_MODULE, t_unload },
	{ }
};
