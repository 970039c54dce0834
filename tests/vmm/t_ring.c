// SPDX-License-Identifier: GPL-2.0
/*
 * BATCH and KVM's coalescing ring: several writes in one exit, in order, and only
 * with a VMM that has shown to carry the ring out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

/* Ports from here on may be written by way of the ring. */
#define RING_PORT	0x6000
/* Where other writers of the ring write to. */
#define FOREIGN_PORT	0x7000
/* How often the host reads FLUSH_PORT at most until the ring is empty. */
#define FLUSH_TRIES	8
/* NR_IOBUS_DEVS: of a bus, not counting ioeventfds. */
#define BUS_DEVICES	1000

static struct batch new_batch(struct vcpu *v)
{
	return (struct batch){ .v = v, .gpa = BUF_GPA };
}

/* n more writes, both spaces and all sizes in turn. */
static void add_writes(struct batch *b, unsigned int n)
{
	while (n--) {
		u8 space = b->n % 2, size = 1 << b->n / 2 % (space ? 4 : 3);

		batch_add(b, OP_WRITE, space, size,
			  (space ? MMIO_GPA : RING_PORT) + size * b->n,
			  0x1020304050607 * (b->n + 1));
	}
}

/* The batch succeeds, with that many exits and ways through the ring. */
static void run_counted(struct batch *b, u64 exits, u64 flushes)
{
	batch_run(b);
	EQ(b->v->dev->exits, exits);
	EQ(b->v->dev->flushes, flushes);
	EQ(b->v->dev->trials, 0);
	EQ(b->v->vm->ring->first, b->v->vm->ring->last);
}

/* The first batch that may use the ring: one write to the trial port, of the module. */
static void try_out(struct vcpu *v)
{
	struct batch b = new_batch(v);

	add_writes(&b, 4);
	batch_run(&b);
	EQ(v->dev->trials, !kvm_has_series());
}

static struct vcpu *tried_vcpu(void)
{
	struct vcpu *v = ring_vcpu();

	ctx("trial");
	try_out(v);
	return v;
}

/* Nothing goes to the ring of a VMM that has not asked for it. */
static void t_no_zone(void)
{
	static const struct {
		u64	addr;
		u32	size;
		bool	pio;
	} zones[] = {
		{ 0x70, 1, true }, { CONFIG_PORT, 4, false },
		{ CONFIG_DATA, 4, true }, { CONFIG_PORT - 4, 4, true },
		{ MMIO_GPA + 0x100000, 0x1000, false },
	};
	unsigned int i, k;

	for (i = 0; i <= ARRAY_SIZE(zones); i++) {
		struct vcpu *v = one_vcpu();
		struct batch b = new_batch(v);

		ctx("zone %u", i);
		/* for a look at the ring */
		vcpu_coalesce(v, 0x72, 1, true, true);
		if (i < ARRAY_SIZE(zones))
			vcpu_coalesce(v, zones[i].addr, zones[i].size,
				      zones[i].pio, true);
		add_writes(&b, 20);
		for (k = 0; k < 3; k++) {
			run_counted(&b, 20, 0);
			EQ(v->vm->ring->last, 0);
		}
		vm_destroy(v->vm);
	}
}

static void t_trial(void)
{
	/* QEMU's zone is shorter, port 0xcf9 being another device's. */
	static const u32 sizes[] = { 4, 1 };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct vcpu *v = one_vcpu();
		struct batch b = new_batch(v);

		ctx("zone of %u", sizes[i]);
		vcpu_coalesce(v, CONFIG_PORT, sizes[i], true, true);
		add_writes(&b, 10);
		batch_run(&b);
		EQ(v->dev->trials, 1);
		CHECK(v->dev->flushes <= 2 && v->dev->exits <= 2,
		      "%llu exits", (unsigned long long)v->dev->exits);
		for (k = 2; k <= MAX; k++) {
			ctx("zone of %u, %u writes", sizes[i], k);
			b = new_batch(v);
			add_writes(&b, k);
			run_counted(&b, 1, 1);
		}
		vm_destroy(v->vm);
	}
}

/* The userspace that has dropped the zone need not look at the ring any more. */
static void t_zone_dropped(void)
{
	struct vcpu *v = tried_vcpu();
	struct batch b = new_batch(v);

	ctx("zone dropped");
	vcpu_coalesce(v, CONFIG_PORT, 4, true, false);
	v->vm->lazy = true;
	add_writes(&b, 20);
	run_counted(&b, 20, 0);

	ctx("zone back");
	vcpu_coalesce(v, CONFIG_PORT, 4, true, true);
	v->vm->lazy = false;
	batch_run(&b);
	EQ(v->dev->exits, 1);
}

/*
 * Some devices ask which vCPU is writing.  Two writes that may go by the ring are
 * one exit, any other is one of its own, and all of them are in order.
 */
static void t_addresses(void)
{
	static const struct {
		u64	addr;
		u8	space;
		bool	ring;
	} t[] = {
		{ 0x170, PIO, true },		{ 0x177, PIO, true },
		{ 0x1f0, PIO, true },		{ 0x1f7, PIO, true },
		{ 0x376, PIO, true },		{ 0x3f6, PIO, true },
		{ 0x6000, PIO, true },		{ 0xc000, PIO, true },
		{ 0xfffe, PIO, true },		{ 0x16e, PIO, false },
		{ 0x178, PIO, false },		{ 0x1e8, PIO, false },
		{ 0x1ee, PIO, false },		{ 0x1f8, PIO, false },
		{ 0x374, PIO, false },		{ 0x378, PIO, false },
		{ 0x3f4, PIO, false },		{ 0x3f8, PIO, false },
		{ 0x4f6, PIO, false },		{ 0x1170, PIO, false },
		{ 0x72, PIO, false },		{ 0x80, PIO, false },
		{ 0xb2, PIO, false },		{ 0x5660, PIO, false },
		{ 0x5ffe, PIO, false },		{ CONFIG_DATA, PIO, false },
		{ MMIO_GPA, MMIO, true },	{ 0xfec00000, MMIO, true },
		{ 0xfedffff8, MMIO, true },	{ 0xfee01000, MMIO, true },
		{ 0xfee00000, MMIO, false },	{ 0xfee000b0, MMIO, false },
		{ 0xfee00ff8, MMIO, false },
	};
	struct vcpu *v = tried_vcpu();
	unsigned int i, k, pass;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		for (pass = 0; pass < 2; pass++) {
			struct batch b = new_batch(v);

			ctx("%#llx in space %u%s", (unsigned long long)t[i].addr,
			    t[i].space, pass ? ", between others" : "");
			for (k = 0; k < 6; k++)
				if (pass && k != 3)
					add_writes(&b, 1);
				else
					batch_add(&b, OP_WRITE, t[i].space,
						  t[i].addr & 1 ? 1 : 2,
						  t[i].addr, k);
			batch_run(&b);
			EQ(v->dev->exits, t[i].ring ? 1 : pass ? 3 : 6);
		}
}

static void t_modes(void)
{
	struct vcpu *v = tried_vcpu();
	unsigned int m;

	for (m = 0; m < NR_MODES; m++) {
		struct batch b = new_batch(v);

		if (m == MODE_USER64)
			continue;
		vcpu_mode(v, m, 0);
		ctx("%s", mode_name[m]);
		add_writes(&b, 30);
		run_counted(&b, 1, 1);
	}
}

/* Entries are what KVM makes of a write itself. */
static void t_entries(void)
{
	struct vcpu *v = tried_vcpu();
	struct kvm_coalesced_mmio_ring *ring = v->vm->ring;
	struct batch b = new_batch(v);
	unsigned int i;
	u32 at;

	ctx("entries");
	add_writes(&b, 40);
	batch_start(&b);
	if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
		return;
	EQ(vcpu_flushes(v), true);
	at = ring->first;
	for (i = 0; i < b.n; i++, at = (at + 1) % RING_MAX) {
		struct kvm_coalesced_mmio *e = &ring->coalesced_mmio[at];

		EQ(e->phys_addr, b.list[i].addr);
		EQ(e->len, b.list[i].size);
		EQ(e->pio, b.list[i].space == PIO);
		CHECK(!memcmp(e->data, &b.list[i].value, e->len),
		      "data of entry %u", i);
	}
	EQ(ring->last, at);
	vcpu_serve(v);
	batch_finish(&b, 0, b.n);
}

/* What is behind writes comes behind them. */
static void t_order(void)
{
	struct vcpu *v = tried_vcpu();
	unsigned int i, k;
	struct batch b;

	ctx("one write");
	b = new_batch(v);
	add_writes(&b, 1);
	batch_run(&b);
	EQ(v->dev->exits, 1);

	ctx("writes, READ, writes, READ");
	b = new_batch(v);
	add_writes(&b, 5);
	batch_add(&b, OP_READ, PIO, 4, 0x5000, 0);
	add_writes(&b, 5);
	batch_add(&b, OP_READ, MMIO, 4, MMIO_GPA, 0);
	run_counted(&b, 4, 2);

	for (i = 0; i < 2; i++) {
		ctx("CHECK that %s, writes before and behind",
		    i ? "passes" : "stops");
		b = new_batch(v);
		add_writes(&b, 5);
		batch_check(&b, i ? PIO : MMIO, 2, i ? 0x5000 : MMIO_GPA, ~0U, i);
		add_writes(&b, 5);
		batch_start(&b);
		batch_finish(&b, 0, i ? b.n : 5);
		EQ(v->dev->exits, i ? 3 : 2);
	}

	for (i = 0; i < 7; i++) {
		ctx("WRITE_BACK as element %u of 7", i);
		b = new_batch(v);
		for (k = 0; k < 7; k++)
			if (k == i)
				batch_add(&b, OP_WRITE_BACK, k % 2, 4,
					  k % 2 ? MMIO_GPA : 0x5000, 0);
			else
				add_writes(&b, 1);
		batch_run(&b);
		CHECK(v->dev->exits <= 4, "%llu exits",
		      (unsigned long long)v->dev->exits);
	}

	ctx("writes and reads in turn");
	b = new_batch(v);
	while (b.n < MAX) {
		add_writes(&b, 1);
		batch_add(&b, OP_READ, b.n / 2 % 2, 1, MMIO_GPA * (b.n / 2 % 2),
			  0);
	}
	batch_run(&b);
	EQ(v->dev->exits, MAX);

	/* All effects are there when the call returns, for whatever reason. */
	for (i = 0; i < 4; i++) {
		ctx("bad element %u behind writes", i);
		b = new_batch(v);
		add_writes(&b, 6);
		batch_add(&b, i == 0 ? 9 : OP_WRITE, i == 1 || i == 3,
			  i == 2 ? 3 : 4, i == 1 ? MMIO_GPA + 1 :
			  i == 3 ? BUF_GPA : 0x5000, 0);
		add_writes(&b, 6);
		batch_start(&b);
		batch_finish(&b, i == 3 ? KVM_EFAULT : KVM_EINVAL, 6);
		EQ(v->dev->exits, 1);
	}
}

/* A write that KVM takes itself does not overtake those in the ring. */
static void t_kernel_device(void)
{
	struct vcpu *v = tried_vcpu();
	unsigned int i, pass;
	u8 space;

	for (space = PIO; space <= MMIO; space++) {
		u64 addr = space ? MMIO_GPA + 0x8000 : RING_PORT + 0x808;
		int fd = vm_ioeventfd(v->vm, space, addr, 4, true, 5);

		/* one that matches, one that the VMM gets */
		for (pass = 0; pass < 2; pass++) {
			struct batch b = new_batch(v);
			struct kvm_regs r;
			u64 seen = 0;

			ctx("ioeventfd in space %u, %s", space,
			    pass ? "no match" : "match");
			add_writes(&b, 4);
			batch_add(&b, OP_WRITE, space, 4, addr, pass ? 6 : 5);
			if (!pass)
				b.in_kvm = 1ULL << 4;
			add_writes(&b, 4);
			batch_start(&b);
			for (i = 0; vcpu_enter(v) == STOP_IO; i++) {
				seen += events(fd);
				EQ(seen, i && !pass);
				vcpu_serve(v);
			}
			EQ(i, pass ? 3 : 2);
			vcpu_get(v, &r);
			batch_ended(&b, &r, 0, b.n);
			EQ(seen + events(fd), !pass);
		}
	}

	/* The zone itself is such a device: what it takes is in the same ring. */
	ctx("PCI configuration");
	{
		struct batch b = new_batch(v);

		add_writes(&b, 3);
		batch_add(&b, OP_WRITE, PIO, 4, CONFIG_PORT, 0x80001004);
		batch_add(&b, OP_READ, PIO, 2, CONFIG_DATA, 0);
		batch_add(&b, OP_WRITE, PIO, 4, CONFIG_PORT, 0x80001010);
		batch_add(&b, OP_WRITE, PIO, 4, CONFIG_DATA, 0x12345678);
		add_writes(&b, 3);
		batch_run(&b);
	}
}

/* A bus with more devices than KVM's own may be is not searched: writes go one by one. */
static void t_many_devices(void)
{
	struct vcpu *v = tried_vcpu();
	struct batch b = new_batch(v);
	unsigned int i;

	ctx("few devices");
	add_writes(&b, 20);
	run_counted(&b, 1, 1);
	ctx("many devices");
	for (i = 0; i <= BUS_DEVICES; i++)
		close(vm_ioeventfd(v->vm, PIO, FOREIGN_PORT + 0x800, 4, true, i));
	if (kvm_has_series()) {
		/* Those to memory are on the other bus; behind the last there is no other. */
		batch_run(&b);
		EQ(v->dev->exits - v->dev->flushes, 11);
		return;
	}
	run_counted(&b, 20, 0);
	EQ(v->dev->most, 8);
}

/* A VMM that leaves the ring alone gets its writes one by one. */
static void t_lazy(void)
{
	struct vcpu *v = ring_vcpu();
	struct kvm_coalesced_mmio_ring *ring = v->vm->ring;
	unsigned int i;
	struct batch b;
	u64 flushes;

	v->vm->lazy = true;
	for (i = 0; i < 5; i++) {
		ctx("batch %u", i);
		b = new_batch(v);
		add_writes(&b, 20);
		batch_add(&b, OP_READ, PIO, 4, 0x5000, 0);
		add_writes(&b, 4);
		batch_run(&b);
		flushes = v->dev->flushes;
		CHECK(i ? !flushes : flushes && flushes <= FLUSH_TRIES,
		      "%llu flushes", (unsigned long long)flushes);
		EQ(v->dev->exits, 25 + flushes);
		EQ(ring->first, 0);
		EQ(ring->last, 1);
	}
	ctx("carried out at last");
	v->vm->lazy = false;
	EQ(vcpu_drain(v), 1);
	EQ(v->dev->trials, 1);
	for (i = 0; i < 3; i++) {
		b = new_batch(v);
		add_writes(&b, 20);
		run_counted(&b, 20, 0);
		EQ(ring->last, 1);
	}
}

/* As another writer of the ring would, KVM itself or another vCPU. */
static void fill_ring(struct vcpu *v, unsigned int n)
{
	struct kvm_coalesced_mmio_ring *ring = v->vm->ring;

	while (n--) {
		struct kvm_coalesced_mmio *e = &ring->coalesced_mmio[ring->last];

		*e = (struct kvm_coalesced_mmio){
			.phys_addr = FOREIGN_PORT, .len = 4, .pio = 1
		};
		memcpy(e->data, &ring->last, 4);
		ring->last = (ring->last + 1) % RING_MAX;
	}
}

/*
 * Take the writes of others from the log; what is left is the batch's.  Returns
 * how many there were, and how many came before any of the batch's.
 */
static unsigned int take_foreign(struct dev *d, unsigned int *early)
{
	u64 i, kept = 0;
	unsigned int n = 0;

	*early = 0;
	for (i = 0; i < d->n; i++)
		if (d->log[i].space == PIO && d->log[i].addr == FOREIGN_PORT) {
			n++;
			*early += !kept;
		} else {
			d->log[kept++] = d->log[i];
		}
	d->n = kept;
	return n;
}

/*
 * A batch of writes with others' in the ring before it; these come @first if
 * the batch goes by the ring, too.  Returns the exits.
 */
static u64 run_filled(struct vcpu *v, unsigned int others, unsigned int n,
		      bool first)
{
	unsigned int early;
	struct batch b = new_batch(v);
	struct kvm_regs r;
	u64 exits;

	ctx("%u entries of others, %u writes", others, n);
	add_writes(&b, n);
	batch_start(&b);
	fill_ring(v, others);
	if (!call_finish(v, &b.before, &r))
		return 0;
	exits = v->dev->exits;
	vcpu_drain(v);
	EQ(take_foreign(v->dev, &early), others);
	if (first)
		EQ(early, others);
	batch_ended(&b, &r, 0, b.n);
	return exits;
}

static void t_full(void)
{
	static const struct {
		unsigned int	others, n, exits;
	} t[] = {
		/* RING_MAX - 1 fit */
		{ 0, 64, 1 },			{ 1, 64, 1 },
		{ RING_MAX - 1 - 64, 64, 1 },	{ RING_MAX - 64, 64, 2 },
		{ RING_MAX - 2, 64, 2 },	{ RING_MAX - 3, 2, 1 },
		{ RING_MAX - 2, 2, 2 },		{ 100, 64, 1 },
		/* full of others' writes: the exits are not looked at */
		{ RING_MAX - 1, 64, 0 },	{ RING_MAX - 1, 2, 0 },
	};
	struct vcpu *v;
	unsigned int i;
	u64 exits;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		v = ring_vcpu();
		/* nor may the trial go wrong */
		run_filled(v, t[i].others, 10, false);
		run_filled(v, 0, 10, false);
		exits = run_filled(v, t[i].others, t[i].n, t[i].exits);
		if (t[i].exits)
			EQ(exits, t[i].exits);
		run_filled(v, 0, 10, true);
		vm_destroy(v->vm);
	}

	/* It was tried out, but is carried out no longer. */
	v = tried_vcpu();
	v->vm->lazy = true;
	for (i = 0; i < 3; i++) {
		struct batch b = new_batch(v);
		u32 first = v->vm->ring_first;

		ctx("full for good, batch %u", i);
		if (!i)
			fill_ring(v, RING_MAX - 1);
		add_writes(&b, 10);
		batch_run(&b);
		EQ(v->dev->exits - v->dev->flushes, 10);
		EQ(v->vm->ring->first, first);
		EQ((v->vm->ring->last + 1) % RING_MAX, first);
	}
	vcpu_drain(v);
	EQ(take_foreign(v->dev, &i), RING_MAX - 1);
}

enum when { NEVER_TRIED, BEFORE, IN_EXITS, NR_WHENS };

/* A batch while first, last or both of the ring's indices are bad. */
static void one_corruption(unsigned int which, u32 bad, enum when when)
{
	struct vcpu *v = when == NEVER_TRIED ? ring_vcpu() : tried_vcpu();
	struct kvm_coalesced_mmio_ring *ring = v->vm->ring;
	struct batch b = new_batch(v);
	u8 slack[8], *behind = (u8 *)&ring->coalesced_mmio[RING_MAX];
	struct kvm_regs r;
	unsigned int i;
	enum stop s;

	ctx("%s is %#x, %s", which == 1 ? "first" : which == 2 ? "last" : "both",
	    bad, when == NEVER_TRIED ? "never tried" :
	    when == BEFORE ? "before" : "in the exits");
	memcpy(slack, behind, sizeof(slack));
	add_writes(&b, 10);
	batch_add(&b, OP_READ, PIO, 4, 0x5000, 0);
	add_writes(&b, 5);
	batch_start(&b);
	for (i = 0; ; i++) {
		if (when == IN_EXITS ? i : !i) {
			if (which & 1)
				ring->first = bad;
			if (which & 2)
				ring->last = bad;
		}
		s = vcpu_enter(v);
		if (s != STOP_IO)
			break;
		/* This VMM knows what first was, and repairs it. */
		vcpu_serve(v);
	}
	if (!CHECK(s == STOP_DONE, "it did not end"))
		return;
	vcpu_drain(v);
	vcpu_get(v, &r);
	batch_ended(&b, &r, 0, b.n);
	CHECK(!memcmp(slack, behind, sizeof(slack)),
	      "the page was written behind the ring");

	ctx("repaired");
	ring->first = ring->last = v->vm->ring_first = 3;
	for (i = 0; i < 3; i++)
		batch_run(&b);
	vm_destroy(v->vm);
}

/*
 * The indices are userspace's to write.  Nobody can tell then what is in the
 * ring, so nothing may be put there; but the writes are made, and in order.
 */
static void t_corrupt(void)
{
	static const u32 bad[] = { RING_MAX, 0x7fffffff, 0xffffffff };
	unsigned int i, which, when;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		for (which = 1; which <= 3; which++)
			for (when = 0; when < NR_WHENS; when++)
				one_corruption(which, bad[i], when);
}

struct scribbler {
	pthread_t	thread;
	volatile bool	stop;
	struct kvm_coalesced_mmio_ring *ring;
};

static void *scribble(void *arg)
{
	struct scribbler *s = arg;
	unsigned int seed = 12;

	while (!s->stop) {
		u32 val = rand_r(&seed);

		if (val & 1)
			val %= 2 * RING_MAX;
		*(val & 0x10000 ? &s->ring->first : &s->ring->last) = val;
	}
	return NULL;
}

/* All the time, by another thread: KVM survives, and so does the guest. */
static void t_scribbled(void)
{
	struct scribbler s = { 0 };
	struct vcpu *v = NULL;
	unsigned int round;

	for (round = 0; round < 30; round++) {
		struct call c = { PIO_HCALL_BATCH, 0, 0, BUF_GPA, MAX };
		struct batch b;
		struct kvm_regs r;

		ctx("round %u", round);
		if (round % 5 == 0) {
			if (v) {
				s.stop = true;
				pthread_join(s.thread, NULL);
				vm_destroy(v->vm);
			}
			v = tried_vcpu();
			/* nor may the VMM look at it */
			v->vm->lazy = true;
			s = (struct scribbler){ .ring = v->vm->ring };
			if (pthread_create(&s.thread, NULL, scribble, &s))
				DIE("pthread_create");
		}
		b = new_batch(v);
		add_writes(&b, MAX - 1);
		batch_add(&b, OP_READ, PIO, 4, 0x5000, ~0ULL);
		batch_load(&b);
		dev_reset(v->dev);
		if (!do_call(v, &c, &r))
			break;
		EQ(r.rax, 0);
		EQ(r.rsi, 0);
		CHECK(v->dev->n <= MAX, "%llu accesses",
		      (unsigned long long)v->dev->n);
		if (!CHECK(v->dev->n, "no access"))
			continue;
		EQ(v->dev->log[v->dev->n - 1].out, 0);
		vm_read(v->vm, BUF_GPA + (MAX - 1) * ELEMENT, b.list, ELEMENT);
		EQ(b.list[0].value, v->dev->log[v->dev->n - 1].val);
	}
	s.stop = true;
	pthread_join(s.thread, NULL);
}

/* Mostly writes, so that there are some in the ring at most stops. */
static void add_mixed(struct batch *b, unsigned int *seed)
{
	unsigned int n = 2 + rand_r(seed) % (MAX - 1);

	while (b->n < n)
		if (rand_r(seed) % 6)
			add_writes(b, 1);
		else
			batch_random(b, seed, 1);
}

/* Stop at each exit: what the registers call done has reached the device. */
static void t_progress(void)
{
	struct vcpu *v = ring_vcpu();
	unsigned int round, seed = 13;

	for (round = 0; round < 60; round++) {
		struct batch b = new_batch(v);
		enum stop s;

		ctx("round %u", round);
		add_mixed(&b, &seed);
		batch_start(&b);
		while ((s = vcpu_enter(v)) == STOP_IO) {
			vcpu_serve(v);
			if (!vcpu_settle(v) || !batch_progress(&b))
				break;
		}
		batch_finish(&b, 0, b.n);
	}
}

static void t_signals(void)
{
	struct vcpu *v = ring_vcpu();
	unsigned int round, seed = 14, eintr = 0;
	struct nagger n;

	nag_start(&n, 15);
	/* However fast the machine is: the alarm bounds it. */
	for (round = 0; round < 300 || eintr < 50; round++) {
		struct batch b = new_batch(v);

		ctx("round %u", round);
		add_mixed(&b, &seed);
		if (!batch_nagged(&b, &eintr))
			break;
	}
	nag_stop(&n);
	note("%u signals, %u times -EINTR", n.sent, eintr);
}

/* A new machine at each exit; it has a ring, and a trial, of its own. */
static void t_migrate(void)
{
	struct vcpu *v = tried_vcpu(), *first = v, *to;
	struct batch b = new_batch(v);
	unsigned int i;

	for (i = 0; i < 5; i++) {
		add_writes(&b, 6);
		batch_add(&b, OP_READ, i % 2, 4, i % 2 ? MMIO_GPA : 0x5000, 0);
	}
	batch_start(&b);
	for (i = 0; vcpu_enter(v) == STOP_IO; i++) {
		ctx("move %u", i);
		vcpu_serve(v);
		if (!vcpu_settle(v))
			return;
		to = vm_clone(v);
		if (i % 3 < 2)
			vcpu_use_ring(to);
		if (v != first)	/* the device lives there */
			vm_destroy(v->vm);
		b.v = v = to;
		if (!batch_progress(&b))
			break;
	}
	batch_finish(&b, 0, b.n);
}

/* A reset by one of the writes in the ring: nothing of the rest is done. */
static void t_reset(void)
{
	struct vcpu *v = tried_vcpu();
	unsigned int how;

	for (how = 0; how < 4; how++) {
		struct batch b = new_batch(v);
		struct kvm_regs set, r;

		ctx("way %u", how);
		add_writes(&b, 10);
		if (how & 1)
			batch_add(&b, OP_READ, PIO, 4, 0x5000, 0x77);
		add_writes(&b, 10);
		batch_start(&b);
		if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
			return;
		EQ(vcpu_flushes(v), true);
		vcpu_serve(v);
		set = b.before;
		load_call(v->vm, CODE2_GPA);
		set.rip = CODE2_GPA + CALL_INSN_LEN;
		set.rax = 0x1111111111111111;
		set.rdx = 0x4444444444444444;
		set.rsi = 0x5555555555555555;
		vcpu_set(v, &set);
		if (how & 2 && !vcpu_settle(v))
			return;
		if (vcpu_go(v) != STOP_DONE)
			return;
		vcpu_get(v, &r);
		EQ(r.rip, CODE2_GPA + CALL_INSN_LEN + EXIT_INSN_LEN);
		EQ(r.rax, set.rax);
		EQ(r.rdx, set.rdx);
		EQ(r.rsi, set.rsi);
		EQ(v->dev->n, how & 1 ? 10 : 20);
		EQ(v->vm->ring->first, v->vm->ring->last);

		ctx("behind way %u", how);
		b = new_batch(v);
		add_writes(&b, 30);
		run_counted(&b, 1, 1);
	}
}

/* The handler is switched off at the flush: what was in the ring is done. */
static void t_disabled(void)
{
	struct vcpu *v = tried_vcpu();
	struct batch b = new_batch(v);
	bool ended;

	ctx("switched off");
	add_writes(&b, 10);
	batch_add(&b, OP_READ, PIO, 4, 0x5000, 0x77);
	add_writes(&b, 10);
	batch_start(&b);
	if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
		return;
	vcpu_serve(v);
	handler_enable(false);
	ended = vcpu_settle(v) && batch_finish(&b, KVM_ENOSYS, 10);
	handler_enable(true);
	if (!ended)
		return;
	ctx("switched on");
	batch_run(&b);
}

static void t_refused(void)
{
	switch_own = true;
	t_disabled();
}

/*
 * Two vCPUs and one ring, so whoever reads the port carries out writes of both.
 * The writes of each are in order, and each is there when its call returns.
 */
static void t_two_vcpus(void)
{
	struct vm *vm = vm_create(0);
	static struct access log[2][MAX];
	unsigned int i, round, k;
	struct vcpu *v[2];

	for (i = 0; i < 2; i++)
		v[i] = vcpu_create(vm, i);
	vcpu_use_ring(v[0]);
	for (round = 0; round < 100; round++) {
		unsigned int n[2] = { 0 };
		struct batch b[2];

		ctx("round %u", round);
		for (i = 0; i < 2; i++) {
			b[i] = (struct batch){ .v = v[i],
					       .gpa = BUF_GPA + i * 0x10000 };
			/* every other address, to tell them apart */
			while (b[i].n < 40)
				batch_add(&b[i], b[i].n % 11 == 10 ? OP_READ :
					  OP_WRITE, MMIO, 8, MMIO_GPA +
					  16 * b[i].n + 8 * i,
					  i << 16 | b[i].n);
			batch_start(&b[i]);
		}
		for (i = 0; i < 2; i++)
			vcpu_spawn(v[i]);
		for (i = 0; i < 2; i++)
			if (!CHECK(vcpu_join(v[i]) == STOP_DONE, "no end"))
				return;
		EQ(vm->ring->first, vm->ring->last);
		EQ(vm->dev.n, 80);
		for (k = 0; k < vm->dev.n; k++) {
			i = vm->dev.log[k].addr >> 3 & 1;
			if (n[i] < MAX)
				log[i][n[i]++] = vm->dev.log[k];
		}
		for (i = 0; i < 2; i++) {
			struct kvm_regs r;

			/* as if it had been alone */
			memcpy(vm->dev.log, log[i], n[i] * sizeof(log[i][0]));
			vm->dev.n = n[i];
			vcpu_get(v[i], &r);
			batch_ended(&b[i], &r, 0, b[i].n);
		}
	}
}

/* The series answers whom userspace says, as it says. */
static void t_capability(void)
{
	static const u64 bad[] = { 4, 8, 1ULL << 31, 1ULL << 32, KVM_X86_PIO_HYPERCALL_RING };
	struct vcpu *v = one_vcpu(), *other = one_vcpu();
	struct call probe = { .nr = PIO_HCALL_PROBE };
	struct batch b = new_batch(v);
	struct kvm_regs r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ctx("flags %#llx", (unsigned long long)bad[i]);
		EQ(vm_allow(v->vm, bad[i]), EINVAL);
		EQ(vm_allow(v->vm, bad[i] | KVM_X86_PIO_HYPERCALL_ENABLE),
		   i < 4 ? EINVAL : 0);
		EQ(vm_allow(v->vm, KVM_X86_PIO_HYPERCALL_ENABLE), 0);
	}
	ctx("a VM that wants none");
	EQ(vm_allow(v->vm, 0), 0);
	if (do_call(v, &probe, &r))
		EQ(r.rax, ERR(KVM_ENOSYS));
	ctx("one that has said nothing");
	if (do_call(other, &probe, &r))
		EQ(r.rax, 0);
	handler_enable(false);
	if (do_call(other, &probe, &r))
		EQ(r.rax, ERR(KVM_ENOSYS));
	ctx("one that wants them, where those others are not answered");
	EQ(vm_allow(v->vm, KVM_X86_PIO_HYPERCALL_ENABLE), 0);
	if (do_call(v, &probe, &r))
		EQ(r.rax, 0);
	handler_enable(true);
	ctx("without the ring");
	vcpu_coalesce(v, CONFIG_PORT, 4, true, true);
	add_writes(&b, 20);
	run_counted(&b, 20, 0);
	EQ(v->vm->ring->last, 0);
}

/* Whoever has promised to empty the ring, and does not, is asked until it does. */
static void t_promise(void)
{
	struct vcpu *v = ring_vcpu();
	struct batch b = new_batch(v);
	unsigned int i;

	v->vm->lazy = true;
	add_writes(&b, 10);
	batch_add(&b, OP_READ, PIO, 4, 0x5000, 0);
	batch_start(&b);
	for (i = 0; i < 50; i++) {
		ctx("exit %u", i);
		if (!CHECK(vcpu_enter(v) == STOP_IO, "no exit"))
			return;
		EQ(vcpu_flushes(v), true);
		EQ(v->vm->ring->last, 10);
		vcpu_serve(v);
		if (i % 2 && !vcpu_settle(v))
			return;
	}
	v->vm->lazy = false;
	dev_reset(v->dev);
	batch_finish(&b, 0, b.n);
	EQ(v->dev->exits, 2);
}

const struct test ring_tests[] = {
	{ "ring-no-zone",	T_HANDLER | T_MODULE,	t_no_zone },
	{ "ring-trial",		T_HANDLER | T_MODULE,	t_trial },
	{ "ring-zone-dropped",	T_HANDLER | T_MODULE,	t_zone_dropped },
	{ "ring-addresses",	T_HANDLER,	t_addresses },
	{ "ring-modes",		T_HANDLER,	t_modes },
	{ "ring-entries",	T_HANDLER,	t_entries },
	{ "ring-order",		T_HANDLER,	t_order },
	{ "ring-kernel-device",	T_HANDLER,	t_kernel_device },
	{ "ring-many-devices",	T_HANDLER,	t_many_devices },
	{ "ring-lazy",		T_HANDLER | T_MODULE,	t_lazy },
	{ "ring-full",		T_HANDLER | T_MODULE,	t_full },
	{ "ring-corrupt",	T_HANDLER | T_MODULE,	t_corrupt },
	{ "ring-scribbled",	T_HANDLER | T_MODULE, t_scribbled },
	{ "ring-progress",	T_HANDLER,	t_progress },
	{ "ring-signals",	T_HANDLER,	t_signals },
	{ "ring-migrate",	T_HANDLER,	t_migrate },
	{ "ring-reset",		T_HANDLER,	t_reset },
	{ "ring-disabled",	T_HANDLER,	t_disabled },
	{ "ring-refused",	T_HANDLER | T_MODULE, t_refused },
	{ "ring-two-vcpus",	T_HANDLER,	t_two_vcpus },
	{ "capability",		T_HANDLER | T_SERIES, t_capability },
	{ "ring-promise",	T_HANDLER | T_SERIES, t_promise },
	{ }
};
