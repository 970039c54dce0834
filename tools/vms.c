// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that run VMs, and what their guests are called.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pio-stat.h"

void root_path(char *path, size_t size, const char *fmt, ...)
{
	const char *root = getenv("PIO_STAT_ROOT");
	va_list args;
	int len;

	len = snprintf(path, size, "%s", root ? root : "");
	if (len < 0 || (size_t)len >= size)
		die(ST_USAGE, "PIO_STAT_ROOT: longer than %zu characters", size - 1);
	va_start(args, fmt);
	vsnprintf(path + len, size - len, fmt, args);
	va_end(args);
}

FILE *root_open(const char *path)
{
	char full[PATH_MAX];

	root_path(full, sizeof(full), "%s", path);
	return fopen(full, "r");
}

bool root_has(const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	root_path(full, sizeof(full), "%s", path);
	return !stat(full, &st);
}

bool root_line(const char *path, char *line, size_t size)
{
	FILE *f = root_open(path);

	line[0] = '\0';
	if (!f)
		return false;
	if (fgets(line, size, f))
		line[strcspn(line, "\n")] = '\0';
	fclose(f);
	return line[0];
}

enum vm_is vm_is(u32 pid)
{
	char path[PATH_MAX], target[64];
	enum vm_is is = VM_NO;
	struct dirent *d;
	ssize_t len;
	DIR *dir;

	root_path(path, sizeof(path), "/proc/%u/fd", pid);
	dir = opendir(path);
	if (!dir)
		return errno == EACCES ? VM_MAYBE : VM_NO;
	while (is != VM_YES && (d = readdir(dir))) {
		root_path(path, sizeof(path), "/proc/%u/fd/%s", pid, d->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		if (len <= 0) {
			if (errno == EACCES)
				is = VM_MAYBE;
			continue;
		}
		target[len] = '\0';
		if (!strcmp(target, "anon_inode:kvm-vm"))
			is = VM_YES;
	}
	closedir(dir);
	return is;
}

void check_pid(u32 pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	if (!root_has(path))
		die(ST_NO_VM, "--pid %u: there is no process %u", pid, pid);
	if (vm_is(pid) == VM_NO)
		die(ST_NO_VM, "--pid %u: process %u is not a VM's: it has no KVM open",
		    pid, pid);
}

static int by_number(const void *a, const void *b)
{
	const u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* And of how many processes it cannot be told. */
static size_t look_for_vms(u32 **pids, size_t *maybe)
{
	char path[PATH_MAX];
	struct dirent *d;
	size_t n = 0;
	DIR *dir;
	u32 pid;

	*pids = NULL;
	*maybe = 0;
	root_path(path, sizeof(path), "/proc");
	dir = opendir(path);
	if (!dir)
		die(ST_ERROR, "%s: %s: mount -t proc proc /proc", path, strerror(errno));
	while ((d = readdir(dir))) {
		pid = strtoul(d->d_name, NULL, 10);
		if (!pid)
			continue;
		switch (vm_is(pid)) {
		case VM_YES:
			*pids = xrealloc(*pids, (n + 1) * sizeof(**pids));
			(*pids)[n++] = pid;
			break;
		case VM_MAYBE:
			++*maybe;
			break;
		case VM_NO:
			break;
		}
	}
	closedir(dir);
	if (n)
		qsort(*pids, n, sizeof(**pids), by_number);
	return n;
}

size_t find_vms(u32 **pids)
{
	size_t maybe;

	return look_for_vms(pids, &maybe);
}

void check_any_vm(void)
{
	size_t maybe;
	u32 *pids;

	if (!look_for_vms(&pids, &maybe) && !maybe)
		die(ST_NO_VM,
		    "no VM is running: start one, or count while one starts: pio-stat census -- COMMAND");
	free(pids);
}

/* "NAME,debug-threads=on" or "guest=NAME,...", where two commas are one of the name's. */
static char *name_of_option(const char *option)
{
	char *name = xstrdup(option), *to = name;

	if (!strncmp(option, "guest=", 6))
		option += 6;
	else if (strstr(option, ",guest="))
		option = strstr(option, ",guest=") + 7;
	else if (strchr(option, '=') && strcspn(option, "=") < strcspn(option, ","))
		option = "";
	for (; *option && (*option != ',' || option[1] == ','); option++) {
		if (*option == ',')
			option++;
		/* For JSON, CSV and terminals as it is. */
		*to++ = *option < ' ' || *option > '~' || *option == '"' || *option == '\\' ?
			'?' : *option;
	}
	*to = '\0';
	return name;
}

char *vm_name(u32 pid)
{
	char path[32], *arg = NULL, *name = NULL;
	bool next = false;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	f = root_open(path);
	if (!f)
		return xstrdup("");
	/* As QEMU does, take the last one. */
	while (getdelim(&arg, &room, '\0', f) > 0) {
		if (next) {
			free(name);
			name = name_of_option(arg);
		}
		next = !next && (!strcmp(arg, "-name") || !strcmp(arg, "--name"));
	}
	free(arg);
	fclose(f);
	return name ? name : xstrdup("");
}
