// SPDX-License-Identifier: GPL-2.0
/*
 * `pio-stat check': what works on this machine, host or guest, and what to type if it does not.
 *
 * What is asked for comes from the kernel's files, and from its log the reason that only that
 * knows.
 */
#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pio-stat.h"

/* As host/kvm_hcall/compat.h and guest/pio_hypercall/module/compat.h have them. */
#define HOST_FIRST	VERSION_OF(6, 1)
#define HOST_LAST	VERSION_OF(6, 12)
#define GUEST_FIRST	VERSION_OF(6, 1)
#define GUEST_LAST	VERSION_OF(7, 3)
#define VERSION_OF(major, minor)	((major) * 1000 + (minor))

#define KVM_PARAMETER	"/sys/module/kvm/parameters/pio_hypercall"
#define MODULE		"/sys/module/kvm_hcall"
/* A kernel with the patches has parameters there, but no such file. */
#define GUEST_MODULE	"/sys/module/pio_hypercall/initstate"
#define GUEST_DEBUGFS	"/sys/kernel/debug/pio_hypercall"

static bool all_works;

static void __printf(2, 3) say(const char *state, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	print_wrapped(state, "      ", text);
}

#define ok(...)		say("ok    ", __VA_ARGS__)
/* Neither right nor wrong. */
#define remark(...)	say("--    ", __VA_ARGS__)
/* To be followed by type(), what to do about it. */
#define fails(...)	(all_works = false, say("FAIL  ", __VA_ARGS__))

/* In one line, to be copied. */
static void __printf(1, 2) type(const char *fmt, ...)
{
	va_list args;

	fputs("      > ", stdout);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

/* --- what the kernel says -------------------------------------------------- */

static bool file_says(const char *path, const char *wanted)
{
	char line[64];

	return root_line(path, line, sizeof(line)) && !strcmp(line, wanted);
}

/* Is @word among those of the first line of @path that begins with @key? */
static bool has_word(const char *path, const char *key, const char *word)
{
	FILE *f = root_open(path);
	char *line = NULL, *p;
	size_t room = 0;
	bool found = false;

	if (!f)
		return false;
	while (getline(&line, &room, f) > 0) {
		if (strncmp(line, key, strlen(key)))
			continue;
		for (p = strtok(line, " \t\n"); p && !found; p = strtok(NULL, " \t\n"))
			found = !strcmp(p, word);
		break;
	}
	free(line);
	fclose(f);
	return found;
}

/* The last of the kernel's messages with @key in it, from there on. */
static bool kernel_said(const char *key, char *said, size_t size)
{
	char path[PATH_MAX], buf[16384], *p;
	FILE *f;
	int fd;

	said[0] = '\0';
	root_path(path, sizeof(path), "/dev/kmsg");
	/* One record each read(), and no waiting for the next. */
	fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return false;
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return false;
	}
	setvbuf(f, NULL, _IOFBF, sizeof(buf));
	while (fgets(buf, sizeof(buf), f)) {
		p = strstr(buf, key);
		if (!p)
			continue;
		p[strcspn(p, "\n")] = '\0';
		snprintf(said, size, "%s", p);
	}
	fclose(f);
	return said[0];
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Names in a directory; the caller frees each and all. */
static int names_in(const char *dir, struct dirent ***list)
{
	char path[PATH_MAX];
	int n;

	*list = NULL;
	root_path(path, sizeof(path), "%s", dir);
	n = scandir(path, list, not_hidden, alphasort);
	return n < 0 ? 0 : n;
}

static bool has_debugfs(void)
{
	struct dirent **list;
	int i, n = names_in("/sys/kernel/debug", &list);

	for (i = 0; i < n; i++)
		free(list[i]);
	free(list);
	if (n)
		return true;
	fails("/sys/kernel/debug is empty: no counters to be seen");
	type("mount -t debugfs debugfs /sys/kernel/debug");
	return false;
}

static void release(char *text, size_t size, unsigned int *version)
{
	unsigned int major = 0, minor = 0;

	if (!root_line("/proc/sys/kernel/osrelease", text, size))
		die(ST_ERROR,
		    "/proc/sys/kernel/osrelease: cannot be read: mount -t proc proc /proc");
	/* Anything else is version 0, which is out of all ranges. */
	*version = sscanf(text, "%u.%u", &major, &minor) == 2 ? VERSION_OF(major, minor) : 0;
}

static bool is_red_hat(const char *text)
{
	const char *p = strstr(text, ".el");

	return p && p[3] >= '0' && p[3] <= '9';
}

/* Load @module, or get it. */
static void type_module(const char *module, const char *package)
{
	char text[128], path[PATH_MAX], *line = NULL;
	unsigned int version;
	bool found = false;
	size_t room = 0;
	FILE *f;

	release(text, sizeof(text), &version);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", text);
	f = root_open(path);
	while (f && !found && getline(&line, &room, f) > 0) {
		line[strcspn(line, ":")] = '\0';
		found = strstr(line, module);
	}
	free(line);
	if (f)
		fclose(f);
	if (!found)
		type("apt install ./%s_*.deb linux-headers-$(uname -r)", package);
	type("modprobe %s", module);
}

/* --- host ------------------------------------------------------------------ */

static bool is_host(void)
{
	return has_word("/proc/cpuinfo", "flags", "svm") ||
	       has_word("/proc/cpuinfo", "flags", "vmx") || root_has("/dev/kvm");
}

static void check_kvm(void)
{
	const char *flag = has_word("/proc/cpuinfo", "flags", "svm") ? "svm" :
			   has_word("/proc/cpuinfo", "flags", "vmx") ? "vmx" : NULL;
	const char *module = flag && flag[0] == 's' ? "kvm_amd" : "kvm_intel";
	char path[PATH_MAX];
	int fd;

	if (!flag) {
		fails("CPU: neither svm nor vmx in /proc/cpuinfo: KVM has nothing to run on");
		remark("switch virtualization on in the firmware's setup");
		remark("if this is a VM itself: QEMU with -cpu host, and on its host");
		type("cat /sys/module/kvm_amd/parameters/nested     # 1, or kvm_intel: Y");
	} else {
		ok("CPU: %s", flag);
	}
	root_path(path, sizeof(path), "/dev/kvm");
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		ok("/dev/kvm");
		return;
	}
	fails("/dev/kvm: %s", strerror(errno));
	if (flag)
		type("modprobe %s", module);
}

static bool in_group(u32 pid, const char *group)
{
	char path[32], line[256], *p, *end;
	unsigned long wanted = strtoul(group, NULL, 10), id;
	bool found = false;
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	f = root_open(path);
	if (!f)
		return true;	/* it has ended */
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "Gid:", 4) && strncmp(line, "Groups:", 7))
			continue;
		p = strchr(line, ':') + 1;
		/* Of the four of Gid the effective one counts: the second. */
		for (i = 0; !found; p = end, i++) {
			id = strtoul(p, &end, 10);
			if (end == p)
				break;
			found = id == wanted && (line[1] == 'r' || i == 1);
		}
	}
	fclose(f);
	return found;
}

/* "VM 70 deb" */
static const char *vm_title(u32 pid)
{
	static char title[128];
	char *name = vm_name(pid);

	snprintf(title, sizeof(title), "VM %u%s%s", pid, *name ? " " : "", name);
	free(name);
	return title;
}

static void check_group(const u32 *pids, size_t n)
{
	size_t i, outside = 0;
	char group[32];

	if (!root_line(MODULE "/parameters/group", group, sizeof(group)) || !strcmp(group, "-1")) {
		ok("parameter group is -1: every VM is answered");
		return;
	}
	for (i = 0; i < n; i++) {
		if (in_group(pids[i], group))
			continue;
		outside++;
		fails("%s is not answered, as it is not in group %s (parameter group)",
		      vm_title(pids[i]), group);
		type("sg $(getent group %s | cut -d: -f1) -c 'qemu-system-x86_64 ...'", group);
		remark("or answer all VMs:");
		type("echo -1 >" MODULE "/parameters/group");
	}
	if (!outside)
		ok("parameter group is %s: VMs in it are answered; running and in it: %zu",
		   group, n);
}

/* The switch of single VMs. */
static void check_refuse(const u32 *pids, size_t n)
{
	char list[4096], *rest = list, *word;
	bool any = false;
	size_t i;
	u32 pid;

	root_line(MODULE "/parameters/refuse", list, sizeof(list));
	while ((word = strsep(&rest, ","))) {
		pid = strtoul(word, NULL, 10);
		for (i = 0; i < n && pids[i] != pid; i++)
			;
		if (i == n)
			continue;
		any = true;
		fails("%s is not answered, as parameter refuse names it", vm_title(pid));
	}
	if (any)
		type("echo >" MODULE "/parameters/refuse");
	else
		ok("parameter refuse names none of the VMs");
}

/* Of each VM of a process the directory in debugfs, PID-FD; the caller frees each and all. */
static int vm_dirs(u32 pid, struct dirent ***list)
{
	int i, vms = 0, n = names_in("/sys/kernel/debug/kvm", list);
	char begin[16];

	snprintf(begin, sizeof(begin), "%u-", pid);
	for (i = 0; i < n; i++) {
		if (!strncmp((*list)[i]->d_name, begin, strlen(begin)))
			(*list)[vms++] = (*list)[i];
		else
			free((*list)[i]);
	}
	return vms;
}

/* A counter of a VM's; false if it has made no call. */
static bool vm_counter(u32 pid, const char *wanted, u64 *value)
{
	char path[PATH_MAX], name[32];
	struct dirent **list;
	bool any = false;
	u64 n;
	int i, dirs = vm_dirs(pid, &list);

	*value = 0;
	for (i = 0; i < dirs; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s/kvm_hcall",
			 list[i]->d_name);
		f = root_open(path);
		while (f && fscanf(f, "%31s %llu", name, &n) == 2) {
			any = true;
			*value += strcmp(name, wanted) ? 0 : n;
		}
		if (f)
			fclose(f);
		free(list[i]);
	}
	free(list);
	return any;
}

static void remark_no_call(u32 pid)
{
	remark("%s has made no call; in it:", vm_title(pid));
	type("pio-stat check guest");
}

/* Fewer lists than that may all have been without two writes in a row. */
#define LISTS_THAT_TELL	10

/* Do the writes of a list share an exit to userspace?  What comes of it tells. */
static void check_zone(u32 pid)
{
	const char *title = vm_title(pid);
	u64 lists, writes;

	if (!vm_counter(pid, "calls_batch", &lists)) {
		remark_no_call(pid);
		return;
	}
	vm_counter(pid, "coalesced_writes", &writes);
	if (writes) {
		ok("%s: %llu lists, of whose writes %llu shared exits to userspace", title, lists,
		   writes);
	} else if (lists < LISTS_THAT_TELL) {
		remark("%s: answered; too few lists (%llu) to tell whether writes share exits",
		       title, lists);
	} else {
		/* Or more than 1000 ioeventfds, says abi.rst. */
		fails("%s: each write of %llu lists was an exit to userspace: no zone at 0xcf8",
		      title, lists);
		type("qemu-system-x86_64 -machine pc ...  # or q35: they have the zone");
	}
}

static void check_module(void)
{
	char why[256];
	size_t i, n;
	u32 *pids;

	if (file_says("/proc/sys/kernel/ftrace_enabled", "1")) {
		ok("kernel.ftrace_enabled is 1");
	} else if (root_has("/proc/sys/kernel/ftrace_enabled")) {
		fails("kernel.ftrace_enabled is 0: kvm_hcall cannot hook KVM");
		type("sysctl kernel.ftrace_enabled=1");
	} else {
		fails("kernel without ftrace: kvm_hcall needs CONFIG_DYNAMIC_FTRACE_WITH_ARGS=y");
		type("grep FTRACE /boot/config-$(uname -r)");
	}
	if (!root_has(MODULE)) {
		fails("kvm_hcall is not loaded");
		if (kernel_said("kvm_hcall: not loaded: ", why, sizeof(why)))
			remark("the kernel's log says: %s", why);
		type_module("kvm_hcall", "kvm-hcall-dkms");
		return;
	}
	ok("kvm_hcall is loaded");
	if (file_says(MODULE "/parameters/enable", "Y")) {
		ok("parameter enable is Y");
	} else {
		fails("parameter enable is N: no guest is answered");
		type("echo Y >" MODULE "/parameters/enable");
	}
	n = find_vms(&pids);
	check_group(pids, n);
	check_refuse(pids, n);
	for (i = 0; i < n; i++)
		check_zone(pids[i]);
	if (!n)
		remark("no VM is running");
	free(pids);
}

/* In KVM itself the counters are files, one each, summed over the VM's vCPUs. */
static u64 series_calls(u32 pid)
{
	char path[PATH_MAX], line[32];
	struct dirent **vms, **stats;
	int i, j, n, dirs = vm_dirs(pid, &vms);
	u64 calls = 0;

	for (i = 0; i < dirs; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s", vms[i]->d_name);
		n = names_in(path, &stats);
		for (j = 0; j < n; j++) {
			if (!strncmp(stats[j]->d_name, "pio_hcall_calls_", 16)) {
				snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s/%s",
					 vms[i]->d_name, stats[j]->d_name);
				if (root_line(path, line, sizeof(line)))
					calls += strtoull(line, NULL, 10);
			}
			free(stats[j]);
		}
		free(stats);
		free(vms[i]);
	}
	free(vms);
	return calls;
}

static void check_series(void)
{
	bool every = file_says(KVM_PARAMETER, "Y");
	size_t i, n;
	u32 *pids;

	if (every) {
		ok("kvm.pio_hypercall is Y: every VM is answered");
	} else {
		remark("kvm.pio_hypercall is N: VMs are answered whose VMM asks for it, as does");
		type("qemu-system-x86_64 -accel kvm,pio-hypercall=on ...");
	}
	n = find_vms(&pids);
	for (i = 0; i < n; i++) {
		u64 calls = series_calls(pids[i]);

		if (calls)
			ok("%s has made %llu calls", vm_title(pids[i]), calls);
		else
			remark_no_call(pids[i]);
	}
	if (!n)
		remark("no VM is running");
	free(pids);
}

static void check_tracing(void)
{
	if (root_has("/sys/kernel/tracing/events") ||
	    root_has("/sys/kernel/debug/tracing/events")) {
		ok("tracefs, for pio-stat");
	} else {
		fails("no tracepoints in /sys/kernel/tracing: pio-stat cannot count");
		type("mount -t tracefs tracefs /sys/kernel/tracing");
	}
	has_debugfs();
}

static void check_host(void)
{
	bool series = root_has(KVM_PARAMETER), usable = true;
	unsigned int version;
	char text[128];

	puts("host:");
	release(text, sizeof(text), &version);
	if (series) {
		ok("kernel %s: KVM has CONFIG_KVM_PIO_HYPERCALL", text);
	} else if (version < HOST_FIRST || version > HOST_LAST || is_red_hat(text)) {
		usable = false;
		fails("kernel %s: module kvm_hcall is %s", text,
		      is_red_hat(text) ? "not for Red Hat's kernels" : "for 6.1 to 6.12");
		remark("others need the patches in host/linux, and CONFIG_KVM_PIO_HYPERCALL=y%s",
		       root_has("/sys/module/kvm") ? "" : " (this may have them: load KVM)");
		type("apt install linux-image-amd64                 # Debian 12 or 13");
	} else {
		ok("kernel %s: in the range of module kvm_hcall, 6.1 to 6.12", text);
	}
	check_kvm();
	if (!series) {
		if (usable || root_has(MODULE))
			check_module();
	} else {
		check_series();
	}
	check_tracing();
}

/* --- guest ------------------------------------------------------------------ */

/* As the instruction cpuid says, or a file like /dev/cpu/0/cpuid. */
static void cpuid_leaf(u32 leaf, u32 regs[4])
{
	char path[PATH_MAX];
	int fd;

	memset(regs, 0, 4 * sizeof(*regs));
	if (!getenv("PIO_STAT_ROOT")) {
		__cpuid(leaf, regs[0], regs[1], regs[2], regs[3]);
		return;
	}
	root_path(path, sizeof(path), "/dev/cpu/0/cpuid");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (pread(fd, regs, 4 * sizeof(*regs), leaf) < 0)
		memset(regs, 0, 4 * sizeof(*regs));
	close(fd);
}

static bool is_guest(void)
{
	return has_word("/proc/cpuinfo", "flags", "hypervisor");
}

/* KVM may come behind another one's leaves, which it pretends to be. */
static bool is_kvm(char first[13])
{
	char name[13] = "";
	u32 leaf, regs[4];

	for (leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
		cpuid_leaf(leaf, regs);
		memcpy(name, &regs[1], 12);
		if (leaf == 0x40000000)
			memcpy(first, name, 13);
		if (!memcmp(name, "KVMKVMKVM\0\0\0", 12))
			return true;
	}
	return false;
}

/* The last pio_hcall= counts. */
static bool asked_for(char *value, size_t size)
{
	FILE *f = root_open("/proc/cmdline");
	char *line = NULL, *p;
	size_t room = 0;

	value[0] = '\0';
	if (!f)
		return false;
	if (getline(&line, &room, f) > 0) {
		for (p = strtok(line, "\n "); p; p = strtok(NULL, "\n ")) {
			if (!strncmp(p, "pio_hcall=", 10))
				snprintf(value, size, "%s", p + 10);
		}
	}
	free(line);
	fclose(f);
	return !strcmp(value, "on") || !strncmp(value, "on,", 3);
}

static void type_grub(void)
{
	type("sed -i 's/^GRUB_CMDLINE_LINUX=\"/&pio_hcall=on /' /etc/default/grub");
	type("update-grub && reboot");
}

/* The ports of the controller @address that debugfs lists; none if it was left alone. */
static size_t ports_taken(const char *address, char *ports, size_t size)
{
	char line[256], at[32], port[32];
	size_t n = 0, len = 0;
	FILE *f = root_open(GUEST_DEBUGFS "/controllers");

	ports[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31s %*s %31s", at, port) != 2 || strcmp(at, address))
			continue;
		if (len < size)
			len += snprintf(ports + len, size - len, " %s", port);
		n++;
	}
	if (f)
		fclose(f);
	return n;
}

static bool check_controller(const char *address)
{
	char path[PATH_MAX], target[PATH_MAX], class[32], key[128], text[256];
	const char *driver = "no driver";
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", address);
	if (!root_line(path, class, sizeof(class)) ||
	    (strncmp(class, "0x0101", 6) && strncmp(class, "0x0106", 6)))
		return false;
	root_path(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
	len = readlink(path, target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		driver = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	}
	/* Whatever the log had, and has lost since. */
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/pio_hypercall", address);
	if (!root_line(path, text, sizeof(text)))
		*text = '\0';
	if (strstr(text, "stopped answering")) {
		fails("controller %s (%s): %s", address, driver, text);
		type("pio-stat check host                           # on its host");
		return true;
	}
	if (!strcmp(text, "call")) {
		ok("controller %s (%s): registers by hypercall, one call each", address, driver);
		return true;
	}
	if (ports_taken(address, text, sizeof(text))) {
		ok("controller %s (%s): requests by hypercall:%s", address, driver, text);
		return true;
	}
	if (strcmp(driver, "ata_piix") && strcmp(driver, "ahci")) {
		remark("controller %s (%s): only those of ata_piix and ahci are taken over",
		       address, driver);
		return true;
	}
	snprintf(key, sizeof(key), "%.32s: pio_hcall: %.32s left alone: ", address,
		 driver);
	if (kernel_said(key, text, sizeof(text)) && strstr(text, "exclude")) {
		remark("controller %s (%s): left alone: %s", address, driver, text + strlen(key));
		return true;
	}
	if (*text)
		fails("controller %s (%s): left alone: %s", address, driver, text + strlen(key));
	else
		fails("controller %s (%s): left alone", address, driver);
	type("dmesg | grep 'pio_hcall'");
	return true;
}

static void check_controllers(void)
{
	struct dirent **list;
	int i, n = names_in("/sys/bus/pci/devices", &list);
	bool any = false;

	for (i = 0; i < n; i++) {
		any |= check_controller(list[i]->d_name);
		free(list[i]);
	}
	free(list);
	if (!any)
		remark("no IDE or AHCI controller: nothing here gains by hypercalls");
}

/* What it logs last is "pio_hcall: on: ..." or "pio_hcall: off: WHY". */
static bool is_off(char *why, size_t size)
{
	static const char off[] = "pio_hcall: off: ";

	if (!kernel_said("pio_hcall: o", why, size) || strncmp(why, off, strlen(off)))
		return false;
	memmove(why, why + strlen(off), strlen(why + strlen(off)) + 1);
	return true;
}

/* The patched kernel has its directory in debugfs whatever the command line says. */
static bool check_patched(void)
{
	char value[64], why[256];

	if (!asked_for(value, sizeof(value))) {
		fails("kernel with the patches, not told to use them: %s%s on the command line",
		      *value ? "pio_hcall=" : "no pio_hcall=on", value);
		type_grub();
		return false;
	}
	ok("pio_hcall=%s on the command line, of a kernel with the patches", value);
	if (is_off(why, sizeof(why))) {
		fails("off: %s", why);
		type("pio-stat check host                           # on its host");
		return false;
	}
	return true;
}

static bool check_guest_module(const char *text, unsigned int version)
{
	char value[64], why[256];

	if (!root_has(GUEST_MODULE)) {
		if (version < GUEST_FIRST || version > GUEST_LAST || is_red_hat(text)) {
			fails("kernel %s: module pio_hypercall is %s", text,
			      is_red_hat(text) ? "not for Red Hat's kernels" : "for 6.1 to 7.3");
			type("apt install linux-image-amd64                 # Debian 12 or 13");
			return false;
		}
		ok("kernel %s: in the range of module pio_hypercall, 6.1 to 7.3", text);
		fails("pio_hypercall is not loaded; %s on the command line",
		      asked_for(value, sizeof(value)) ? "pio_hcall=on is" : "no pio_hcall=on");
		if (is_off(why, sizeof(why)))
			remark("the kernel's log says: off: %s", why);
		type_module("pio_hypercall", "pio-hypercall-dkms");
		return false;
	}
	ok("pio_hypercall is loaded");
	if (is_off(why, sizeof(why))) {
		fails("off: %s", why);
		type("pio-stat check host                           # on its host, then here:");
		type("echo on >/sys/module/pio_hypercall/parameters/pio_hcall");
		return false;
	}
	return true;
}

static void check_guest(void)
{
	char text[128], hypervisor[13];
	unsigned int version;

	puts("guest:");
	if (!is_guest()) {
		fails("this is no virtual machine: no hypervisor in /proc/cpuinfo");
		type("pio-stat check host");
		return;
	}
	if (!is_kvm(hypervisor)) {
		fails("hypervisor: '%s', not KVM: nobody answers; with QEMU:", hypervisor);
		type("qemu-system-x86_64 -accel kvm ...             # on its host");
		return;
	}
	ok("hypervisor: KVM");
	if (!has_debugfs())
		return;
	release(text, sizeof(text), &version);
	if (root_has(GUEST_DEBUGFS) && !root_has(GUEST_MODULE) ?
	    check_patched() : check_guest_module(text, version))
		check_controllers();
}

enum status check(unsigned int what)
{
	if (geteuid())
		die(ST_PERMISSION,
		    "some of it is shown to root only: run this as root");
	if (!what)
		what = (is_host() ? CHECK_HOST : 0) | (is_guest() ? CHECK_GUEST : 0);
	if (!what)
		what = CHECK_HOST;
	all_works = true;
	if (what & CHECK_HOST)
		check_host();
	if (what == (CHECK_HOST | CHECK_GUEST))
		putchar('\n');
	if (what & CHECK_GUEST)
		check_guest();
	report_flush();
	return all_works ? ST_OK : ST_ERROR;
}
