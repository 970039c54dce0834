// SPDX-License-Identifier: GPL-2.0
/*
 * One long random sequence of accesses to a device with a memory of its own, by
 * single calls and then by batches that are cut and stopped at random: the same
 * values and the same device in the end.  VMM_TEST_SEED repeats what was noted.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests.h"

#define ACCESSES	100000
#define CHUNK		4096	/* elements that the single calls get at once */

#define PORT_BASE	0x6000
/* Behind the registers, in KVM: an ioeventfd. */
#define EVENT_OFFSET	0x100

/* What register i of either space does; each is 8 bytes. */
enum kind {
	PLAIN, COUNTER, CLEARED_BY_READ, CLEARED_BY_ONE, FIFO, LFSR, INDEX, BANK,
	NR_KINDS
};

static struct model {
	u64		reg[2][NR_KINDS];
	u64		bank[2][16];
	u64		fifo[2][16];
	unsigned int	head[2], used[2];
	u64		events, hash;
} model;

static int event_fds[4];

static u64 mix(u64 h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccd;
	return h ^ h >> 29;
}

/* Everything depends on everything before: a lost or swapped access shows. */
static void model_access(struct access *a)
{
	bool s = a->space == MMIO;
	u64 at = a->addr - (s ? MMIO_GPA : PORT_BASE);
	unsigned int shift = at % 8 * 8, k = at / 8 % NR_KINDS, i;
	u64 mask = mask_of(a->size) << shift, in = 0, out = 0;
	u64 *reg = &model.reg[s][k];

	if (a->out)
		in = (a->val & mask_of(a->size)) << shift;
	/* seldom, as it takes system calls; the model itself says when */
	if (model.hash % 8 == 0)
		for (i = 0; i < ARRAY_SIZE(event_fds); i++)
			model.events += events(event_fds[i]);

	switch (k) {
	case PLAIN:
		if (a->out)
			*reg = (*reg & ~mask) | in;
		out = *reg;
		break;
	case COUNTER:
		if (a->out)
			*reg = in;
		else
			out = (*reg)++;
		break;
	case CLEARED_BY_READ:
		if (a->out) {
			*reg |= in;
		} else {
			out = *reg;
			*reg &= ~mask;
		}
		break;
	case CLEARED_BY_ONE:
		if (a->out)
			*reg &= ~in;
		out = *reg;
		break;
	case FIFO:
		if (a->out && model.used[s] < ARRAY_SIZE(model.fifo[s])) {
			model.fifo[s][(model.head[s] + model.used[s]++) % 16] = in;
		} else if (!a->out && model.used[s]) {
			out = model.fifo[s][model.head[s]++ % 16];
			model.used[s]--;
		}
		break;
	case LFSR:
		*reg = mix(*reg + in + 1);
		out = *reg;
		break;
	case INDEX:
		if (a->out)
			*reg = in;
		out = *reg;
		break;
	case BANK:
		reg = &model.bank[s][model.reg[s][INDEX] % 16];
		if (a->out)
			*reg = (*reg & ~mask) | in;
		out = *reg;
		break;
	}
	if (!a->out)
		a->val = out >> shift & mask_of(a->size);
	model.hash = mix(model.hash + a->addr * 4 + a->size * 16 + a->out +
			 a->val * 0x9e3779b97f4a7c15 + model.events);
	/* events in the device: bits appear for which nobody asked */
	model.reg[model.hash & 1][CLEARED_BY_ONE] |= 1ULL << (model.hash >> 58);
}

static void generate(struct pio_hcall_access *e, unsigned int n,
		     unsigned int *seed)
{
	for (; n--; e++) {
		unsigned int mmio = rand_r(seed) % 2;
		u32 size = 1 << rand_r(seed) % (mmio ? 4 : 3);

		*e = (struct pio_hcall_access){
			/* runs of writes, as drivers make them */
			.op = rand_r(seed) % 2 ? OP_WRITE :
			      rand_r(seed) % 4,
			.space = mmio, .size = size,
			.addr = (mmio ? MMIO_GPA : PORT_BASE) +
				rand_r(seed) % (NR_KINDS * 8 / size) * size,
			.value = (u64)rand_r(seed) << 33 ^ rand_r(seed),
		};
		if (rand_r(seed) % 32 == 0) {
			e->op = OP_WRITE;
			e->size = 4;
			e->addr = (mmio ? MMIO_GPA : PORT_BASE) + EVENT_OFFSET;
		} else if (e->op == OP_CHECK) {
			if (e->size == 8)
				e->size = 4;
			/* half of them pass; others may as well */
			e->mask = rand_r(seed) % 2 ? 0 : 1 << rand_r(seed) % 8;
		}
	}
}

static struct vcpu *machine(unsigned int i, bool ring)
{
	struct vcpu *v = one_vcpu();
	u8 space;

	for (space = 0; space < 2; space++)
		event_fds[2 * i + space] =
			vm_ioeventfd(v->vm, space, EVENT_OFFSET +
				     (space ? MMIO_GPA : PORT_BASE), 4, false, 0);
	if (ring)
		vcpu_use_ring(v);
	return v;
}

static void model_end(struct model *to)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(event_fds); i++)
		model.events += events(event_fds[i]);
	*to = model;
	memset(&model, 0, sizeof(model));
}

/* The guest goes through the list itself. */
static void run_single(struct vcpu *v, struct pio_hcall_access *list,
		       unsigned int n)
{
	unsigned int at = 0;

	load_code(v->vm, CODE_GPA, pay_list_single,
		  pay_list_single_end - pay_list_single);
	while (at < n) {
		unsigned int len = n - at < CHUNK ? n - at : CHUNK;
		struct kvm_regs r = {
			.r11 = BUF_GPA, .r12 = len,
			.rip = CODE_GPA, .rflags = 2,
		};

		dev_reset(v->dev);
		vm_write(v->vm, BUF_GPA, list + at, len * ELEMENT);
		vcpu_set(v, &r);
		if (vcpu_go(v) != STOP_DONE)
			DIE("single calls, at %u", at);
		vcpu_get(v, &r);
		EQ(r.rax, 0);
		if (r.r12 > len || r.r11 != BUF_GPA + (len - r.r12) * ELEMENT)
			DIE("single calls: %#llx elements left", r.r12);
		/* a CHECK that stops the list was carried out, too */
		len -= r.r12 ? r.r12 - 1 : 0;
		vm_read(v->vm, BUF_GPA, list + at, len * ELEMENT);
		at += len;
	}
}

/* To the end of one batch, stopping on the way; returns how many were done. */
static unsigned int run_batch(struct vcpu *v, unsigned int n, unsigned int *seed)
{
	struct call c = { PIO_HCALL_BATCH, 0, 0, BUF_GPA, n };
	struct kvm_regs before, r;
	enum stop s = STOP_IO;
	u64 left = n;

	call_prepare(v, &c, &before);
	do {
		if (rand_r(seed) % 4 == 0) {
			if (!vcpu_settle(v))
				DIE("it does not stop");
			vcpu_get(v, &r);
			CHECK(r.rsi <= left &&
			      r.rdx == BUF_GPA + (n - r.rsi) * ELEMENT,
			      "rsi %#llx after %llu, rdx %#llx", r.rsi,
			      (unsigned long long)left, r.rdx);
			left = r.rsi;
		}
		s = vcpu_enter(v);
		if (s == STOP_IO)
			vcpu_serve(v);
	} while (s == STOP_IO || s == STOP_INTR);
	if (s != STOP_DONE)
		DIE("the batch did not end");
	vcpu_get(v, &r);
	EQ(r.rax, 0);
	EQ(r.rdx, BUF_GPA + (n - r.rsi) * ELEMENT);
	return n - r.rsi + !!r.rsi;
}

static void t_differential(void)
{
	struct pio_hcall_access *single, *batch, *orig;
	unsigned int seed = asked_for("VMM_TEST_SEED", (u64)time(NULL) * 65599);
	unsigned int at = 0, i, batches = 0, first = seed;
	struct model want, got;
	struct vcpu *v[2];
	static struct dev dev = { .model = model_access };

	note("seed %u (VMM_TEST_SEED)", seed);
	orig = calloc(ACCESSES, ELEMENT);
	single = calloc(ACCESSES, ELEMENT);
	batch = calloc(ACCESSES, ELEMENT);
	if (!orig || !single || !batch)
		DIE("out of memory");
	generate(orig, ACCESSES, &seed);
	memcpy(single, orig, ACCESSES * ELEMENT);
	memcpy(batch, orig, ACCESSES * ELEMENT);

	/* Two machines with one device: with a ring and without. */
	for (i = 0; i < 2; i++) {
		v[i] = machine(i, i);
		v[i]->dev = &dev;
	}
	run_single(v[0], single, ACCESSES);
	model_end(&want);

	dev_reset(&dev);
	for (; at < ACCESSES; batches++) {
		struct vcpu *on = v[rand_r(&seed) % 4 > 0];
		unsigned int n = 1 + rand_r(&seed) % MAX;

		ctx("seed %u, access %u", first, at);
		if (n > ACCESSES - at)
			n = ACCESSES - at;
		dev.n = 0;
		vm_write(on->vm, BUF_GPA, batch + at, n * ELEMENT);
		n = run_batch(on, n, &seed);
		vm_read(on->vm, BUF_GPA, batch + at, n * ELEMENT);
		if (memcmp(batch + at, single + at, n * ELEMENT))
			break;
		at += n;
	}
	model_end(&got);
	note("%u accesses in %u batches: %llu exits, %llu of them for the ring",
	     at, batches, (unsigned long long)dev.exits,
	     (unsigned long long)dev.flushes);
	for (i = at; i < ACCESSES; i++)
		if (memcmp(&batch[i], &single[i], ELEMENT)) {
			FAIL("op %u space %u size %u addr %#llx is the first to differ: %#llx in a batch, %#llx alone",
			     orig[i].op, orig[i].space, orig[i].size,
			     (unsigned long long)orig[i].addr,
			     (unsigned long long)batch[i].value,
			     (unsigned long long)single[i].value);
			return;
		}
	CHECK(want.events, "no events");
	EQ(got.events, want.events);
	EQ(got.hash, want.hash);
	CHECK(!memcmp(&want, &got, sizeof(want)), "the device is another one");
}

const struct test diff_tests[] = {
	{ "differential",	T_HANDLER,	t_differential },
	{ }
};
