/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pio-stat: which registers a VM's exits are for.
 *
 *	source.c	KVM's tracepoints, from perf_event_open() or a file
 *	account.c	events of a vCPU to exits, exits to ranges
 *	ranges.c	names of ports and addresses; `pio-stat ranges'
 *	report.c	what is told, in which order; text
 *	formats.c	JSON, CSV, Prometheus
 *	vms.c		processes that run VMs
 *	check.c		`pio-stat check'
 *	terminal.c	keys and screen of the live view
 *	pio-stat.c	options, the loop
 */
#ifndef PIO_STAT_H
#define PIO_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <linux/types.h>

/* The kernel's names, as this is written in its style. */
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define __noreturn		__attribute__((noreturn))
#define __packed		__attribute__((packed))
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))

/* Exit statuses; the manual page has them, scripts rely on them. */
enum status {
	ST_OK,
	ST_ERROR,		/* something the tool could not foresee */
	ST_USAGE,
	ST_PERMISSION,
	ST_NO_TRACEFS,
	ST_NO_KVM,
	ST_NO_VM,
	ST_INPUT,		/* a file of the user's is not what it should be */
	ST_COMMAND,		/* census done, but its command failed */
};

void __noreturn __printf(2, 3) die(enum status status, const char *fmt, ...);
void __printf(1, 2) note(const char *fmt, ...);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);

/* --- VMs, and files of the kernel's ---------------------------------------- */

/*
 * For tests, what the environment's PIO_STAT_ROOT names is put before paths in /proc, /sys, /dev
 * and /lib that say what there is; events are always the kernel's own.
 */
void __printf(3, 4) root_path(char *path, size_t size, const char *fmt, ...);
FILE *root_open(const char *path);
bool root_has(const char *path);
/* First line; false if there is none. */
bool root_line(const char *path, char *line, size_t size);

/* Is it a process that runs a VM?  Of others' processes only some users see that. */
enum vm_is {
	VM_NO,
	VM_MAYBE,
	VM_YES,
};

enum vm_is vm_is(u32 pid);
void check_pid(u32 pid);
void check_any_vm(void);
/* How many; the caller frees the list. */
size_t find_vms(u32 **pids);
/* What QEMU's -name says, or ""; the caller frees it. */
char *vm_name(u32 pid);

/* --- check ----------------------------------------------------------------- */

enum check_what {
	CHECK_HOST = 1,
	CHECK_GUEST = 2,
};

/* @what: 0 for what this machine is */
enum status check(unsigned int what);

/* --- events --------------------------------------------------------------- */

enum event_kind {
	EV_EXIT,
	EV_ENTRY,
	EV_PIO,
	EV_MMIO,
	EV_FAST_MMIO,
	EV_USER,
	EV_DECODE,
	EV_HYPERCALL,
	EV_CALL,
	EV_DONE,
	EV_ELEMENT,
	EV_FLUSH,
	EV_KINDS
};

/* What the tracepoints say, each in those of the fields that it has. */
struct event {
	u64 time;		/* ns */
	u64 seq;		/* order of arrival, where times are equal */
	u64 reason;	/* of an exit, or KVM_EXIT_* */
	u64 isa;
	u64 info;		/* kvm_exit's info1 */
	u64 rip;		/* of the guest, at kvm_exit and kvm_entry */
	u64 error;		/* kvm_userspace_exit's errno */
	u64 addr;
	u64 size;
	u64 write;		/* kvm_mmio: its type */
	u64 data;
	u64 count;
	u64 nr;
	u64 status;
	u64 mmio;		/* an element's space */
	u64 ring;
	enum event_kind kind;
	u32 pid;		/* of the VMM; 0 where a file does not say */
	u32 tid;
};

/* kvm_exit's isa and exit_reason to what this tool has to tell apart. */
#define ISA_VMX		1
#define ISA_SVM		2
#define REASON_OTHER	(~0ULL)

const char *reason_name(u64 isa, u64 reason);
bool reason_is_io(u64 isa, u64 reason);

/* @buffer_kib: of each CPU, 0 for the default; @pids: only of these, if @n_pids is not 0 */
void source_open(unsigned int buffer_kib, const u32 *pids, size_t n_pids);
void source_enable(void);
/* Hand over what happened until now; with @last everything, and stop until source_enable(). */
void source_read(bool last, void (*handle)(const struct event *ev));
/* Events that the kernel had no room for, since the start. */
u64 source_lost(void);
/* Events that were read, of whatever is traced. */
u64 source_records(void);
/* Sleep until there is something to read, or @ms are over; true if file @also, -1: none, has. */
bool source_wait(int ms, int also);
bool source_has_kvm_hcall(void);
void source_file(const char *path, void (*handle)(const struct event *ev));

/* --- ranges --------------------------------------------------------------- */

struct counts {
	u64 exits;		/* crossings by the instruction itself, */
	u64 calls;		/* and by hypercall */
	u64 accesses;
	u64 reads;
	u64 writes;
	u64 in_kvm;
	u64 in_vmm;
	u64 native;	/* accesses by instruction, */
	u64 by_call;	/* by a call for this one, */
	u64 by_list;	/* by one for several, */
	u64 by_ring;	/* of those, in an exit to the VMM with others */
	u64 exits_to_vmm;
	u64 string_exits;
	u64 strings;
	u64 decoded;
	u64 write_runs;	/* of writes without anything between, */
	u64 write_write;	/* in which so many were followed by another one */
	u64 joinable;		/* crossings right behind one for the same device */
	u64 repeated;	/* reads of the register just read */
	u64 fallback;
	u64 errors;
	u64 commands;
	u64 ns;
	u64 gain_string_ns;
	u64 gain_decode_ns;
	u64 gain_wait_ns;	/* without write_write's, see trip_ns() */
};

#define N_COUNTS	(sizeof(struct counts) / sizeof(u64))
void counts_add(struct counts *to, const struct counts *from);

enum command_register {
	CMD_NONE,
	CMD_IDE,		/* task file: 7 */
	CMD_AHCI,		/* PxCI */
};

struct controller {
	char *name;
	struct counts c;	/* sum of its ranges, report.c's */
};

struct range {
	char *name;		/* of the part, or NULL if there is one only */
	bool mmio;
	u64 start, end;	/* inclusive */
	struct controller *controller;
	enum command_register command;
	bool seen_call;		/* from now on native accesses are fallback */
	struct counts c, kept;	/* kept: account_swap()'s */
};

extern struct range **ranges;
extern size_t n_ranges;
extern struct controller **controllers;
extern size_t n_controllers;

/* NAME=START-END of the command line; what comes first wins. */
void range_option(bool mmio, const char *arg);
void range_file(const char *path);
void range_builtin(void);
struct range *range_find(bool mmio, u64 addr);
/* `pio-stat ranges': this machine's own, as the guest it is. */
void range_print_own(void);

/* --- account -------------------------------------------------------------- */

struct reason_count {
	u64 isa, reason;
	u64 exits, ns;
};

/* Lengths in steps of a quarter of their power of two. */
#define N_TRIPS		256

struct totals {
	u64 exits;
	u64 ns;
	u64 device_exits;
	u64 device_ns;
	u64 enosys;	/* our calls that KVM answered for want of a handler */
	u64 probes;
	u64 errors;	/* of calls that name no register */
	u64 trips[N_TRIPS];	/* exits of one access to the VMM, by length */
	struct reason_count other[64];	/* exits for no device */
	size_t n_other;
};

extern struct totals totals;
/* Processes that ran a guest, since the start. */
struct vm {
	u32 pid;
	char *name;	/* of the guest; NULL: not asked for yet, "": it has none */
	u64 exits, kept;
};

extern struct vm *vms;
extern size_t n_vms, n_vcpus;

void account(const struct event *ev);
void account_end(void);		/* nothing more will come */
u64 trip_ns(void);
void account_clear(void);	/* counts to 0, but not what is known of vCPUs */
void account_swap(void);	/* counts, and those of the last account_swap() */
void account_forget(void);	/* exits under way: their ends will not be seen */

/* --- report --------------------------------------------------------------- */

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_CSV,
	FORMAT_PROMETHEUS,	/* sums since the start, not of the interval */
};

struct report {
	enum format format;
	bool census;
	bool from_file;
	bool screen;		/* all of a terminal's */
	bool keys;		/* and somebody who may press them */
	bool paused;
	double seconds;
	double time;		/* at the end: Unix time, or the trace's own */
	u64 lost;
	u64 events;		/* read, of whatever is traced */
};

void report(const struct report *r);
/* A full disk must not pass for a report. */
void report_flush(void);
/* @text behind @first, in lines of 80 columns; those that follow begin with @rest. */
void print_wrapped(const char *first, const char *rest, const char *text);

/* What to sort by, NULL: as is best; false if there is no such key.  How many, 0: all. */
bool report_sort(const char *key);
/* The same by its first letter. */
bool report_sort_letter(int letter);
void report_top(size_t n);
const char *report_sort_keys(void);

/* A counter of kvm_hcall's: what it is, and by how much it has grown. */
#define MAX_HOST_STATS	64

struct host_stat {
	char name[32];
	u64 value, delta;
};

extern struct host_stat host_stats[MAX_HOST_STATS];
extern size_t n_host_stats;
extern bool host_stats_known;

/* Controllers with anything to tell, in order; the caller frees the list. */
size_t report_list(const struct report *rep, struct controller ***list);
bool active(const struct counts *c);
double ratio(u64 a, u64 b);
u64 gain(const struct counts *c);
u64 gain_wait(const struct counts *c);

#define MAX_REASONS	8

struct reasons {
	char text[MAX_REASONS][200];
	size_t n;
};

void reasons_of(const struct counts *c, struct reasons *r);

void report_json(const struct report *rep);
void report_csv(const struct report *rep);
void report_prometheus(const struct report *rep);
/*
 * Read kvm_hcall's own counters, of these VMs or of all; report() has the difference since the
 * last.
 */
void host_stats_read(const u32 *pids, size_t n_pids);

/* --- terminal -------------------------------------------------------------- */

/* Keys come one by one from now on; false if there is no terminal to press them at. */
bool terminal_open(void);
/* Has it another size, or have we been stopped?  Draw again. */
bool terminal_changed(void);
/* To wait for a key at; -1 if none can come. */
int terminal_fd(void);
int terminal_key(void);
/* What is printed in between is shown in place of what is on the screen, as far as it fits. */
void screen_begin(void);
void screen_end(void);

#endif /* PIO_STAT_H */
