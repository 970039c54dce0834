// SPDX-License-Identifier: GPL-2.0
/*
 * Names of ports and addresses.
 *
 * A name is CONTROLLER/PART, or CONTROLLER alone.  Who names a range first wins:
 * options, then the file, then the table of what PCs have had for long; what
 * nobody named gets a name by its address.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pio-stat.h"

struct range **ranges;
size_t n_ranges;
struct controller **controllers;
size_t n_controllers;

/* Of those without a name; a guest that touches more has gone astray. */
#define MAX_RANGES	1024

static const struct {
	bool mmio;
	u64 start, end;
	const char *name;
} builtin[] = {
	{ false, 0x0000, 0x001f, "dma/1" },
	{ false, 0x0020, 0x0021, "pic/master" },
	{ false, 0x0040, 0x0043, "pit/timer" },
	{ false, 0x0060, 0x0060, "i8042/data" },
	{ false, 0x0061, 0x0061, "pit/speaker" },
	{ false, 0x0064, 0x0064, "i8042/command" },
	{ false, 0x0070, 0x0071, "rtc" },
	{ false, 0x0080, 0x0080, "post" },
	{ false, 0x0081, 0x008f, "dma/page" },
	{ false, 0x0092, 0x0092, "a20" },
	{ false, 0x00a0, 0x00a1, "pic/slave" },
	{ false, 0x00b2, 0x00b3, "smi" },
	{ false, 0x00c0, 0x00df, "dma/2" },
	{ false, 0x00e9, 0x00e9, "debugcon/e9" },
	{ false, 0x00f0, 0x00ff, "fpu" },
	{ false, 0x0170, 0x0177, "ide/task1" },
	{ false, 0x01ce, 0x01d1, "vga/vbe" },
	{ false, 0x01f0, 0x01f7, "ide/task0" },
	{ false, 0x0278, 0x027a, "parallel/1" },
	{ false, 0x02e8, 0x02ef, "serial/3" },
	{ false, 0x02f8, 0x02ff, "serial/1" },
	{ false, 0x0376, 0x0376, "ide/control1" },
	{ false, 0x0378, 0x037a, "parallel/0" },
	{ false, 0x03b0, 0x03df, "vga/ports" },
	{ false, 0x03e8, 0x03ef, "serial/2" },
	{ false, 0x03f0, 0x03f5, "floppy" },
	{ false, 0x03f6, 0x03f6, "ide/control0" },
	{ false, 0x03f7, 0x03f7, "floppy/dir" },
	{ false, 0x03f8, 0x03ff, "serial/0" },
	{ false, 0x0402, 0x0402, "debugcon" },
	{ false, 0x04d0, 0x04d1, "pic/elcr" },
	{ false, 0x0505, 0x0505, "pvpanic" },
	{ false, 0x0510, 0x051b, "fw_cfg" },
	{ false, 0x0600, 0x063f, "acpi/pm" },
	{ false, 0x0700, 0x073f, "smbus" },
	{ false, 0x0cd8, 0x0ce3, "acpi/cpu-hotplug" },
	{ false, 0x0cf8, 0x0cff, "pci-config" },
	{ false, 0x5658, 0x5659, "vmport" },
	{ false, 0xae00, 0xae17, "acpi/pci-hotplug" },
	{ false, 0xaf00, 0xaf1f, "acpi/cpu-hotplug" },
	{ false, 0xafe0, 0xafe3, "acpi/gpe" },
	{ true, 0x000a0000, 0x000bffff, "vga/memory" },
	{ true, 0x000c0000, 0x000fffff, "rom" },
	{ true, 0xfec00000, 0xfec00fff, "ioapic" },
	{ true, 0xfed00000, 0xfed003ff, "hpet" },
	{ true, 0xfed40000, 0xfed44fff, "tpm" },
	{ true, 0xfee00000, 0xfee00fff, "lapic" },
};

void counts_add(struct counts *to, const struct counts *from)
{
	const u64 *f = (const u64 *)from;
	u64 *t = (u64 *)to;
	size_t i;

	for (i = 0; i < N_COUNTS; i++)
		t[i] += f[i];
}

static struct controller *controller_get(const char *name, size_t len)
{
	struct controller *c;
	size_t i;

	for (i = 0; i < n_controllers; i++) {
		c = controllers[i];
		if (!strncmp(c->name, name, len) && !c->name[len])
			return c;
	}
	c = xrealloc(NULL, sizeof(*c));
	memset(c, 0, sizeof(*c));
	c->name = xstrdup(name);
	c->name[len] = '\0';
	controllers = xrealloc(controllers, (n_controllers + 1) * sizeof(*controllers));
	controllers[n_controllers++] = c;
	return c;
}

/* Which register starts an I/O follows from the name: ranges.c's own or the user's. */
static enum command_register command_of(const struct range *r)
{
	if (!r->mmio && r->name && !strncmp(r->name, "task", 4))
		return CMD_IDE;
	if (r->mmio && !strncmp(r->controller->name, "ahci", 4))
		return CMD_AHCI;
	return CMD_NONE;
}

static struct range *range_add(bool mmio, u64 start, u64 end,
			       const char *name)
{
	const char *slash = strchr(name, '/');
	struct range *r = xrealloc(NULL, sizeof(*r));

	memset(r, 0, sizeof(*r));
	r->controller = controller_get(name, slash ? (size_t)(slash - name) :
					       strlen(name));
	if (slash)
		r->name = xstrdup(slash + 1);
	r->mmio = mmio;
	r->start = start;
	r->end = end;
	r->command = command_of(r);
	ranges = xrealloc(ranges, (n_ranges + 1) * sizeof(*ranges));
	ranges[n_ranges++] = r;
	return r;
}

static bool name_ok(const char *name, size_t len)
{
	size_t i;

	if (!len || name[0] == '/' || name[len - 1] == '/')
		return false;
	for (i = 0; i < len; i++) {
		if (!isgraph((unsigned char)name[i]) || name[i] == '"' ||
		    name[i] == '\\')
			return false;
	}
	return true;
}

/* START-END or one number; hexadecimal, with 0x or without, as in /proc/ioports. */
static bool parse_span(const char *s, bool mmio, u64 *start, u64 *end)
{
	char *p;

	if (!isxdigit((unsigned char)*s))
		return false;
	errno = 0;
	*start = strtoull(s, &p, 16);
	*end = *start;
	if (*p == '-') {
		if (!isxdigit((unsigned char)p[1]))
			return false;
		*end = strtoull(p + 1, &p, 16);
	}
	return !errno && !*p && *end >= *start && (mmio || *end <= 0xffff);
}

void range_option(bool mmio, const char *arg)
{
	const char *option = mmio ? "--mmio" : "--range";
	const char *eq = strrchr(arg, '=');
	u64 start, end;
	char *name;

	if (!eq || !name_ok(arg, eq - arg) || !parse_span(eq + 1, mmio, &start, &end))
		die(ST_USAGE, "%s '%s': not NAME=START-END, hexadecimal%s, like %s",
		    option, arg, mmio ? "" : ", ports up to ffff",
		    mmio ? "ahci/bar5=febf1000-febf1fff" : "ide/bmdma=c080-c08f");
	name = xstrdup(arg);
	name[eq - arg] = '\0';
	range_add(mmio, start, end, name);
	free(name);
}

void range_file(const char *path)
{
	char line[512], space[8], span[64], name[256];
	FILE *f = fopen(path, "r");
	unsigned int number = 0;
	u64 start, end;
	bool mmio;

	if (!f)
		die(ST_INPUT, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		number++;
		line[strcspn(line, "#\r\n")] = '\0';
		if (!line[strspn(line, " \t")])
			continue;
		if (sscanf(line, "%7s %63s %255s", space, span, name) != 3 ||
		    (strcmp(space, "pio") && strcmp(space, "mmio")))
			goto bad;
		mmio = space[0] == 'm';
		if (!parse_span(span, mmio, &start, &end) ||
		    !name_ok(name, strlen(name)))
			goto bad;
		range_add(mmio, start, end, name);
	}
	fclose(f);
	return;

bad:
	die(ST_INPUT,
	    "%s:%u: not 'pio|mmio START-END NAME': run 'pio-stat ranges' in the guest to make such a file",
	    path, number);
}

void range_builtin(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(builtin); i++)
		range_add(builtin[i].mmio, builtin[i].start, builtin[i].end,
			  builtin[i].name);
}

struct range *range_find(bool mmio, u64 addr)
{
	static struct range *rest[2];
	struct range *r;
	char name[64];
	size_t i;

	for (i = 0; i < n_ranges; i++) {
		r = ranges[i];
		if (r->mmio == mmio && r->start <= addr && addr <= r->end)
			return r;
	}
	if (n_ranges >= MAX_RANGES) {
		if (!rest[mmio])
			rest[mmio] = range_add(mmio, 1, 0, mmio ? "mmio-rest" :
								  "ports-rest");
		return rest[mmio];
	}
	/* As much as the smallest BAR of any use; a page of memory space. */
	if (mmio) {
		addr &= ~0xfffULL;
		snprintf(name, sizeof(name), "mmio-%llx", addr);
		return range_add(true, addr, addr | 0xfff, name);
	}
	addr &= ~0xfULL;
	snprintf(name, sizeof(name), "ports-%04llx", addr);
	return range_add(false, addr, addr | 0xf, name);
}

/* --- pio-stat ranges ------------------------------------------------------- */

/* IORESOURCE_IO and _MEM, as the kernel's file `resource' has them. */
#define RES_IO		0x100
#define RES_MEM		0x200

/* IDE's BARs are those of the two channels, then bus mastering. */
static void part_name(char *part, size_t size, unsigned long class, int bar)
{
	static const char * const ide[] = {
		"task0", "control0", "task1", "control1", "bmdma"
	};

	if (class >> 8 == 0x0101 && bar < 5)
		snprintf(part, size, "%s", ide[bar]);
	else
		snprintf(part, size, "bar%d", bar);
}

static void print_device(const char *bdf)
{
	char path[PATH_MAX], target[PATH_MAX], line[256], part[16];
	unsigned long long start, end, flags;
	const char *driver = "pci";
	unsigned long class = 0;
	ssize_t len;
	FILE *f;
	int bar;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", bdf);
	f = fopen(path, "r");
	if (f) {
		if (fgets(line, sizeof(line), f))
			class = strtoul(line, NULL, 16);
		fclose(f);
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		driver = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	f = fopen(path, "r");
	if (!f)
		return;
	for (bar = 0; bar < 6 && fgets(line, sizeof(line), f); bar++) {
		if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) != 3 ||
		    !(flags & (RES_IO | RES_MEM)))
			continue;
		part_name(part, sizeof(part), class, bar);
		printf("%s %llx-%llx %s@%s/%s\n", flags & RES_IO ? "pio" : "mmio",
		       start, end, driver,
		       strncmp(bdf, "0000:", 5) ? bdf : bdf + 5, part);
	}
	fclose(f);
}

/* ACPI's registers are where the firmware puts them, and no PCI device's BARs. */
static void print_acpi(void)
{
	FILE *f = fopen("/proc/ioports", "r");
	unsigned long long start, end;
	char line[256], *name, *p;

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		name = strstr(line, " : ACPI ");
		if (!name || sscanf(line, "%llx-%llx", &start, &end) != 2)
			continue;
		name += strlen(" : ACPI ");
		name[strcspn(name, "\n")] = '\0';
		for (p = name; *p; p++)
			*p = *p == ' ' ? '-' : tolower((unsigned char)*p);
		printf("pio %llx-%llx acpi/%s\n", start, end, name);
	}
	fclose(f);
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

void range_print_own(void)
{
	struct dirent **list;
	int i, n;

	/* To others the kernel shows zeroes. */
	if (geteuid())
		die(ST_PERMISSION, "addresses are shown to root only: run this as root");
	puts("# by pio-stat ranges, in the guest; for pio-stat --ranges on its host");
	print_acpi();
	n = scandir("/sys/bus/pci/devices", &list, not_hidden, alphasort);
	for (i = 0; i < n; i++) {
		print_device(list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}
