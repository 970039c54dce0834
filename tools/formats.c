// SPDX-License-Identifier: GPL-2.0
/*
 * What is printed for programs: JSON, CSV.
 *
 * Names have no character that a string in these would want escaped: ranges.c and vms.c see
 * to it.
 */
#include <stdlib.h>
#include "pio-stat.h"

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
#define COUNTER(name)	{ #name, offsetof(struct counts, name) }
	COUNTER(exits),
	COUNTER(calls),
	COUNTER(accesses),
	COUNTER(reads),
	COUNTER(writes),
	COUNTER(in_kvm),
	COUNTER(in_vmm),
	COUNTER(native),
	COUNTER(by_call),
	COUNTER(by_list),
	COUNTER(by_ring),
	COUNTER(exits_to_vmm),
	COUNTER(string_exits),
	COUNTER(strings),
	COUNTER(decoded),
	COUNTER(write_runs),
	COUNTER(write_write),
	COUNTER(joinable),
	COUNTER(repeated),
	COUNTER(fallback),
	COUNTER(errors),
	COUNTER(commands),
	COUNTER(ns),
	COUNTER(gain_string_ns),
	COUNTER(gain_decode_ns),
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
	printf("\"kvm_hcall\":%s,\"lost\":%llu,\"vms\":[",
	       source_has_kvm_hcall() ? "true" : "false", rep->lost);
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
