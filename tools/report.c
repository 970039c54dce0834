// SPDX-License-Identifier: GPL-2.0
/*
 * What is told and in which order; as text: the live view, the census with its ranking.
 *
 * A reason in the ranking is a sentence about what was counted, with the figures in
 * it.  None is about a device by its name.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pio-stat.h"

struct host_stat host_stats[MAX_HOST_STATS];
size_t n_host_stats;
bool host_stats_known;
static bool host_stats_of_all;

/* Add the counters of a file to @sum. */
static bool host_stats_add(const char *path, u64 sum[MAX_HOST_STATS])
{
	FILE *f = fopen(path, "r");
	u64 value;
	char name[32];
	size_t i;

	if (!f)
		return false;
	while (fscanf(f, "%31s %llu", name, &value) == 2) {
		for (i = 0; i < n_host_stats && strcmp(host_stats[i].name, name); i++)
			;
		if (i == MAX_HOST_STATS)
			break;
		if (i == n_host_stats) {
			n_host_stats++;
			memcpy(host_stats[i].name, name, sizeof(name));
		}
		sum[i] += value;
	}
	fclose(f);
	return true;
}

/* Of a VM that has made no call there are none, of one that ended none any more. */
static void vm_stats_add(u32 pid, u64 sum[MAX_HOST_STATS])
{
	char path[PATH_MAX];
	glob_t found;
	size_t i;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%u-*/kvm_hcall", pid);
	if (glob(path, GLOB_NOSORT, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		host_stats_add(found.gl_pathv[i], sum);
	globfree(&found);
}

void host_stats_read(const u32 *pids, size_t n_pids)
{
	u64 sum[MAX_HOST_STATS] = { 0 }, none[MAX_HOST_STATS];
	static bool before;
	size_t i;

	host_stats_of_all = !n_pids;
	/* Even if only some VMs are wanted, it says what there is to be counted. */
	host_stats_known = host_stats_add("/sys/kernel/debug/kvm_hcall/stats",
					  n_pids ? none : sum);
	for (i = 0; i < n_pids; i++)
		vm_stats_add(pids[i], sum);
	for (i = 0; i < n_host_stats; i++) {
		/* Lower than before: the module was loaded anew, or a VM has ended. */
		host_stats[i].delta = !before ? 0 : sum[i] >= host_stats[i].value ?
				      sum[i] - host_stats[i].value : n_pids ? 0 : sum[i];
		host_stats[i].value = sum[i];
	}
	before = true;
}

static bool is_error_stat(const char *name)
{
	return !strncmp(name, "refused_", 8) || !strcmp(name, "dropped");
}

double ratio(u64 a, u64 b)
{
	return b ? (double)a / b : 0;
}

static u64 crossings(const struct counts *c)
{
	return c->exits + c->calls;
}

/* Set by sorted(): it is a look at hundreds of counters. */
static u64 trip;

u64 gain_wait(const struct counts *c)
{
	return c->gain_wait_ns + c->write_write * trip;
}

u64 gain(const struct counts *c)
{
	return c->gain_string_ns + c->gain_decode_ns + gain_wait(c);
}

/* --- sorting --------------------------------------------------------------- */

static u64 time_of(const struct counts *c)
{
	return c->ns;
}

static u64 to_vmm(const struct counts *c)
{
	return c->exits_to_vmm;
}

static u64 calls(const struct counts *c)
{
	return c->calls;
}

static u64 commands(const struct counts *c)
{
	return c->commands;
}

static const struct sort_key {
	const char *name;
	u64 (*value)(const struct counts *c);	/* the largest first; NULL: by name */
} sort_keys[] = {
	{ "time", time_of },
	{ "gain", gain },
	{ "exits", crossings },
	{ "calls", calls },
	{ "vmm", to_vmm },
	{ "ios", commands },
	{ "name", NULL },
};

enum { BY_TIME, BY_GAIN };

static const struct sort_key *asked_key, *sort_key;
static size_t top;

bool report_sort(const char *key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sort_keys); i++) {
		if (!strcmp(sort_keys[i].name, key)) {
			asked_key = &sort_keys[i];
			return true;
		}
	}
	return false;
}

bool report_sort_letter(int letter)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sort_keys); i++) {
		if (sort_keys[i].name[0] == letter)
			return report_sort(sort_keys[i].name);
	}
	return false;
}

void report_top(size_t n)
{
	top = n;
}

const char *report_sort_keys(void)
{
	return "time, gain, exits, calls, vmm, ios, name";
}

static int compare(const void *a, const void *b)
{
	const struct controller *x = *(struct controller * const *)a;
	const struct controller *y = *(struct controller * const *)b;
	u64 p = sort_key->value ? sort_key->value(&x->c) : 0;
	u64 q = sort_key->value ? sort_key->value(&y->c) : 0;

	if (p != q)
		return p < q ? 1 : -1;
	if (sort_key->value && x->c.ns != y->c.ns)
		return x->c.ns < y->c.ns ? 1 : -1;
	return strcmp(x->name, y->name);
}

bool active(const struct counts *c)
{
	return crossings(c) || c->accesses || c->errors;
}

static size_t sorted(struct controller ***list, const struct sort_key *key)
{
	size_t i, n = 0;

	trip = trip_ns();
	*list = xrealloc(NULL, (n_controllers + 1) * sizeof(**list));
	for (i = 0; i < n_controllers; i++)
		memset(&controllers[i]->c, 0, sizeof(controllers[i]->c));
	for (i = 0; i < n_ranges; i++)
		counts_add(&ranges[i]->controller->c, &ranges[i]->c);
	for (i = 0; i < n_controllers; i++) {
		if (active(&controllers[i]->c))
			(*list)[n++] = controllers[i];
	}
	sort_key = key;
	qsort(*list, n, sizeof(**list), compare);
	return n;
}

/* How many of @n are shown. */
static size_t shown(size_t n)
{
	return top && top < n ? top : n;
}

size_t report_list(const struct report *rep, struct controller ***list)
{
	const struct sort_key *key = &sort_keys[BY_TIME];

	/* A program that reads a census wants what the ranking has. */
	if (rep->census && rep->format != FORMAT_TEXT)
		key = &sort_keys[BY_GAIN];
	return shown(sorted(list, asked_key ? asked_key : key));
}

/* --- reasons --------------------------------------------------------------- */

static void __printf(2, 3) reason(struct reasons *r, const char *fmt, ...)
{
	va_list args;

	if (r->n == MAX_REASONS)
		return;
	va_start(args, fmt);
	vsnprintf(r->text[r->n++], sizeof(r->text[0]), fmt, args);
	va_end(args);
}

static double us(u64 ns, u64 n)
{
	return ratio(ns, n) / 1000;
}

/*
 * Bounds below which something is not worth a line: one crossing of a hundred, a tenth
 * of the accesses.  Those that speak for most of them: nine of ten, and a half.
 */
void reasons_of(const struct counts *c, struct reasons *r)
{
	u64 n = crossings(c), rest;

	r->n = 0;
	if (c->string_exits * 100 >= n && c->string_exits > 0) {
		if (c->string_exits > c->strings)
			reason(r,
			       "string I/O: %llu exits for %llu strings, %.1f each: a call carries a string in one",
			       c->string_exits, c->strings,
			       ratio(c->string_exits, c->strings));
		else
			reason(r, "string I/O: %llu strings, one exit each already",
			       c->strings);
	}
	if (c->decoded * 100 >= n && c->decoded > 0)
		reason(r,
		       "%llu of %llu exits had KVM decode an instruction, after %.1f us on average: a call names the register",
		       c->decoded, n, us(c->gain_decode_ns, c->decoded));
	if (c->write_write * 100 >= n && c->write_write > 0)
		reason(r,
		       "%llu of %llu writes went to the VMM right behind another one, in runs of %.1f: a list, or posted writes, carry a run in one exit",
		       c->write_write, c->writes,
		       1 + ratio(c->write_write, c->write_runs));
	if (c->joinable * 2 >= n && c->joinable > c->write_write)
		reason(r,
		       "%llu of %llu exits came right behind one for the same device: a list carries them in one crossing, but reads go to the VMM one by one",
		       c->joinable, n);
	if (c->by_list * 10 >= c->accesses && c->by_list > 0)
		reason(r, "lists carry %.0f %% of the accesses already, in %llu calls",
		       100 * ratio(c->by_list, c->accesses), c->calls);
	if (c->fallback > 0)
		reason(r, "%llu accesses were native although others came by call",
		       c->fallback);
	/* A register just read says nothing new to a list: the device has to get there. */
	if (c->repeated * 10 >= n && c->repeated > 0)
		reason(r,
		       "%.0f %% of the reads repeat the one before (polling): the wait is the device's, less of it comes by interrupt only",
		       100 * ratio(c->repeated, c->reads));
	if (c->in_kvm * 10 >= c->accesses * 9 && c->accesses > 0) {
		reason(r, "%.0f %% of the accesses end in KVM, %.1f us each: %s",
		       100 * ratio(c->in_kvm, c->accesses), us(c->ns, c->accesses),
		       c->decoded * 2 > n ? "the decode is all a call saves" :
		       "a single call is not cheaper than the exit");
		return;
	}
	rest = n - c->write_write - (c->string_exits - c->strings);
	if (c->in_vmm * 2 >= c->accesses && rest * 2 >= n &&
	    c->by_list * 2 < c->accesses)
		reason(r,
		       "%.0f %% of the accesses go on to the VMM, %.0f %% of them reads: a call each saves nothing there, only fewer of them help",
		       100 * ratio(c->in_vmm, c->accesses),
		       100 * ratio(c->reads, c->accesses));
}

/* --- text ------------------------------------------------------------------- */

#define COLUMNS		80

void print_wrapped(const char *first, const char *rest, const char *text)
{
	size_t column = printf("%s", first), start = column, len;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		len = strcspn(text, " ");
		if (column > start && column + 1 + len > COLUMNS) {
			start = printf("\n%s", rest) - 1;
			column = start;
		}
		column += printf("%s%.*s", column > start ? " " : "", (int)len, text);
		text += len;
	}
	putchar('\n');
}

/* A line that grows, for print_wrapped(). */
struct line {
	char text[8192];
	size_t len;
};

static void __printf(2, 3) add(struct line *line, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line->text + line->len, sizeof(line->text) - line->len, fmt, args);
	va_end(args);
	line->len += len;
	if (line->len >= sizeof(line->text))
		line->len = sizeof(line->text) - 1;
}

static void heading(const struct report *rep)
{
	struct line line = { .len = 0 }, list = { .len = 0 };
	size_t i, n = 0;

	/* In a live view others come and go. */
	for (i = 0; i < n_vms; i++) {
		if (vms[i].exits)
			add(&list, "%s %u%s%s", n++ ? "," : "", vms[i].pid,
			    vms[i].name && *vms[i].name ? " " : "",
			    vms[i].name ? vms[i].name : "");
	}
	if (rep->census)
		add(&line, "census of %.3f s", rep->seconds);
	else
		add(&line, "pio-stat, %.1f s", rep->seconds);
	if (n == 1)
		add(&line, ", VM%s", list.text);
	else if (n)
		add(&line, ", %zu VMs", n);
	add(&line, ", %zu vCPU%s; ", n_vcpus, n_vcpus == 1 ? "" : "s");
	add(&line, "%llu exits, %llu for devices, of %.3f s of their time",
	    totals.exits, totals.device_exits, totals.device_ns / 1e9);
	if (rep->paused)
		add(&line, "; PAUSED: p goes on");
	else if (rep->keys)
		add(&line, "; h: help");
	print_wrapped("", "  ", line.text);
	if (n > 1) {
		add(&list, "%s", rep->census ? " (--pid takes some of them)" : "");
		print_wrapped("VMs: ", "  ", list.text);
	}
}

/* In a column of five, behind a space: with @digits behind the point, or fewer, or rounded. */
static void figure(double value, int digits)
{
	static const char unit[] = "kMGTPE";
	char text[32];
	size_t i;

	for (; digits >= 0; digits--) {
		if (snprintf(text, sizeof(text), "%.*f", digits, value) <= 5) {
			printf(" %5s", text);
			return;
		}
	}
	for (i = 0; unit[i]; i++) {
		value /= 1000;
		if (snprintf(text, sizeof(text), "%.1f%c", value, unit[i]) <= 5 ||
		    snprintf(text, sizeof(text), "%.0f%c", value, unit[i]) <= 4)
			break;
	}
	printf(" %5s", text);
}

static void row(const struct report *rep, const char *name, int indent,
		const struct counts *c)
{
	double per = rep->census ? 1 : rep->seconds;

	printf("%*s%-*.*s", indent, "", 19 - indent, 19 - indent, name);
	figure(c->exits / per, 0);
	figure(c->calls / per, 0);
	figure(c->in_kvm / per, 0);
	figure(c->in_vmm / per, 0);
	figure(c->exits_to_vmm / per, 0);
	figure(c->ns / 1e6 / per, 1);
	/* What is accessed only in lists that begin elsewhere has no exit of its own. */
	if (crossings(c))
		figure(us(c->ns, crossings(c)), 2);
	else
		printf("     -");
	if (c->commands) {
		figure(c->commands / per, 0);
		figure(ratio(crossings(c), c->commands), 2);
		putchar(' ');
		figure(ratio(c->exits_to_vmm, c->commands), 2);
	}
	putchar('\n');
}

static void table(const struct report *rep)
{
	struct controller **list;
	size_t i, j, n = report_list(rep, &list);

	printf("%-19s exits calls inKVM inVMM toVMM    ms us/ex  I/Os  x/IO VMM/IO\n",
	       rep->census ? "all of it" : "per second");
	for (i = 0; i < n; i++) {
		row(rep, list[i]->name, 0, &list[i]->c);
		for (j = 0; j < n_ranges; j++) {
			if (ranges[j]->controller == list[i] && ranges[j]->name &&
			    active(&ranges[j]->c))
				row(rep, ranges[j]->name, 2, &ranges[j]->c);
		}
	}
	/* Seldom any: not worth columns. */
	for (i = 0; i < n; i++) {
		const struct counts *c = &list[i]->c;
		struct line line = { .len = 0 };

		if (!c->fallback && !c->errors)
			continue;
		add(&line, "%s:", list[i]->name);
		if (c->fallback)
			add(&line, " %llu native accesses after calls (fallback)", c->fallback);
		if (c->errors)
			add(&line, "%s %llu calls refused (errors)", c->fallback ? "," : "",
			    c->errors);
		print_wrapped("", "  ", line.text);
	}
	free(list);
}

static void remarks(const struct report *rep)
{
	struct line line = { .len = 0 };
	size_t i;

	for (i = 0; i < totals.n_other; i++)
		add(&line, "%s %s %llu", i ? "," : "",
		    reason_name(totals.other[i].isa, totals.other[i].reason),
		    totals.other[i].exits);
	if (totals.n_other)
		print_wrapped("other exits: ", "  ", line.text);
	if (totals.enosys)
		printf("calls that nobody answered (-ENOSYS), so that guests stay native: %llu\n",
		       totals.enosys);
	if (totals.errors)
		printf("calls refused that name no register: %llu\n",
		       totals.errors);
	line.len = 0;
	for (i = 0; host_stats_known && i < n_host_stats; i++) {
		if (is_error_stat(host_stats[i].name) && host_stats[i].delta)
			add(&line, "%s %s %llu", line.len ? "," : "", host_stats[i].name,
			    host_stats[i].delta);
	}
	if (line.len)
		print_wrapped(host_stats_of_all ? "kvm_hcall, all VMs: " : "kvm_hcall: ", "  ",
			      line.text);
	if (rep->lost) {
		line.len = 0;
		add(&line, "%llu events found no room, all figures are too low: %s",
		    rep->lost, rep->from_file ? "record with a larger buffer" :
		    "use a larger --buffer");
		print_wrapped("LOST: ", "  ", line.text);
	}
}

static void ranking(void)
{
	struct controller **list;
	size_t i, j, rank = 0, n = sorted(&list, &sort_keys[BY_GAIN]);
	struct reasons r;

	puts("\nwhat would gain most: share of the time for devices that the same accesses\n"
	     "would save by calls, lists and posted writes; drivers that need fewer of them\n"
	     "save more");
	if (trip)
		printf("(an exit to the VMM that is not made counts %.1f us, as the fastest tenth\n"
		       "of them)\n", trip / 1e3);
	for (i = 0; i < n; i++) {
		const struct counts *c = &list[i]->c;

		/* The tail is not worth reading. */
		if (rank == shown(n))
			break;
		if (c->ns * 1000 < totals.device_ns)
			continue;
		reasons_of(c, &r);
		printf("%3zu. %s: %.1f %% (it costs %.1f %%)\n", ++rank, list[i]->name,
		       100 * ratio(gain(c), totals.device_ns),
		       100 * ratio(c->ns, totals.device_ns));
		for (j = 0; j < r.n; j++)
			print_wrapped("     - ", "       ", r.text[j]);
	}
	free(list);
}

void report_flush(void)
{
	if (fflush(stdout) || ferror(stdout))
		die(ST_ERROR, "standard output: %s", strerror(errno));
}

void report(const struct report *rep)
{
	switch (rep->format) {
	case FORMAT_JSON:
		report_json(rep);
		break;
	case FORMAT_CSV:
		report_csv(rep);
		break;
	case FORMAT_PROMETHEUS:
		report_prometheus(rep);
		break;
	case FORMAT_TEXT:
		if (rep->screen)
			screen_begin();
		heading(rep);
		table(rep);
		remarks(rep);
		if (rep->census)
			ranking();
		else if (!rep->screen)
			putchar('\n');
		if (rep->screen)
			screen_end();
		break;
	}
	report_flush();
}
