// SPDX-License-Identifier: GPL-2.0
/*
 * The tiny VMM: one process, plain /dev/kvm ioctls, no device but a counter.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests.h"

#define CR0_PE		(1UL << 0)
#define CR0_ET		(1UL << 4)
#define CR0_NE		(1UL << 5)
#define CR0_PG		(1UL << 31)
#define CR4_PAE		(1UL << 5)
#define EFER_LME	(1UL << 8)
#define EFER_LMA	(1UL << 10)

#define PTE_P_RW_US	7ULL
#define PTE_PS		0x80ULL

const char * const mode_name[NR_MODES] = {
	[MODE_LONG]	= "64-bit",
	[MODE_USER64]	= "64-bit CPL 3",
	[MODE_COMPAT]	= "compatibility mode",
	[MODE_PROT32]	= "32-bit protected",
	[MODE_REAL]	= "real mode",
};

static volatile sig_atomic_t timed_out;
static struct vcpu *running[MAX_VCPUS * 4];
static pthread_mutex_t serving = PTHREAD_MUTEX_INITIALIZER;

/* Signal handler context: no locks, no stdio. */
void vmm_timed_out(void)
{
	unsigned int i;

	timed_out = 1;
	for (i = 0; i < ARRAY_SIZE(running); i++) {
		struct vcpu *v = running[i];

		if (!v)
			continue;
		v->run->immediate_exit = 1;
		pthread_kill(v->thread, SIGUSR1);
	}
}

bool cpu_is_amd(void)
{
	unsigned int a, b, c, d;

	__cpuid(0, a, b, c, d);
	/* "Auth"enticAMD, "Hygo"nGenuine */
	return b == 0x68747541 || b == 0x6f677948;
}

unsigned int cpu_maxphyaddr(void)
{
	unsigned int a, b, c, d;

	__cpuid(0x80000008, a, b, c, d);
	return a & 0xff;
}

u64 mask_of(unsigned int size)
{
	return size == 8 ? ~0ULL : (1ULL << (8 * size)) - 1;
}

static struct kvm_cpuid2 *supported_cpuid(int kvm)
{
	static struct kvm_cpuid2 *c;

	if (!c) {
		c = calloc(1, sizeof(*c) + 256 * sizeof(c->entries[0]));
		c->nent = 256;
		if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c))
			DIE("KVM_GET_SUPPORTED_CPUID: %s", strerror(errno));
	}
	return c;
}

bool kvm_has_nested_svm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct kvm_cpuid2 *c;
	u32 i;

	if (kvm < 0)
		DIE("/dev/kvm: %s", strerror(errno));
	c = supported_cpuid(kvm);
	close(kvm);
	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000001)
			return c->entries[i].ecx & 4;
	return false;
}

/* Is it a KVM with the patches of host/linux? */
bool kvm_has_series(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), r;

	if (kvm < 0)
		DIE("/dev/kvm: %s", strerror(errno));
	r = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_X86_PIO_HYPERCALL);
	close(kvm);
	return r > 0;
}

/* Say which calls of this VM are answered, and how.  0, or errno. */
int vm_allow(struct vm *vm, u64 flags)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_PIO_HYPERCALL, .args = { flags }
	};

	return ioctl(vm->fd, KVM_ENABLE_CAP, &cap) ? errno : 0;
}

/* Those that have said something say it again, or that there are to be none. */
void vms_allow(bool on)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(running); i++) {
		struct vm *vm = running[i] ? running[i]->vm : NULL;

		if (vm && vm->said && vm_allow(vm, on ? vm->said : 0))
			DIE("KVM_CAP_X86_PIO_HYPERCALL: %s", strerror(errno));
	}
}

u64 dev_value(u64 seq)
{
	return 0xa5a5a5a5a5a5a5a5ULL ^ (seq + (seq << 32)) * 0x9e3779b1;
}

void dev_reset(struct dev *d)
{
	d->n = 0;
	d->exits = 0;
	d->most = 0;
	d->flushes = 0;
	d->trials = 0;
}

/* One access: into the log, and a read gets its value. */
static void dev_access(struct dev *d, struct access *a)
{
	if (d->n == d->room) {
		d->room = d->room ? d->room * 2 : 1024;
		d->log = realloc(d->log, d->room * sizeof(*d->log));
		if (!d->log)
			DIE("out of memory");
	}
	a->val &= mask_of(a->size);
	if (d->model)
		d->model(a);
	else if (!a->out)
		a->val = dev_value(d->n) & mask_of(a->size);
	d->log[d->n++] = *a;
}

void vm_set_slot(struct vm *vm, int id, u32 flags, bool present)
{
	struct slot *s = &vm->slots[id];
	struct kvm_userspace_memory_region r = {
		.slot			= id,
		.flags			= flags,
		.guest_phys_addr	= s->gpa,
		.memory_size		= present ? s->size : 0,
		.userspace_addr		= (unsigned long)s->hva,
	};

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r))
		DIE("memslot %d: %s", id, strerror(errno));
	s->flags = flags;
}

u8 *vm_add_slot(struct vm *vm, int id, u64 gpa, u64 size, u32 flags)
{
	struct slot *s = &vm->slots[id];

	s->gpa = gpa;
	s->size = size;
	s->hva = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->hva == MAP_FAILED)
		DIE("mmap of %llu bytes: %s", (unsigned long long)size,
		    strerror(errno));
	vm_set_slot(vm, id, flags, true);
	return s->hva;
}

u8 *vm_hva(struct vm *vm, u64 gpa)
{
	int i;

	for (i = 0; i < MAX_SLOTS; i++) {
		struct slot *s = &vm->slots[i];

		if (s->hva && gpa >= s->gpa && gpa - s->gpa < s->size)
			return s->hva + (gpa - s->gpa);
	}
	DIE("no memory at %#llx", (unsigned long long)gpa);
}

/* What is copied may cross pages, slots and holes in the host. */
static void copy(struct vm *vm, u64 gpa, u8 *buf, u64 len, bool to_guest)
{
	while (len) {
		u64 part = 4096 - gpa % 4096;
		u8 *p = vm_hva(vm, gpa);

		if (part > len)
			part = len;
		memcpy(to_guest ? p : buf, to_guest ? buf : p, part);
		gpa += part;
		buf += part;
		len -= part;
	}
}

void vm_write(struct vm *vm, u64 gpa, const void *from, u64 len)
{
	copy(vm, gpa, (u8 *)from, len, true);
}

void vm_read(struct vm *vm, u64 gpa, void *to, u64 len)
{
	copy(vm, gpa, to, len, false);
}

int vm_ioeventfd(struct vm *vm, u8 space, u64 addr, u32 len, bool match,
		 u64 val)
{
	struct kvm_ioeventfd e = {
		.addr = addr, .len = len, .datamatch = val,
		.fd = eventfd(0, EFD_NONBLOCK),
	};

	if (space == PIO)
		e.flags |= KVM_IOEVENTFD_FLAG_PIO;
	if (match)
		e.flags |= KVM_IOEVENTFD_FLAG_DATAMATCH;
	if (e.fd < 0 || ioctl(vm->fd, KVM_IOEVENTFD, &e))
		DIE("KVM_IOEVENTFD: %s", strerror(errno));
	return e.fd;
}

u64 events(int fd)
{
	u64 n;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void vm_page_tables(struct vm *vm)
{
	u64 *pml4 = (u64 *)vm_hva(vm, PML4_GPA);
	u64 *pdpt = (u64 *)vm_hva(vm, PDPT_GPA);
	u64 *pd = (u64 *)vm_hva(vm, PD_GPA);
	u64 i;

	pml4[0] = PDPT_GPA | PTE_P_RW_US;
	pdpt[0] = PD_GPA | PTE_P_RW_US;
	for (i = 0; i < 512; i++)
		pd[i] = i << 21 | PTE_PS | PTE_P_RW_US;
}

struct vm *vm_create(unsigned int flags)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct kvm_pit_config pit = { 0 };

	vm->flags = flags;
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		DIE("/dev/kvm: %s", strerror(errno));
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		DIE("KVM_CREATE_VM: %s", strerror(errno));
	/* Intel wants it before a vCPU runs without paging; AMD ignores it. */
	if (ioctl(vm->fd, KVM_SET_TSS_ADDR, 0xfffbd000UL))
		DIE("KVM_SET_TSS_ADDR: %s", strerror(errno));
	if (flags & VM_IRQCHIP) {
		if (ioctl(vm->fd, KVM_CREATE_IRQCHIP))
			DIE("KVM_CREATE_IRQCHIP: %s", strerror(errno));
		if (ioctl(vm->fd, KVM_CREATE_PIT2, &pit))
			DIE("KVM_CREATE_PIT2: %s", strerror(errno));
	}
	vm_add_slot(vm, 0, 0, RAM_SIZE, 0);
	vm_page_tables(vm);
	return vm;
}

void vm_destroy(struct vm *vm)
{
	unsigned int i, j;

	for (i = 0; i < MAX_VCPUS; i++) {
		struct vcpu *v = &vm->vcpus[i];

		if (!v->used)
			continue;
		for (j = 0; j < ARRAY_SIZE(running); j++)
			if (running[j] == v)
				running[j] = NULL;
		munmap(v->run, v->run_size);
		close(v->fd);
	}
	close(vm->fd);
	close(vm->kvm);
	for (i = 0; i < MAX_SLOTS; i++)
		if (vm->slots[i].hva)
			munmap(vm->slots[i].hva, vm->slots[i].size);
	free(vm->dev.log);
	free(vm);
}

struct vcpu *vcpu_create(struct vm *vm, int id)
{
	struct vcpu *v = &vm->vcpus[id];
	unsigned int i;

	v->vm = vm;
	v->dev = &vm->dev;
	v->fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	if (v->fd < 0)
		DIE("KVM_CREATE_VCPU: %s", strerror(errno));
	v->run_size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	v->run = mmap(NULL, v->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->fd, 0);
	if (v->run == MAP_FAILED)
		DIE("mmap of kvm_run: %s", strerror(errno));
	if (ioctl(v->fd, KVM_SET_CPUID2, supported_cpuid(vm->kvm)))
		DIE("KVM_SET_CPUID2: %s", strerror(errno));
	if (ioctl(v->fd, KVM_GET_SREGS, &v->reset))
		DIE("KVM_GET_SREGS: %s", strerror(errno));
	v->thread = pthread_self();
	v->used = true;
	for (i = 0; i < ARRAY_SIZE(running); i++) {
		if (!running[i]) {
			running[i] = v;
			break;
		}
	}
	vcpu_mode(v, MODE_LONG, 0);
	return v;
}

struct vcpu *one_vcpu(void)
{
	return vcpu_create(vm_create(0), 0);
}

/* Before the vCPU runs. */
void vcpu_maxphyaddr(struct vcpu *v, u8 bits)
{
	struct kvm_cpuid2 *c = supported_cpuid(v->vm->kvm);
	u32 i;

	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000008)
			break;
	if (i == c->nent)
		DIE("CPUID has no leaf 0x80000008");
	c->entries[i].eax = (c->entries[i].eax & ~0xffU) | bits;
	if (ioctl(v->fd, KVM_SET_CPUID2, c))
		DIE("KVM_SET_CPUID2: %s", strerror(errno));
}

/* Have KVM collect writes, or no longer; the test is skipped if KVM cannot. */
void vcpu_coalesce(struct vcpu *v, u64 addr, u32 size, bool pio, bool on)
{
	struct kvm_coalesced_mmio_zone zone = {
		.addr = addr, .size = size, .pio = pio
	};
	struct vm *vm = v->vm;
	int page;

	page = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
	if (page <= 0 || ioctl(vm->fd, KVM_CHECK_EXTENSION,
			       KVM_CAP_COALESCED_PIO) <= 0)
		skip("KVM has no coalesced port I/O");
	vm->ring = (void *)((u8 *)v->run + page * 4096);
	if (ioctl(vm->fd, on ? KVM_REGISTER_COALESCED_MMIO :
		  KVM_UNREGISTER_COALESCED_MMIO, &zone))
		DIE("coalesced zone at %#llx: %s", (unsigned long long)addr,
		    strerror(errno));
}

/*
 * Let KVM use the ring: that of a VMM that coalesces the PCI configuration address, as QEMU; not
 * tried out yet.  With the series it is asked for instead, and there is nothing to try.
 */
void vcpu_use_ring(struct vcpu *v)
{
	vcpu_coalesce(v, CONFIG_PORT, 4, true, true);
	if (!kvm_has_series())
		return;
	v->vm->said = KVM_X86_PIO_HYPERCALL_ENABLE | KVM_X86_PIO_HYPERCALL_RING;
	if (vm_allow(v->vm, v->vm->said))
		DIE("KVM_CAP_X86_PIO_HYPERCALL: %s", strerror(errno));
}

struct vcpu *ring_vcpu(void)
{
	struct vcpu *v = one_vcpu();

	vcpu_use_ring(v);
	return v;
}

/*
 * What migration does, minus the network: memory, registers, nothing else.
 * The device goes along, so its log spans both machines.
 */
struct vcpu *vm_clone(struct vcpu *from)
{
	struct vm *vm = vm_create(from->vm->flags);
	struct vcpu *v;
	struct kvm_sregs s;
	struct kvm_regs r;
	int i;

	for (i = 0; i < MAX_SLOTS; i++) {
		struct slot *o = &from->vm->slots[i];

		if (!o->hva)
			continue;
		if (!vm->slots[i].hva)
			vm_add_slot(vm, i, o->gpa, o->size, o->flags);
		memcpy(vm->slots[i].hva, o->hva, o->size);
	}
	v = vcpu_create(vm, 0);
	v->mode = from->mode;
	v->dev = from->dev;
	vcpu_get(from, &r);
	if (ioctl(from->fd, KVM_GET_SREGS, &s))
		DIE("KVM_GET_SREGS: %s", strerror(errno));
	if (ioctl(v->fd, KVM_SET_SREGS, &s))
		DIE("KVM_SET_SREGS: %s", strerror(errno));
	vcpu_set(v, &r);
	return v;
}

static void set_seg(struct kvm_segment *s, u16 sel, u8 type, u8 dpl,
		    bool l, bool db)
{
	memset(s, 0, sizeof(*s));
	s->limit = 0xffffffff;
	s->selector = sel | dpl;
	s->type = type;
	s->present = 1;
	s->dpl = dpl;
	s->s = 1;
	s->g = 1;
	s->l = l;
	s->db = db;
}

void vcpu_mode(struct vcpu *v, enum mode mode, u64 extra_efer)
{
	struct kvm_sregs s = v->reset;
	u8 dpl = mode == MODE_USER64 ? 3 : 0;

	v->mode = mode;
	if (mode == MODE_REAL) {
		s.cs.base = 0;
		s.cs.selector = 0;
	} else {
		set_seg(&s.cs, 0x8, 11, dpl, is_64(mode), !is_64(mode));
		set_seg(&s.ss, 0x10, 3, dpl, false, true);
		s.ds = s.es = s.fs = s.gs = s.ss;
		s.cr0 = CR0_PE | CR0_ET | CR0_NE;
	}
	if (mode != MODE_REAL && mode != MODE_PROT32) {
		s.cr0 |= CR0_PG;
		s.cr3 = PML4_GPA;
		s.cr4 = CR4_PAE;
		s.efer = EFER_LME | EFER_LMA;
	}
	s.efer |= extra_efer;
	if (ioctl(v->fd, KVM_SET_SREGS, &s))
		DIE("KVM_SET_SREGS for %s: %s", mode_name[mode],
		    strerror(errno));
}

void vcpu_get(struct vcpu *v, struct kvm_regs *r)
{
	if (ioctl(v->fd, KVM_GET_REGS, r))
		DIE("KVM_GET_REGS: %s", strerror(errno));
}

void vcpu_set(struct vcpu *v, const struct kvm_regs *r)
{
	if (ioctl(v->fd, KVM_SET_REGS, r))
		DIE("KVM_SET_REGS: %s", strerror(errno));
}

void load_code(struct vm *vm, u64 gpa, const void *code, size_t len)
{
	u8 *p = vm_hva(vm, gpa);
	size_t i;

	memcpy(p, code, len);
	if (cpu_is_amd())
		return;
	for (i = 0; i + 3 <= len; i++)
		if (p[i] == 0x0f && p[i + 1] == 0x01 && p[i + 2] == 0xd9)
			p[i + 2] = 0xc1;
}

/* VMMCALL; OUT %al, $EXIT_PORT */
void load_call(struct vm *vm, u64 gpa)
{
	static const u8 code[] = { 0x0f, 0x01, 0xd9, 0xe6, EXIT_PORT };

	load_code(vm, gpa, code, sizeof(code));
}

static bool is_access(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_IO ||
	       run->exit_reason == KVM_EXIT_MMIO ||
	       run->exit_reason == KVM_EXIT_COALESCED_RING;
}

static void report(struct vcpu *v, const char *what)
{
	struct kvm_run *run = v->run;
	struct kvm_regs r;

	memset(&r, 0, sizeof(r));
	ioctl(v->fd, KVM_GET_REGS, &r);
	fail_at(__FILE__, __LINE__,
		"%s; exit %u, rip %#llx rax %#llx rbx %#llx rcx %#llx rdx %#llx rsi %#llx, device saw %llu",
		what, run->exit_reason, r.rip, r.rax, r.rbx, r.rcx, r.rdx,
		r.rsi, (unsigned long long)v->dev->n);
	if (run->exit_reason == KVM_EXIT_MMIO)
		note("MMIO %s of %u at %#llx",
		     run->mmio.is_write ? "write" : "read", run->mmio.len,
		     run->mmio.phys_addr);
	if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		note("internal error, suberror %u", run->internal.suberror);
	if (run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		note("hardware entry failure %#llx",
		     run->fail_entry.hardware_entry_failure_reason);
}

/*
 * Complete what KVM_RUN left pending, without running the guest: after this
 * the registers and memory are what migration would carry.
 */
bool vcpu_settle(struct vcpu *v)
{
	int r;

	v->run->immediate_exit = 1;
	r = ioctl(v->fd, KVM_RUN, 0);
	if (!timed_out)
		v->run->immediate_exit = 0;
	if (v->vm->said && !v->vm->lazy)
		vcpu_drain(v);
	if (r == -1 && errno == EINTR)
		return true;
	report(v, "KVM_RUN with immediate_exit did not return -EINTR");
	return false;
}

enum stop vcpu_enter(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	char what[80];

	if (ioctl(v->fd, KVM_RUN, 0) < 0) {
		if (timed_out) {
			report(v, "the guest hangs");
			return STOP_BAD;
		}
		if (errno == EINTR || errno == EAGAIN) {
			if (v->vm->said && !v->vm->lazy)
				vcpu_drain(v);
			return STOP_INTR;
		}
		snprintf(what, sizeof(what), "KVM_RUN: %s", strerror(errno));
		report(v, what);
		return STOP_BAD;
	}
	if (!is_access(run)) {
		report(v, "unexpected exit");
		return STOP_BAD;
	}
	if (run->exit_reason == KVM_EXIT_IO && run->io.port == EXIT_PORT &&
	    run->io.direction == KVM_EXIT_IO_OUT)
		return vcpu_settle(v) ? STOP_DONE : STOP_BAD;
	return STOP_IO;
}

/* Is the exit under way the one that has the ring carried out? */
bool vcpu_flushes(struct vcpu *v)
{
	struct kvm_run *run = v->run;

	if (v->vm->said)
		return run->exit_reason == KVM_EXIT_COALESCED_RING;
	return v->vm->ring && run->exit_reason == KVM_EXIT_IO &&
	       run->io.port == FLUSH_PORT && run->io.size == 1 &&
	       run->io.count == 1 && run->io.direction == KVM_EXIT_IO_IN;
}

static u64 drain(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct kvm_coalesced_mmio_ring *ring = vm->ring;
	u64 n = 0;

	/* Nobody can say what is in such a ring. */
	if (ring->last >= RING_MAX)
		return 0;
	while (vm->ring_first != ring->last) {
		struct kvm_coalesced_mmio *e =
			&ring->coalesced_mmio[vm->ring_first];
		struct access a = { .addr = e->phys_addr, .size = e->len,
				    .space = e->pio ? PIO : MMIO, .out = 1 };

		if (e->len != 1 && e->len != 2 && e->len != 4 && e->len != 8)
			DIE("an entry of %u bytes in the ring", e->len);
		if (e->pio > 1)
			DIE("pio is %#x in the ring", e->pio);
		memcpy(&a.val, e->data, sizeof(a.val));
		if (e->pio && a.addr == TRIAL_PORT) {
			EQ(a.size, 1);
			EQ(a.val & 0xff, 0);
			v->dev->trials++;
		} else {
			dev_access(v->dev, &a);
		}
		vm->ring_first = (vm->ring_first + 1) % RING_MAX;
		n++;
	}
	ring->first = vm->ring_first;
	return n;
}

/* Carry out what is in the ring.  Returns how many writes that was. */
u64 vcpu_drain(struct vcpu *v)
{
	u64 n;

	pthread_mutex_lock(&serving);
	n = drain(v);
	pthread_mutex_unlock(&serving);
	return n;
}

static void serve_mmio(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	struct access a = { .addr = run->mmio.phys_addr,
			    .size = run->mmio.len, .out = run->mmio.is_write,
			    .space = MMIO };

	if ((a.size != 1 && a.size != 2 && a.size != 4 && a.size != 8) ||
	    run->mmio.len != a.size || run->mmio.is_write > 1) {
		report(v, "KVM_EXIT_MMIO makes no sense");
		DIE("len %u is_write %u", run->mmio.len, run->mmio.is_write);
	}
	if (a.out)
		memcpy(&a.val, run->mmio.data, a.size);
	dev_access(v->dev, &a);
	/* Whoever takes more than len bytes gets something else. */
	memset(run->mmio.data, 0xee, sizeof(run->mmio.data));
	memcpy(run->mmio.data, &a.val, a.size);
	if (v->dev->most < a.size)
		v->dev->most = a.size;
}

static void serve_io(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	struct dev *d = v->dev;
	u32 size = run->io.size, count = run->io.count, i;
	u8 *p = (u8 *)run + run->io.data_offset;

	if ((size != 1 && size != 2 && size != 4) || !count ||
	    run->io.data_offset > v->run_size ||
	    (u64)size * count > v->run_size - run->io.data_offset) {
		report(v, "KVM_EXIT_IO makes no sense");
		DIE("port %#x size %u count %u offset %#llx", run->io.port,
		    size, count, (unsigned long long)run->io.data_offset);
	}
	if (v->vm->ring && !v->vm->lazy &&
	    run->io.port >= CONFIG_PORT && run->io.port < CONFIG_DATA + 4)
		drain(v);
	if (vcpu_flushes(v)) {
		*p = 0x5a;
		d->flushes++;
		return;
	}
	if (size * count > d->most)
		d->most = size * count;
	for (i = 0; i < count; i++, p += size) {
		struct access a = { .addr = run->io.port, .size = size,
				    .out = run->io.direction == KVM_EXIT_IO_OUT,
				    .space = PIO };

		if (a.out)
			memcpy(&a.val, p, size);
		dev_access(d, &a);
		memcpy(p, &a.val, size);
	}
}

void vcpu_serve(struct vcpu *v)
{
	pthread_mutex_lock(&serving);
	v->dev->exits++;
	if (v->vm->said && !v->vm->lazy)
		drain(v);
	if (v->run->exit_reason == KVM_EXIT_COALESCED_RING)
		v->dev->flushes++;
	else if (v->run->exit_reason == KVM_EXIT_MMIO)
		serve_mmio(v);
	else
		serve_io(v);
	pthread_mutex_unlock(&serving);
}

/*
 * What userspace could scribble into kvm_run after it has served an exit, in one
 * of NR_TAMPERS ways; not the data of a read.
 */
void vcpu_tamper(struct vcpu *v, unsigned int how)
{
	struct kvm_run *run = v->run;
	bool mmio = run->exit_reason == KVM_EXIT_MMIO;

	switch (how) {
	case 0:
		if (mmio)
			run->mmio.len = ~0U;
		else
			run->io.count = ~0U;
		break;
	case 1:
		if (mmio) {
			run->mmio.len = 0;
		} else {
			run->io.count = 0;
			run->io.size = 0;
		}
		break;
	case 2:
		if (mmio) {
			run->mmio.len = 8;
			run->mmio.is_write ^= 1;
		} else {
			run->io.size = 8;
			run->io.count = 0x10000;
			run->io.direction ^= 1;
		}
		break;
	case 3:
		if (mmio) {
			run->mmio.phys_addr = CODE_GPA;
		} else {
			run->io.port = 0xffff;
			run->io.data_offset = ~0ULL / 2;
		}
		break;
	case 4:
		if (mmio) {
			run->exit_reason = KVM_EXIT_IO;
			run->mmio.phys_addr = ~0ULL;
			run->mmio.len = ~0U;
			run->mmio.is_write = 0xff;
		} else {
			run->exit_reason = KVM_EXIT_MMIO;
			memset(&run->io, 0xff, sizeof(run->io));
		}
		break;
	case 5:
		if (mmio) {
			run->mmio.phys_addr = 0;
			run->mmio.len = 0x80000001;
		} else {
			run->io.data_offset = 0;
			run->io.size = 4;
			run->io.count = 3;
		}
		break;
	}
}

enum stop vcpu_go(struct vcpu *v)
{
	for (;;) {
		enum stop s = vcpu_enter(v);

		if (s == STOP_IO)
			vcpu_serve(v);
		else if (s != STOP_INTR)
			return s;
	}
}

static void *run_vcpu(void *arg)
{
	return (void *)(long)vcpu_go(arg);
}

/* vcpu_go() in a thread of its own. */
void vcpu_spawn(struct vcpu *v)
{
	if (pthread_create(&v->thread, NULL, run_vcpu, v))
		DIE("pthread_create");
}

enum stop vcpu_join(struct vcpu *v)
{
	void *stop;

	pthread_join(v->thread, &stop);
	v->thread = pthread_self();
	return (long)stop;
}
