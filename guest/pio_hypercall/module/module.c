// SPDX-License-Identifier: GPL-2.0
/*
 * The guest side for a kernel without the patches: requests of IDE (ata_piix) and
 * AHCI controllers by hypercall, from loading to unloading.  Of the transport only
 * what lists and strings need is in use; in and out elsewhere in the kernel stay
 * native, there is no pv_ops.io to take over.
 *
 * Unloading gives the controllers back, whatever is under way on them: see
 * pio_ata_exit().
 */
#define pr_fmt(fmt) "pio_hcall: " fmt

#include <linux/module.h>
#include "../ata/ata.h"
#include "../transport.h"

static int __init pio_hypercall_init(void)
{
	int err = pio_hcall_begin();

	if (err)
		return err;
	pio_hcall_stats_init();
	err = pio_ata_init();
	if (err)
		pio_hcall_exit();
	return err;
}

static void __exit pio_hypercall_exit(void)
{
	pio_ata_exit();
	pio_hcall_exit();
	pr_info("off: unloaded\n");
}

module_init(pio_hypercall_init);
module_exit(pio_hypercall_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("PIO hypercall kit maintainers");
MODULE_DESCRIPTION("KVM guest: requests of IDE and AHCI controllers by hypercall");
MODULE_VERSION(KIT_VERSION);
