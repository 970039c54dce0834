// SPDX-License-Identifier: GPL-2.0
/*
 * What is printed for programs: JSON, CSV, Prometheus' text.
 *
 * Names have no character that a string in these would want escaped: ranges.c and vms.c see
 * to it.
 */
#include <stdlib.h>
#include "pio-stat.h"

/* Those without @help have a meaning only to the ranking: Prometheus does not get them. */
static const struct {
	const char *name;
	size_t offset;
	const char *help;
} counters[] = {
#define COUNTER(name, help)	{ #name, offsetof(struct counts, name), help }
	COUNTER(exits, "Exits by the instruction itself."),
	COUNTER(calls, "Exits by hypercall."),
	COUNTER(accesses, NULL),
	COUNTER(reads, "Read accesses."),
	COUNTER(writes, "Write accesses."),
	COUNTER(in_kvm, "Accesses that KVM answered."),
	COUNTER(in_vmm, "Accesses that went on to the VMM."),
	COUNTER(native, NULL),
	COUNTER(by_call, "Accesses by a call of their own."),
	COUNTER(by_list, "Accesses as element of a list."),
	COUNTER(by_ring, NULL),
	COUNTER(exits_to_vmm, "Exits from KVM to the VMM."),
	COUNTER(string_exits, NULL),
	COUNTER(strings, NULL),
	COUNTER(decoded, NULL),
	COUNTER(write_runs, NULL),
	COUNTER(write_write, NULL),
	COUNTER(joinable, NULL),
	COUNTER(repeated, NULL),
	COUNTER(fallback, "Native accesses after others came by hypercall."),
	COUNTER(errors, "Calls that were refused."),
	COUNTER(commands, "Commands issued to a disk controller."),
	COUNTER(ns, NULL),
	COUNTER(gain_string_ns, NULL),
	COUNTER(gain_decode_ns, NULL),
#undef COUNTER
};

static u64 counter(const struct counts *c, size_t i)
{
	return *(const u64 *)((const char *)c + counters[i].offset);
}

/* --- JSON ------------------------------------------------------------------- */

static void json_counts(const struct counts *c)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		printf("\"%s\":%llu,", counters[i].name, counter(c, i));
	printf("\"gain_wait_ns\":%llu,\"gain_ns\":%llu", gain_wait(c), gain(c));
}

static void json_controller(const struct report *rep, const struct controller *ctl)
{
	const struct counts *c = &ctl->c;
	const char *separator = "";
	struct reasons reasons;
	size_t i;

	printf("{\"name\":\"%s\",", ctl->name);
	json_counts(c);
	if (c->commands)
		printf(",\"per_io\":{\"exits\":%.3f,\"calls\":%.3f,\"exits_to_vmm\":%.3f}",
		       ratio(c->exits, c->commands), ratio(c->calls, c->commands),
		       ratio(c->exits_to_vmm, c->commands));
	else
		printf(",\"per_io\":null");
	if (rep->census) {
		reasons_of(c, &reasons);
		printf(",\"reasons\":[");
		for (i = 0; i < reasons.n; i++)
			printf("%s\"%s\"", i ? "," : "", reasons.text[i]);
		printf("]");
	}
	printf(",\"ranges\":[");
	for (i = 0; i < n_ranges; i++) {
		const struct range *r = ranges[i];

		if (r->controller != ctl || !active(&r->c))
			continue;
		printf("%s{\"name\":\"%s\",\"space\":\"%s\",\"start\":%llu,\"end\":%llu,",
		       separator, r->name ? r->name : ctl->name,
		       r->mmio ? "mmio" : "pio", r->start, r->end);
		json_counts(&r->c);
		printf("}");
		separator = ",";
	}
	printf("]}");
}

void report_json(const struct report *rep)
{
	struct controller **list;
	size_t i, n = report_list(rep, &list);

	printf("{\"format\":1,\"mode\":\"%s\",\"seconds\":%.6f,\"source\":\"%s\",",
	       rep->census ? "census" : "live", rep->seconds,
	       rep->from_file ? "file" : "kernel");
	printf("\"kvm_hcall\":%s,\"lost\":%llu,\"events\":%llu,\"vms\":[",
	       source_has_kvm_hcall() ? "true" : "false", rep->lost, rep->events);
	for (i = 0; i < n_vms; i++)
		printf("%s%u", i ? "," : "", vms[i].pid);
	printf("],\"vm_names\":[");
	for (i = 0; i < n_vms; i++)
		printf("%s\"%s\"", i ? "," : "", vms[i].name ? vms[i].name : "");
	printf("],\"vcpus\":%zu,\"exits\":%llu,\"ns\":%llu,", n_vcpus,
	       totals.exits, totals.ns);
	printf("\"device_exits\":%llu,\"device_ns\":%llu,", totals.device_exits,
	       totals.device_ns);
	printf("\"enosys\":%llu,\"probes\":%llu,\"errors\":%llu,\"trip_ns\":%llu,",
	       totals.enosys, totals.probes, totals.errors, trip_ns());
	printf("\"other_exits\":{");
	for (i = 0; i < totals.n_other; i++)
		printf("%s\"%s\":{\"exits\":%llu,\"ns\":%llu}",
		       i ? "," : "",
		       reason_name(totals.other[i].isa, totals.other[i].reason),
		       totals.other[i].exits, totals.other[i].ns);
	printf("},\"controllers\":[");
	for (i = 0; i < n; i++) {
		printf("%s", i ? "," : "");
		json_controller(rep, list[i]);
	}
	printf("],\"host\":");
	if (host_stats_known) {
		for (i = 0; i < n_host_stats; i++)
			printf("%s\"%s\":%llu", i ? "," : "{",
			       host_stats[i].name, host_stats[i].delta);
		printf("}");
	} else {
		printf("null");
	}
	puts("}");
	free(list);
}

/* --- CSV -------------------------------------------------------------------- */

void report_csv(const struct report *rep)
{
	static bool begun;
	struct controller **list;
	size_t i, j, k, n = report_list(rep, &list);

	if (!begun) {
		printf("time,seconds,lost,controller,range,space,start,end");
		for (k = 0; k < ARRAY_SIZE(counters); k++)
			printf(",%s", counters[k].name);
		puts(",gain_wait_ns,gain_ns");
		begun = true;
	}
	for (i = 0; i < n; i++) {
		for (j = 0; j < n_ranges; j++) {
			const struct range *r = ranges[j];

			if (r->controller != list[i] || !active(&r->c))
				continue;
			printf("%.3f,%.6f,%llu,\"%s\",\"%s\",%s,%llu,%llu", rep->time,
			       rep->seconds, rep->lost, list[i]->name,
			       r->name ? r->name : list[i]->name, r->mmio ? "mmio" : "pio",
			       r->start, r->end);
			for (k = 0; k < ARRAY_SIZE(counters); k++)
				printf(",%llu", counter(&r->c, k));
			printf(",%llu,%llu\n", gain_wait(&r->c), gain(&r->c));
		}
	}
	free(list);
}

/* --- Prometheus ------------------------------------------------------------- */

static void metric(const char *name, const char *type, const char *help)
{
	printf("# HELP pio_stat_%s %s\n# TYPE pio_stat_%s %s\n", name, help, name, type);
}

static void total(const char *name, const char *help, u64 value)
{
	metric(name, "counter", help);
	printf("pio_stat_%s %llu\n", name, value);
}

/* A series of a range: names need not differ, addresses do. */
static void series(const char *name, const struct range *r)
{
	printf("pio_stat_%s{controller=\"%s\",range=\"%s\",space=\"%s\",addresses=\"%llx-%llx\"}",
	       name, r->controller->name, r->name ? r->name : r->controller->name,
	       r->mmio ? "mmio" : "pio", r->start, r->end);
}

static void range_metrics(void)
{
	char name[64];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		if (!counters[i].help)
			continue;
		snprintf(name, sizeof(name), "%s_total", counters[i].name);
		metric(name, "counter", counters[i].help);
		for (j = 0; j < n_ranges; j++) {
			if (!active(&ranges[j]->c))
				continue;
			series(name, ranges[j]);
			printf(" %llu\n", counter(&ranges[j]->c, i));
		}
	}
	metric("seconds_total", "counter", "Time that vCPUs spent outside the guest.");
	for (j = 0; j < n_ranges; j++) {
		if (!active(&ranges[j]->c))
			continue;
		series("seconds_total", ranges[j]);
		printf(" %.9f\n", ranges[j]->c.ns / 1e9);
	}
}

/* Those that have ended are left out: their counters will not change. */
static void vm_metrics(const struct report *rep)
{
	size_t i;

	metric("vm_exits_total", "counter", "Exits of a VM, for devices or not.");
	for (i = 0; i < n_vms; i++) {
		if (rep->from_file || vm_is(vms[i].pid) != VM_NO)
			printf("pio_stat_vm_exits_total{pid=\"%u\",name=\"%s\"} %llu\n",
			       vms[i].pid, vms[i].name ? vms[i].name : "", vms[i].exits);
	}
}

void report_prometheus(const struct report *rep)
{
	size_t i;

	range_metrics();
	vm_metrics(rep);
	metric("other_exits_total", "counter", "Exits for no device.");
	for (i = 0; i < totals.n_other; i++)
		printf("pio_stat_other_exits_total{isa=\"%s\",reason=\"%s\"} %llu\n",
		       totals.other[i].isa == ISA_SVM ? "svm" : "vmx",
		       reason_name(totals.other[i].isa, totals.other[i].reason),
		       totals.other[i].exits);
	total("unanswered_calls_total", "Calls that KVM itself answered with -ENOSYS.",
	      totals.enosys);
	total("lost_events_total", "Events that found no room: all else is too low then.",
	      rep->lost);
	metric("kvm_hcall_loaded", "gauge", "Whether the tracepoints of kvm_hcall exist.");
	printf("pio_stat_kvm_hcall_loaded %d\n", source_has_kvm_hcall());
	if (host_stats_known) {
		metric("kvm_hcall_total", "counter", "Counters of kvm_hcall, since it was loaded.");
		for (i = 0; i < n_host_stats; i++)
			printf("pio_stat_kvm_hcall_total{counter=\"%s\"} %llu\n",
			       host_stats[i].name, host_stats[i].value);
	}
	/* A comment to Prometheus, to others the end of what belongs together. */
	puts("# EOF");
}
