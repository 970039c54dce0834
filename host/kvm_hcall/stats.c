// SPDX-License-Identifier: GPL-2.0
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include "stats.h"

DEFINE_PER_CPU(u64[HCALL_STATS], hcall_stats);

static const char * const stat_names[HCALL_STATS] = {
	[HCALL_STAT_PROBE]		= "calls_probe",
	[HCALL_STAT_IN]			= "calls_in",
	[HCALL_STAT_OUT]		= "calls_out",
	[HCALL_STAT_INS]		= "calls_ins",
	[HCALL_STAT_OUTS]		= "calls_outs",
	[HCALL_STAT_READ]		= "calls_read",
	[HCALL_STAT_WRITE]		= "calls_write",
	[HCALL_STAT_BATCH]		= "calls_batch",
	[HCALL_STAT_ELEMENTS]		= "batch_elements",
	[HCALL_STAT_IN_KVM]		= "handled_in_kvm",
	[HCALL_STAT_TO_USERSPACE]	= "sent_to_userspace",
	[HCALL_STAT_COALESCED]		= "coalesced_writes",
	[HCALL_STAT_FLUSHES]		= "coalesced_flushes",
	[HCALL_STAT_STRING_BYTES]	= "string_bytes",
	[HCALL_STAT_REFUSED_CPL]	= "refused_cpl",
	[HCALL_STAT_REFUSED_RESERVED]	= "refused_reserved",
	[HCALL_STAT_REFUSED_SIZE]	= "refused_size",
	[HCALL_STAT_REFUSED_PORT]	= "refused_port",
	[HCALL_STAT_REFUSED_ADDRESS]	= "refused_address",
	[HCALL_STAT_REFUSED_MEMORY]	= "refused_memory",
	[HCALL_STAT_REFUSED_COUNT]	= "refused_count",
	[HCALL_STAT_REFUSED_BUFFER]	= "refused_buffer",
	[HCALL_STAT_REFUSED_DISABLED]	= "refused_disabled",
	[HCALL_STAT_REFUSED_GROUP]	= "refused_group",
	[HCALL_STAT_REFUSED_NOMEM]	= "refused_nomem",
	[HCALL_STAT_DROPPED]		= "dropped",
	[HCALL_STAT_MIRRORED]		= "mirrored_reads",
};

static struct dentry *debugfs_dir;

static int stats_show(struct seq_file *m, void *unused)
{
	int stat, cpu;

	for (stat = 0; stat < HCALL_STATS; stat++) {
		u64 sum = 0;

		for_each_possible_cpu(cpu)
			sum += per_cpu(hcall_stats, cpu)[stat];
		seq_printf(m, "%s %llu\n", stat_names[stat], sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

void hcall_stats_init(void)
{
	debugfs_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("stats", 0444, debugfs_dir, NULL, &stats_fops);
}

void hcall_stats_exit(void)
{
	debugfs_remove_recursive(debugfs_dir);
}
