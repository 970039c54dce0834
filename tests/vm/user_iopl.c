// SPDX-License-Identifier: GPL-2.0
/*
 * Writing to /sys/kernel/debug/user_iopl gives the writer IOPL 3.
 *
 * For the test of port I/O from user space only.  QEMU's TCG takes a nested
 * guest's busy TSS for none at all and refuses what ioperm() and iopl() allow
 * (both work through the TSS); IOPL in RFLAGS it respects.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>

static ssize_t user_iopl_write(struct file *file, const char __user *buf,
			       size_t count, loff_t *pos)
{
	task_pt_regs(current)->flags |= X86_EFLAGS_IOPL;
	return count;
}

static const struct file_operations user_iopl_fops = {
	.owner = THIS_MODULE,
	.write = user_iopl_write,
};

static struct dentry *user_iopl_file;

static int __init user_iopl_init(void)
{
	user_iopl_file = debugfs_create_file("user_iopl", 0200, NULL, NULL,
					     &user_iopl_fops);
	return 0;
}

static void __exit user_iopl_exit(void)
{
	debugfs_remove(user_iopl_file);
}

module_init(user_iopl_init);
module_exit(user_iopl_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("IOPL 3 for a test program");
