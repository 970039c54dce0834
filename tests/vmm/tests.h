/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_H
#define TESTS_H

#include <linux/kvm_para.h>
#include <linux/pio_hypercall.h>
#include "vmm.h"

/* Which hosts a test means something on. */
#define T_HANDLER	1	/* kvm_hcall.ko must be there */
#define T_STOCK		2	/* it must not be */

struct test {
	const char	*name;
	unsigned int	flags;
	void		(*fn)(void);
};

extern const struct test single_tests[], string_tests[], run_tests[];

struct call {
	u64	nr, port, size, val, count;
};

extern bool no_handler;

/* Say what the failures that follow are about. */
void ctx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool fail_at(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));	/* returns false, for "ok || fail" */
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

void call_prepare(struct vcpu *v, const struct call *c, struct kvm_regs *before);
bool call_finish(struct vcpu *v, const struct kvm_regs *before,
		 struct kvm_regs *after);
bool do_call(struct vcpu *v, const struct call *c, struct kvm_regs *after);
void check_preserved(struct vcpu *v, const struct kvm_regs *before,
		     const struct kvm_regs *after);
int handler_refcnt(void);

#endif /* TESTS_H */
