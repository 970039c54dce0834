// SPDX-License-Identifier: GPL-2.0
/*
 * Posted writes: those to the ports of pio_posted_port() wait here, and travel in
 * one call with the next access to any port, in the order they were made in.
 *
 * One queue for all CPUs: whoever comes next finds what others left, so a driver
 * that moves to another CPU between address and data is served as well.
 */
#include <linux/instrumentation.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/pio_hypercall.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include "transport.h"

/* A task file with its previous contents is ten writes. */
#define POSTED_MAX	15

bool pio_posted_enabled __read_mostly;

/* Writes waiting in @queue, the last element being that of the access after them. */
unsigned int pio_posted_count;
static struct pio_hcall_access queue[POSTED_MAX + 1];

/*
 * Not a spinlock_t: this is below printk() and lockdep, whose consoles are port
 * I/O.  An access from an NMI must not wait for what it interrupted, and does not
 * have to: it belongs to no sequence that was begun outside.
 */
static arch_spinlock_t lock = __ARCH_SPIN_LOCK_UNLOCKED;

/* Attempts, some 100 ms of them: who holds the lock makes one call. */
#define STOPPED_TRIES	4000000

/*
 * False where the queue must not be waited for: its owner may be what an NMI has
 * interrupted, or a CPU that was stopped for a panic, a reboot or another kernel.
 */
static bool queue_lock(unsigned long *flags)
{
	unsigned int tries = 0;

	if (in_nmi())
		return false;
	raw_local_irq_save(*flags);
	while (!arch_spin_trylock(&lock)) {
		if (oops_in_progress || (system_state > SYSTEM_RUNNING &&
					 ++tries == STOPPED_TRIES)) {
			raw_local_irq_restore(*flags);
			return false;
		}
		cpu_relax();
	}
	return true;
}

static void queue_unlock(unsigned long flags)
{
	arch_spin_unlock(&lock);
	raw_local_irq_restore(flags);
}

static void add(u8 op, u16 port, u32 value, unsigned int size)
{
	struct pio_hcall_access *e = &queue[pio_posted_count];

	*e = (struct pio_hcall_access) {
		.op = op,
		.space = PIO_HCALL_SPACE_PIO,
		.size = size,
		.addr = port,
		.value = value,
	};
	WRITE_ONCE(pio_posted_count, pio_posted_count + 1);
}

/* All that waits, and the access added last.  Returns what that one has read. */
static u32 carry_out(void)
{
	unsigned int count = pio_posted_count;

	__pio_hcall_batch(queue, count);
	/* Not before: a CPU that finds the queue empty goes straight on. */
	smp_store_release(&pio_posted_count, 0);
	return queue[count - 1].value;
}

/**
 * pio_posted_in() - read a port, after the writes that wait
 * @port: the port
 * @value: what it reads as
 * @size: bytes: 1, 2 or 4
 *
 * Context: any.
 * Return: false if there was nothing to wait for: the access was not made.
 */
noinstr bool pio_posted_in(u16 port, u32 *value, unsigned int size)
{
	unsigned long flags;
	bool done;

	instrumentation_begin();
	done = queue_lock(&flags);
	if (done) {
		done = pio_posted_count;
		if (done) {
			add(PIO_HCALL_OP_READ, port, 0, size);
			*value = carry_out();
		}
		queue_unlock(flags);
	}
	instrumentation_end();
	return done;
}

/**
 * pio_posted_out() - write a port, now with the writes that wait or later
 * @port: the port
 * @value: the value
 * @size: bytes: 1, 2 or 4
 *
 * Context: any.
 * Return: false if the write is the caller's to make.
 */
noinstr bool pio_posted_out(u16 port, u32 value, unsigned int size)
{
	unsigned long flags;
	bool wait, done;

	instrumentation_begin();
	done = queue_lock(&flags);
	if (done) {
		wait = pio_posted_port(port, size) &&
		       pio_posted_count < POSTED_MAX;
		done = wait || pio_posted_count;
		if (done)
			add(PIO_HCALL_OP_WRITE, port, value, size);
		if (done && !wait)
			carry_out();
		queue_unlock(flags);
	}
	instrumentation_end();
	return done;
}

/**
 * pio_posted_flush() - make the writes that wait, before other calls
 *
 * Context: any.
 */
void pio_posted_flush(void)
{
	unsigned long flags;

	if (likely(!pio_posted_waiting()) || !queue_lock(&flags))
		return;
	if (pio_posted_count)
		carry_out();
	queue_unlock(flags);
}

/**
 * pio_posted_set() - let writes wait, or not
 * @enabled: whether they may from now on
 *
 * Context: any.
 */
void pio_posted_set(bool enabled)
{
	WRITE_ONCE(pio_posted_enabled, enabled);
	pio_posted_flush();
}
