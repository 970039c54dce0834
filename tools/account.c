// SPDX-License-Identifier: GPL-2.0
/*
 * From events to exits, from exits to ranges.
 *
 * An exit of a vCPU lasts from kvm_exit to kvm_entry of its thread.  It belongs to the
 * first register that is accessed between the two; if there is none (in the middle of
 * a string) to that which the exit or the call names.  Its time is shared by what was
 * accessed.  It is counted when it is over, so one that had begun before is not.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/pio_hypercall.h>
#include "pio-stat.h"

/* KVM_EXIT_* of linux/kvm.h */
#define EXIT_TO_VMM_IO		2
#define EXIT_TO_VMM_MMIO	6

enum mmio_type { MMIO_UNSATISFIED, MMIO_READ, MMIO_WRITE };

struct access {
	struct range *range;
	u64 addr;
	u64 ns;
	unsigned int to_vmm;	/* exits to the VMM for it */
	unsigned int commands;
	bool write, in_vmm, ring;
};

/* The last exit for a device, to compare the next one with. */
struct crossing {
	struct range *range;
	u64 addr, ns, decode_ns, way_out_ns;
	bool write, in_vmm, string, unfinished, list, in_run;
};

struct vcpu {
	u32 pid, tid;
	size_t vm;		/* index and 1; 0 where a file does not say */
	bool in_exit;
	u64 seen;		/* time of the last event */
	u64 exit_time, mark, isa, reason, info, rip;
	u64 decode_time;	/* 0: nothing was decoded */
	u64 vmm_time;	/* of the first exit to the VMM */
	bool call, enosys;
	struct event call_event;
	s64 status;
	struct access *accesses;
	size_t n, room;
	size_t ring_from;	/* first that waits in the ring, if ring_waits */
	bool ring_waits;
	bool write_open;	/* the last event was a write: its exit may follow */
	unsigned int to_vmm;	/* exits to the VMM that await their read */
	struct crossing last;
	struct vcpu *next;
};

struct totals totals;
struct vm *vms;
size_t n_vms, n_vcpus;

static struct vcpu *hash[1024];

void account_clear(void)
{
	size_t i;

	for (i = 0; i < n_ranges; i++)
		memset(&ranges[i]->c, 0, sizeof(ranges[i]->c));
	for (i = 0; i < n_vms; i++)
		vms[i].exits = 0;
	memset(&totals, 0, sizeof(totals));
}

static void swap_u64(u64 *a, u64 *b, size_t n)
{
	u64 t;

	while (n--) {
		t = a[n];
		a[n] = b[n];
		b[n] = t;
	}
}

void account_swap(void)
{
	static struct totals kept;
	struct totals t = totals;
	size_t i;

	totals = kept;
	kept = t;
	for (i = 0; i < n_ranges; i++)
		swap_u64((u64 *)&ranges[i]->c, (u64 *)&ranges[i]->kept, N_COUNTS);
	for (i = 0; i < n_vms; i++)
		swap_u64(&vms[i].exits, &vms[i].kept, 1);
}

static unsigned int trip_slot(u64 ns)
{
	unsigned int log = ns < 4 ? 2 : 63 - __builtin_clzll(ns);

	return log * 4 + (ns >> (log - 2) & 3);
}

/*
 * What a trip to the VMM and back takes at least.  An exit's own time has in it what the
 * VMM did for the access, which no call saves.  So: the fastest tenth of all of them.
 */
u64 trip_ns(void)
{
	u64 n = 0, seen = 0;
	size_t i;

	for (i = 0; i < N_TRIPS; i++)
		n += totals.trips[i];
	for (i = 0; i < N_TRIPS && n; i++) {
		seen += totals.trips[i];
		if (seen * 10 >= n)
			return (4 + i % 4) << (i / 4 - 2);
	}
	return 0;
}

static struct vcpu *vcpu_get(u32 pid, u32 tid)
{
	struct vcpu **slot = &hash[tid % 1024], *v;
	size_t i;

	for (v = *slot; v; v = v->next) {
		if (v->tid == tid && v->pid == pid)
			return v;
	}
	v = xrealloc(NULL, sizeof(*v));
	memset(v, 0, sizeof(*v));
	v->pid = pid;
	v->tid = tid;
	v->next = *slot;
	*slot = v;
	n_vcpus++;
	if (!pid)
		return v;
	for (i = 0; i < n_vms && vms[i].pid != pid; i++)
		;
	if (i == n_vms) {
		vms = xrealloc(vms, (n_vms + 1) * sizeof(*vms));
		vms[n_vms++] = (struct vm){ .pid = pid };
	}
	v->vm = i + 1;
	return v;
}

static unsigned int commands_of(const struct range *r, u64 addr, bool write,
				u64 data)
{
	u64 offset = addr - r->start;

	if (!write)
		return 0;
	switch (r->command) {
	case CMD_IDE:
		return offset == 7;
	case CMD_AHCI:
		/* A bit for each command that is issued with this write. */
		return offset >= 0x100 && offset % 0x80 == 0x38 ?
		       __builtin_popcount(data) : 0;
	default:
		return 0;
	}
}

static struct access *access_add(struct vcpu *v, bool mmio, u64 addr, bool write,
				 u64 data)
{
	struct access *a;

	if (v->n == v->room) {
		v->room = v->room ? v->room * 2 : 16;
		v->accesses = xrealloc(v->accesses, v->room * sizeof(*v->accesses));
	}
	a = &v->accesses[v->n++];
	memset(a, 0, sizeof(*a));
	a->range = range_find(mmio, addr);
	a->addr = addr;
	a->write = write;
	a->commands = commands_of(a->range, addr, write, data);
	/* A read comes behind its exit to the VMM, a write before it. */
	a->to_vmm = v->to_vmm;
	a->in_vmm = v->to_vmm;
	v->to_vmm = 0;
	return a;
}

static bool is_list(const struct vcpu *v)
{
	return v->call && v->call_event.nr == PIO_HCALL_BATCH;
}

static void time_to(struct vcpu *v, size_t from, u64 now)
{
	size_t i, n = v->n - from;

	for (i = from; i < v->n; i++)
		v->accesses[i].ns += (now - v->mark) / n;
	v->mark = now;
}

/* The ring is empty again: its writes share the exits that this took. */
static void ring_done(struct vcpu *v, u64 now)
{
	if (!v->ring_waits)
		return;
	v->accesses[v->ring_from].to_vmm += v->to_vmm;
	v->to_vmm = 0;
	time_to(v, v->ring_from, now);
	v->ring_waits = false;
}

static void element(struct vcpu *v, const struct event *ev)
{
	struct access *a;

	if (ev->ring) {
		if (!v->ring_waits) {
			v->ring_waits = true;
			v->ring_from = v->n;
		}
		a = access_add(v, ev->mmio, ev->addr, true, ev->data);
		a->in_vmm = true;
		a->ring = true;
		return;
	}
	ring_done(v, v->mark);
	access_add(v, ev->mmio, ev->addr, ev->write, ev->data);
	time_to(v, v->n - 1, ev->time);
}

static void pio(struct vcpu *v, const struct event *ev)
{
	/* Its elements are traced. */
	if (is_list(v))
		return;
	access_add(v, false, ev->addr, ev->write, ev->data);
	v->write_open = ev->write;
}

static void mmio(struct vcpu *v, const struct event *ev)
{
	/* By call they are counted when it is done: only some of them are here. */
	if (v->call || ev->write == MMIO_UNSATISFIED)
		return;
	access_add(v, true, ev->addr, ev->write == MMIO_WRITE, ev->data);
	v->write_open = ev->write == MMIO_WRITE;
}

static void to_vmm(struct vcpu *v, const struct event *ev)
{
	/* Interrupted by a signal, or for something that is no access. */
	if (ev->error || (ev->reason != EXIT_TO_VMM_IO && ev->reason != EXIT_TO_VMM_MMIO))
		return;
	if (!v->vmm_time)
		v->vmm_time = ev->time;
	if (v->write_open && !is_list(v)) {
		v->accesses[v->n - 1].in_vmm = true;
		v->accesses[v->n - 1].to_vmm++;
	} else {
		v->to_vmm++;
	}
}

static void call_done(struct vcpu *v, const struct event *ev)
{
	const struct event *call = &v->call_event;

	v->status = ev->status;
	if (v->status < 0 || !v->call)
		return;
	if (ev->nr == PIO_HCALL_READ || ev->nr == PIO_HCALL_WRITE)
		access_add(v, true, call->addr, ev->nr == PIO_HCALL_WRITE, call->data);
}

static void other_exit(const struct vcpu *v, u64 ns)
{
	struct reason_count *r;
	size_t i;

	for (i = 0; i < totals.n_other; i++) {
		r = &totals.other[i];
		if (r->isa == v->isa && r->reason == v->reason)
			break;
	}
	if (i == totals.n_other) {
		if (i == ARRAY_SIZE(totals.other))
			i--;
		else
			totals.n_other++;
		r = &totals.other[i];
		r->isa = v->isa;
		r->reason = v->reason;
	}
	r->exits++;
	r->ns += ns;
}

/* Port and string bit of an I/O exit: the same place in SVM's and VMX's, the latter not. */
static u64 io_port(const struct vcpu *v)
{
	return v->info >> 16 & 0xffff;
}

static bool io_string(const struct vcpu *v)
{
	return reason_is_io(v->isa, v->reason) &&
	       v->info & (v->isa == ISA_SVM ? 1 << 2 : 1 << 4);
}

static struct range *range_of_exit(const struct vcpu *v, u64 *addr)
{
	if (v->n) {
		*addr = v->accesses[0].addr;
		return v->accesses[0].range;
	}
	if (v->call) {
		*addr = v->call_event.addr;
		switch (v->call_event.nr) {
		case PIO_HCALL_IN ... PIO_HCALL_OUTS:
			/* One that was refused need not be a port. */
			return *addr <= 0xffff ? range_find(false, *addr) : NULL;
		case PIO_HCALL_READ:
		case PIO_HCALL_WRITE:
			return range_find(true, *addr);
		default:
			return NULL;
		}
	}
	if (reason_is_io(v->isa, v->reason)) {
		*addr = io_port(v);
		return range_find(false, *addr);
	}
	return NULL;
}

static void count_accesses(struct vcpu *v, u64 now)
{
	struct access *a;
	size_t i;

	ring_done(v, now);
	/* The way back to the guest is the last one's of a list, else everybody's. */
	if (v->n)
		time_to(v, is_list(v) ? v->n - 1 : 0, now);
	for (i = 0; i < v->n; i++) {
		struct counts *c;

		a = &v->accesses[i];
		c = &a->range->c;
		c->accesses++;
		if (a->write)
			c->writes++;
		else
			c->reads++;
		if (a->in_vmm)
			c->in_vmm++;
		else
			c->in_kvm++;
		c->exits_to_vmm += a->to_vmm;
		c->commands += a->commands;
		c->ns += a->ns;
		c->by_ring += a->ring;
		if (is_list(v)) {
			c->by_list++;
		} else if (v->call) {
			c->by_call++;
		} else {
			c->native++;
			c->fallback += a->range->seen_call;
		}
		if (v->call)
			a->range->seen_call = true;
	}
}

/*
 * Two crossings for one device, nothing in between for another: a list can carry both in
 * one.  What that saves is the second one's way out of the guest, and its way back, of
 * which there is no event to tell its length; the trip to the VMM stays, but of two
 * writes, which share it.
 */
static void count_pair(struct crossing *last, struct crossing *now, u64 addr)
{
	struct counts *c = &now->range->c;

	c->joinable++;
	if (last->write && now->write && last->in_vmm && now->in_vmm) {
		c->write_write++;
		c->write_runs += !last->in_run;
		now->in_run = true;
		return;
	}
	c->repeated += !last->write && !now->write && last->addr == addr;
	if (now->way_out_ns > now->decode_ns)
		c->gain_wait_ns += now->way_out_ns - now->decode_ns;
}

/* What the crossing could have been spared, compared with the one before. */
static void count_gain(struct vcpu *v, struct range *r, u64 addr, u64 ns,
		       u64 rip)
{
	struct crossing *last = &v->last;
	bool same = last->range && last->range->controller == r->controller;
	struct crossing now = {
		.range = r,
		.addr = addr,
		.ns = ns,
		.write = v->n ? v->accesses[0].write : last->write,
		.in_vmm = v->n && v->accesses[0].in_vmm,
		.string = v->call ? v->call_event.nr == PIO_HCALL_INS ||
				    v->call_event.nr == PIO_HCALL_OUTS : io_string(v),
		.list = is_list(v) || v->n > 1,
	};

	if (v->decode_time && !v->call && !io_string(v)) {
		r->c.decoded++;
		now.decode_ns = v->decode_time - v->exit_time;
		r->c.gain_decode_ns += now.decode_ns;
	}
	if (now.string && !v->call) {
		r->c.string_exits++;
		/* The guest goes on with the same instruction. */
		now.unfinished = rip == v->rip;
		if (last->unfinished && last->addr == addr)
			r->c.gain_string_ns += ns;
		else
			r->c.strings++;
	}
	if (v->n == 1 && v->vmm_time && !now.string)
		totals.trips[trip_slot(ns)]++;
	if (v->vmm_time)
		now.way_out_ns = v->vmm_time - v->exit_time;
	if (same && !last->list && !now.list && !last->string && !now.string)
		count_pair(last, &now, addr);
	*last = now;
}

static void exit_done(struct vcpu *v, u64 now, u64 rip)
{
	u64 ns = now - v->exit_time, addr = 0;
	struct range *r = range_of_exit(v, &addr);

	totals.exits++;
	totals.ns += ns;
	if (v->vm)
		vms[v->vm - 1].exits++;
	totals.enosys += v->enosys;
	if (v->call && v->call_event.nr == PIO_HCALL_PROBE)
		totals.probes++;
	if (!r) {
		if (v->status < 0)
			totals.errors++;
		other_exit(v, ns);
		return;
	}
	totals.device_exits++;
	totals.device_ns += ns;
	if (v->call)
		r->c.calls++;
	else
		r->c.exits++;
	if (v->status < 0)
		r->c.errors++;
	if (!v->n)
		r->c.ns += ns;
	r->c.exits_to_vmm += v->ring_waits ? 0 : v->to_vmm;
	count_gain(v, r, addr, ns, rip);
	count_accesses(v, now);
}

static void exit_begin(struct vcpu *v, const struct event *ev)
{
	v->in_exit = true;
	v->exit_time = ev->time;
	v->mark = ev->time;
	v->isa = ev->isa;
	v->reason = ev->reason;
	v->info = ev->info;
	v->rip = ev->rip;
	v->decode_time = 0;
	v->vmm_time = 0;
	v->call = false;
	v->enosys = false;
	v->status = 0;
	v->n = 0;
	v->ring_waits = false;
	v->write_open = false;
	v->to_vmm = 0;
}

void account(const struct event *ev)
{
	struct vcpu *v;

	v = vcpu_get(ev->pid, ev->tid);
	/* Of pieces of traces, put together: what lies between is not one exit. */
	if (ev->time < v->seen)
		v->in_exit = false;
	v->seen = ev->time;
	if (ev->kind == EV_EXIT) {
		exit_begin(v, ev);
		return;
	}
	if (!v->in_exit)
		return;
	if (ev->kind != EV_USER && ev->kind != EV_DECODE && ev->kind != EV_DONE)
		v->write_open = false;
	switch (ev->kind) {
	case EV_ENTRY:
		exit_done(v, ev->time, ev->rip);
		v->in_exit = false;
		break;
	case EV_PIO:
		pio(v, ev);
		break;
	case EV_MMIO:
		mmio(v, ev);
		break;
	case EV_FAST_MMIO:
		access_add(v, true, ev->addr, true, 0);
		break;
	case EV_USER:
		to_vmm(v, ev);
		break;
	case EV_DECODE:
		if (!v->decode_time)
			v->decode_time = ev->time;
		break;
	case EV_HYPERCALL:
		v->enosys = ev->nr >= PIO_HCALL_BASE && ev->nr < PIO_HCALL_END;
		break;
	case EV_CALL:
		v->call = true;
		v->call_event = *ev;
		break;
	case EV_DONE:
		call_done(v, ev);
		break;
	case EV_ELEMENT:
		element(v, ev);
		break;
	case EV_FLUSH:
		ring_done(v, ev->time);
		break;
	default:
		break;
	}
}

void account_forget(void)
{
	struct vcpu *v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hash); i++)
		for (v = hash[i]; v; v = v->next)
			v->in_exit = false;
}

/*
 * A call that was refused is over, though its vCPU has not entered the guest since: one
 * that was told to stop right then never does.
 */
void account_end(void)
{
	struct vcpu *v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hash); i++)
		for (v = hash[i]; v; v = v->next)
			if (v->in_exit && v->call && v->status < 0) {
				exit_done(v, v->mark, v->rip);
				v->in_exit = false;
			}
}
