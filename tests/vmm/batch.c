// SPDX-License-Identifier: GPL-2.0
/*
 * BATCH: lists, and what registers, memory and device have to say about them.
 */
#include <stdlib.h>
#include <string.h>

#include "tests.h"

struct pio_hcall_access *batch_add(struct batch *b, u8 op, u8 space, u8 size,
				   u64 addr, u64 value)
{
	struct pio_hcall_access *e;

	if (b->n == MAX)
		DIE("a list of more than %u", b->n);
	e = &b->list[b->n++];
	/* mask and want are no business of the others */
	*e = (struct pio_hcall_access){
		.op = op, .space = space, .size = size, .addr = addr,
		.value = value, .mask = 0x12345678, .want = 0x9abcdef0,
	};
	b->accesses += op == OP_WRITE_BACK ? 2 : 1;
	return e;
}

/* A CHECK of what the counter is going to answer. */
void batch_check(struct batch *b, u8 space, u8 size, u64 addr, u32 mask,
		 bool passes)
{
	u32 val = dev_value(b->accesses) & mask_of(size) & mask;
	struct pio_hcall_access *e = batch_add(b, OP_CHECK, space,
					       size, addr, ~0ULL);

	e->mask = mask;
	e->want = passes ? val : val ^ (mask ? mask & -mask : 1);
}

/* n more elements of all kinds, none of which stops the list, nor is refused (0x5658). */
void batch_random(struct batch *b, unsigned int *seed, unsigned int n)
{
	while (n--) {
		u8 op = rand_r(seed) % 4, space = rand_r(seed) % 2;
		u8 size = 1 << rand_r(seed) % (space ? 4 : 3);
		u64 addr = space ? MMIO_GPA : 0x5000, value = rand_r(seed);

		addr += rand_r(seed) % 0x190 * size;
		if (op == OP_CHECK)
			batch_check(b, space, size == 8 ? 4 : size, addr,
				    rand_r(seed), true);
		else
			batch_add(b, op, space, size, addr,
				  value * 0x100000001000001);
	}
}

void batch_load(struct batch *b)
{
	vm_write(b->v->vm, b->gpa, b->list, b->n * ELEMENT);
}

void batch_start(struct batch *b)
{
	struct call c = { PIO_HCALL_BATCH, 0, 0, b->gpa, b->n };

	dev_reset(b->v->dev);
	batch_load(b);
	call_prepare(b->v, &c, &b->before);
}

static bool logged(struct batch *b, unsigned int i, u64 at, bool out)
{
	struct pio_hcall_access *e = &b->list[i];
	struct dev *d = b->v->dev;
	struct access *a = &d->log[at];

	if (a->space == e->space && a->addr == e->addr && a->size == e->size &&
	    a->out == out && (e->op != OP_WRITE ||
			      a->val == (e->value & mask_of(e->size))))
		return true;
	return FAIL("element %u (op %u space %u addr %#llx size %u value %#llx), access %llu: %s space %u addr %#llx size %u value %#llx",
		    i, e->op, e->space, (unsigned long long)e->addr, e->size,
		    (unsigned long long)e->value, (unsigned long long)at,
		    a->out ? "write" : "read", a->space,
		    (unsigned long long)a->addr, a->size,
		    (unsigned long long)a->val);
}

/*
 * Every access in the log is an element's, in the order of the list, each once,
 * and the list in memory has exactly the values that were read.  Of a WRITE_BACK that
 * was stopped between its halves it says so.
 */
struct extent batch_extent(struct batch *b)
{
	struct pio_hcall_access want[MAX], mem;
	struct dev *d = b->v->dev;
	struct extent x = { 0, 0, false };
	unsigned int i;
	u64 at = 0;

	memcpy(want, b->list, sizeof(want));
	for (i = 0; i < b->n && !x.stopped; i++) {
		struct pio_hcall_access *e = &want[i];

		if (b->in_kvm >> i & 1) {
			x.most = i + 1;
			continue;
		}
		if (at == d->n)
			break;
		if (e->op != OP_WRITE) {
			if (!logged(b, i, at, false))
				return x;
			e->value = d->log[at++].val;
		}
		if (e->op == OP_WRITE_BACK && at == d->n) {
			e->state = PIO_HCALL_STATE_READ;
			break;
		}
		if (e->op == OP_WRITE ||
		    e->op == OP_WRITE_BACK) {
			if (!logged(b, i, at, true))
				return x;
			if (d->log[at].val != (e->value & mask_of(e->size)))
				FAIL("element %u wrote back %#llx, not %#llx", i,
				     (unsigned long long)d->log[at].val,
				     (unsigned long long)e->value);
			at++;
		}
		x.stopped = e->op == OP_CHECK &&
			    (e->value & e->mask) != e->want;
		x.done = x.most = x.stopped ? i : i + 1;
	}
	EQ(at, d->n);
	for (i = 0; i < b->n; i++) {
		vm_read(b->v->vm, b->gpa + i * ELEMENT, &mem, sizeof(mem));
		if (!memcmp(&mem, &want[i], sizeof(mem)))
			continue;
		FAIL("element %u in memory is op %u space %u size %u state %u addr %#llx value %#llx mask %#x want %#x, value %#llx expected",
		     i, mem.op, mem.space, mem.size, mem.state,
		     (unsigned long long)mem.addr,
		     (unsigned long long)mem.value, mem.mask, mem.want,
		     (unsigned long long)want[i].value);
		break;
	}
	return x;
}

static void check_registers(struct batch *b, const struct kvm_regs *r,
			    unsigned int done)
{
	u64 m = reg_mask(b->v->mode);

	EQ(r->rsi & m, (b->before.rsi - done) & m);
	EQ(r->rdx & m, (b->gpa + done * ELEMENT) & m);
	check_preserved(b->v, &b->before, r);
}

/*
 * Where the VMM may look, stop or move the guest: between two elements.
 * Returns false when the call is over.
 */
bool batch_progress(struct batch *b)
{
	struct extent x = batch_extent(b);
	struct kvm_regs r;
	unsigned int done;

	vcpu_get(b->v, &r);
	if (r.rip != CODE_GPA) {
		EQ(r.rip, CODE_GPA + CALL_INSN_LEN);
		return false;
	}
	done = b->n - r.rsi;
	EQ(r.rax, b->before.rax);
	CHECK(!x.stopped, "the call goes on behind a CHECK that stops it");
	CHECK(done >= x.done && done <= x.most && (done < b->n || !b->n),
	      "%u elements of %u done by RSI, %u to %u at the device", done,
	      b->n, x.done, x.most);
	check_registers(b, &r, done);
	return true;
}

void batch_ended(struct batch *b, const struct kvm_regs *r, int err,
		 unsigned int done)
{
	struct extent x = batch_extent(b);

	EQ(r->rax, err_in(b->v->mode, err));
	check_registers(b, r, done);
	CHECK(x.done <= done && done <= x.most,
	      "%u elements done, %u to %u at the device", done, x.done, x.most);
	EQ(x.stopped, !err && done < b->n);
}

bool batch_finish(struct batch *b, int err, unsigned int done)
{
	struct kvm_regs r;

	if (!call_finish(b->v, &b->before, &r))
		return false;
	batch_ended(b, &r, err, done);
	return true;
}

/* The whole of it, where nothing stops it. */
bool batch_run(struct batch *b)
{
	batch_start(b);
	return batch_finish(b, 0, b->n);
}

/* The same where signals keep ending KVM_RUN; counts how often they did. */
bool batch_nagged(struct batch *b, unsigned int *eintr)
{
	struct vcpu *v = b->v;
	struct kvm_regs r;
	enum stop s;

	batch_start(b);
	while ((s = vcpu_enter(v)) == STOP_IO || s == STOP_INTR) {
		if (s == STOP_IO) {
			vcpu_serve(v);
			continue;
		}
		++*eintr;
		batch_progress(b);
	}
	if (s != STOP_DONE)
		return false;
	vcpu_get(v, &r);
	batch_ended(b, &r, 0, b->n);
	return true;
}
