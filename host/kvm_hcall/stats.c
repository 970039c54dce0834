// SPDX-License-Identifier: GPL-2.0
#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/seq_file.h>
#include "stats.h"

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
	u64 sum[HCALL_STATS];
	int stat;

	hcall_stats_sum(m->private, sum);
	for (stat = 0; stat < HCALL_STATS; stat++)
		seq_printf(m, "%s %llu\n", stat_names[stat], sum[stat]);
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

/*
 * In KVM's directory of the VM, which KVM removes before it destroys the vCPUs: so the file is
 * gone before the last record is, and the module after that.
 */
void hcall_stats_add_vm(struct kvm *kvm)
{
	debugfs_create_file(KBUILD_MODNAME, 0444, kvm->debugfs_dentry, kvm, &stats_fops);
}
