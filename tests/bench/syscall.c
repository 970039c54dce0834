// SPDX-License-Identifier: GPL-2.0
/*
 * What a system call costs, in ticks of the TSC: a JSON object as pio_bench's.
 *
 *	syscall
 *
 * getppid() by the instruction itself, the least that a kernel does for anybody.  The method is
 * pio_bench's: the difference between 2n and n calls, of each the shortest of some batches.
 * Interrupts cannot be off here, and only ever add.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define CALLS	256
#define BATCHES	24

static uint64_t now(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static uint64_t best_batch(unsigned long n)
{
	uint64_t start, ticks, best = UINT64_MAX;
	unsigned long left;
	long result;
	int i;

	for (i = 0; i < BATCHES; i++) {
		start = now();
		for (left = n; left; left--)
			asm volatile("syscall" : "=a" (result) : "a" ((long)SYS_getppid)
				     : "rcx", "r11", "memory");
		ticks = now() - start;
		if (ticks < best)
			best = ticks;
	}
	return best;
}

int main(void)
{
	uint64_t once, twice, again;
	int64_t curve;

	/* Before it counts, for what is done the first time only. */
	best_batch(CALLS);
	once = best_batch(CALLS);
	twice = best_batch(2 * CALLS);
	again = best_batch(4 * CALLS);
	curve = (int64_t)(again - twice) - 2 * (int64_t)(twice - once);
	printf("{\"op\":\"syscall\",\"way\":\"native\",\"instructions\":%.2f,"
	       "\"iterations\":%d,\"stable\":%s}\n",
	       (double)(again - twice) / (2 * CALLS), 4 * CALLS,
	       llabs(curve) <= CALLS ? "true" : "false");
	return 0;
}
