// SPDX-License-Identifier: GPL-2.0
/*
 * Where events come from: KVM's tracepoints, by perf_event_open(), or a trace that
 * somebody saved as text.
 *
 * perf_event_open() and not an instance of tracefs: it says which process an event
 * is of, nobody else's tracing is touched, and whatever becomes of this process,
 * SIGKILL included, the kernel switches off what it switched on.
 *
 * Not libtraceevent, which turns events into text by what their format files say: wanted here
 * are numbers at fixed places, 20 lines of them, in a program that may be linked statically.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/kvm.h>		/* before asm/svm.h */
#include <asm/svm.h>
#include <asm/vmx.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "pio-stat.h"

/* Newer than the oldest kernel headers this is built with; 6.0 and later know it. */
#ifndef PERF_FORMAT_LOST
#define PERF_FORMAT_LOST	0x10
#endif

#define MAX_FIELDS	8
/* Instead of a thread's ID: every thread */
#define ALL		((u32)-1)
#define MEMBER(m)	offsetof(struct event, m)

/*
 * Field of the tracepoint, member of struct event.  A kernel that lacks one does not
 * match this tool.
 */
static const struct tracepoint {
	const char *system, *name;
	bool optional;
	struct {
		const char *field;
		size_t member;
	} map[MAX_FIELDS];
} tracepoints[EV_KINDS] = {
	[EV_EXIT] = { "kvm", "kvm_exit", false, {
		{ "exit_reason", MEMBER(reason) }, { "isa", MEMBER(isa) },
		{ "info1", MEMBER(info) }, { "guest_rip", MEMBER(rip) } } },
	[EV_ENTRY] = { "kvm", "kvm_entry", false, {
		{ "rip", MEMBER(rip) } } },
	[EV_PIO] = { "kvm", "kvm_pio", false, {
		{ "rw", MEMBER(write) }, { "port", MEMBER(addr) },
		{ "size", MEMBER(size) }, { "count", MEMBER(count) },
		{ "val", MEMBER(data) } } },
	[EV_MMIO] = { "kvm", "kvm_mmio", false, {
		{ "type", MEMBER(write) }, { "len", MEMBER(size) },
		{ "gpa", MEMBER(addr) }, { "val", MEMBER(data) } } },
	[EV_FAST_MMIO] = { "kvm", "kvm_fast_mmio", true, {
		{ "gpa", MEMBER(addr) } } },
	[EV_USER] = { "kvm", "kvm_userspace_exit", false, {
		{ "reason", MEMBER(reason) }, { "errno", MEMBER(error) } } },
	[EV_DECODE] = { "kvm", "kvm_emulate_insn", false, { { NULL, 0 } } },
	[EV_HYPERCALL] = { "kvm", "kvm_hypercall", false, {
		{ "nr", MEMBER(nr) } } },
	[EV_CALL] = { "kvm_hcall", "kvm_hcall_call", true, {
		{ "nr", MEMBER(nr) }, { "addr", MEMBER(addr) },
		{ "size", MEMBER(size) }, { "data", MEMBER(data) },
		{ "count", MEMBER(count) } } },
	[EV_DONE] = { "kvm_hcall", "kvm_hcall_done", true, {
		{ "nr", MEMBER(nr) }, { "status", MEMBER(status) } } },
	[EV_ELEMENT] = { "kvm_hcall", "kvm_hcall_element", true, {
		{ "space", MEMBER(mmio) }, { "size", MEMBER(size) },
		{ "write", MEMBER(write) }, { "ring", MEMBER(ring) },
		{ "addr", MEMBER(addr) }, { "value", MEMBER(data) } } },
	[EV_FLUSH] = { "kvm_hcall", "kvm_hcall_flush", true, { { NULL, 0 } } },
};

/* --- exit reasons ---------------------------------------------------------- */

struct reason {
	u32 reason;
	const char *name;
};

static const struct reason svm_reasons[] = { SVM_EXIT_REASONS };
static const struct reason vmx_reasons[] = { VMX_EXIT_REASONS };

static const struct {
	u64 isa;
	const struct reason *list;
	size_t n;
} vendors[] = {
	{ ISA_SVM, svm_reasons, ARRAY_SIZE(svm_reasons) },
	{ ISA_VMX, vmx_reasons, ARRAY_SIZE(vmx_reasons) },
};

/* The kernel's, in small letters; until the next call. */
const char *reason_name(u64 isa, u64 reason)
{
	static char name[64];
	size_t i, j, k;

	if (reason == REASON_OTHER)
		return "other";
	snprintf(name, sizeof(name), "%llu", reason);
	for (i = 0; i < ARRAY_SIZE(vendors); i++) {
		if (vendors[i].isa != isa)
			continue;
		for (j = 0; j < vendors[i].n; j++) {
			if (vendors[i].list[j].reason == reason)
				snprintf(name, sizeof(name), "%s", vendors[i].list[j].name);
		}
	}
	for (k = 0; name[k]; k++)
		name[k] = tolower((unsigned char)name[k]);
	return name;
}

bool reason_is_io(u64 isa, u64 reason)
{
	return reason == (isa == ISA_SVM ? SVM_EXIT_IOIO : EXIT_REASON_IO_INSTRUCTION);
}

/* --- the running kernel ---------------------------------------------------- */

struct field {
	u16 offset, size;
	bool is_signed;
	size_t member;
};

static struct {
	int id;			/* as in the event's common_type; 0: not there */
	struct field fields[MAX_FIELDS];
	int n_fields;
} formats[EV_KINDS];

struct cpu_buffer {
	struct perf_event_mmap_page *page;
	char *data;
	size_t first_fd, end_fd;	/* whose events go there */
};

static struct cpu_buffer *buffers;
static size_t n_buffers, buffer_size;
static int *fds;
static size_t n_fds;
static bool counts_lost;	/* the kernel tells by read() */
static u64 lost_records;

/* What was read and is too young to be handed over; see source_read(). */
static struct event *queue;
static size_t n_queued, queue_room;
static u64 arrivals, records;

static char events_dir[64];

static void find_tracefs(void)
{
	static const char * const places[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	struct stat st;
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(events_dir, sizeof(events_dir), "%s/events", places[i]);
		if (!stat(events_dir, &st))
			return;
		if (errno == EACCES)
			die(ST_PERMISSION,
			    "%s: not yours to read: run this as root, or see PERMISSIONS in pio-stat(8)",
			    places[i]);
	}
	die(ST_NO_TRACEFS,
	    "no tracepoints in /sys/kernel/tracing: mount -t tracefs tracefs /sys/kernel/tracing");
}

static bool read_format(enum event_kind kind)
{
	const struct tracepoint *tp = &tracepoints[kind];
	char path[256], line[512], name[64];
	unsigned int offset, size, is_signed;
	char *p;
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "%s/%s/%s/format", events_dir, tp->system,
		 tp->name);
	f = fopen(path, "r");
	if (!f && errno == EACCES)
		die(ST_PERMISSION,
		    "%s: not yours to read: run this as root, or see PERMISSIONS in pio-stat(8)",
		    path);
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "ID: %d", &formats[kind].id) == 1)
			continue;
		/* "field:unsigned int port;	offset:12;	size:4;	signed:0;" */
		p = strchr(line, ';');
		if (!p || sscanf(p, "; offset:%u; size:%u; signed:%u;", &offset,
				 &size, &is_signed) != 3)
			continue;
		*p = '\0';
		p = strrchr(line, ' ');
		snprintf(name, sizeof(name), "%s", p ? p + 1 : "");
		for (i = 0; i < MAX_FIELDS && tp->map[i].field; i++) {
			if (strcmp(tp->map[i].field, name) || size > 8)
				continue;
			formats[kind].fields[formats[kind].n_fields++] = (struct field) {
				offset, size, is_signed, tp->map[i].member
			};
		}
	}
	fclose(f);
	for (i = 0; i < MAX_FIELDS && tp->map[i].field; i++)
		;
	if (!formats[kind].id || formats[kind].n_fields != i)
		die(ST_NO_KVM, "%s: not the fields that this tool knows", path);
	return true;
}

static void decode(struct event *ev, enum event_kind kind, const char *raw,
		   size_t len)
{
	int i;

	ev->kind = kind;
	for (i = 0; i < formats[kind].n_fields; i++) {
		const struct field *f = &formats[kind].fields[i];
		u64 value = 0;

		if ((size_t)f->offset + f->size > len)
			continue;
		memcpy(&value, raw + f->offset, f->size);	/* little-endian */
		if (f->is_signed && f->size < 8 && value >> (f->size * 8 - 1))
			value |= ~0ULL << f->size * 8;
		memcpy((char *)ev + f->member, &value, sizeof(value));
	}
}

/*
 * @tid: of a thread, and of those that it starts; -1 for whoever is on @cpu.  False if there is
 * no such thread any more.
 */
static bool open_event(enum event_kind kind, u32 tid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = formats[kind].id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.read_format = counts_lost ? PERF_FORMAT_LOST : 0,
		.disabled = 1,
		.inherit = tid != ALL,
		.inherit_thread = tid != ALL,
		.watermark = 1,
		.wakeup_watermark = buffer_size / 4,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	int fd = syscall(SYS_perf_event_open, &attr, tid, cpu, -1,
			 PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && errno == EINVAL && counts_lost) {
		counts_lost = false;
		return open_event(kind, tid, cpu);
	}
	if (fd >= 0) {
		fds = xrealloc(fds, (n_fds + 1) * sizeof(*fds));
		fds[n_fds++] = fd;
		return true;
	}
	if (errno == ESRCH && tid != ALL)
		return false;
	if (errno == EACCES || errno == EPERM)
		die(ST_PERMISSION,
		    "not allowed to trace: run this as root, outside of containers, or see PERMISSIONS in pio-stat(8)");
	die(ST_ERROR, "perf_event_open() for %s on CPU %d: %s%s",
	    tracepoints[kind].name, cpu, strerror(errno),
	    errno == EMFILE ? ": raise the limit of open files (ulimit -n)" : "");
}

static void open_cpu(int cpu, const u32 *tids, size_t n)
{
	struct cpu_buffer *b;
	size_t i;
	int kind;

	buffers = xrealloc(buffers, (n_buffers + 1) * sizeof(*buffers));
	b = &buffers[n_buffers++];
	b->page = NULL;
	b->first_fd = n_fds;
	for (i = 0; i < n; i++) {
		for (kind = 0; kind < EV_KINDS; kind++) {
			if (formats[kind].id && !open_event(kind, tids[i], cpu))
				break;
		}
	}
	b->end_fd = n_fds;
}

static void open_cpus(const u32 *tids, size_t n)
{
	int cpu, last, got;
	char separator;
	FILE *f;

	f = fopen("/sys/devices/system/cpu/online", "r");
	if (!f)
		die(ST_ERROR, "/sys/devices/system/cpu/online: %s: mount -t sysfs sysfs /sys",
		    strerror(errno));
	/* "0-3,8" */
	while ((got = fscanf(f, "%d%c", &cpu, &separator)) >= 1) {
		last = cpu;
		if (got == 2 && separator == '-' &&
		    fscanf(f, "%d%c", &last, &separator) < 1)
			break;
		for (; cpu <= last; cpu++)
			open_cpu(cpu, tids, n);
	}
	fclose(f);
}

static bool among(u32 tid, const u32 *tids, size_t n)
{
	while (n && tids[n - 1] != tid)
		n--;
	return n;
}

/* The caller frees the list. */
static size_t threads_of(const u32 *pids, size_t n_pids, u32 **tids)
{
	struct dirent *d;
	char path[32];
	size_t i, n = 0;
	DIR *dir;
	u32 tid;

	*tids = NULL;
	for (i = 0; i < n_pids; i++) {
		snprintf(path, sizeof(path), "/proc/%u/task", pids[i]);
		dir = opendir(path);
		while (dir && (d = readdir(dir))) {
			tid = strtoul(d->d_name, NULL, 10);
			if (!tid || among(tid, *tids, n))
				continue;
			*tids = xrealloc(*tids, (n + 1) * sizeof(**tids));
			(*tids)[n++] = tid;
		}
		if (dir)
			closedir(dir);
	}
	return n;
}

/*
 * The kernel hands over events of these processes only, of threads that they start later, too.
 * One that starts while events are opened may inherit some of them and not others.  So look
 * whether any has, and begin anew; nothing is counted yet.
 */
#define MAX_TRIES	20

static void open_threads(const u32 *pids, size_t n_pids)
{
	size_t i, n, n_then;
	u32 *tids, *then;
	int tries;

	for (tries = 1; ; tries++) {
		n = threads_of(pids, n_pids, &tids);
		open_cpus(tids, n);
		n_then = threads_of(pids, n_pids, &then);
		for (i = 0; i < n_then && among(then[i], tids, n); i++)
			;
		free(tids);
		free(then);
		if (i == n_then || tries == MAX_TRIES)
			break;
		while (n_fds)
			close(fds[--n_fds]);
		n_buffers = 0;
	}
	if (!n_fds)
		die(ST_NO_VM, "--pid: the VM has ended");
}

/* False if that is more memory than this user may lock. */
static bool map_buffers(void)
{
	size_t page = sysconf(_SC_PAGESIZE), i, j;

	for (i = 0; i < n_buffers; i++) {
		struct cpu_buffer *b = &buffers[i];

		if (b->first_fd == b->end_fd)
			continue;
		b->page = mmap(NULL, buffer_size + page, PROT_READ | PROT_WRITE, MAP_SHARED,
			       fds[b->first_fd], 0);
		if (b->page == MAP_FAILED)
			goto failed;
		b->data = (char *)b->page + page;
		for (j = b->first_fd + 1; j < b->end_fd; j++) {
			if (ioctl(fds[j], PERF_EVENT_IOC_SET_OUTPUT, fds[b->first_fd]))
				die(ST_ERROR, "PERF_EVENT_IOC_SET_OUTPUT: %s",
				    strerror(errno));
		}
	}
	return true;

failed:
	if (errno != EPERM)
		die(ST_ERROR, "no buffer of %zu KiB for each CPU: %s: try a smaller --buffer",
		    buffer_size / 1024, strerror(errno));
	while (i--) {
		if (buffers[i].page)
			munmap(buffers[i].page, buffer_size + page);
		buffers[i].page = NULL;
	}
	return false;
}

void source_open(unsigned int buffer_kib, const u32 *pids, size_t n_pids)
{
	static const u32 all = ALL;
	bool asked = buffer_kib;
	struct rlimit limit;
	int kind;

	find_tracefs();
	if (!read_format(EV_EXIT))
		die(ST_NO_KVM,
		    "KVM is not loaded (no events/kvm in tracefs): modprobe kvm_intel or kvm_amd");
	for (kind = EV_EXIT + 1; kind < EV_KINDS; kind++) {
		if (!read_format(kind) && !tracepoints[kind].optional)
			die(ST_NO_KVM, "this kernel's KVM has no tracepoint %s",
			    tracepoints[kind].name);
	}

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (!asked)
		buffer_kib = sysconf(_SC_NPROCESSORS_ONLN) <= 16 ? 8192 : 2048;
	for (buffer_size = 4096; buffer_size < (size_t)buffer_kib * 1024; )
		buffer_size *= 2;
	counts_lost = true;
	if (n_pids)
		open_threads(pids, n_pids);
	else
		open_cpus(&all, 1);
	while (!map_buffers()) {
		/* kernel.perf_event_mlock_kb, and `ulimit -l' */
		if (asked || buffer_size == 4096)
			die(ST_PERMISSION,
			    "not allowed to lock a buffer of %zu KiB for each CPU: try a smaller --buffer, or see PERMISSIONS in pio-stat(8)",
			    buffer_size / 1024);
		buffer_size /= 2;
	}
}

bool source_has_kvm_hcall(void)
{
	return formats[EV_CALL].id;
}

static void all_fds(unsigned long request)
{
	size_t i;

	for (i = 0; i < n_fds; i++)
		ioctl(fds[i], request, 0);
}

void source_enable(void)
{
	all_fds(PERF_EVENT_IOC_ENABLE);
}

static struct event *queue_event(void)
{
	struct event *ev;

	if (n_queued == queue_room) {
		queue_room = queue_room ? queue_room * 2 : 4096;
		queue = xrealloc(queue, queue_room * sizeof(*queue));
	}
	ev = &queue[n_queued++];
	memset(ev, 0, sizeof(*ev));
	ev->seq = arrivals++;
	return ev;
}

/* As open_event()'s sample_type has it. */
struct sample {
	u32 pid, tid;
	u64 time;
	u32 len;
	char raw[];
} __packed;

/* A record in one piece: at the end of the buffer it goes on at its start. */
static void record(const struct perf_event_header *header)
{
	const void *body = header + 1;
	const struct sample *sample = body;
	struct event *ev;
	u16 type;
	int kind;

	if (header->type == PERF_RECORD_LOST) {
		/* u64 id, u64 lost */
		u64 n;

		memcpy(&n, (const char *)body + 8, sizeof(n));
		lost_records += n;
		return;
	}
	if (header->type != PERF_RECORD_SAMPLE)
		return;
	memcpy(&type, sample->raw, sizeof(type));
	for (kind = 0; kind < EV_KINDS; kind++) {
		if (formats[kind].id && formats[kind].id == type)
			break;
	}
	if (kind == EV_KINDS)
		return;
	records++;
	ev = queue_event();
	ev->pid = sample->pid;
	ev->tid = sample->tid;
	ev->time = sample->time;
	decode(ev, kind, sample->raw, sample->len);
}

static void drain(struct cpu_buffer *b)
{
	static u64 whole[65536 / sizeof(u64)];
	u64 head, tail;

	if (!b->page)
		return;
	head = __atomic_load_n(&b->page->data_head, __ATOMIC_ACQUIRE);
	tail = b->page->data_tail;
	while (tail < head) {
		size_t at = tail & (buffer_size - 1);
		struct perf_event_header *header = (void *)(b->data + at);
		size_t room = buffer_size - at, len = header->size;

		if (len > room) {
			memcpy(whole, header, room);
			memcpy((char *)whole + room, b->data, len - room);
			header = (void *)whole;
		}
		record(header);
		tail += len;
	}
	__atomic_store_n(&b->page->data_tail, tail, __ATOMIC_RELEASE);
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/*
 * A vCPU's thread may have moved: what it did before is in another CPU's buffer, of
 * which we may have read less.  So events are handed over in order of time, and only
 * those older than when we began to read; a moment is left for one being written.
 */
#define BEING_WRITTEN_NS	10000000

void source_read(bool last, void (*handle)(const struct event *ev))
{
	struct timespec now;
	u64 until;
	size_t i;

	if (last)
		all_fds(PERF_EVENT_IOC_DISABLE);
	clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec * 1000000000ULL + now.tv_nsec - BEING_WRITTEN_NS;
	for (i = 0; i < n_buffers; i++)
		drain(&buffers[i]);
	qsort(queue, n_queued, sizeof(*queue), by_time);
	for (i = 0; i < n_queued && (last || queue[i].time < until); i++)
		handle(&queue[i]);
	memmove(queue, queue + i, (n_queued - i) * sizeof(*queue));
	n_queued -= i;
}

u64 source_lost(void)
{
	struct {
		u64 value, lost;
	} count;
	u64 sum = 0;
	size_t i;

	/* A record of loss is written only with the next event that has room. */
	for (i = 0; i < n_fds && counts_lost; i++) {
		if (read(fds[i], &count, sizeof(count)) == sizeof(count))
			sum += count.lost;
	}
	return counts_lost ? sum : lost_records;
}

u64 source_records(void)
{
	return records;
}

bool source_wait(int ms, int also)
{
	static struct pollfd *polls;
	size_t i;

	if (!polls) {
		polls = xrealloc(NULL, (n_buffers + 1) * sizeof(*polls));
		for (i = 0; i < n_buffers; i++)
			polls[i] = (struct pollfd){
				buffers[i].page ? fds[buffers[i].first_fd] : -1, POLLIN, 0
			};
	}
	polls[n_buffers] = (struct pollfd){ also, POLLIN, 0 };
	if (poll(polls, n_buffers + 1, ms) <= 0)
		return false;
	/* The thread has ended: that would be news for ever.  Others' events are found in time. */
	for (i = 0; i < n_buffers; i++) {
		if (polls[i].revents & POLLHUP)
			polls[i].fd = -1;
	}
	return polls[n_buffers].revents;
}

/* --- a saved trace ---------------------------------------------------------- */

/* The number behind @key in @text. */
static bool number(const char *text, const char *key, int base, u64 *value)
{
	const char *p = strstr(text, key);
	char *end;

	if (!p)
		return false;
	p += strlen(key);
	*value = *p == '-' ? (u64)strtoll(p, &end, base) : strtoull(p, &end, base);
	return end != p;
}

static bool named(struct event *ev, const char *name,
		  int (*compare)(const char *a, const char *b, size_t n))
{
	size_t i, j, len;

	for (i = 0; i < ARRAY_SIZE(vendors); i++) {
		for (j = 0; j < vendors[i].n; j++) {
			const struct reason *r = &vendors[i].list[j];

			len = strlen(r->name);
			if (!compare(name, r->name, len) && (name[len] == ' ' || !name[len])) {
				ev->isa = vendors[i].isa;
				ev->reason = r->reason;
				return true;
			}
		}
	}
	return false;
}

/*
 * The kernel's names are AMD's in small letters, Intel's in capitals.  Those of trace-cmd are all
 * in capitals, AMD's behind EXIT_.
 */
static void text_reason(struct event *ev, const char *body)
{
	const char *p = strstr(body, "reason ");
	bool prefix;

	ev->reason = REASON_OTHER;
	if (!p)
		return;
	p += strlen("reason ");
	prefix = !strncasecmp(p, "EXIT_", 5);
	if (prefix)
		p += 5;
	if (!strncasecmp(p, "ioio ", 5))
		p += 2;
	if ((!prefix && named(ev, p, strncmp)) || named(ev, p, strncasecmp))
		return;
	if (!strncasecmp(p, "vmmcall ", 8)) {
		ev->isa = ISA_SVM;
		ev->reason = SVM_EXIT_VMMCALL;
	}
}

static bool text_call(struct event *ev, const char *body)
{
	static const char * const names[] = {
		"probe", "in", "out", "ins", "outs", "read", "write", "batch"
	};
	char name[16];
	size_t i;

	if (sscanf(body, "vcpu %*u %15s", name) != 1)
		return false;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i])) {
			ev->nr = 0x50494f00 + i;
			return true;
		}
	}
	return false;
}

static bool text_body(struct event *ev, const char *body)
{
	switch (ev->kind) {
	case EV_ENTRY:
		/* trace-cmd's has none. */
		number(body, "rip ", 16, &ev->rip);
		return true;
	case EV_EXIT:
		text_reason(ev, body);
		number(body, "rip ", 16, &ev->rip);
		if (!number(body, "info1 ", 16, &ev->info))
			number(body, "info ", 16, &ev->info);
		return true;
	case EV_PIO:
		ev->write = !strncmp(body, "pio_write", 9);
		return number(body, " at ", 16, &ev->addr) &&
		       number(body, " size ", 10, &ev->size) &&
		       number(body, " count ", 10, &ev->count) &&
		       number(body, " val ", 16, &ev->data);
	case EV_MMIO:
		ev->write = strstr(body, "mmio write") ? 2 :
			    strstr(body, "unsatisfied") ? 0 : 1;
		number(body, " val ", 16, &ev->data);
		return number(body, " gpa ", 16, &ev->addr) &&
		       number(body, " len ", 10, &ev->size);
	case EV_FAST_MMIO:
		return number(body, "gpa ", 16, &ev->addr);
	case EV_USER:
		if (!number(body, "(", 10, &ev->reason))
			return false;
		if (strstr(body, "restart") || strstr(body, "error"))
			ev->error = -ev->reason;
		return true;
	case EV_HYPERCALL:
		return number(body, "nr ", 16, &ev->nr);
	case EV_CALL:
		return text_call(ev, body) && number(body, " addr ", 16, &ev->addr) &&
		       number(body, " size ", 10, &ev->size) &&
		       number(body, " rdx ", 16, &ev->data) &&
		       number(body, " rsi ", 16, &ev->count);
	case EV_DONE:
		return text_call(ev, body) &&
		       number(body, " status ", 10, &ev->status);
	case EV_ELEMENT:
		ev->mmio = !!strstr(body, " mmio ");
		ev->write = !!strstr(body, " write ");
		ev->ring = !!strstr(body, " ring");
		return number(body, ev->write ? " write " : " read ", 16, &ev->addr) &&
		       number(body, " size ", 10, &ev->size) &&
		       number(body, " value ", 16, &ev->data);
	default:
		return true;
	}
}

/*
 * "COMM-TID [CPU] FLAGS SECONDS.FRACTION: NAME: BODY" of tracefs, `trace-cmd report'
 * and, with "COMM TID" and "SYSTEM:NAME", `perf script'.
 */
static bool text_line(struct event *ev, char *line)
{
	char *cpu = strchr(line, '['), *p, *end, *fraction;
	unsigned long long seconds;
	int kind, digits;
	size_t len;

	/* A thread's name may have brackets, too: "CPU [0]/KVM". */
	for (; cpu; cpu = strchr(cpu + 1, '[')) {
		strtoul(cpu + 1, &end, 10);
		if (cpu > line && cpu[-1] == ' ' && end > cpu + 1 &&
		    !strncmp(end, "] ", 2))
			break;
	}
	if (!cpu)
		return false;
	for (p = cpu - 1; p > line && *p == ' '; p--)
		;
	if (*p == ')') {			/* record-tgid: "(  123)" */
		while (p > line && *p != '(')
			p--;
		ev->pid = strtoul(p + 1, NULL, 10);
		for (p--; p > line && *p == ' '; p--)
			;
	}
	while (p > line && p[-1] >= '0' && p[-1] <= '9')
		p--;
	ev->tid = strtoul(p, NULL, 10);

	for (p = end + 1;; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (!*p)
			return false;
		seconds = strtoull(p, &fraction, 10);
		if (fraction == p || *fraction != '.')
			continue;
		strtoull(fraction + 1, &end, 10);
		if (end > fraction + 1 && *end == ':')
			break;
	}
	ev->time = 0;
	for (digits = 1; digits <= 9; digits++) {
		ev->time *= 10;
		if (fraction + digits < end)
			ev->time += fraction[digits] - '0';
	}
	ev->time += seconds * 1000000000ULL;

	p = end + 1;
	p += strspn(p, " ");
	for (kind = 0; kind < EV_KINDS; kind++) {
		const struct tracepoint *tp = &tracepoints[kind];

		len = strlen(tp->system);
		if (!strncmp(p, tp->system, len) && p[len] == ':')
			p += len + 1;
		len = strlen(tp->name);
		if (strncmp(p, tp->name, len) || p[len] != ':')
			continue;
		p += len + 1;
		ev->kind = kind;
		return text_body(ev, p + strspn(p, " "));
	}
	return false;
}

void source_file(const char *path, void (*handle)(const struct event *ev))
{
	FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
	unsigned long long in_buffer, written, n;
	u64 taken = 0, entries = 0;
	char *line = NULL, *p;
	size_t room = 0;

	if (!f)
		die(ST_INPUT, "%s: %s", path, strerror(errno));
	while (getline(&line, &room, f) > 0) {
		struct event ev = { .seq = arrivals++ };

		/* A number that goes on would be another one. */
		if (!strchr(line, '\n')) {
			note("%s: cut in the middle of its last line, which is left out", path);
			break;
		}
		line[strcspn(line, "\n")] = '\0';
		p = strstr(line, "entries-in-buffer/entries-written: ");
		if (p && sscanf(strchr(p, ' '), " %llu/%llu", &in_buffer, &written) == 2) {
			if (written > in_buffer)
				lost_records += written - in_buffer;
			continue;
		}
		/* "CPU:0 [LOST 12 EVENTS]", "[12 EVENTS DROPPED]" */
		if (strstr(line, " EVENTS")) {
			p = strchr(line, '[');
			if (p && (sscanf(p, "[LOST %llu EVENTS]", &n) == 1 ||
				  sscanf(p, "[%llu EVENTS DROPPED]", &n) == 1))
				lost_records += n;
			continue;
		}
		if (!text_line(&ev, line))
			continue;
		if (ev.kind == EV_CALL)
			formats[EV_CALL].id = 1;	/* there was a kvm_hcall */
		taken++;
		entries += ev.kind == EV_ENTRY;
		handle(&ev);
	}
	free(line);
	if (f != stdin)
		fclose(f);
	if (!taken)
		die(ST_INPUT,
		    "%s: no event of KVM's: not a text from tracefs' trace, 'trace-cmd report' or 'perf script'",
		    path);
	if (!entries)
		die(ST_INPUT, "%s: no kvm_entry: record kvm:kvm_exit and kvm:kvm_entry, too",
		    path);
}
