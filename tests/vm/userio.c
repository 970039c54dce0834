// SPDX-License-Identifier: GPL-2.0
/*
 * userio PORT COUNT - IN and OUT from user space, by ioperm(), iopl() and IOPL
 *
 * Such accesses never meet the kernel, so they cannot become hypercalls; they
 * must go on working next to them.  Prints a line for each way: how it went.  A
 * way that the CPU refuses is no failure here, as it is refused natively as well;
 * fails if all are, or if a port reads wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/io.h>

static sigjmp_buf refused;
static unsigned short port;
static long count;

static void on_segv(int sig)
{
	(void)sig;
	siglongjmp(refused, 1);
}

/* Returns 1 if it worked, 0 if the CPU refused, -1 if it went wrong. */
static int access_port(const char *how)
{
	unsigned char before;
	long i;

	if (sigsetjmp(refused, 1)) {
		printf("%s: refused by the CPU\n", how);
		return 0;
	}
	before = inb(port);
	for (i = 0; i < count; i++) {
		unsigned char now;

		outb((unsigned char)i, port);
		now = inb(port);
		if (now != before && now != (unsigned char)i) {
			printf("%s: port 0x%x reads 0x%x: neither old nor new value\n",
			       how, port, now);
			return -1;
		}
	}
	printf("%s: %ld writes and reads\n", how, count);
	return 1;
}

/* Returns 0 if this task now has IOPL 3. */
static int set_iopl3(void)
{
	int fd = open("/sys/kernel/debug/user_iopl", O_WRONLY);

	return fd >= 0 && write(fd, "3", 1) == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	int worked, sum = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: userio PORT COUNT\n");
		return 2;
	}
	port = strtoul(argv[1], NULL, 0);
	count = strtol(argv[2], NULL, 0);
	signal(SIGSEGV, on_segv);

	if (ioperm(port, 1, 1)) {
		printf("ioperm: %s\n", strerror(errno));
		return 1;
	}
	worked = access_port("ioperm");
	if (worked < 0)
		return 1;
	sum += worked;

	if (ioperm(port, 1, 0) || iopl(3)) {
		printf("iopl: %s\n", strerror(errno));
		return 1;
	}
	worked = access_port("iopl");
	if (worked < 0)
		return 1;
	sum += worked;

	if (iopl(0) || set_iopl3()) {
		printf("IOPL: cannot be set: %s\n", strerror(errno));
		return 1;
	}
	worked = access_port("IOPL 3");
	if (worked < 0)
		return 1;
	sum += worked;
	return sum ? 0 : 1;
}
