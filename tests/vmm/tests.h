/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_H
#define TESTS_H

#include <linux/kvm_para.h>
#include <linux/pio_hypercall.h>
#include "vmm.h"

/* Which hosts a test means something on. */
#define T_HANDLER	1	/* calls must be answered: kvm_hcall.ko, or host/linux */
#define T_STOCK		2	/* they must not be */
#define T_FAULTS	4	/* a kernel that lets allocations fail (config-host-debug) */
#define T_MODULE	8	/* not with host/linux */
#define T_SERIES	16	/* only with that */

struct test {
	const char	*name;
	unsigned int	flags;
	void		(*fn)(void);
};

extern const struct test single_tests[], string_tests[], mmio_tests[],
			 batch_tests[], ring_tests[], mirror_tests[], diff_tests[], run_tests[],
			 storm_tests[];

struct call {
	u64	nr, port, size, val, count;
};

extern bool no_handler;

/* Say what the failures that follow are about. */
void ctx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool fail_at(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));	/* returns false, for "ok || fail" */
bool failed(void);
u64 asked_for(const char *name, u64 otherwise);
unsigned int timeout(void);
void die_at(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));
void skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#define CHECK(cond, fmt, ...) \
	((cond) ? true : \
	 fail_at(__FILE__, __LINE__, "!(" #cond "): " fmt, ##__VA_ARGS__))
#define FAIL(...)	fail_at(__FILE__, __LINE__, __VA_ARGS__)
#define EQ(got, want) \
	do { \
		u64 got_ = (got), want_ = (want); \
		if (got_ != want_) \
			fail_at(__FILE__, __LINE__, \
				"%s is %#llx, expected %#llx", #got, \
				(unsigned long long)got_, \
				(unsigned long long)want_); \
	} while (0)
#define DIE(...)	die_at(__FILE__, __LINE__, __VA_ARGS__)

#define ERR(e)		((u64)-(long long)(e))

/* Upper halves, which count in 64-bit mode only. */
#define DIRTY		0xdeadbeef00000000ULL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static inline bool is_64(enum mode m)
{
	return m == MODE_LONG || m == MODE_USER64;
}

/* An error as RAX shows it in this mode. */
static inline u64 err_in(enum mode m, int e)
{
	return is_64(m) ? ERR(e) : (u32)-e;
}

/* The part of a register that is promised to stay. */
static inline u64 reg_mask(enum mode m)
{
	return is_64(m) ? ~0ULL : 0xffffffff;
}

static inline bool is_mmio(u64 nr)
{
	return (u32)nr == PIO_HCALL_READ || (u32)nr == PIO_HCALL_WRITE;
}

const char *name_of(u64 nr);
void call_prepare(struct vcpu *v, const struct call *c, struct kvm_regs *before);
bool call_finish(struct vcpu *v, const struct kvm_regs *before,
		 struct kvm_regs *after);
bool do_call(struct vcpu *v, const struct call *c, struct kvm_regs *after);
void refused(struct vcpu *v, const struct call *c, int err);
void accepted(struct vcpu *v, const struct call *c);
void same_as_native(struct vcpu *v, const struct call *c, const u8 *code,
		    unsigned int len);
bool serve_exits(struct vcpu *v, unsigned int n);
u64 quick(struct vcpu *v, u64 nr, u64 addr, u8 size, u64 val);
void check_preserved(struct vcpu *v, const struct kvm_regs *before,
		     const struct kvm_regs *after);
int handler_refcnt(void);
void handler_enable(bool on);
int handler_refuse(const char *pids);

/* What handler_enable() switches: this process's VMs instead of all. */
extern bool switch_own;

/* A thread that sends its creator SIGUSR1 at random times. */
struct nagger {
	pthread_t	thread, victim;
	unsigned int	seed, sent;
	volatile bool	stop;
};

void nag_start(struct nagger *n, unsigned int seed);
void nag_stop(struct nagger *n);

/* Short names, for lists. */
#define ELEMENT		sizeof(struct pio_hcall_access)
#define MAX		PIO_HCALL_BATCH_MAX
#define OP_READ		PIO_HCALL_OP_READ
#define OP_WRITE	PIO_HCALL_OP_WRITE
#define OP_WRITE_BACK	PIO_HCALL_OP_WRITE_BACK
#define OP_CHECK	PIO_HCALL_OP_CHECK
#define PIO		PIO_HCALL_SPACE_PIO
#define MMIO		PIO_HCALL_SPACE_MMIO

/*
 * One BATCH.  batch_add() and batch_check() write its list, batch_start() puts it
 * at @gpa; what is there later is compared with it.
 */
struct batch {
	struct vcpu		*v;
	u64			gpa;
	unsigned int		n;
	struct pio_hcall_access	list[MAX];
	u64			in_kvm;	/* which of them the VMM never sees */
	u64			accesses;
	struct kvm_regs		before;
};

/* How far a batch is, by the device's log. */
struct extent {
	unsigned int	done;		/* elements carried out at least */
	unsigned int	most;		/* and at most: @in_kvm leaves no trace */
	bool		stopped;	/* the next one was a CHECK that stops */
};

struct pio_hcall_access *batch_add(struct batch *b, u8 op, u8 space, u8 size,
				   u64 addr, u64 value);
void batch_check(struct batch *b, u8 space, u8 size, u64 addr, u32 mask,
		 bool passes);
void batch_random(struct batch *b, unsigned int *seed, unsigned int n);
void batch_load(struct batch *b);
void batch_start(struct batch *b);
struct extent batch_extent(struct batch *b);
bool batch_progress(struct batch *b);
void batch_ended(struct batch *b, const struct kvm_regs *r, int err,
		 unsigned int done);
bool batch_finish(struct batch *b, int err, unsigned int done);
bool batch_run(struct batch *b);
bool batch_nagged(struct batch *b, unsigned int *eintr);

#endif /* TESTS_H */
