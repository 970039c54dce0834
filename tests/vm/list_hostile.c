// SPDX-License-Identifier: GPL-2.0
/*
 * list_hostile - what a guest can do to the list device, that it must not
 * list_hostile storm SECONDS SEED - the same at random, from several threads
 * list_hostile cancel list|instruction - take back a command of which a list is to tell
 *
 * Runs as root in a guest whose kernel leaves the list device alone, and one AHCI or
 * IDE controller with a disk that nobody needs: one without a driver.  Prints KTAP.
 *
 * Messages (MSI) of the AHCI controller are sent to memory: there they can be counted,
 * and no processor gets them.  The IDE controller's line has no handler: that it was
 * raised shows in the queue only.
 *
 * All memory that devices are told of is one piece, locked, of adjacent pages.  What
 * a storm has a device write to, by DMA or as a queue, is in there, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/pio_hypercall.h>
#include <sys/mman.h>

#define PAGE		4096
#define PAGES		48
#define QUEUES_MAX	16
#define PATIENCE	10	/* seconds; the machine is emulated */

/* Errors of KVM's, as in the contract */
#define KVM_EINVAL	22
#define KVM_EFAULT	14

/* Pages of the memory */
enum {
	QUEUE_PAGE	= 0,	/* three for a queue of 256 entries */
	OTHER_PAGE	= 3,	/* the same */
	LIST_PAGE	= 6,	/* and three behind it */
	AHCI_PAGE	= 10,	/* commands, and what the controller says */
	DATA_PAGE	= 11,
	MSI_PAGE	= 12,
	PRD_PAGE	= 13,
	STORM_PAGE	= 14,	/* queues, one each */
	FIXED_PAGE	= STORM_PAGE + QUEUES_MAX,	/* lists that never change in a round */
	LOOSE_PAGE	= FIXED_PAGE + 8,		/* lists that do, all the time */
	END_PAGE	= LOOSE_PAGE + 8			/* 46 */
};

struct function {
	char dir[256];
	unsigned int bus, devfn;
	__u64 bar[6];
};

struct queue {
	unsigned int n;
	__u32 size;
	struct pio_list_queue *mem;
};

static char *mem;
static __u64 mem_gpa;
static __u64 ram_end;
static int ports;
static char *regs;
static unsigned int queues;
static struct function device, spare;
static bool ahci;		/* is @spare? */
static char *hba;		/* its registers */
/* Of the spare controller: 32 bits that can be written, of no consequence; as a port, too. */
static struct pio_hcall_access scratch, scratch_port;
static bool polling;

static unsigned int number;
static bool failed, bad;
static unsigned int timeouts;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define EXPECT(condition) do {							\
	if (!(condition)) {							\
		failed = true;							\
		printf("# line %d: %s\n", __LINE__, #condition);		\
	}									\
} while (0)

/* EXPECT() that says what it was. */
#define EQ(a, b) do {								\
	__u64 is = (a), be = (b);						\
										\
	if (is != be) {								\
		failed = true;							\
		printf("# line %d: %s is 0x%llx, not 0x%llx\n", __LINE__, #a,	\
		       (unsigned long long)is, (unsigned long long)be);		\
	}									\
} while (0)

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* What was since the last one was this test. */
static void done(const char *name)
{
	printf("%sok %u %s\n", failed ? "not " : "", ++number, name);
	fflush(stdout);
	bad |= failed;
	failed = false;
	if (timeouts > 5) {
		printf("Bail out! the device does not answer any more\n");
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static __u64 gpa(const void *p)
{
	return mem_gpa + ((const char *)p - mem);
}

static void *page(unsigned int n)
{
	return mem + n * PAGE;
}

static __u32 load(const __u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(__u32 *p, __u32 value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static __u32 get(unsigned int reg)
{
	return load((__u32 *)(regs + reg));
}

static void set(unsigned int reg, __u32 value)
{
	store((__u32 *)(regs + reg), value);
}

static __u32 hba_get(unsigned int reg)
{
	return load((__u32 *)(hba + reg));
}

static void hba_set(unsigned int reg, __u32 value)
{
	store((__u32 *)(hba + reg), value);
}

/* By the kernel: CPUs have been seen to refuse a program's IN, whatever iopl() has said. */
static __u8 in(unsigned int port)
{
	__u8 value;

	if (pread(ports, &value, 1, port) != 1)
		die("/dev/port");
	return value;
}

static void out(__u8 value, unsigned int port)
{
	if (pwrite(ports, &value, 1, port) != 1)
		die("/dev/port");
}

static void ring(void)
{
	__sync_synchronize();
	set(PIO_LIST_DOORBELL, 0);
}

/* --- setup ------------------------------------------------------------------- */

struct frame {
	__u64 pfn;
	char *address;
};

static int by_pfn(const void *a, const void *b)
{
	const struct frame *f = a, *g = b;

	return (f->pfn > g->pfn) - (f->pfn < g->pfn);
}

/* Adjacent pages out of many, moved side by side. */
static void get_memory(void)
{
	enum { POOL = 8192 };
	static struct frame frame[POOL];
	int fd = open("/proc/self/pagemap", O_RDONLY);
	unsigned int i, run = 1;
	__u64 entry;
	char *pool;

	pool = mmap(NULL, POOL * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	mem = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || pool == MAP_FAILED || mem == MAP_FAILED)
		die("memory");
	for (i = 0; i < POOL; i++) {
		frame[i].address = pool + i * PAGE;
		*frame[i].address = 0;
		if (pread(fd, &entry, 8, (uintptr_t)frame[i].address / PAGE * 8) != 8)
			die("pagemap");
		frame[i].pfn = entry & ((1ULL << 55) - 1);
	}
	close(fd);
	qsort(frame, POOL, sizeof(frame[0]), by_pfn);
	for (i = 1; i < POOL && run < PAGES; i++)
		run = frame[i].pfn == frame[i - 1].pfn + 1 ? run + 1 : 1;
	if (run < PAGES)
		die("no adjacent pages");
	mem_gpa = frame[i - PAGES].pfn * PAGE;
	for (run = 0; run < PAGES; run++)
		if (mremap(frame[i - PAGES + run].address, PAGE, PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, mem + run * PAGE) == MAP_FAILED)
			die("mremap");
}

/* The end of memory below 4 GiB; QEMU's is a multiple of 1 MiB, and has tables there. */
static void find_ram_end(void)
{
	FILE *f = fopen("/proc/iomem", "r");
	unsigned long long start, end;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "System RAM") && sscanf(line, "%llx-%llx", &start, &end) == 2 &&
		    end < 1ULL << 32)
			ram_end = (end + (1 << 20)) & ~((1ULL << 20) - 1);
	if (!ram_end)
		die("end of memory");
	fclose(f);
}

static unsigned long attribute(const char *dir, const char *name)
{
	char path[300], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		die(path);
	close(fd);
	return strtoul(text, NULL, 0);
}

static __u32 access_config(const struct function *f, unsigned int offset, unsigned int size,
			   const __u32 *value)
{
	__u32 read_back = 0;
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/config", f->dir);
	fd = open(path, O_RDWR);
	if (fd < 0 || (value ? pwrite(fd, value, size, offset) :
			       pread(fd, &read_back, size, offset)) != (ssize_t)size)
		die(path);
	close(fd);
	return read_back;
}

static __u32 config_get(const struct function *f, unsigned int offset, unsigned int size)
{
	return access_config(f, offset, size, NULL);
}

static void config_set(const struct function *f, unsigned int offset, unsigned int size,
		       __u32 value)
{
	access_config(f, offset, size, &value);
}

/* Fills in @f; its memory, I/O ports and bus mastering are on then. */
static void use(struct function *f, const char *dir)
{
	unsigned int slot, function, i;

	snprintf(f->dir, sizeof(f->dir), "%s", dir);
	if (sscanf(strrchr(dir, '/'), "/%*x:%x:%x.%x", &f->bus, &slot, &function) != 3)
		die(dir);
	f->devfn = slot << 3 | function;
	for (i = 0; i < 6; i++) {
		f->bar[i] = config_get(f, 0x10 + 4 * i, 4);
		f->bar[i] &= f->bar[i] & 1 ? ~3U : ~15U;
	}
	config_set(f, 4, 2, 7);
}

static char *map_bar(const struct function *f, unsigned int n)
{
	char path[300];
	char *p;
	int fd;

	snprintf(path, sizeof(path), "%s/resource%u", f->dir, n);
	fd = open(path, O_RDWR);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || p == MAP_FAILED)
		die(path);
	close(fd);
	return p;
}

static void find_functions(void)
{
	char driver[300];
	glob_t g;
	size_t i;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &g))
		die("PCI");
	for (i = 0; i < g.gl_pathc; i++) {
		const char *dir = g.gl_pathv[i];
		unsigned long class = attribute(dir, "class") >> 8;

		if (attribute(dir, "vendor") == PIO_LIST_VENDOR &&
		    attribute(dir, "device") == PIO_LIST_DEVICE)
			use(&device, dir);
		snprintf(driver, sizeof(driver), "%s/driver", dir);
		if ((class == 0x0101 || class == 0x0106) && access(driver, F_OK)) {
			use(&spare, dir);
			ahci = class == 0x0106;
		}
	}
	globfree(&g);
	errno = ENOENT;
	if (!*device.dir)
		die("list device");
	if (!*spare.dir)
		die("controller without a driver");
	regs = map_bar(&device, 0);
	scratch.size = 4;
	if (ahci) {
		hba = map_bar(&spare, 5);
		/* Where a port has its commands; no disk is there. */
		scratch.space = PIO_HCALL_SPACE_MMIO;
		scratch.addr = spare.bar[5] + 0x100 + 5 * 0x80;
		/* The index of what the next port shows. */
		scratch_port.size = 4;
		scratch_port.addr = spare.bar[4] + 0x10;
	} else {
		/* Where a channel has its list of memory to transfer; no disk is there. */
		scratch.addr = spare.bar[4] + 8 + 4;
		scratch_port = scratch;
	}
}

/* --- queues ------------------------------------------------------------------ */

static __u32 state(unsigned int n)
{
	set(PIO_LIST_SELECT, n);
	return get(PIO_LIST_STATE);
}

static void stop(unsigned int n)
{
	set(PIO_LIST_SELECT, n);
	set(PIO_LIST_STATE, PIO_LIST_STOPPED);
}

static __u32 start_at(unsigned int n, __u64 address, __u32 size, __u32 source)
{
	set(PIO_LIST_SELECT, n);
	set(PIO_LIST_ADDR_LOW, address);
	set(PIO_LIST_ADDR_HIGH, address >> 32);
	set(PIO_LIST_SIZE, size);
	set(PIO_LIST_SOURCE, source);
	set(PIO_LIST_STATE, PIO_LIST_RUNNING);
	return get(PIO_LIST_STATE);
}

static void start(struct queue *q, unsigned int n, __u32 size, __u32 source)
{
	q->n = n;
	q->size = size;
	q->mem = page(n ? OTHER_PAGE : QUEUE_PAGE);
	memset(q->mem, 0, 3 * PAGE);
	EQ(start_at(n, gpa(q->mem), size, source), PIO_LIST_RUNNING);
}

static void stop_all(void)
{
	unsigned int i;

	for (i = 0; i < queues; i++)
		stop(i);
}

/* The next list, not to be seen so far. */
static struct pio_list_entry *prepare(struct queue *q, __u64 list, __u32 count, __u32 ahead)
{
	struct pio_list_entry *entry = &q->mem->entry[(load(&q->mem->avail) + ahead) % q->size];

	entry->list = list;
	entry->count = count;
	entry->left = 0xaaaaaaaa;
	entry->status = 0x55555555;
	entry->order = 0xcccccccc;
	return entry;
}

static void give(struct queue *q, __u32 lists)
{
	store(&q->mem->avail, load(&q->mem->avail) + lists);
	if (!q->n)
		ring();
}

/* Till all that was given is done. */
static bool finish(struct queue *q)
{
	double end = now() + PATIENCE;

	while (load(&q->mem->used) != load(&q->mem->avail)) {
		if (now() > end) {
			printf("# queue %u: %u of %u lists after %u s\n", q->n,
			       load(&q->mem->used), load(&q->mem->avail), PATIENCE);
			timeouts++;
			return false;
		}
		sched_yield();
	}
	return true;
}

/* One list; what the device has said of it */
static struct pio_list_entry *run(struct queue *q, __u64 list, __u32 count)
{
	struct pio_list_entry *entry = prepare(q, list, count, 0);

	give(q, 1);
	EXPECT(finish(q));
	return entry;
}

static bool broken(unsigned int n)
{
	double end = now() + PATIENCE;

	while (state(n) == PIO_LIST_RUNNING && now() < end)
		sched_yield();
	return state(n) == PIO_LIST_BROKEN;
}

/* --- lists ------------------------------------------------------------------- */

static struct pio_hcall_access *list(void)
{
	struct pio_hcall_access *e = page(LIST_PAGE);

	memset(e, 0, PAGE);
	return e;
}

static struct pio_hcall_access element(unsigned int op, unsigned int space, unsigned int size,
				       __u64 address, __u64 value)
{
	struct pio_hcall_access e = {
		.op = op, .space = space, .size = size, .addr = address, .value = value,
	};

	return e;
}

static struct pio_hcall_access port(unsigned int op, unsigned int size, __u64 address,
				    __u64 value)
{
	return element(op, PIO_HCALL_SPACE_PIO, size, address, value);
}

static struct pio_hcall_access memory(unsigned int op, unsigned int size, __u64 address)
{
	return element(op, PIO_HCALL_SPACE_MMIO, size, address, 0);
}

static struct pio_hcall_access on_scratch(unsigned int op, __u64 value)
{
	return element(op, scratch.space, 4, scratch.addr, value);
}

static __u32 scratch_value(struct queue *q)
{
	struct pio_hcall_access *e = list();

	e[0] = on_scratch(PIO_HCALL_OP_READ, 0);
	EQ(run(q, gpa(e), 1)->status, 0);
	return e[0].value;
}

/* A queue that works, from its beginning */
static void works(void)
{
	struct pio_hcall_access *e = list();
	struct pio_list_entry *entry;
	struct queue q;

	start(&q, 0, 16, 0);
	e[0] = on_scratch(PIO_HCALL_OP_WRITE, 0x1234000);
	e[1] = on_scratch(PIO_HCALL_OP_READ, 0);
	entry = run(&q, gpa(e), 2);
	EQ(entry->status, 0);
	EQ(entry->left, 0);
	EQ(entry->order, 0);
	EQ(q.mem->used, 1);
	EQ(e[1].value, 0x1234000);
	stop(0);
}

/* --- registers --------------------------------------------------------------- */

static void test_registers(void)
{
	unsigned int i;
	struct queue q;

	EQ(get(PIO_LIST_VERSION), PIO_LIST_ABI_VERSION);
	EXPECT(queues >= 2);
	for (i = 0; i < queues; i++)
		EQ(state(i), PIO_LIST_STOPPED);
	done("version, queues, and all of them stopped");

	set(PIO_LIST_VERSION, 7);
	set(PIO_LIST_QUEUES, 7777);
	EQ(get(PIO_LIST_VERSION), PIO_LIST_ABI_VERSION);
	EQ(get(PIO_LIST_QUEUES), queues);
	done("VERSION and QUEUES are not written");

	for (i = 0; i < queues; i++) {
		set(PIO_LIST_SELECT, i);
		EQ(get(PIO_LIST_SELECT), i);
		set(PIO_LIST_SIZE, 100 + i);
	}
	for (i = 0; i < queues; i++) {
		set(PIO_LIST_SELECT, i);
		EQ(get(PIO_LIST_SIZE), 100 + i);
	}
	done("each queue has its registers");

	set(PIO_LIST_SELECT, 1);
	set(PIO_LIST_SELECT, queues);
	EQ(get(PIO_LIST_SELECT), 0);
	set(PIO_LIST_SELECT, 1);
	set(PIO_LIST_SELECT, 0xffffffff);
	EQ(get(PIO_LIST_SELECT), 0);
	done("SELECT out of range selects 0");

	start(&q, 0, 16, 0);
	set(PIO_LIST_ADDR_LOW, gpa(page(OTHER_PAGE)));
	set(PIO_LIST_ADDR_HIGH, 1);
	set(PIO_LIST_SIZE, 32);
	set(PIO_LIST_SOURCE, PIO_LIST_SOURCE_LINE | 14);
	EQ(get(PIO_LIST_ADDR_LOW), (__u32)gpa(q.mem));
	EQ(get(PIO_LIST_ADDR_HIGH), gpa(q.mem) >> 32);
	EQ(get(PIO_LIST_SIZE), 16);
	EQ(get(PIO_LIST_SOURCE), 0);
	set(PIO_LIST_STATE, PIO_LIST_RUNNING);
	EQ(state(0), PIO_LIST_RUNNING);
	done("registers written while it runs stay as they are");

	set(PIO_LIST_STATE, PIO_LIST_BROKEN);
	set(PIO_LIST_STATE, 0xffffffff);
	set(PIO_LIST_STATE, 0x10000);
	EQ(state(0), PIO_LIST_RUNNING);
	stop(0);
	set(PIO_LIST_STATE, PIO_LIST_BROKEN);
	EQ(state(0), PIO_LIST_STOPPED);
	done("STATE written with what is none");

	for (i = 0; i < PAGE; i += 4)
		if (i < PIO_LIST_SELECT || i > PIO_LIST_SOURCE)
			set(i, 0xffffffff);
	for (i = 0; i < PAGE; i += 4)
		get(i);
	works();
	done("registers that there are not, and the doorbell of a stopped queue");
}

/* --- starts ------------------------------------------------------------------ */

static void not_started(const char *name, unsigned int n, __u64 address, __u32 size,
			__u32 source)
{
	EQ(start_at(n, address, size, source), PIO_LIST_STOPPED);
	stop(n);
	done(name);
}

static void test_starts(void)
{
	static const __u32 size[] = {
		3, 5, 255, 257, 512, 1 << 16, 1U << 31, 0xffffffff,
	};
	__u64 good = gpa(page(QUEUE_PAGE));
	__u32 source = PIO_LIST_SOURCE_LINE | 23;
	struct queue q;
	unsigned int i;

	not_started("queue outside memory", 0, 1ULL << 40, 16, 0);
	not_started("queue beyond all addresses", 0, 1ULL << 60, 16, 0);
	not_started("queue in the list device's registers", 0, device.bar[0], 16, 0);
	not_started("queue in another device's registers", 0,
		    ahci ? spare.bar[5] : device.bar[0] + 0x800, 1, 0);
	not_started("queue in the local APIC", 0, 0xfee00000, 16, 0);
	not_started("queue in ROM", 0, 0xffff0000, 16, 0);
	for (i = 4; i < 64; i += i)
		EQ(start_at(0, good + i, 16, 0), PIO_LIST_STOPPED);
	done("queue not a multiple of 64");
	not_started("queue wraps at 2^64", 0, -64ULL, 16, 0);
	not_started("queue ends at 2^64", 0, -(128ULL + 256 * 32), 256, 0);
	not_started("queue across the end of memory", 0, ram_end - 64, 1, 0);
	not_started("queue's last entry beyond the end of memory", 0,
		    (ram_end - 128 - 16 * 32 + 63) & ~63ULL, 32, 0);

	not_started("size 0", 0, good, 0, 0);
	for (i = 0; i < ARRAY_SIZE(size); i++)
		EQ(start_at(0, good, size[i], 0), PIO_LIST_STOPPED);
	done("sizes that are no power of 2, or above 256");
	for (i = 1; i <= PIO_LIST_SIZE_MAX; i *= 2) {
		start(&q, 0, i, 0);
		stop(0);
	}
	done("all the other sizes");

	not_started("queue 0 with a source", 0, good, 16, source);
	not_started("queue 0 with source 1", 0, good, 16, 1);
	not_started("queue 1 with the doorbell", 1, good, 16, 0);
	not_started("unknown source", 1, good, 16, 3U << 24 | 5);
	not_started("unknown source, all ones", 1, good, 16, 0xffffffff);
	not_started("messages of a function that does not exist", 1, good, 16,
		    PIO_LIST_SOURCE_MSI | 31 << 3 | 7);
	not_started("messages of a bus that does not exist", 1, good, 16,
		    PIO_LIST_SOURCE_MSI | 0xfe00 | spare.devfn);
	not_started("messages of a bus above 255", 1, good, 16,
		    PIO_LIST_SOURCE_MSI | 0x10000 | spare.bus << 8 | spare.devfn);
	not_started("the list device's own messages", 1, good, 16,
		    PIO_LIST_SOURCE_MSI | device.bus << 8 | device.devfn);
	not_started("pin 24", 1, good, 16, PIO_LIST_SOURCE_LINE | 24);
	not_started("pin 2^24 - 1", 1, good, 16, PIO_LIST_SOURCE_LINE | 0xffffff);

	for (i = 0; i < 2; i++) {
		start(&q, 1, 16, source);
		EQ(start_at(2, gpa(page(QUEUE_PAGE)), 16, source), PIO_LIST_STOPPED);
		EQ(state(1), PIO_LIST_RUNNING);
		stop(1);
		set(PIO_LIST_SELECT, 2);
		set(PIO_LIST_STATE, PIO_LIST_RUNNING);
		EQ(state(2), PIO_LIST_RUNNING);
		stop(2);
		done(i ? "the same messages twice" : "the same pin twice");
		source = PIO_LIST_SOURCE_MSI | spare.bus << 8 | spare.devfn;
	}
	for (i = 0; i < 1000; i++) {
		EQ(start_at(0, good, 1 << i % 9, 0), PIO_LIST_RUNNING);
		EQ(start_at(1, gpa(page(OTHER_PAGE)), 1 << i % 9,
			    i % 2 ? source : PIO_LIST_SOURCE_LINE | i % 24), PIO_LIST_RUNNING);
		ring();
		stop(i % 3 % 2);
		stop_all();
	}
	works();
	done("1000 times started and stopped");
}

/* --- avail, used, wake ------------------------------------------------------- */

static void test_counters(void)
{
	struct pio_hcall_access *e = page(LIST_PAGE + 1);
	static const __u32 value[] = { 0, 1, 0xdeadbeef, 0xffffffff };
	struct pio_list_entry *entry;
	struct queue q;
	unsigned int i;

	memset(e, 0, PAGE);
	e[0] = on_scratch(PIO_HCALL_OP_WRITE, 0x1000);

	start(&q, 0, 4, 0);
	for (i = 0; i < 4; i++)
		prepare(&q, gpa(e), 1, i);
	give(&q, 4);
	EXPECT(finish(&q));
	for (i = 0; i < 4; i++) {
		EQ(q.mem->entry[i].status, 0);
		EQ(q.mem->entry[i].order, i);
	}
	EQ(state(0), PIO_LIST_RUNNING);
	done("SIZE lists at a time");

	for (i = 0; i < 4; i++)
		prepare(&q, gpa(e), 1, i);
	give(&q, 5);
	EXPECT(broken(0));
	EQ(load(&q.mem->used), 4);
	for (i = 0; i < 4; i++)
		EQ(q.mem->entry[i].status, 0x55555555);
	done("SIZE + 1 at a time: broken, and none is carried out");

	ring();
	EQ(state(0), PIO_LIST_BROKEN);
	set(PIO_LIST_SIZE, 8);
	EQ(get(PIO_LIST_SIZE), 8);
	stop(0);
	EQ(state(0), PIO_LIST_STOPPED);
	works();
	done("a broken queue stops, and starts again");

	start(&q, 0, 4, 0);
	run(&q, gpa(e), 1);
	run(&q, gpa(e), 1);
	give(&q, -1);
	EXPECT(broken(0));
	EQ(load(&q.mem->used), 2);
	/* From broken, at once. */
	start(&q, 0, 4, 0);
	run(&q, gpa(e), 1);
	EQ(load(&q.mem->used), 1);
	stop(0);
	done("avail runs backwards: broken");

	start(&q, 0, 4, 0);
	give(&q, 1U << 31);
	EXPECT(broken(0));
	stop(0);
	done("avail 2^31 ahead: broken");

	start(&q, 0, 8, 0);
	for (i = 0; i < 5; i++)
		run(&q, gpa(e), 1);
	EQ(load(&q.mem->used), 5);
	EQ(load(&q.mem->wake), 5 + (polling ? 1U << 31 : 0));
	stop(0);
	start(&q, 0, 8, 0);
	EQ(load(&q.mem->used), 0);
	EQ(load(&q.mem->wake), polling ? 1U << 31 : 0);
	entry = run(&q, gpa(e), 1);
	EXPECT(entry == &q.mem->entry[0]);
	EQ(entry->order, 0);
	EQ(entry->status, 0);
	done("stopped and started: counted from 0");

	if (!polling) {
		prepare(&q, gpa(e), 1, 0);
		store(&q.mem->avail, 2);
		usleep(300000);
		EQ(load(&q.mem->used), 1);
		EQ(load(&q.mem->wake), 1);
		ring();
		EXPECT(finish(&q));
		done("nobody rings: it is not looked at");
	}

	for (i = 0; i < ARRAY_SIZE(value); i++) {
		prepare(&q, gpa(e), 1, 0);
		store(&q.mem->avail, load(&q.mem->avail) + 1);
		__sync_synchronize();
		set(PIO_LIST_DOORBELL, value[i]);
		EXPECT(finish(&q));
	}
	done("any value rings");

	for (i = 0; i < 100000; i++)
		set(PIO_LIST_DOORBELL, i);
	EQ(scratch_value(&q), 0x1000);
	done("the doorbell 100000 times");

	/* What is written there is the device's to write. */
	store(&q.mem->used, 77);
	store(&q.mem->wake, 1U << 31);
	prepare(&q, gpa(e), 1, 0);
	i = load(&q.mem->avail);
	give(&q, 1);
	EXPECT(finish(&q));
	EQ(load(&q.mem->used), i + 1);
	EQ(load(&q.mem->wake), i + 1 + (polling ? 1U << 31 : 0));
	done("used and wake written by the driver");
	stop(0);

	printf("# not tested: counters that wrap, after 2^32 lists\n");
}

/* --- where a list is --------------------------------------------------------- */

static void bad_list(struct queue *q, const char *name, __u64 address, __u32 count,
		     int status)
{
	struct pio_list_entry *entry = run(q, address, count);

	EQ(entry->status, status);
	EQ(entry->left, count);
	EQ(entry->order, load(&q->mem->used) - 1);
	EQ(state(0), PIO_LIST_RUNNING);
	done(name);
}

static void test_lists(void)
{
	struct pio_hcall_access *e = list();
	struct pio_list_entry *entry;
	struct queue q;
	unsigned int i;

	start(&q, 0, 16, 0);
	e[0] = on_scratch(PIO_HCALL_OP_WRITE, 0x4000);
	run(&q, gpa(e), 1);

	bad_list(&q, "list outside memory", 1ULL << 40, 1, -KVM_EFAULT);
	bad_list(&q, "list beyond all addresses", 1ULL << 60, 64, -KVM_EFAULT);
	bad_list(&q, "list in the list device's registers", device.bar[0], 1, -KVM_EFAULT);
	if (ahci)
		bad_list(&q, "list in another device's registers", spare.bar[5], 4, -KVM_EFAULT);
	bad_list(&q, "list in the local APIC", 0xfee00000, 1, -KVM_EFAULT);
	bad_list(&q, "list in ROM", 0xffff0000, 1, -KVM_EFAULT);
	bad_list(&q, "list across the end of memory", ram_end - 32, 2, -KVM_EFAULT);
	bad_list(&q, "list wraps at 2^64", -32ULL, 2, -KVM_EFAULT);
	bad_list(&q, "list's first element wraps at 2^64", -8ULL, 1, -KVM_EFAULT);

	e[0] = on_scratch(PIO_HCALL_OP_WRITE, 0x8000);
	for (i = 1; i < 8; i++) {
		memmove((char *)page(LIST_PAGE + 1) + i, e, sizeof(*e));
		entry = run(&q, gpa(page(LIST_PAGE + 1)) + i, 1);
		EQ(entry->status, -KVM_EINVAL);
		EQ(entry->left, 1);
	}
	done("list not a multiple of 8");

	for (i = 0; i < 128; i++)
		e[i] = on_scratch(PIO_HCALL_OP_WRITE, 0xc000);
	bad_list(&q, "65 elements", gpa(e), 65, -KVM_EINVAL);
	bad_list(&q, "2^27 elements, 2^32 bytes", gpa(e), 1 << 27, -KVM_EINVAL);
	bad_list(&q, "2^31 elements", gpa(e), 1U << 31, -KVM_EINVAL);
	bad_list(&q, "2^32 - 1 elements", gpa(e), 0xffffffff, -KVM_EINVAL);
	bad_list(&q, "2^32 - 1 elements, outside memory", 1ULL << 40, 0xffffffff, -KVM_EINVAL);
	EQ(scratch_value(&q), 0x4000);
	done("none of these had any effect");

	bad_list(&q, "no elements", gpa(list()), 0, 0);
	bad_list(&q, "no elements, outside memory", 1ULL << 40, 0, 0);

	e = list();
	for (i = 0; i < 64; i++)
		e[i] = on_scratch(i % 2 ? PIO_HCALL_OP_READ : PIO_HCALL_OP_WRITE, 0x1000 * i);
	entry = run(&q, gpa(e), 64);
	EQ(entry->status, 0);
	EQ(entry->left, 0);
	for (i = 1; i < 64; i += 2)
		EQ(e[i].value, 0x1000 * (i - 1));
	done("64 elements");

	e = list();
	e = (void *)((char *)e + PAGE - 24);
	e[0] = on_scratch(PIO_HCALL_OP_WRITE, 0x5000);
	e[1] = on_scratch(PIO_HCALL_OP_READ, 0);
	EQ(run(&q, gpa(e), 2)->status, 0);
	EQ(e[1].value, 0x5000);
	done("list across pages");

	/* An entry and its list in the same place: both are the guest's. */
	e = (void *)&q.mem->entry[8];
	memset(e, 0, 4 * sizeof(*e));
	e[0] = on_scratch(PIO_HCALL_OP_READ, 0);
	EQ(run(&q, gpa(e), 1)->status, 0);
	EQ(e[0].value, 0x5000);
	entry = run(&q, gpa(q.mem), 1);
	EXPECT(entry->status <= 0);
	done("list in the queue itself");
	stop(0);
}

/* --- elements ---------------------------------------------------------------- */

static void bad_element(struct queue *q, const char *name, struct pio_hcall_access what, int status)
{
	struct pio_hcall_access *e = list(), before = what;
	struct pio_list_entry *entry;

	e[0] = on_scratch(PIO_HCALL_OP_WRITE, 0x2000);
	e[1] = on_scratch(PIO_HCALL_OP_READ, 0);
	e[2] = what;
	e[3] = on_scratch(PIO_HCALL_OP_WRITE, 0xbad000);
	entry = run(q, gpa(e), 4);
	EQ(entry->status, status);
	EQ(entry->left, 2);
	EQ(e[1].value, 0x2000);
	EXPECT(!memcmp(&e[2], &before, sizeof(before)));
	EQ(scratch_value(q), 0x2000);
	if (name)
		done(name);
}

static void refused_port(struct queue *q, const char *name, __u64 address)
{
	unsigned int op;

	for (op = PIO_HCALL_OP_READ; op <= PIO_HCALL_OP_CHECK; op++)
		bad_element(q, NULL, port(op, 1, address, 0), -KVM_EINVAL);
	done(name);
}

static void refused_memory(struct queue *q, const char *name, __u64 address, int status)
{
	unsigned int op;

	for (op = PIO_HCALL_OP_READ; op <= PIO_HCALL_OP_CHECK; op++)
		bad_element(q, NULL, memory(op, 4, address), status);
	done(name);
}

/* READ_STRING: one byte, to @buffer, if it were not for what is wrong. */
static struct pio_hcall_access read_string(__u64 buffer)
{
	struct pio_hcall_access e = port(PIO_LIST_OP_READ_STRING, 1, 0x1f7, buffer);

	e.mask = 1;
	return e;
}

static void test_strings(struct queue *q)
{
	const __u64 data = gpa(page(DATA_PAGE));
	struct pio_hcall_access e = read_string(data);

	e.mask = 0;
	bad_element(q, "READ_STRING: none", e, -KVM_EINVAL);
	e.mask = PIO_LIST_STRING_MAX + 1;
	bad_element(q, NULL, e, -KVM_EINVAL);
	e.mask = -1U;
	bad_element(q, "READ_STRING: too many", e, -KVM_EINVAL);
	e = read_string(data);
	e.want = 1;
	bad_element(q, "READ_STRING: want not 0", e, -KVM_EINVAL);
	e = read_string(data);
	e.space = PIO_HCALL_SPACE_MMIO;
	e.addr = device.bar[0] + 0x1000;
	bad_element(q, "READ_STRING: of memory-mapped registers", e, -KVM_EINVAL);
	e = read_string(data);
	e.size = 8;
	bad_element(q, "READ_STRING: 8 bytes each", e, -KVM_EINVAL);
	e = read_string(data);
	e.addr = 0x3f8;
	bad_element(q, "READ_STRING: of a port out of reach", e, -KVM_EINVAL);
	bad_element(q, NULL, read_string(device.bar[0]), -KVM_EFAULT);
	bad_element(q, NULL, read_string(0xfee00000), -KVM_EFAULT);
	bad_element(q, "READ_STRING: to registers", read_string(0xfd000000), -KVM_EFAULT);
	bad_element(q, NULL, read_string(0xfffffffc), -KVM_EFAULT);
	bad_element(q, "READ_STRING: to ROM", read_string(0xffff0), -KVM_EFAULT);
	bad_element(q, NULL, read_string(-1ULL), -KVM_EFAULT);
	bad_element(q, "READ_STRING: to nowhere", read_string(1ULL << 52), -KVM_EFAULT);
	e = read_string(ram_end - 1);
	e.mask = 2;
	bad_element(q, "READ_STRING: across the end of memory", e, -KVM_EFAULT);
}

static void test_elements(void)
{
	static const __u64 edge[] = {
		0, 0x20, 0x60, 0x64, 0x70, 0x80, 0x92, 0x16f, 0x178, 0x1ef, 0x1f8, 0x375, 0x377,
		0x3f5, 0x3f7, 0x402, 0x510, 0x604, 0xcf9, 0xcfc, 0x5fff,
	};
	struct pio_hcall_access e, base = on_scratch(PIO_HCALL_OP_READ, 0);
	struct queue q;
	unsigned int i;

	start(&q, 0, 16, 0);
	e = base;
	e.op = 4;
	bad_element(&q, "op 4", e, -KVM_EINVAL);
	e.op = 255;
	bad_element(&q, "op 255", e, -KVM_EINVAL);
	e = base;
	e.space = 2;
	bad_element(&q, "space 2", e, -KVM_EINVAL);
	e.space = 255;
	bad_element(&q, "space 255", e, -KVM_EINVAL);
	for (i = 0; i < 256; i++) {
		if (i == 1 || i == 2 || i == 4 || i == 8)
			continue;
		e = base;
		e.size = i;
		bad_element(&q, NULL, e, -KVM_EINVAL);
	}
	done("sizes that are none");
	bad_element(&q, "8 bytes of a port", port(PIO_HCALL_OP_READ, 8, scratch_port.addr, 0),
		    -KVM_EINVAL);
	e = memory(PIO_HCALL_OP_CHECK, 8, device.bar[0] + 0x1000);
	bad_element(&q, "CHECK of 8 bytes", e, -KVM_EINVAL);
	for (i = 1; i < 256; i += i) {
		e = base;
		e.op = i % 4;
		e.state = i;
		bad_element(&q, NULL, e, -KVM_EINVAL);
	}
	done("state not 0");
	for (i = 0; i < 4; i++) {
		e = base;
		e.reserved[i] = 1 << i;
		bad_element(&q, NULL, e, -KVM_EINVAL);
	}
	done("reserved not 0");

	for (i = 0; i < 3; i++) {
		unsigned int size = 2 << i;

		for (e.addr = 1; e.addr < size; e.addr++)
			bad_element(&q, NULL, memory(0, size, 0xfd000000 + e.addr), -KVM_EINVAL);
	}
	done("address in memory not a multiple of size");
	bad_element(&q, "address 2^52", memory(0, 4, 1ULL << 52), -KVM_EINVAL);
	bad_element(&q, "address -4", memory(0, 4, -4ULL), -KVM_EINVAL);
	bad_element(&q, "address -8, 8 bytes", memory(0, 8, -8ULL), -KVM_EINVAL);
	bad_element(&q, "port 0x10000", port(0, 1, 0x10000, 0), -KVM_EINVAL);
	bad_element(&q, "port 0xffff, 2 bytes", port(0, 2, 0xffff, 0), -KVM_EINVAL);
	bad_element(&q, "port 2^32 and scratch", port(0, 4, 1ULL << 32 | scratch_port.addr, 0),
		    -KVM_EINVAL);
	bad_element(&q, "port 2^32 + 0x1f0", port(0, 1, 1ULL << 32 | 0x1f0, 0), -KVM_EINVAL);
	bad_element(&q, "port -1", port(0, 1, -1ULL, 0), -KVM_EINVAL);
	bad_element(&q, "port -1, 4 bytes", port(0, 4, -1ULL, 0), -KVM_EINVAL);

	refused_port(&q, "port 0x3f8, serial", 0x3f8);
	refused_port(&q, "port 0xcf8, PCI configuration", 0xcf8);
	refused_port(&q, "port 0xb2, SMI", 0xb2);
	refused_port(&q, "port 0x5658, vmport", 0x5658);
	refused_port(&q, "port 0x7e, vAPIC", 0x7e);
	for (i = 0; i < ARRAY_SIZE(edge); i++) {
		bad_element(&q, NULL, port(PIO_HCALL_OP_READ, 1, edge[i], 0), -KVM_EINVAL);
		bad_element(&q, NULL, port(PIO_HCALL_OP_WRITE, 1, edge[i], 0), -KVM_EINVAL);
	}
	done("other ports out of reach");
	bad_element(&q, NULL, port(PIO_HCALL_OP_READ, 4, 0x16e, 0), -KVM_EINVAL);
	bad_element(&q, NULL, port(PIO_HCALL_OP_READ, 2, 0x5fff, 0), -KVM_EINVAL);
	bad_element(&q, NULL, port(PIO_HCALL_OP_READ, 4, 0x1ee, 0), -KVM_EINVAL);
	done("into a port within reach from one that is not");
	bad_element(&q, NULL, port(PIO_HCALL_OP_READ, 2, 0x177, 0), -KVM_EINVAL);
	bad_element(&q, NULL, port(PIO_HCALL_OP_READ, 4, 0x1f6, 0), -KVM_EINVAL);
	bad_element(&q, NULL, port(PIO_HCALL_OP_READ, 2, 0x3f6, 0), -KVM_EINVAL);
	done("from a port within reach into one that is not");

	refused_memory(&q, "memory", gpa(page(DATA_PAGE)), -KVM_EFAULT);
	refused_memory(&q, "memory: the list itself", gpa(page(LIST_PAGE)), -KVM_EFAULT);
	refused_memory(&q, "memory: the queue", gpa(page(QUEUE_PAGE)), -KVM_EFAULT);
	refused_memory(&q, "memory: address 0", 0, -KVM_EFAULT);
	refused_memory(&q, "memory: its end", ram_end - 4, -KVM_EFAULT);
	refused_memory(&q, "ROM", 0xfffffffc, -KVM_EFAULT);
	refused_memory(&q, "shadowed ROM", 0xffff0, -KVM_EFAULT);
	refused_memory(&q, "the list device", device.bar[0], -KVM_EFAULT);
	refused_memory(&q, "the list device's doorbell", device.bar[0] + PIO_LIST_DOORBELL,
		       -KVM_EFAULT);
	refused_memory(&q, "the list device's STATE", device.bar[0] + PIO_LIST_STATE, -KVM_EFAULT);
	refused_memory(&q, "the end of the list device", device.bar[0] + PAGE - 4, -KVM_EFAULT);
	refused_memory(&q, "the local APIC's ID", 0xfee00020, -KVM_EINVAL);
	refused_memory(&q, "the local APIC's EOI", 0xfee000b0, -KVM_EINVAL);
	refused_memory(&q, "where messages go to", 0xfee01000, -KVM_EINVAL);
	bad_element(&q, NULL, memory(PIO_HCALL_OP_WRITE, 8, 0xfee00000), -KVM_EINVAL);
	bad_element(&q, NULL, memory(PIO_HCALL_OP_WRITE, 1, 0xfee00fff), -KVM_EINVAL);
	done("the local APIC, other sizes");
	if (get(PIO_LIST_FEATURES) & PIO_LIST_F_READ_STRING)
		test_strings(&q);
	stop(0);
}

static void test_operations(void)
{
	struct pio_hcall_access *e = list();
	struct pio_list_entry *entry;
	struct queue q;

	start(&q, 0, 16, 0);
	e[0] = on_scratch(PIO_HCALL_OP_WRITE, 0xffffffff12345400);
	e[1] = on_scratch(PIO_HCALL_OP_READ, -1ULL);
	e[2] = on_scratch(PIO_HCALL_OP_WRITE_BACK, -1ULL);
	e[3] = on_scratch(PIO_HCALL_OP_READ, -1ULL);
	entry = run(&q, gpa(e), 4);
	EQ(entry->status, 0);
	EQ(entry->left, 0);
	EQ(e[0].value, 0xffffffff12345400);
	EQ(e[1].value, 0x12345400);
	EQ(e[2].value, 0x12345400);
	EQ(e[3].value, 0x12345400);
	done("READ, WRITE, WRITE_BACK: values");

	e = list();
	e[0] = on_scratch(PIO_HCALL_OP_CHECK, -1ULL);
	e[0].mask = 0xff000000;
	e[0].want = 0x12000000;
	e[1] = on_scratch(PIO_HCALL_OP_CHECK, -1ULL);
	e[2] = on_scratch(PIO_HCALL_OP_CHECK, -1ULL);
	e[2].mask = 0xff;
	e[2].want = 1;
	e[3] = on_scratch(PIO_HCALL_OP_WRITE, 0xbad000);
	e[4].op = 99;
	entry = run(&q, gpa(e), 5);
	EQ(entry->status, 0);
	EQ(entry->left, 3);
	EQ(e[0].value, 0x12345400);
	EQ(e[1].value, 0x12345400);
	EQ(e[2].value, 0x12345400);
	EQ(scratch_value(&q), 0x12345400);
	done("CHECK goes on, CHECK stops");

	e = list();
	e[0] = on_scratch(PIO_HCALL_OP_CHECK, 0);
	e[0].mask = 1;
	e[0].want = 3;
	entry = run(&q, gpa(e), 1);
	EQ(entry->status, 0);
	EQ(entry->left, 1);
	EQ(e[0].value, 0x12345400);
	done("CHECK wants what cannot be");

	e = list();
	e[0] = element(PIO_HCALL_OP_WRITE, scratch_port.space, 4, scratch_port.addr, 0x40);
	e[1] = element(PIO_HCALL_OP_READ, scratch_port.space, 4, scratch_port.addr, 0);
	e[2] = port(PIO_HCALL_OP_READ, 1, 0xfffe, 0);
	e[3] = port(PIO_HCALL_OP_READ, 4, 0xfff0, 0);
	e[4] = port(PIO_HCALL_OP_WRITE, 4, 0xfff0, 5);
	e[5] = memory(PIO_HCALL_OP_READ, 8, 0xfd000000);
	e[6] = memory(PIO_HCALL_OP_WRITE, 8, 0xfd000000);
	e[7] = memory(PIO_HCALL_OP_READ, 8, (1ULL << 52) - 8);
	e[8] = memory(PIO_HCALL_OP_READ, 4, 0xfef00000);
	entry = run(&q, gpa(e), 9);
	EQ(entry->status, 0);
	EQ(entry->left, 0);
	EQ(e[1].value, 0x40);
	EQ(e[2].value, 0xff);
	EQ(e[3].value, 0xffffffff);
	done("ports and addresses of nobody");

	if (get(PIO_LIST_FEATURES) & PIO_LIST_F_READ_STRING) {
		__u8 *data = page(DATA_PAGE);

		memset(data, 0xa5, PAGE);
		e = list();
		e[0] = read_string(gpa(data) + 1);
		e[0].addr = 0xfffe;
		e[0].mask = PAGE - 2;
		entry = run(&q, gpa(e), 1);
		EQ(entry->status, 0);
		EQ(entry->left, 0);
		EQ(data[0], 0xa5);
		EQ(data[1], 0xff);
		EXPECT(!memcmp(data + 1, data + 2, PAGE - 3));
		EQ(data[PAGE - 1], 0xa5);
		done("READ_STRING: a port of nobody's, into a page");
	}

	if (ahci) {
		e = list();
		e[0] = memory(PIO_HCALL_OP_READ, 8, spare.bar[5]);
		e[1] = memory(PIO_HCALL_OP_READ, 4, spare.bar[5]);
		e[2] = memory(PIO_HCALL_OP_READ, 4, spare.bar[5] + 4);
		e[3] = memory(PIO_HCALL_OP_READ, 2, spare.bar[5] + 2);
		e[4] = memory(PIO_HCALL_OP_READ, 1, spare.bar[5] + 3);
		EQ(run(&q, gpa(e), 5)->status, 0);
		EQ(e[1].value, hba_get(0));
		EQ(e[0].value, e[1].value | e[2].value << 32);
		EQ(e[3].value, e[1].value >> 16);
		EQ(e[4].value, e[1].value >> 24);
		done("sizes of READ");
	}
	stop(0);
}

/* --- changed while it runs --------------------------------------------------- */

struct editor {
	pthread_t thread;
	struct pio_hcall_access *e;
	struct pio_list_entry *entry;
	int over;
};

static void *edit(void *data)
{
	struct editor *d = data;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&d->over, __ATOMIC_RELAXED); i++) {
		__atomic_store_n(&d->e[i % 64].op, i % 7 ? 1 : 4, __ATOMIC_RELAXED);
		__atomic_store_n(&d->e[i * 5 % 64].addr, i % 3 ? scratch.addr : 1ULL << 60,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&d->entry->count, i % 2 ? 64 : 0xffffffff, __ATOMIC_RELAXED);
		__atomic_store_n(&d->entry->list, i % 5 ? gpa(d->e) : 1ULL << 40,
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_rewritten(void)
{
	struct pio_hcall_access *e = list();
	struct editor d = { .e = e };
	unsigned int i, n = 0;
	struct queue q;
	double end;

	start(&q, 0, 1, 0);
	for (i = 0; i < 64; i++)
		e[i] = on_scratch(PIO_HCALL_OP_WRITE, 0x1000 * i);
	d.entry = q.mem->entry;
	d.entry->list = gpa(e);
	if (pthread_create(&d.thread, NULL, edit, &d))
		die("thread");
	for (end = now() + 2; now() < end && !failed; n++) {
		d.entry->status = 0x55555555;
		give(&q, 1);
		EXPECT(finish(&q));
		switch (d.entry->status) {
		case 0:
			EQ(d.entry->left, 0);
			break;
		case -KVM_EINVAL:
			EXPECT(d.entry->left > 0);
			break;
		case -KVM_EFAULT:
			EQ(d.entry->left, 64);
			break;
		default:
			EQ(d.entry->status, 0);
		}
	}
	__atomic_store_n(&d.over, 1, __ATOMIC_RELAXED);
	pthread_join(d.thread, NULL);
	printf("# %u lists\n", n);
	stop(0);
	works();
	done("lists and entries rewritten while they run");
}

/* --- standing lists ---------------------------------------------------------- */

static unsigned int msi_capability(void)
{
	unsigned int at = config_get(&spare, 0x34, 1);

	while (at && config_get(&spare, at, 1) != 5)
		at = config_get(&spare, at + 1, 1);
	return at;
}

static void send_messages_to(__u64 address, __u16 data)
{
	unsigned int at = msi_capability();
	bool wide = config_get(&spare, at + 2, 2) & 0x80;

	config_set(&spare, at + 4, 4, address);
	if (wide)
		config_set(&spare, at + 8, 4, address >> 32);
	config_set(&spare, at + (wide ? 12 : 8), 2, data);
	config_set(&spare, at + 2, 2, 1);
}

/* The AHCI controller's first port, ready for commands */
static void ahci_start(void)
{
	char *p = page(AHCI_PAGE);
	__u32 *table = (__u32 *)(p + 0x800);

	memset(p, 0, PAGE);
	/* Slot 0: five words of FIS, no data; the table. */
	((__u32 *)p)[0] = 5;
	((__u32 *)p)[2] = gpa(table);
	/* CHECK POWER MODE: needs no data, and is done at once */
	table[0] = 0x00e58027;
	hba_set(4, 1U << 31 | 1);
	hba_set(4, 1U << 31);
	hba_set(0x118, 0);
	hba_set(0x100, gpa(p));
	hba_set(0x104, 0);
	hba_set(0x108, gpa(p + 0x400));
	hba_set(0x10c, 0);
	hba_set(0x118, 0x16);
	hba_set(0x118, 0x17);
	usleep(10000);
	hba_set(0x110, 0xffffffff);
	hba_set(8, 0xffffffff);
	hba_set(0x114, 1);
	hba_set(4, 1U << 31 | 2);
}

/* Has the spare controller raise its interrupt. */
static void interrupt(void)
{
	if (ahci) {
		hba_set(0x110, 0xffffffff);
		hba_set(8, 0xffffffff);
		hba_set(0x138, 1);
	} else {
		in(0x1f7);
		out(0, 0x3f6);
		out(0xa0, 0x1f6);
		out(0xe5, 0x1f7);
	}
}

static __u32 *message(void)
{
	return page(MSI_PAGE);
}

/* Till queue 1 has used that many lists, and so many interrupts have passed it. */
static bool reaches(struct queue *q, __u32 used, __u32 passed)
{
	double end = now() + PATIENCE;

	while (load(&q->mem->used) != used || load(&q->mem->passed) != passed) {
		if (now() > end) {
			printf("# used %u, passed %u\n", load(&q->mem->used),
			       load(&q->mem->passed));
			timeouts++;
			return false;
		}
		sched_yield();
	}
	return true;
}

/* The guest has been told, by a message; of a line nothing shows. */
static bool told(void)
{
	double end = now() + PATIENCE;

	while (ahci && load(message()) != 0x4321 && now() < end)
		sched_yield();
	return !ahci || load(message()) == 0x4321;
}

static __u32 spare_source(void)
{
	return ahci ? PIO_LIST_SOURCE_MSI | spare.bus << 8 | spare.devfn :
		      PIO_LIST_SOURCE_LINE | 14;
}

/* What a handler would read, and by which the controller takes its request back */
static void standing_list(struct pio_hcall_access *e)
{
	if (ahci) {
		e[0] = memory(PIO_HCALL_OP_WRITE_BACK, 4, spare.bar[5] + 0x110);
		e[1] = memory(PIO_HCALL_OP_WRITE_BACK, 4, spare.bar[5] + 8);
	} else {
		e[0] = port(PIO_HCALL_OP_READ, 1, spare.bar[4] + 2, 0);
		e[1] = port(PIO_HCALL_OP_READ, 1, 0x1f7, 0);
	}
}

static void prepare_interrupts(void)
{
	memset(message(), 0, PAGE);
	if (ahci) {
		send_messages_to(gpa(message()), 0x4321);
		ahci_start();
	} else {
		in(0x1f7);
		out(0, 0x3f6);
	}
}

static void test_standing(void)
{
	struct pio_hcall_access *e = page(LIST_PAGE + 1), *f;
	struct queue q, r;
	unsigned int i;

	prepare_interrupts();
	memset(e, 0, PAGE);
	standing_list(e);
	for (i = 0; i < 2; i++) {
		start(&q, 0, 16, 0);
		start(&r, 1, 16, i ? PIO_LIST_SOURCE_LINE | 23 : spare_source());
		prepare(&r, gpa(e), 2, 0);
		give(&r, 1);
		ring();
		scratch_value(&q);
		usleep(200000);
		EQ(load(&r.mem->used), 0);
		EQ(load(&r.mem->passed), 0);
		EQ(r.mem->entry[0].status, 0x55555555);
		stop_all();
		EQ(load(&r.mem->used), 0);
		EQ(r.mem->entry[0].status, 0x55555555);
		done(i ? "no interrupt of an unused line: no list" : "no interrupt: no list");
	}

	start(&q, 0, 16, 0);
	start(&r, 1, 4, spare_source());
	scratch_value(&q);
	scratch_value(&q);
	prepare(&r, gpa(e), 2, 0);
	prepare(&r, gpa(e), 2, 1);
	give(&r, 2);
	interrupt();
	EXPECT(reaches(&r, 1, 0));
	EXPECT(told());
	EQ(r.mem->entry[0].status, 0);
	EQ(r.mem->entry[0].left, 0);
	EQ(r.mem->entry[0].order, 2);
	EQ(r.mem->entry[1].status, 0x55555555);
	EXPECT(ahci ? e[0].value & 1 : (e[1].value & 0xc1) == 0x40);
	done("one interrupt, one list, and its order");

	store(message(), 0);
	interrupt();
	EXPECT(reaches(&r, 2, 0));
	EXPECT(told());
	store(message(), 0);
	interrupt();
	EXPECT(reaches(&r, 2, 1));
	EXPECT(told());
	done("no list any more: the interrupt passes");

	e[2].op = 99;
	prepare(&r, gpa(e), 3, 0);
	prepare(&r, 1ULL << 40, 3, 1);
	give(&r, 2);
	for (i = 0; i < 2; i++) {
		store(message(), 0);
		interrupt();
		EXPECT(reaches(&r, 3 + i, 1));
		EXPECT(told());
	}
	EQ(r.mem->entry[2].status, -KVM_EINVAL);
	EQ(r.mem->entry[2].left, 1);
	EQ(r.mem->entry[3].status, -KVM_EFAULT);
	EQ(r.mem->entry[3].left, 3);
	done("the list fails: the interrupt is raised all the same");

	store(message(), 0);
	store(&r.mem->avail, 99);
	interrupt();
	EXPECT(told());
	EXPECT(broken(1));
	EQ(load(&r.mem->used), 4);
	EQ(state(0), PIO_LIST_RUNNING);
	done("avail out of range: that queue breaks, the interrupt is raised");
	stop(1);

	store(message(), 0);
	interrupt();
	EXPECT(told());
	done("a source without a queue again");

	/* Within queue 0's list, which is not over then. */
	start(&r, 1, 4, spare_source());
	prepare(&r, gpa(e), 2, 0);
	give(&r, 1);
	store(message(), 0);
	f = list();
	if (ahci) {
		f[0] = memory(PIO_HCALL_OP_WRITE, 4, spare.bar[5] + 0x110);
		f[1] = memory(PIO_HCALL_OP_WRITE, 4, spare.bar[5] + 8);
		f[2] = memory(PIO_HCALL_OP_WRITE, 4, spare.bar[5] + 0x138);
		f[0].value = 0xffffffff;
		f[1].value = 0xffffffff;
		f[2].value = 1;
	} else {
		f[0] = port(PIO_HCALL_OP_READ, 1, 0x1f7, 0);
		f[1] = port(PIO_HCALL_OP_WRITE, 1, 0x1f6, 0xa0);
		f[2] = port(PIO_HCALL_OP_WRITE, 1, 0x1f7, 0xe5);
	}
	EQ(run(&q, gpa(f), 3)->status, 0);
	EXPECT(reaches(&r, 1, 0));
	EXPECT(told());
	EQ(r.mem->entry[0].status, 0);
	done("an interrupt that a list raises");
	stop_all();

	if (ahci) {
		static const unsigned int target[] = {
			PIO_LIST_STATE, PIO_LIST_DOORBELL, PIO_LIST_SELECT, PIO_LIST_SIZE,
		};

		/* The message itself stops, rings, selects, ... */
		for (i = 0; i < ARRAY_SIZE(target); i++) {
			send_messages_to(device.bar[0] + target[i], 0);
			start(&q, 0, 4, 0);
			start(&r, 1, 4, spare_source());
			prepare(&r, gpa(e), 2, 0);
			give(&r, 1);
			interrupt();
			interrupt();
			usleep(100000);
			stop_all();
			prepare_interrupts();
			works();
		}
		done("messages to the list device's registers");
		send_messages_to(spare.bar[5] + 0x138, 1);
		start(&r, 1, 4, spare_source());
		prepare(&r, gpa(e), 2, 0);
		give(&r, 1);
		interrupt();
		usleep(200000);
		stop_all();
		hba_set(4, 1U << 31);
		prepare_interrupts();
		works();
		done("messages to the registers of the function that sends them");
	}
}

/* --- a command taken back ---------------------------------------------------- */

static const struct out {
	__u16 port;
	__u8 value;
} read_dma[] = {
	{ 0x3f6, 0 }, { 0x1f6, 0xe0 }, { 0x1f2, 8 }, { 0x1f3, 0 }, { 0x1f4, 0 }, { 0x1f5, 0 },
	{ 0x1f7, 0xc8 },
};

/*
 * DMA that is stopped while it is under way: the VMM waits for its end, and handles other
 * events meanwhile, among them that interrupt and its standing list.
 */
static void test_cancel(bool by_list)
{
	const unsigned int outs = ARRAY_SIZE(read_dma);
	struct pio_hcall_access *standing = page(LIST_PAGE + 1), *e;
	__u32 *prd = page(PRD_PAGE);
	__u16 bmdma = spare.bar[4];
	unsigned int i, n, round;
	struct queue q, r;

	prd[0] = gpa(page(DATA_PAGE));
	prd[1] = 1U << 31 | PAGE;
	memset(standing, 0, PAGE);
	standing_list(standing);
	prepare_interrupts();
	for (round = 0; round < 50 && !failed; round++) {
		start(&q, 0, 4, 0);
		start(&r, 1, 4, spare_source());
		prepare(&r, gpa(standing), 2, 0);
		give(&r, 1);
		e = list();
		n = 0;
		for (i = 0; i < outs; i++)
			e[n++] = port(PIO_HCALL_OP_WRITE, 1, read_dma[i].port, read_dma[i].value);
		e[n++] = port(PIO_HCALL_OP_WRITE, 4, bmdma + 4, gpa(prd));
		e[n++] = port(PIO_HCALL_OP_WRITE, 1, bmdma + 2, 6);
		e[n++] = port(PIO_HCALL_OP_WRITE, 1, bmdma, 9);
		if (by_list)
			e[n++] = port(PIO_HCALL_OP_WRITE, 1, bmdma, 8);
		EQ(run(&q, gpa(e), n)->status, 0);
		if (!by_list)
			out(8, bmdma);
		EXPECT(reaches(&r, 1, 0));
		EQ(r.mem->entry[0].status, 0);
		stop_all();
	}
	printf("# %u rounds\n", round);
	works();
	done(by_list ? "DMA stopped by a list, and a standing list for its interrupt" :
		       "DMA stopped by an instruction, and a standing list for its interrupt");
}

/* --- storm ------------------------------------------------------------------- */

static int storm_over;
static __u64 storm_lists, storm_starts, storm_rings;
static __u64 storm_seed;

static __u32 dice(__u64 *seed, __u32 sides)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 20) % sides;
}

/*
 * Whatever one of these becomes while it is rewritten, it does no harm: an address is of
 * nobody, refused, or the scratch register.
 */
static void loose_element(__u64 *seed, struct pio_hcall_access *e)
{
	const __u64 address[] = {
		scratch.addr, scratch.addr, scratch.addr, scratch_port.addr, 0x3f8, 0xcf8, 0xb2,
		0x5658, 0x7e, 0xfffe, 0x10000, 0xfee00000, 0xfee000b0, 0xfd000000, 0xfd000004,
		device.bar[0], device.bar[0] + PIO_LIST_STATE, gpa(page(DATA_PAGE)), 0, -1ULL,
		1ULL << 52, 0xfffffffc, gpa(page(QUEUE_PAGE)), 0xfedffff8,
	};
	struct pio_hcall_access new = {
		.op = dice(seed, 4), .space = scratch.space, .size = 4, .addr = scratch.addr,
		.value = *seed,
	};

	if (!dice(seed, 3))
		new.addr = address[dice(seed, ARRAY_SIZE(address))];
	/* But READ_STRING, which might find another's value, and take it for a buffer's address. */
	if (!dice(seed, 8))
		new.op = dice(seed, PIO_LIST_OP_READ_STRING);
	if (!dice(seed, 4))
		new.size = 1 << dice(seed, 5);
	if (!dice(seed, 4))
		new.space = dice(seed, 3);
	if (!dice(seed, 20))
		new.size = dice(seed, 256);
	if (!dice(seed, 20))
		new.state = dice(seed, 256);
	if (!dice(seed, 20))
		new.reserved[dice(seed, 4)] = dice(seed, 256);
	if (!dice(seed, 2))
		new.mask = *seed >> 32;
	*e = new;
}

/* What is done to the spare controller.  Memory it is told of is ours. */
static void fixed_element(__u64 *seed, struct pio_hcall_access *e)
{
	static const __u8 interrupts[] = { 0, 1, 0xff };
	static const __u8 commands[] = { 0x00, 0x06, 0x16, 0x17, 0x17, 0x17 };
	static const __u8 ide[] = { 0xe5, 0xe7, 0xc8, 0x20, 0xec, 0xef, 0x91, 0x08, 0x90, 0xca };
	static const __u8 bmdma[] = { 0, 1, 8, 9, 9, 9 };
	const __u64 data = gpa(page(DATA_PAGE));
	const __u64 base = spare.bar[5];

	if (ahci) {
		*e = memory(PIO_HCALL_OP_WRITE, 4, 0);
		switch (dice(seed, 12)) {
		case 0:
			e->addr = base + 0x110;
			e->value = *seed;
			break;
		case 1:
			e->addr = base + 8;
			e->value = *seed;
			break;
		case 2:
			e->addr = base + 0x114;
			e->value = interrupts[dice(seed, ARRAY_SIZE(interrupts))];
			break;
		case 3:
			e->addr = base + 0x118;
			e->value = commands[dice(seed, ARRAY_SIZE(commands))];
			break;
		case 4:
			/* Not reset, for what is under way then can crash QEMU's AHCI. */
			e->addr = base + 0x12c;
			e->value = dice(seed, 2) << 4;
			break;
		case 5:
			e->addr = base + 4;
			e->value = 1U << 31 | (dice(seed, 8) ? 2 : 0);
			break;
		case 6:
		case 7:
			e->addr = base + 0x138;
			e->value = 1U << dice(seed, 8);
			break;
		case 8:
			*e = memory(PIO_HCALL_OP_WRITE_BACK, 4, base + (dice(seed, 2) ? 8 : 0x110));
			break;
		default:
			*e = memory(dice(seed, 2) ? PIO_HCALL_OP_READ : PIO_HCALL_OP_CHECK, 4,
				    base + 4 * dice(seed, 0x280 / 4));
		}
		return;
	}
	*e = port(PIO_HCALL_OP_WRITE, 1, 0, 0);
	switch (dice(seed, 9)) {
	case 8:
		/* There is a page for it. */
		*e = port(PIO_LIST_OP_READ_STRING, 2 << dice(seed, 2), 0x1f0, data);
		e->mask = 1 + dice(seed, PAGE / e->size);
		break;
	case 0:
	case 1:
		e->addr = 0x1f7;
		e->value = ide[dice(seed, ARRAY_SIZE(ide))];
		break;
	case 2:
		e->addr = 0x1f0 + 1 + dice(seed, 5);
		e->value = dice(seed, 16);
		break;
	case 3:
		e->addr = 0x1f6;
		e->value = 0xe0;
		break;
	case 4:
		e->addr = 0x3f6;
		/* No reset: QEMU waits for ever if two come while data is being read. */
		e->value = dice(seed, 6) ? 0 : 2;
		break;
	case 5:
		e->addr = spare.bar[4];
		e->value = bmdma[dice(seed, ARRAY_SIZE(bmdma))];
		break;
	case 6:
		*e = port(PIO_HCALL_OP_WRITE, 4, spare.bar[4] + 4, gpa(page(PRD_PAGE)));
		break;
	default:
		*e = port(dice(seed, 2) ? PIO_HCALL_OP_READ : PIO_HCALL_OP_CHECK,
			  1 << dice(seed, 3), 0x1f0 + dice(seed, 8), 0);
	}
}

/* Commands that read, into our memory; and messages, now and then to registers. */
static void ready_spare(__u64 *seed)
{
	__u32 *prd = page(PRD_PAGE), *p = page(AHCI_PAGE);
	/* QEMU's AHCI can be crashed by queued commands and others at the same time. */
	bool queued = dice(seed, 2);
	unsigned int i;

	prepare_interrupts();
	prd[0] = gpa(page(DATA_PAGE));
	prd[1] = 1U << 31 | PAGE;
	if (!ahci)
		return;
	for (i = 0; i < 8; i++) {
		static const __u8 command[] = { 0xe5, 0xe7, 0xc8, 0x25, 0xec, 0xff };
		__u32 *table = p + 0x800 / 4 + i * 0x100 / 4;
		__u8 op = queued ? 0x60 : command[dice(seed, ARRAY_SIZE(command))];

		p[i * 8] = 5 | 1 << 16;
		p[i * 8 + 2] = gpa(table);
		table[0] = op << 16 | 0x8027;
		table[1] = 0x40000000;
		/* READ FPDMA QUEUED has its number of sectors elsewhere. */
		table[3] = op == 0x60 ? i << 3 : 8;
		if (op == 0x60)
			table[0] |= 8U << 24;
		table[0x80 / 4] = gpa(page(DATA_PAGE));
		table[0x80 / 4 + 3] = PAGE - 1;
	}
	switch (dice(seed, 6)) {
	case 0:
		send_messages_to(device.bar[0] + 4 * dice(seed, 20), dice(seed, 3));
		break;
	case 1:
		send_messages_to(spare.bar[5] + 0x110, dice(seed, 2));
		break;
	}
}

static __u32 storm_source(__u64 *seed, unsigned int n)
{
	if (!n && dice(seed, 20))
		return 0;
	switch (dice(seed, 6)) {
	case 0:
		return PIO_LIST_SOURCE_LINE | dice(seed, 26);
	case 1:
		return PIO_LIST_SOURCE_MSI | dice(seed, 40) << 3 | dice(seed, 8);
	case 2:
		return dice(seed, 2) ? *seed : dice(seed, 5) << 24;
	default:
		return spare_source();
	}
}

static __u64 storm_address(__u64 *seed, unsigned int n)
{
	const __u64 address[] = {
		1ULL << 40, -64ULL, device.bar[0], 0xfee00000, 0xffff0000, ram_end - 64,
		gpa(page(STORM_PAGE)) + 32, ram_end, 1ULL << 32,
	};

	return dice(seed, 8) ? gpa(page(STORM_PAGE + n)) : address[dice(seed, ARRAY_SIZE(address))];
}

/* Memory of a queue is a page: 64 entries are 2176 bytes, 128 are too many. */
static __u32 storm_size(__u64 *seed)
{
	static const __u32 size[] = { 0, 3, 63, 0x80000000, 0xffffffff, 512 };

	return dice(seed, 10) ? 1U << dice(seed, 7) : size[dice(seed, ARRAY_SIZE(size))];
}

/* One thread only: registers are those of the queue last selected. */
static void storm_control(__u64 *seed)
{
	unsigned int n = dice(seed, 3) ? dice(seed, 3) : dice(seed, queues);

	switch (dice(seed, 6)) {
	case 0:
		stop(n);
		break;
	case 1:
		set(PIO_LIST_SELECT, dice(seed, 4) ? dice(seed, queues) : *seed);
		n = get(PIO_LIST_SELECT);
		set(PIO_LIST_SIZE, storm_size(seed));
		set(PIO_LIST_SOURCE, storm_source(seed, n));
		break;
	default:
		if (state(n) == PIO_LIST_RUNNING && dice(seed, 4))
			break;
		stop(n);
		if (dice(seed, 2))
			memset(page(STORM_PAGE + n), 0, 128);
		start_at(n, storm_address(seed, n), storm_size(seed),
			 storm_source(seed, n));
		storm_starts++;
	}
	usleep(dice(seed, 3000));
}

static void storm_post(__u64 *seed)
{
	unsigned int n = dice(seed, 3) ? dice(seed, 3) : dice(seed, queues);
	struct pio_list_queue *q = page(STORM_PAGE + n);
	__u32 avail = load(&q->avail), lists = dice(seed, 50) ? 1 + dice(seed, 4) : *seed;
	const __u64 hostile[] = {
		1ULL << 40, -32ULL, ram_end - 32, device.bar[0], 0xfee00000, gpa(q),
		gpa(page(LOOSE_PAGE)) + 3, 0, 0xffff0000,
	};
	unsigned int i;

	if (avail - load(&q->used) > 32 && dice(seed, 100)) {
		sched_yield();
		return;
	}
	for (i = 0; i < lists && i < 4; i++) {
		struct pio_list_entry *e = &q->entry[(avail + i) % (1U << dice(seed, 7))];
		unsigned int at = dice(seed, 2) ? FIXED_PAGE : LOOSE_PAGE;

		e->list = dice(seed, 10) ? gpa(page(at + dice(seed, 8))) :
					    hostile[dice(seed, ARRAY_SIZE(hostile))];
		/* Memory at 0, and the queue itself, are no lists to be written back to. */
		e->count = dice(seed, 10) ? dice(seed, 65) : *seed;
		if (!e->list)
			e->count |= 65;
	}
	store(&q->avail, avail + lists);
	storm_lists += lists < 5 ? lists : 0;
	if (dice(seed, 4))
		ring();
}

static void storm_ring(__u64 *seed)
{
	unsigned int i;

	for (i = dice(seed, 200); i; i--)
		set(PIO_LIST_DOORBELL, i);
	storm_rings++;
	usleep(dice(seed, 2000));
}

static void storm_rewrite(__u64 *seed)
{
	struct pio_hcall_access *e = page(LOOSE_PAGE + dice(seed, 8));
	unsigned int i;

	for (i = dice(seed, 64); i; i--)
		loose_element(seed, &e[dice(seed, 64)]);
	if (!dice(seed, 16)) {
		struct pio_list_queue *q = page(STORM_PAGE + dice(seed, queues));

		q->entry[dice(seed, 64)].count = dice(seed, 70);
		if (!dice(seed, 4))
			q->used = *seed;
		if (!dice(seed, 4))
			q->wake = *seed;
	}
	usleep(dice(seed, 1000));
}

static void (*const storm_turn[])(__u64 *seed) = {
	storm_control, storm_post, storm_ring, storm_rewrite,
};

/* @data: which of them */
static void *storm_thread(void *data)
{
	unsigned long i = (unsigned long)data;
	__u64 seed = storm_seed ^ (i + 1) * 0x1111;

	while (!__atomic_load_n(&storm_over, __ATOMIC_RELAXED))
		storm_turn[i](&seed);
	return NULL;
}

static void storm_round(__u64 *seed, double seconds)
{
	pthread_t id[ARRAY_SIZE(storm_turn)];
	unsigned long i, j;

	stop_all();
	memset(page(STORM_PAGE), 0, QUEUES_MAX * PAGE);
	ready_spare(seed);
	for (i = 0; i < 8; i++) {
		struct pio_hcall_access *fixed = page(FIXED_PAGE + i);
		struct pio_hcall_access *loose = page(LOOSE_PAGE + i);

		for (j = 0; j < PAGE / sizeof(*fixed); j++) {
			fixed_element(seed, &fixed[j]);
			loose_element(seed, &loose[j]);
		}
	}
	for (i = 0; i < 3; i++)
		start_at(i, gpa(page(STORM_PAGE + i)), 64, i ? storm_source(seed, i) : 0);
	storm_seed = *seed;
	storm_over = 0;
	for (i = 0; i < ARRAY_SIZE(id); i++)
		if (pthread_create(&id[i], NULL, storm_thread, (void *)i))
			die("thread");
	usleep(seconds * 1000000);
	__atomic_store_n(&storm_over, 1, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(id); i++)
		pthread_join(id[i], NULL);
}

static void test_storm(double seconds, __u64 seed)
{
	double end = now() + seconds;
	unsigned int rounds = 0;

	printf("# seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	seed = seed * 2862933555777941757ULL + 1;
	do {
		storm_round(&seed, 0.5);
		rounds++;
		stop_all();
		works();
	} while (now() < end && !failed);
	printf("# %u rounds, %llu lists given, %llu starts, %llu volleys of rings\n", rounds,
	       (unsigned long long)storm_lists, (unsigned long long)storm_starts,
	       (unsigned long long)storm_rings);
	if (ahci) {
		/* No more of it: messages go to memory. */
		prepare_interrupts();
		hba_set(4, 1U << 31 | 1);
	}
	done("storm: a queue works after each round");
}

/* ----------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	struct queue q;

	ports = open("/dev/port", O_RDWR);
	get_memory();
	find_ram_end();
	find_functions();
	queues = get(PIO_LIST_QUEUES);
	if (get(PIO_LIST_VERSION) != PIO_LIST_ABI_VERSION || queues < 3 || queues > QUEUES_MAX)
		die("not that list device");
	printf("KTAP version 1\n");
	printf("# %s: %s\n", ahci ? "AHCI" : "IDE", spare.dir);
	fflush(stdout);
	stop_all();
	start(&q, 0, 16, 0);
	/* It may be about to fall asleep, but then the next one wakes it. */
	polling = load(&q.mem->wake) >> 31;
	stop(0);

	if (!strcmp(how, "storm") && argc == 4) {
		test_storm(atof(argv[2]), strtoull(argv[3], NULL, 0));
	} else if (!strcmp(how, "cancel") && argc == 3 && !ahci) {
		test_cancel(!strcmp(argv[2], "list"));
	} else if (argc == 1) {
		test_registers();
		test_starts();
		test_counters();
		test_lists();
		test_elements();
		test_operations();
		test_rewritten();
		test_standing();
		works();
		done("a queue works after all that");
	} else {
		fprintf(stderr, "usage: list_hostile [storm SECONDS SEED|cancel WAY]\n");
		return 2;
	}
	stop_all();
	printf("1..%u\n", number);
	return bad;
}
