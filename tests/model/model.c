// SPDX-License-Identifier: GPL-2.0
/*
 * model - the host module in user space, but for hook.c and compat.c, against what abi.rst says
 *
 *   model validators            every size, port, alignment and mode, of every kind of call
 *   model calls SEED COUNT      random calls, on a VMM that does all it is allowed to
 *   model storm SEED COUNT      random calls, on one that does what it likes
 *   model race SEED COUNT       two vCPUs at once, as `calls'; for ThreadSanitizer
 *
 * `calls' predicts the status, the registers, the memory and the dirty pages that each call
 * leaves, and the accesses that devices see: each once, in order, however often the call is
 * stopped, restarted or sent through the coalescing ring.  `storm' predicts nothing: it relies on
 * the sanitizers.  But now and then it calms down, and the next call is predicted as with `calls',
 * whatever the module has kept of the storm.
 *
 * Exit status: 0, 1 something was not as predicted, 2 wrong usage.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/pio_hypercall.h>

#include "kvm_access.h"
#include "kvm_hcall.h"

#define CALL_RIP	0x8000UL
#define INSN_LEN	3
#define MAX		PIO_HCALL_BATCH_MAX
#define BUS_PORT	0x3000	/* 256 ports that KVM has a device for */
#define BUS_MMIO	0xd0001000ULL
#define MMIO		0xd0000000ULL
#define EVENT		(MMIO + 0x200)	/* an ioeventfd for writes of any size */
#define APIC		0xfee00000ULL
#define RESERVED_BITS	(~0ULL << 46)
#define MAX_LOG		10000

/* What each vCPU has for itself: it is a thread. */
#define OWN		static __thread

__thread u64 hcall_stats[HCALL_STAT_MAX];

/* --- random numbers ------------------------------------------------------------ */

OWN u64 state;

static u64 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL;
}

static u32 below(u32 n)
{
	return (rnd() >> 32) % n;
}

static bool one_in(u32 n)
{
	return !below(n);
}

/* --- what is wrong ---------------------------------------------------------------- */

static unsigned int failures;
OWN u64 number;

#define FAIL(...)								\
	do {									\
		fprintf(stderr, "call %llu: ", (unsigned long long)number);	\
		fprintf(stderr, __VA_ARGS__);					\
		fputc('\n', stderr);						\
		if (__sync_add_and_fetch(&failures, 1) == 10)			\
			exit(1);						\
	} while (0)

/* --- memory ---------------------------------------------------------------------- */

enum there {
	THERE,
	LAZY,		/* what does not fault it in fails */
	READABLE,	/* and no more */
	GONE,
};

static struct {
	gfn_t gfn;
	unsigned int pages, flags;
	int id;
} layout[] = {
	{ 0x10, 4, 0, 0 },			/* 0x14 is elsewhere in userspace */
	{ 0x18, 2, KVM_MEM_READONLY, 1 },
	{ 0x1a, 4, 0, 2 },
	{ 0x1e, 1, 0, KVM_USER_MEM_SLOTS },	/* KVM's own */
	{ 0x1f, 1, KVM_MEMSLOT_INVALID, 3 },
	{ 0x20, 1, KVM_MEM_GUEST_MEMFD, 4 },
	{ 0xfffff, 2, 0, 5 },			/* 4 GiB is in the middle */
	{ 0x14, 4, 0, 6 },
	{ MMIO >> PAGE_SHIFT, 0, 0, 7 },	/* comes and goes over a device's registers */
};

#define SLOTS		ARRAY_SIZE(layout)
#define MAX_PAGES	8
#define MOVED		(SLOTS - 1)

static char *ram[SLOTS];
static char *expected[SLOTS];	/* what is in it, if all is as predicted */
static enum there there[SLOTS][MAX_PAGES];
/* Made anew when they change, for sanitizers to see who looks at an old one. */
static struct kvm_memory_slot *slots[SLOTS];

static int slot_of(gfn_t gfn)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (gfn >= layout[i].gfn && gfn - layout[i].gfn < layout[i].pages)
			return i;
	return -1;
}

static enum there *there_of(const void *addr)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		size_t offset = (const char *)addr - ram[i];

		if ((const char *)addr >= ram[i] && offset < layout[i].pages * PAGE_SIZE)
			return &there[i][offset / PAGE_SIZE];
	}
	fprintf(stderr, "an address that is no guest's: %p\n", addr);
	abort();
}

static char *memory_in(char **of, gpa_t gpa)
{
	int i = slot_of(gpa_to_gfn(gpa));

	return of[i] + (gpa - (layout[i].gfn << PAGE_SHIFT));
}

static char *memory(gpa_t gpa)
{
	return memory_in(ram, gpa);
}

bool user_ok(const void *addr, size_t len, bool write)
{
	enum there worst = write ? LAZY : READABLE;

	return *there_of(addr) <= worst && *there_of((const char *)addr + len - 1) <= worst;
}

size_t fault_in_safe_writeable(const char *addr, size_t len)
{
	if (*there_of(addr) > LAZY)
		return len;
	*there_of(addr) = THERE;
	return 0;
}

int arch_futex_atomic_op_inuser(int op, u32 arg, int *old, u32 *addr)
{
	if (op != FUTEX_OP_ADD || *there_of(addr) != THERE)
		return -14;
	*old = *addr;
	*addr += arg;
	return 0;
}

struct kvm_memory_slot *__gfn_to_memslot(struct kvm_memslots *unused, gfn_t gfn)
{
	int i = slot_of(gfn);

	(void)unused;
	return i < 0 ? NULL : slots[i];
}

unsigned long __gfn_to_hva_memslot(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	return (unsigned long)slot->hva + ((gfn - slot->base_gfn) << PAGE_SHIFT);
}

unsigned long kvm_vcpu_gfn_to_hva(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct kvm_memory_slot *slot = __gfn_to_memslot(&vcpu->kvm->memslots, gfn);

	if (!slot || slot->flags & (KVM_MEMSLOT_INVALID | KVM_MEM_READONLY))
		return 0;
	return __gfn_to_hva_memslot(slot, gfn);
}

bool kvm_is_error_hva(unsigned long hva)
{
	return !hva;
}

static int copy(gpa_t gpa, void *data, unsigned long len, bool write)
{
	while (len) {
		unsigned long n = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(gpa));
		int i = slot_of(gpa_to_gfn(gpa));
		char *at;

		if (i < 0 || slots[i]->flags & KVM_MEMSLOT_INVALID ||
		    (write && slots[i]->flags & KVM_MEM_READONLY))
			return -14;
		at = memory(gpa);
		if (!user_ok(at, 1, write))
			return -14;
		memcpy(write ? at : data, write ? data : at, n);
		data = (char *)data + n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int kvm_vcpu_read_guest(struct kvm_vcpu *vcpu, gpa_t gpa, void *data, unsigned long len)
{
	(void)vcpu;
	return copy(gpa, data, len, false);
}

/* Pages that were logged as dirty, and those that a call should have. */
OWN bool dirty[SLOTS][MAX_PAGES], to_be_dirty[SLOTS][MAX_PAGES];
OWN bool predicting;
OWN unsigned int logged;	/* since the guest ran */

void mark_page_dirty_in_slot(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn)
{
	int i = slot_of(gfn);

	if (gfn < slot->base_gfn || gfn - slot->base_gfn >= slot->npages)
		abort();
	if (i >= 0)
		dirty[i][gfn - layout[i].gfn] = true;
	/* KVM keeps room for 64 (KVM_DIRTY_RING_RSVD_ENTRIES), half of them its own. */
	if (++logged > 33 && kvm->dirty_ring_size)
		FAIL("%u pages logged before the ring is looked at", logged);
}

static struct kvm kvm;

static void new_slots(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		free(slots[i]);
		slots[i] = malloc(sizeof(*slots[i]));
		*slots[i] = (struct kvm_memory_slot){
			.base_gfn = layout[i].gfn, .npages = layout[i].pages,
			.flags = layout[i].flags, .id = layout[i].id, .hva = ram[i],
		};
	}
	kvm.memslots.generation += 2;
}

int kvm_vcpu_write_guest(struct kvm_vcpu *vcpu, gpa_t gpa, const void *data, unsigned long len)
{
	gfn_t gfn;
	int ret = copy(gpa, (void *)data, len, true);

	for (gfn = gpa_to_gfn(gpa); !ret && gfn <= gpa_to_gfn(gpa + len - 1); gfn++)
		mark_page_dirty_in_slot(vcpu->kvm, slots[slot_of(gfn)], gfn);
	return ret;
}

/* What is predicted of [gpa, gpa + len), all of which is there. */
static void expect(gpa_t gpa, void *data, unsigned long len, bool write)
{
	while (len) {
		unsigned long n = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(gpa));
		gfn_t gfn = gpa_to_gfn(gpa);
		int i = slot_of(gfn);
		char *at = memory_in(expected, gpa);

		if (predicting && write && memcmp(at, data, n))
			to_be_dirty[i][gfn - layout[i].gfn] = true;
		memcpy(write ? at : data, write ? data : at, n);
		data = (char *)data + n;
		gpa += n;
		len -= n;
	}
}

static void expect_what_is(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		memcpy(expected[i], ram[i], layout[i].pages * PAGE_SIZE);
}

/* The guest writes to memory of its own. */
static void guest_writes(gpa_t gpa, void *data, unsigned long len)
{
	copy(gpa, data, len, true);
	expect(gpa, data, len, true);
}

/* --- devices ----------------------------------------------------------------------- */

struct access {
	u64 addr, value;
	u8 space, size;
	bool write;
};

struct log {
	struct access a[MAX_LOG];
	unsigned int n;
};

OWN struct log seen, predicted;

/* With `race', who accesses what is told by its address, for any may carry out the ring. */
#define VCPUS		2
static struct log *seen_by[VCPUS];
static bool race;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static struct log *log_of(u8 space, u64 addr)
{
	if (!race)
		return &seen;
	return seen_by[(space == PIO_HCALL_SPACE_MMIO ? addr >> 20 : addr >> 8) % VCPUS];
}

static u64 mask_of(unsigned int size)
{
	return size == 8 ? ~0ULL : (1ULL << size * 8) - 1;
}

/* The nth access answers so if it is a read; @value is what is written. */
static u64 device(struct log *log, u8 space, u64 addr, u8 size, bool write, u64 value)
{
	struct access *a;

	pthread_mutex_lock(&log_lock);
	a = &log->a[log->n % MAX_LOG];
	if (!write)
		value = (log->n + 1) * 0x9e3779b97f4a7c15ULL;
	*a = (struct access){
		.addr = addr, .value = value & mask_of(size), .space = space,
		.size = size, .write = write,
	};
	log->n++;
	value = a->value;
	pthread_mutex_unlock(&log_lock);
	return value;
}

/* --- the VMM, and KVM's part of its exits -------------------------------------------- */

/* What this VMM does; all of it is allowed. */
OWN struct {
	unsigned int zone;	/* bytes that are coalesced at 0xcf8, 0: none */
	bool lazy;		/* the ring is not carried out */
	bool eager;		/* it is at every exit */
	bool slow;		/* not at each flush: another thread is at it */
	unsigned int stops;	/* one in so many exits is to end KVM_RUN, 0: none */
	unsigned int changes_rax;
	unsigned int resets;	/* one in so many exits resets the vCPU */
	bool storm;
} vmm;

OWN struct kvm_vcpu vcpu;
OWN struct hcall_vcpu hv;
__thread struct task me;
OWN unsigned long rip;
OWN bool is_64bit;
OWN char run_pages[2 * PAGE_SIZE] __attribute__((aligned(16)));
/* One thread of the VMM at a time. */
static pthread_mutex_t big_lock = PTHREAD_MUTEX_INITIALIZER;
static char ring_page[PAGE_SIZE] __attribute__((aligned(4096)));
static struct kvm_coalesced_mmio_ring *ring = (void *)ring_page;
static u32 ring_first;	/* not what anybody may have written there */
static u64 trials;
OWN void *pending;	/* where a read's data is to go */
OWN u32 pending_len;

/* The same as KVM has it. */
static struct kvm_io_bus mmio_bus = {
	.dev_count = 2,
	.range = { { BUS_MMIO, PAGE_SIZE }, { EVENT, 0 } },
};

static struct kvm_io_bus pio_bus = {
	.dev_count = 2,
	.range = { { BUS_PORT, 0x100 }, { PCI_CONFIG_ADDRESS, 1 } },
};

/* Of all vCPUs: where there are two it stays as it is. */
static void set_zone(unsigned int bytes)
{
	vmm.zone = bytes;
	pio_bus.dev_count = bytes ? 2 : 1;
	pio_bus.range[1].len = bytes;
}

static bool on_bus(u8 space, u64 addr, u32 size)
{
	if (space == PIO_HCALL_SPACE_MMIO)
		return addr >> PAGE_SHIFT == BUS_MMIO >> PAGE_SHIFT || addr == EVENT;
	return (addr < BUS_PORT + 0x100 && addr + size > BUS_PORT) ||
	       (vmm.zone && addr < PCI_CONFIG_ADDRESS + vmm.zone &&
		addr + size > PCI_CONFIG_ADDRESS);
}

/* Not what is in part on the bus: KVM's devices look at whole accesses. */
static bool in_kvm(u8 space, u64 addr, u32 size)
{
	if (space == PIO_HCALL_SPACE_MMIO)
		return on_bus(space, addr, size) || addr >> PAGE_SHIFT == APIC >> PAGE_SHIFT;
	return addr >= BUS_PORT && addr + size <= BUS_PORT + 0x100;
}

/* The upper half of those ports takes odd values only, as an ioeventfd may. */
static bool takes(u64 port, u32 size, const void *data, bool in)
{
	return in_kvm(PIO_HCALL_SPACE_PIO, port, size) &&
	       (in || port < BUS_PORT + 0x80 || *(const u8 *)data & 1);
}

bool hcall_bus_has(struct kvm_vcpu *v, enum kvm_bus idx, gpa_t addr)
{
	(void)v;
	return idx == KVM_PIO_BUS && addr == PCI_CONFIG_ADDRESS && vmm.zone;
}

/* This VMM mirrors no registers: tests/vmm has one that does. */
bool hcall_mirror_read(struct hcall_vcpu *hv, bool mmio, u64 addr, u32 size)
{
	abort();
}

bool hcall_knows_outs(struct kvm_vcpu *v)
{
	return hcall_bus_has(v, KVM_PIO_BUS, PCI_CONFIG_ADDRESS);
}

/* KVM's own state of an access under way; while there is any, it cannot begin another one. */
static void access_over(void)
{
	vcpu.mmio_needed = 0;
	vcpu.arch.pio.count = 0;
	vcpu.arch.sev_pio_count = 0;
}

static bool idle(void)
{
	return !vcpu.mmio_needed && !vcpu.arch.pio.count && !vcpu.arch.sev_pio_count;
}

static int completed(struct kvm_vcpu *v)
{
	char *data = run_pages + PAGE_SIZE;

	if (v->run->exit_reason == KVM_EXIT_MMIO)
		data = (char *)v->run->mmio.data;
	memcpy(pending, data, pending_len);
	access_over();
	return 1;
}

int kvm_sev_es_string_io(struct kvm_vcpu *v, unsigned int size, unsigned int port, void *data,
			 unsigned int count, int in)
{
	struct kvm_run *run = v->run;
	unsigned int i;

	/* The first decides for all; what the device then does not take is lost. */
	if (takes(port, size, data, in)) {
		for (i = 0; i < count; i++, data = (char *)data + size) {
			u64 value = 0;

			if (!takes(port, size, data, in))
				continue;
			memcpy(&value, data, size);
			value = device(log_of(PIO_HCALL_SPACE_PIO, port), PIO_HCALL_SPACE_PIO, port, size, !in, value);
			if (in)
				memcpy(data, &value, size);
		}
		return 1;
	}
	/* A page is all that there is for it. */
	if (count * size > PAGE_SIZE)
		abort();
	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = in ? KVM_EXIT_IO_IN : KVM_EXIT_IO_OUT;
	run->io.size = size;
	run->io.port = port;
	run->io.count = count;
	run->io.data_offset = PAGE_SIZE;
	v->arch.complete_userspace_io = NULL;
	if (!idle())
		FAIL("an access begins in the middle of another");
	if (in) {
		pending = data;
		pending_len = count * size;
		v->arch.pio.count = count;
		v->arch.sev_pio_count = count;
		v->arch.complete_userspace_io = completed;
	} else {
		memcpy(run_pages + PAGE_SIZE, data, count * size);
	}
	return 0;
}

static int mmio(struct kvm_vcpu *v, gpa_t gpa, unsigned int bytes, void *data, bool write)
{
	u64 value = 0;

	if (in_kvm(PIO_HCALL_SPACE_MMIO, gpa, bytes)) {
		memcpy(&value, data, bytes);
		value = device(log_of(PIO_HCALL_SPACE_MMIO, gpa), PIO_HCALL_SPACE_MMIO, gpa, bytes, write, value);
		if (!write)
			memcpy(data, &value, bytes);
		return 1;
	}
	v->run->exit_reason = KVM_EXIT_MMIO;
	v->run->mmio.phys_addr = gpa;
	v->run->mmio.len = bytes;
	v->run->mmio.is_write = write;
	if (write)
		memcpy(v->run->mmio.data, data, bytes);
	if (!idle())
		FAIL("an access begins in the middle of another");
	pending = data;
	/* KVM completes a read only if this says so. */
	pending_len = v->mmio_is_write ? 0 : bytes;
	v->mmio_needed = 1;
	v->arch.complete_userspace_io = completed;
	return 0;
}

int kvm_sev_es_mmio_write(struct kvm_vcpu *v, gpa_t gpa, unsigned int bytes, void *data)
{
	return mmio(v, gpa, bytes, data, true);
}

int kvm_sev_es_mmio_read(struct kvm_vcpu *v, gpa_t gpa, unsigned int bytes, void *data)
{
	return mmio(v, gpa, bytes, data, false);
}

struct hcall_vcpu *hcall_vcpu_find(struct kvm_vcpu *v)
{
	(void)v;
	return &hv;
}

bool hcall_64bit(struct kvm_vcpu *v)
{
	(void)v;
	return is_64bit;
}

unsigned long hcall_rip(struct kvm_vcpu *v)
{
	(void)v;
	return rip;
}

int hcall_skip(struct kvm_vcpu *v, bool mode64)
{
	(void)v, (void)mode64;
	rip += INSN_LEN;
	return 1;
}

static void drain(void)
{
	u32 i;

	for (i = 0; ring_first != READ_ONCE(ring->last) && i < KVM_COALESCED_MMIO_MAX; i++) {
		struct kvm_coalesced_mmio *e = &ring->coalesced_mmio[ring_first];
		u64 value = 0;

		memcpy(&value, e->data, e->len);
		/* Who has it carried out looks at ports and memory of the VMM only. */
		if (!vmm.storm && on_bus(!e->pio, e->phys_addr, e->len))
			FAIL("a write to %#llx went by the ring, and is KVM's",
			     (unsigned long long)e->phys_addr);
		/* abi.rst: "Order and userspace" */
		if (!vmm.storm && !(e->pio ? e->phys_addr == 0x80 || e->phys_addr >= 0x6000 ||
				    (e->phys_addr & ~0x87) == 0x170 || e->phys_addr == 0x376 ||
				    e->phys_addr == 0x3f6 :
				    e->phys_addr >> PAGE_SHIFT != APIC >> PAGE_SHIFT))
			FAIL("a write to %#llx went by the ring, and is not for any thread",
			     (unsigned long long)e->phys_addr);
		if (e->pio && e->phys_addr == 0x80)
			trials++;
		else
			device(log_of(!e->pio, e->phys_addr), !e->pio, e->phys_addr, e->len, true, value);
		ring_first = (ring_first + 1) % KVM_COALESCED_MMIO_MAX;
	}
	WRITE_ONCE(ring->first, ring_first);
}

static void scribble(void)
{
	unsigned int i;

	switch (below(12)) {
	case 0:
		ring->first = below(3) ? below(KVM_COALESCED_MMIO_MAX) : rnd();
		break;
	case 1:
		ring->last = below(3) ? below(KVM_COALESCED_MMIO_MAX) : rnd();
		break;
	case 2:
		for (i = 0; i < sizeof(struct kvm_run); i += 8)
			if (one_in(4))
				*(u64 *)(run_pages + i) = rnd();
		break;
	case 3:
		there[below(SLOTS)][below(MAX_PAGES)] = below(GONE + 1);
		/* What is being used, too. */
		if (one_in(2) && slot_of(gpa_to_gfn(hv.gpa)) >= 0)
			*there_of(memory(hv.gpa)) = GONE;
		break;
	case 4:
		new_slots();
		break;
	case 5:
		rip = one_in(2) ? CALL_RIP : rnd();
		break;
	case 6:
		vcpu.arch.regs[below(NR_VCPU_REGS)] = rnd();
		break;
	case 7:
		set_zone(below(3));
		break;
	case 8:
		is_64bit = one_in(2);
		break;
	case 9:
		vcpu.arch.apic_base = APIC + below(2) * PAGE_SIZE;
		break;
	case 10:
		me.signal = one_in(2);
		break;
	default:
		for (i = 0; i < PAGE_SIZE; i++)
			if (one_in(64))
				ram[0][i] = rnd();
	}
}

/* Userspace, in an exit. */
static void userspace(void)
{
	struct kvm_run *run = vcpu.run;
	char *data = run_pages + PAGE_SIZE;
	unsigned int i;
	u64 value;

	if (vmm.storm)
		scribble();
	if (vmm.eager && !vmm.lazy && !vmm.storm)
		drain();
	if (vmm.changes_rax && one_in(vmm.changes_rax))
		vcpu.arch.regs[VCPU_REGS_RAX] = rnd();
	if (vmm.storm)
		return;
	if (run->exit_reason == KVM_EXIT_MMIO) {
		value = 0;
		memcpy(&value, run->mmio.data, run->mmio.len);
		value = device(log_of(PIO_HCALL_SPACE_MMIO, run->mmio.phys_addr), PIO_HCALL_SPACE_MMIO,
			       run->mmio.phys_addr, run->mmio.len, run->mmio.is_write, value);
		if (!run->mmio.is_write)
			memcpy(run->mmio.data, &value, run->mmio.len);
	} else if (vmm.zone && run->io.port == PCI_CONFIG_ADDRESS) {
		static __thread bool left;

		left = vmm.slow && !left && one_in(3);
		if (!vmm.lazy && !left)
			drain();
	} else {
		for (i = 0; i < run->io.count; i++, data += run->io.size) {
			value = 0;
			memcpy(&value, data, run->io.size);
			value = device(log_of(PIO_HCALL_SPACE_PIO, run->io.port), PIO_HCALL_SPACE_PIO,
				       run->io.port, run->io.size, run->io.direction == KVM_EXIT_IO_OUT, value);
			if (run->io.direction == KVM_EXIT_IO_IN)
				memcpy(data, &value, run->io.size);
		}
	}
}

static void serve(void)
{
	pthread_mutex_lock(&big_lock);
	userspace();
	pthread_mutex_unlock(&big_lock);
}

/* --- a call ---------------------------------------------------------------------------- */

struct regs {
	u64 rax, rbx, rcx, rdx, rsi;
};

/* A VM of its own: the module's record of the vCPU is new, too. */
static void vmm_new(void)
{
	memset(&vmm, 0, sizeof(vmm));
	if (!race) {
		memset(ring_page, 0, sizeof(ring_page));
		ring_first = 0;
		set_zone(0);
	}
	hv = (struct hcall_vcpu){
		.vcpu = &vcpu, .stats = hcall_stats, .buf = hv.buf,
		.list_generation = -1, .mmio_generation = -1,
	};
}

/*
 * The exit ends with the vCPU elsewhere: nothing is written to its registers any more.  What
 * the call has left in the ring is carried out, as it would be by the next exit.
 */
static void reset(int (*complete)(struct kvm_vcpu *v))
{
	unsigned long regs[NR_VCPU_REGS];
	u64 dropped = hcall_stats[HCALL_STAT_DROPPED];
	unsigned int i;

	for (i = 0; i < NR_VCPU_REGS; i++)
		regs[i] = vcpu.arch.regs[i] = rnd();
	rip = CALL_RIP + 1;
	vcpu.arch.complete_userspace_io = NULL;
	if (complete(&vcpu) != 1 || rip != CALL_RIP + 1 ||
	    memcmp(regs, vcpu.arch.regs, sizeof(regs)) || !idle() ||
	    hcall_stats[HCALL_STAT_DROPPED] != dropped + 1)
		FAIL("the call goes on after a reset");
	drain();
}

/*
 * Until RIP has moved.  KVM_RUN may end in between, then the guest makes the rest.  False if the
 * vCPU was reset.
 */
static bool run_call(struct regs *r)
{
	unsigned long *regs = vcpu.arch.regs;
	unsigned int entries = 0;
	int ret;

	regs[VCPU_REGS_RAX] = r->rax;
	regs[VCPU_REGS_RBX] = r->rbx;
	regs[VCPU_REGS_RCX] = r->rcx;
	regs[VCPU_REGS_RDX] = r->rdx;
	regs[VCPU_REGS_RSI] = r->rsi;
	rip = CALL_RIP;
	/* As the last access that KVM decoded left it. */
	vcpu.mmio_is_write = one_in(2);
	do {
		/* As the hook: what is left is one of ours. */
		if (vmm.storm && regs[VCPU_REGS_RAX] - PIO_HCALL_BASE >= 8)
			break;
		logged = 0;
		ret = hcall_emulate(&hv);
		while (!ret) {
			int (*complete)(struct kvm_vcpu *v) = vcpu.arch.complete_userspace_io;
			bool stop;

			serve();
			if (vmm.resets && one_in(vmm.resets)) {
				reset(complete);
				return false;
			}
			me.signal = vmm.stops && one_in(vmm.stops);
			vcpu.run->immediate_exit = vmm.stops && one_in(vmm.stops);
			stop = me.signal || vcpu.run->immediate_exit;
			vcpu.arch.complete_userspace_io = NULL;
			ret = complete(&vcpu);
			if (stop && !ret)
				FAIL("KVM_RUN is to return, and another access is made");
		}
		me.signal = false;
		vcpu.run->immediate_exit = 0;
		if (++entries > 1000000 && !vmm.storm) {
			FAIL("it does not end");
			break;
		}
	} while (rip == CALL_RIP && (!vmm.storm || entries < 100));
	r->rax = regs[VCPU_REGS_RAX];
	r->rbx = regs[VCPU_REGS_RBX];
	r->rcx = regs[VCPU_REGS_RCX];
	r->rdx = regs[VCPU_REGS_RDX];
	r->rsi = regs[VCPU_REGS_RSI];
	return true;
}

/* --- the contract ------------------------------------------------------------------------ */

static bool size_ok(bool mmio_space, u64 size)
{
	return size == 1 || size == 2 || size == 4 || (mmio_space && size == 8);
}

/* 0, or the error of an access, abi.rst: "Single accesses". */
static long access_error(bool mmio_space, u64 addr, u64 size)
{
	unsigned int i;

	if (!size_ok(mmio_space, size))
		return KVM_EINVAL;
	if (mmio_space) {
		if (addr % size || addr & RESERVED_BITS)
			return KVM_EINVAL;
		return slot_of(addr >> PAGE_SHIFT) >= 0 ? KVM_EFAULT : 0;
	}
	if (addr > 0xffff)
		return KVM_EINVAL;
	for (i = 0; i < size; i++)
		if (addr + i > 0xffff || addr + i == 0x7e || addr + i == 0x7f ||
		    addr + i == 0x5658 || addr + i == 0x5659)
			return KVM_EINVAL;
	return 0;
}

static long element_error(const struct pio_hcall_access *e)
{
	unsigned int i;

	for (i = 0; i < sizeof(e->reserved); i++)
		if (e->reserved[i])
			return KVM_EINVAL;
	if (e->op > PIO_HCALL_OP_CHECK || e->space > PIO_HCALL_SPACE_MMIO || e->state > 1 ||
	    (e->state && e->op != PIO_HCALL_OP_WRITE_BACK) ||
	    (e->op == PIO_HCALL_OP_CHECK && e->size == 8))
		return KVM_EINVAL;
	return access_error(e->space == PIO_HCALL_SPACE_MMIO, e->addr, e->size);
}

/* May a call use all of it? */
static bool memory_ok(u64 gpa, u64 len, bool write)
{
	u64 last = gpa + len - 1, gfn;

	if (last < gpa || (!is_64bit && last >= SZ_4G))
		return false;
	for (gfn = gpa >> PAGE_SHIFT; gfn <= last >> PAGE_SHIFT; gfn++) {
		int i = slot_of(gfn);

		if (i < 0 || layout[i].id == KVM_USER_MEM_SLOTS ||
		    layout[i].flags & ~KVM_MEM_READONLY ||
		    (write && layout[i].flags & KVM_MEM_READONLY))
			return false;
	}
	return true;
}

static bool memory_there(u64 gpa, u64 len, bool write)
{
	u64 at;

	for (at = gpa & ~(PAGE_SIZE - 1); at < gpa + len; at += PAGE_SIZE)
		if (!user_ok(memory(at), 1, write))
			return false;
	return true;
}

/* Can all be written that a list reads?  It is there. */
static bool values_there(u64 gpa, u64 n)
{
	struct pio_hcall_access e;
	u64 i;

	for (i = 0; i < n; i++, gpa += sizeof(e)) {
		expect(gpa, &e, sizeof(e), false);
		if (e.op != PIO_HCALL_OP_WRITE &&
		    !memory_there(gpa + offsetof(struct pio_hcall_access, value), 8, true))
			return false;
	}
	return true;
}

static void predict_batch(struct regs *r)
{
	long error = 0;
	u64 n = r->rsi;

	if (r->rbx || r->rcx || n > MAX)
		error = KVM_EINVAL;
	else if (n && r->rdx & 7)
		error = KVM_EINVAL;
	else if (n && (!memory_ok(r->rdx, n * 32, true) || !memory_there(r->rdx, n * 32, false) ||
		       !values_there(r->rdx, n)))
		error = KVM_EFAULT;
	while (!error && r->rsi) {
		struct pio_hcall_access e;

		expect(r->rdx, &e, sizeof(e), false);
		error = element_error(&e);
		if (error)
			break;
		if (e.op != PIO_HCALL_OP_WRITE && !e.state) {
			e.value = device(&predicted, e.space, e.addr, e.size, false, 0);
			expect(r->rdx, &e, sizeof(e), true);
			if (e.op == PIO_HCALL_OP_CHECK && ((u32)e.value & e.mask) != e.want)
				break;
		}
		if (e.op == PIO_HCALL_OP_WRITE || e.op == PIO_HCALL_OP_WRITE_BACK)
			device(&predicted, e.space, e.addr, e.size, true, e.value);
		e.state = 0;
		expect(r->rdx, &e, sizeof(e), true);
		r->rdx += sizeof(e);
		r->rsi--;
	}
	r->rax = -error;
}

static void predict_string(struct regs *r)
{
	bool in = r->rax == PIO_HCALL_INS;
	long error = access_error(false, r->rbx, r->rcx);
	u64 bytes, i;

	if (!error && r->rsi && (__builtin_mul_overflow(r->rsi, r->rcx, &bytes) ||
				 !memory_ok(r->rdx, bytes, in)))
		error = KVM_EFAULT;
	while (!error && r->rsi) {
		u64 n = min_t(u64, r->rsi, PAGE_SIZE / r->rcx), value = 0;

		if (!memory_there(r->rdx, n * r->rcx, in)) {
			error = KVM_EFAULT;
			break;
		}
		for (i = 0; i < n; i++, r->rdx += r->rcx, r->rsi--) {
			expect(r->rdx, &value, r->rcx, false);
			value = device(&predicted, PIO_HCALL_SPACE_PIO, r->rbx, r->rcx, !in, value);
			if (in)
				expect(r->rdx, &value, r->rcx, true);
		}
	}
	r->rax = -error;
}

static void predict_single(struct regs *r)
{
	bool mmio_space = r->rax >= PIO_HCALL_READ;
	bool write = r->rax == PIO_HCALL_OUT || r->rax == PIO_HCALL_WRITE;
	long error = access_error(mmio_space, r->rbx, r->rcx);
	u64 value;

	if (r->rcx == 8 && !is_64bit)
		error = KVM_EINVAL;
	if (!error) {
		value = device(&predicted, mmio_space, r->rbx, r->rcx, write, r->rdx);
		if (!write)
			r->rdx = value;
	}
	r->rax = -error;
}

static void predict(struct regs *r)
{
	if (!is_64bit) {
		r->rbx = (u32)r->rbx;
		r->rcx = (u32)r->rcx;
		r->rdx = (u32)r->rdx;
		r->rsi = (u32)r->rsi;
	}
	switch (r->rax) {
	case PIO_HCALL_PROBE:
		if (r->rbx || r->rcx) {
			r->rax = -KVM_EINVAL;
			return;
		}
		r->rdx = PIO_HCALL_ABI_VERSION;
		r->rsi = PIO_HCALL_F_PIO | PIO_HCALL_F_STRING | PIO_HCALL_F_MMIO |
			 PIO_HCALL_F_BATCH;
		r->rax = 0;
		break;
	case PIO_HCALL_BATCH:
		predict_batch(r);
		break;
	case PIO_HCALL_INS:
	case PIO_HCALL_OUTS:
		predict_string(r);
		break;
	default:
		predict_single(r);
	}
}

/* Outside 64-bit code a register that is written loses its upper half, another keeps it. */
static bool same(const char *name, u64 is, u64 predicted_value, u64 before)
{
	if (!is_64bit)
		predicted_value = (u32)predicted_value;
	if (is == predicted_value ||
	    (!is_64bit && is == before && (u32)before == predicted_value))
		return true;
	FAIL("%s is %#llx, not %#llx", name, (unsigned long long)is,
	     (unsigned long long)predicted_value);
	return false;
}

/* The call of @r, predicted and made; of memory, slots @first to @last - 1 are looked at. */
static void compare(struct regs r, unsigned int first, unsigned int last)
{
	struct regs p = r, call = r;
	unsigned int i;
	bool ok = true;

	seen.n = predicted.n = 0;
	memset(dirty, 0, sizeof(dirty));
	memset(to_be_dirty, 0, sizeof(to_be_dirty));
	predicting = true;
	predict(&p);
	predicting = false;
	if (!run_call(&r)) {
		expect_what_is();
		number++;
		return;
	}
	/* Whoever wrote the last of what was seen has done so. */
	pthread_mutex_lock(&log_lock);
	pthread_mutex_unlock(&log_lock);

	ok &= same("RIP", rip, CALL_RIP + INSN_LEN, 0);
	ok &= same("RAX", r.rax, p.rax, 0);
	ok &= same("RBX", r.rbx, call.rbx, call.rbx);
	ok &= same("RCX", r.rcx, call.rcx, call.rcx);
	ok &= same("RDX", r.rdx, p.rdx, call.rdx);
	ok &= same("RSI", r.rsi, p.rsi, call.rsi);
	for (i = first; i < last; i++)
		if (memcmp(ram[i], expected[i], layout[i].pages * PAGE_SIZE)) {
			FAIL("memory of slot %u differs", i);
			ok = false;
		}
	for (i = 0; i < SLOTS * MAX_PAGES; i++)
		if (to_be_dirty[i / MAX_PAGES][i % MAX_PAGES] &&
		    !dirty[i / MAX_PAGES][i % MAX_PAGES]) {
			FAIL("page %u of slot %u is not logged as dirty", i % MAX_PAGES,
			     i / MAX_PAGES);
			ok = false;
		}
	if (seen.n != predicted.n) {
		FAIL("%u accesses, not %u", seen.n, predicted.n);
		ok = false;
	}
	for (i = 0; ok && i < seen.n && i < MAX_LOG; i++) {
		struct access *a = &seen.a[i], *b = &predicted.a[i];

		if (a->addr != b->addr || a->value != b->value || a->space != b->space ||
		    a->size != b->size || a->write != b->write) {
			FAIL("access %u of %u is %s %#llx size %u value %#llx, not %s %#llx size %u value %#llx",
			     i, seen.n, a->write ? "write" : "read", (unsigned long long)a->addr,
			     a->size, (unsigned long long)a->value, b->write ? "write" : "read",
			     (unsigned long long)b->addr, b->size, (unsigned long long)b->value);
			ok = false;
		}
	}
	if (!ok)
		fprintf(stderr, "  of %s: RAX %#llx RBX %#llx RCX %#llx RDX %#llx RSI %#llx, %d bits\n",
			call.rax == PIO_HCALL_BATCH ? "a list" : "a call",
			(unsigned long long)call.rax, (unsigned long long)call.rbx,
			(unsigned long long)call.rcx, (unsigned long long)call.rdx,
			(unsigned long long)call.rsi, is_64bit ? 64 : 32);
	if (!ok && call.rax == PIO_HCALL_BATCH && memory_ok(p.rdx, 32, true)) {
		struct pio_hcall_access *e = (void *)memory(p.rdx);

		fprintf(stderr, "  up to op %u space %u addr %#llx size %u state %u\n", e->op,
			e->space, (unsigned long long)e->addr, e->size, e->state);
	}
	number++;
}

/* --- every validator ------------------------------------------------------------------------ */

/*
 * Sizes 0 to 15, ports 0 to 0x1ffff (or as many addresses around a page that is memory), both
 * modes, as a single access each way, as a string of one element each way at each alignment of
 * its buffer in turn, and as a list of one element, whose op changes with each eighth address:
 * 16 * 2^17 * 2 * 8.
 */
static void validators(void)
{
	static const u8 ops[] = {
		PIO_HCALL_OP_READ, PIO_HCALL_OP_WRITE, PIO_HCALL_OP_WRITE_BACK, PIO_HCALL_OP_CHECK,
	};
	const u64 buf = layout[0].gfn << PAGE_SHIFT;
	u64 addr, size, kind;

	for (kind = 0; kind < 2; kind++)
		for (size = 0; size < 16; size++)
			for (addr = 0; addr < 0x20000; addr++) {
				u64 at = kind ? (layout[0].gfn << PAGE_SHIFT) - 0x10000 + addr : addr;
				struct pio_hcall_access e = {
					.op = ops[addr / 8 % 4], .space = kind, .size = size, .addr = at,
				};
				int mode;

				for (mode = 0; mode < 2; mode++) {
					is_64bit = mode;
					compare((struct regs){ kind ? PIO_HCALL_READ : PIO_HCALL_IN,
							       at, size, 7, 9 }, 0, 0);
					compare((struct regs){ kind ? PIO_HCALL_WRITE : PIO_HCALL_OUT,
							       at, size, 7, 9 }, 0, 0);
					guest_writes(buf, &e, sizeof(e));
					compare((struct regs){ PIO_HCALL_BATCH, 0, 0, buf, 1 }, 0, 0);
					if (kind)
						continue;
					compare((struct regs){ PIO_HCALL_INS, at, size,
							       buf + 64 + addr % 16, 1 }, 0, 0);
					compare((struct regs){ PIO_HCALL_OUTS, at, size,
							       buf + 64 + addr % 16, 1 }, 0, 0);
				}
			}
}

/* --- random calls ----------------------------------------------------------------------------- */

static u64 random_address(bool mmio_space, u64 size)
{
	static const u16 ports[] = {
		0x1f0, 0x1f7, 0x170, 0x376, 0x3f6, 0x6000, 0xc000, 0xc008, 0xfffc, 0xffff,
		0x80, 0x7c, 0x7e, 0x5654, 0x5658, 0x5660, 0x3000, 0x30e0, 0x30fc, 0x2ffe, 0x500,
	};
	static const u64 registers[] = {
		MMIO, MMIO + 0x138, BUS_MMIO, BUS_MMIO - 8, APIC, APIC + 0x80, APIC + 0x1000,
		0x10000, 0x1f000, 0x20000, 0xfffff000, 0x101000, 0xf000, 1ULL << 46, 1ULL << 45,
		EVENT, EVENT - 8,
	};
	u64 addr = mmio_space ? registers[below(ARRAY_SIZE(registers))] :
				ports[below(ARRAY_SIZE(ports))];

	if (one_in(50))
		addr = rnd() >> below(64);
	else if (one_in(4))
		addr += below(8);
	/* Where the ring is flushed no device is to be seen. */
	if (!mmio_space && addr >= PCI_CONFIG_ADDRESS - 8 && addr < PCI_CONFIG_ADDRESS + 8)
		addr = 0x500;
	return mmio_space && size && !one_in(20) ? addr - addr % size : addr;
}

static u64 random_gpa(void)
{
	unsigned int i = below(SLOTS + 2);
	u64 gpa;

	/* Mostly what is of use. */
	if (i >= SLOTS || !layout[i].pages || one_in(2))
		i = one_in(3) ? 2 : 0;
	gpa = (layout[i].gfn << PAGE_SHIFT) + below(layout[i].pages * PAGE_SIZE);
	if (one_in(200))
		return -(u64)below(2 * PAGE_SIZE);
	return one_in(100) ? rnd() >> below(64) : gpa;
}

static u64 random_size(bool mmio_space)
{
	return one_in(50) ? rnd() >> below(64) : 1 << below(mmio_space ? 4 : 3);
}

static void random_element(struct pio_hcall_access *e)
{
	*e = (struct pio_hcall_access){
		.op = one_in(200) ? below(one_in(2) ? 8 : 256) : one_in(2) ? PIO_HCALL_OP_WRITE : below(4),
		.space = one_in(200) ? below(one_in(2) ? 4 : 256) : below(2),
		.state = one_in(200) ? below(3) : 0,
		.value = rnd(),
		.mask = one_in(8) ? rnd() : 0,
	};
	e->size = random_size(e->space);
	e->addr = random_address(e->space, e->size);
	if (one_in(500))
		e->reserved[below(4)] = rnd();
}

/*
 * If a page is not there, it is the first: how much is done before another one is missed
 * depends on how much of it each exit carries.
 */
static void there_as_first(u64 gpa, u64 len)
{
	u64 at;

	if (!len || !memory_ok(gpa, len, false) ||
	    *there_of(memory(gpa)) == GONE)
		return;
	for (at = (gpa | (PAGE_SIZE - 1)) + 1; at < gpa + len; at += PAGE_SIZE)
		*there_of(memory(at)) = *there_of(memory(gpa)) == READABLE ? READABLE : LAZY;
}

static struct regs random_call(void)
{
	struct regs r = {
		.rax = PIO_HCALL_BASE + (one_in(2) ? 7 : below(8)),
		.rbx = rnd(), .rcx = rnd(), .rdx = rnd(), .rsi = rnd(),
	};
	struct pio_hcall_access list[MAX];
	unsigned int i, n;
	bool mmio_space, valid, reads;
	u64 bytes;

	switch (r.rax) {
	case PIO_HCALL_PROBE:
		r.rbx = one_in(8);
		r.rcx = one_in(8);
		break;
	case PIO_HCALL_BATCH:
		r.rbx = one_in(100) ? rnd() : 0;
		r.rcx = one_in(100) ? rnd() : 0;
		n = below(one_in(2) ? 6 : MAX + 1);
		/* Most lists are good ones; few get to their end otherwise. */
		valid = !one_in(4);
		/* As much as can be logged as dirty. */
		reads = valid && one_in(10);
		for (i = 0; i < n; i++)
			do
				random_element(&list[i]);
			while ((valid && element_error(&list[i])) ||
			       (reads && list[i].op != PIO_HCALL_OP_READ));
		r.rdx = random_gpa();
		if (!one_in(50))
			r.rdx &= ~7ULL;
		r.rsi = one_in(100) ? rnd() >> below(64) : n;
		if (r.rsi <= MAX)
			there_as_first(r.rdx, r.rsi * sizeof(*list));
		/* What does not fit is not made; then the list is what is there. */
		if (n && memory_ok(r.rdx, n * sizeof(*list), true) &&
		    memory_there(r.rdx, n * sizeof(*list), true))
			guest_writes(r.rdx, list, n * sizeof(*list));
		break;
	case PIO_HCALL_INS:
	case PIO_HCALL_OUTS:
		r.rcx = random_size(false);
		r.rbx = random_address(false, r.rcx);
		r.rdx = random_gpa();
		r.rsi = one_in(50) ? rnd() >> below(64) : below(one_in(2) ? 5 : 3000);
		/* Its end wraps, or its length does. */
		if (one_in(50) && r.rcx)
			r.rsi = -(u64)below(0x40000) / r.rcx;
		if (one_in(50) && r.rcx)
			r.rsi = ~0ULL / r.rcx + 1 + below(100);
		if (!__builtin_mul_overflow(r.rsi, r.rcx, &bytes))
			there_as_first(r.rdx, bytes);
		break;
	default:
		mmio_space = r.rax == PIO_HCALL_READ || r.rax == PIO_HCALL_WRITE;
		r.rcx = random_size(mmio_space);
		r.rbx = random_address(mmio_space, r.rcx);
	}
	return r;
}

static void random_there(void)
{
	unsigned int i, k;

	for (i = 0; i < SLOTS; i++)
		for (k = 0; k < MAX_PAGES; k++)
			there[i][k] = one_in(10) ? LAZY : one_in(30) ? GONE :
				      one_in(30) && !kvm.dirty_ring_size ? READABLE : THERE;
}

static void random_vmm(void)
{
	vmm_new();
	if (race)
		vmm.zone = 1;
	else
		set_zone(one_in(3) ? 0 : one_in(2) ? 1 : 4);
	vmm.lazy = one_in(6);
	vmm.eager = one_in(2);
	vmm.slow = one_in(4);
	vmm.stops = one_in(2) ? 0 : 1 + below(6);
	vmm.changes_rax = one_in(4) ? 2 : 0;
	vmm.resets = !race && one_in(8) ? 20 : 0;
	if (!race)
		kvm.dirty_ring_size = one_in(3);
	vcpu.arch.apic_base = APIC;
	me.signal = false;
}

static void move_slot(void)
{
	layout[MOVED].pages = one_in(4);
	new_slots();
}

static void calls(u64 count)
{
	u64 i;

	for (i = 0; i < count; i++) {
		if (i % 64 == 0) {
			random_vmm();
			random_there();
		}
		if (one_in(8))
			move_slot();
		is_64bit = !one_in(4);
		compare(random_call(), 0, SLOTS);
	}
}

/*
 * Userspace, and the guest, are what they should be again; what the module has kept of the
 * storm stays.
 */
static void calm(void)
{
	struct hcall_vcpu kept = hv;

	random_vmm();
	vmm.lazy = false;
	if (one_in(2))
		hv = kept;
	access_over();
	vcpu.run->immediate_exit = 0;
	is_64bit = !one_in(4);
	move_slot();
	random_there();
	expect_what_is();
}

static void storm(u64 count)
{
	u64 i;

	for (i = 0; i < count; i++) {
		struct regs r;

		if (i % 256 == 0) {
			calm();
			compare(random_call(), 0, SLOTS);
			vmm.storm = true;
		}
		is_64bit = !one_in(4);
		r = random_call();
		vmm.stops = one_in(3) ? 3 : 0;
		seen.n = 0;
		run_call(&r);
		/* Whatever it was, an entry comes to a page of data at most. */
		if (seen.n > 100 * PAGE_SIZE)
			FAIL("%u accesses", seen.n);
		number++;
	}
}

/* --- two vCPUs ----------------------------------------------------------------------------------- */

static void vcpu_new(u64 seed)
{
	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	vcpu.kvm = &kvm;
	vcpu.run = (void *)run_pages;
	vcpu.arch.reserved_gpa_bits = RESERVED_BITS;
	vcpu.arch.apic_base = APIC;
	hv.buf = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	memset(hv.buf, 0, PAGE_SIZE);
	vmm_new();
}

static u64 race_seed, race_count, race_calls, race_coalesced;

/* Lists, mostly of writes, to registers of its own. */
static void *race_vcpu(void *arg)
{
	unsigned int id = (unsigned long)arg, slot = id ? 2 : 0, i, n;
	u64 k, gpa = layout[slot].gfn << PAGE_SHIFT;
	struct pio_hcall_access list[MAX];

	vcpu_new(race_seed * VCPUS + id);
	is_64bit = true;
	__atomic_store_n(&seen_by[id], &seen, __ATOMIC_RELEASE);
	/* Both are there. */
	while (!__atomic_load_n(&seen_by[!id], __ATOMIC_ACQUIRE))
		sched_yield();
	for (k = 0; k < race_count; k++) {
		if (k % 64 == 0) {
			random_vmm();
			vmm.lazy = false;
		}
		n = 1 + below(one_in(2) ? 6 : MAX);
		for (i = 0; i < n; i++) {
			bool mmio_space = one_in(2);

			list[i] = (struct pio_hcall_access){
				.op = one_in(8) ? below(4) : PIO_HCALL_OP_WRITE,
				.space = mmio_space, .size = 1 << below(mmio_space ? 4 : 3),
				.addr = mmio_space ? MMIO + id * 0x100000 + 8 * below(64) :
						     0xc000 + id * 0x100 + below(0xf0),
				.value = rnd(),
			};
			if (list[i].op == PIO_HCALL_OP_CHECK && list[i].size == 8)
				list[i].size = 4;
		}
		guest_writes(gpa, list, n * sizeof(*list));
		compare((struct regs){ PIO_HCALL_BATCH, 0, 0, gpa, n }, slot, slot + 1);
	}
	__sync_add_and_fetch(&race_calls, number);
	__sync_add_and_fetch(&race_coalesced, hcall_stats[HCALL_STAT_COALESCED]);
	free(hv.buf);
	return NULL;
}

static void race_all(u64 seed, u64 count)
{
	pthread_t threads[VCPUS];
	unsigned long i;

	race = true;
	race_seed = seed;
	race_count = count;
	for (i = 0; i < VCPUS; i++)
		if (pthread_create(&threads[i], NULL, race_vcpu, (void *)i))
			abort();
	for (i = 0; i < VCPUS; i++)
		pthread_join(threads[i], NULL);
	number = race_calls;
	hcall_stats[HCALL_STAT_COALESCED] = race_coalesced;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	u64 count = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		unsigned int pages = i == MOVED ? 1 : layout[i].pages;

		ram[i] = aligned_alloc(PAGE_SIZE, pages * PAGE_SIZE);
		memset(ram[i], 0, pages * PAGE_SIZE);
		expected[i] = calloc(pages, PAGE_SIZE);
	}
	new_slots();
	kvm.coalesced_mmio_ring = ring;
	kvm.buses[KVM_MMIO_BUS] = &mmio_bus;
	kvm.buses[KVM_PIO_BUS] = &pio_bus;
	vcpu_new(seed);

	if (!strcmp(what, "validators") && argc == 2) {
		validators();
	} else if (!strcmp(what, "calls") && argc == 4) {
		calls(count);
	} else if (!strcmp(what, "storm") && argc == 4) {
		storm(count);
	} else if (!strcmp(what, "race") && argc == 4) {
		race_all(seed, count);
	} else {
		fprintf(stderr, "usage: model validators | calls|storm|race SEED COUNT\n");
		return 2;
	}
	if (number > 10000 && strcmp(what, "validators") && !hcall_stats[HCALL_STAT_COALESCED])
		FAIL("nothing went by the ring");
	printf("%llu calls, %u not as predicted", (unsigned long long)number, failures);
	for (i = 0; i < 8; i++)
		printf("%s%llu", i ? " " : "; by kind: ", (unsigned long long)hcall_stats[i]);
	printf("; %llu elements, %llu by the ring, %llu dropped\n",
	       (unsigned long long)hcall_stats[HCALL_STAT_ELEMENTS],
	       (unsigned long long)hcall_stats[HCALL_STAT_COALESCED],
	       (unsigned long long)hcall_stats[HCALL_STAT_DROPPED]);
	return failures != 0;
}
