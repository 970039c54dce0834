// SPDX-License-Identifier: GPL-2.0
/*
 * file_storm DIRECTORY SHADOWS SECONDS SEED - random operations on files and on copies in memory
 *
 * Four processes, with files of their own, write, map, truncate, punch, copy, rename and remove
 * them in DIRECTORY, and read them back in any way.  What is read has to be what the copy says.  At
 * the end the copies are left in SHADOWS under the same names, for whoever mounts the file system
 * again.
 *
 * In the manner of fsx and fsstress of xfstests, which Debian does not package.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PROCESSES	4
#define FILES		6
#define LARGEST	(512 * 1024)
#define BLOCK		4096

static struct file {
	uint8_t *shadow;
	size_t size;
	int name;
} files[FILES];

static uint64_t state;
static unsigned long operations;
static int process;
static uint8_t *buf;

static uint32_t random32(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 32) % below;
}

static void failed(const char *what)
{
	fprintf(stderr, "file_storm: process %d, operation %lu: %s: %s\n", process, operations,
		what, strerror(errno));
	exit(1);
}

static const char *path(int name)
{
	static char paths[2][32];
	static int turn;

	turn = !turn;
	snprintf(paths[turn], sizeof(paths[turn]), "%d.%d", process, name);
	return paths[turn];
}

static int opened(const struct file *f, int flags)
{
	int fd = open(path(f->name), O_RDWR | O_CREAT | flags, 0600);

	if (fd < 0)
		failed("open");
	return fd;
}

/* A part of what is there. */
static size_t part(const struct file *f, size_t *len)
{
	size_t at = f->size ? random32(f->size) : 0;

	*len = f->size ? 1 + random32(f->size - at) : 0;
	return at;
}

static void compare(const struct file *f, size_t at, size_t len, const uint8_t *got,
		    const char *how)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (got[i] == f->shadow[at + i])
			continue;
		fprintf(stderr, "file_storm: %s, %s: byte %zu of %zu is %02x, not %02x\n",
			path(f->name), how, at + i, f->size, got[i], f->shadow[at + i]);
		failed("data are wrong");
	}
}

static void do_write(struct file *f, int fd, int direct)
{
	size_t at = random32(LARGEST), len = 1 + random32(LARGEST - at), i;

	if (!random32(4))
		len = 1 + len % 5000;
	if (direct) {
		at -= at % BLOCK;
		len = (len + BLOCK - 1) / BLOCK * BLOCK;
		if (at + len > LARGEST)
			len = LARGEST - at;
	}
	for (i = 0; i < len; i++)
		buf[i] = (state >> i % 56) + operations;
	if (pwrite(fd, buf, len, at) != (ssize_t)len)
		failed("write");
	if (at > f->size)
		memset(f->shadow + f->size, 0, at - f->size);
	memcpy(f->shadow + at, buf, len);
	if (at + len > f->size)
		f->size = at + len;
}

static void do_read(struct file *f, int fd, int direct)
{
	size_t len, at = part(f, &len);
	ssize_t n;

	if (direct) {
		at -= at % BLOCK;
		len = (len + BLOCK - 1) / BLOCK * BLOCK;
	}
	n = pread(fd, buf, len, at);
	if (n < 0 || (size_t)n != (at + len > f->size ? f->size - at : len))
		failed("read");
	compare(f, at, n, buf, direct ? "O_DIRECT" : "read");
}

static void do_map(struct file *f, int fd)
{
	size_t len, at = part(f, &len), i;
	uint8_t *map;

	if (!len)
		return;
	map = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		failed("mmap");
	compare(f, at, len, map + at, "mapped");
	for (i = at; i < at + len; i++)
		map[i] = f->shadow[i] = i * 3 + operations;
	if (!random32(3) && msync(map, f->size, MS_SYNC))
		failed("msync");
	munmap(map, f->size);
}

static void do_truncate(struct file *f, int fd)
{
	size_t size = random32(LARGEST);

	if (ftruncate(fd, size))
		failed("truncate");
	if (size > f->size)
		memset(f->shadow + f->size, 0, size - f->size);
	f->size = size;
}

static void do_punch(struct file *f, int fd)
{
	size_t len, at = part(f, &len);
	int mode = random32(2) ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE;

	if (!len)
		return;
	if (fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, at, len))
		failed("fallocate");
	memset(f->shadow + at, 0, len);
}

static void do_name(struct file *f)
{
	static int names = FILES;
	int old = f->name;

	if (random32(2)) {
		f->name = names++;
		if (rename(path(old), path(f->name)))
			failed("rename");
	} else {
		if (unlink(path(old)))
			failed("unlink");
		f->size = 0;
	}
}

static void operate(struct file *f)
{
	int direct = !random32(3), fd = opened(f, direct ? O_DIRECT : 0), drop;

	operations++;
	switch (random32(12)) {
	case 0 ... 3:
		do_write(f, fd, direct);
		break;
	case 4 ... 6:
		do_read(f, fd, direct);
		break;
	case 7:
		do_map(f, fd);
		break;
	case 8:
		do_truncate(f, fd);
		break;
	case 9:
		do_punch(f, fd);
		break;
	case 10:
		if (random32(2) ? fsync(fd) : fdatasync(fd))
			failed("fsync");
		/* For the next read to be the disk's. */
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		break;
	default:
		do_name(f);
	}
	close(fd);
	if (!random32(300)) {
		drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
		if (drop < 0 || write(drop, "3", 1) != 1)
			failed("drop_caches");
		close(drop);
	}
}

static void leave_shadow(const char *shadows, struct file *f)
{
	char name[256];
	int fd;

	/* One that was removed has no name. */
	close(opened(f, 0));
	snprintf(name, sizeof(name), "%s/%s", shadows, path(f->name));
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, f->shadow, f->size) != (ssize_t)f->size || close(fd))
		failed(name);
}

static int storm(const char *shadows, long seconds, uint64_t seed)
{
	time_t end = time(NULL) + seconds;
	int i;

	state = (seed + process + 1) * 0x9e3779b97f4a7c15ULL;
	buf = aligned_alloc(BLOCK, LARGEST + BLOCK);
	for (i = 0; i < FILES; i++) {
		files[i].name = i;
		files[i].shadow = calloc(1, LARGEST + BLOCK);
		if (!buf || !files[i].shadow)
			failed("memory");
	}
	while (time(NULL) < end)
		operate(&files[random32(FILES)]);
	for (i = 0; i < FILES; i++)
		leave_shadow(shadows, &files[i]);
	printf("file_storm: process %d: %lu operations\n", process, operations);
	return 0;
}

int main(int argc, char **argv)
{
	int status, bad = 0;

	if (argc != 5 || chdir(argv[1])) {
		fprintf(stderr, "usage: file_storm DIRECTORY SHADOWS SECONDS SEED\n");
		return 2;
	}
	for (process = 0; process < PROCESSES; process++) {
		if (!fork())
			return storm(argv[2], atol(argv[3]), strtoull(argv[4], NULL, 0));
	}
	while (wait(&status) > 0)
		bad |= status;
	return !!bad;
}
