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

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pio_hypercall.h>
#include "../ata/ata.h"
#include "../list_device.h"
#include "../transport.h"

u32 pio_hcall_features __ro_after_init;

static int __init pio_hypercall_init(void)
{
	struct pio_hcall_host host;
	const char *why;
	int err;

	why = pio_hcall_probe(&host);
	if (!why && !(host.features & PIO_HCALL_F_BATCH))
		why = "the host offers no batches";
	if (!why) {
		pio_hcall_features = host.features;
		pr_info("on: ABI %u, features 0x%x (IDE%s controllers)\n", host.version,
			pio_hcall_features,
			pio_hcall_features & PIO_HCALL_F_MMIO ? " and AHCI" : "");
	} else if (!pio_list_instead()) {
		pr_warn("off: %s\n", why);
		return -ENODEV;
	}
	pio_hcall_stats_init();
	err = pio_list_init();
	if (err)
		goto exit;
	err = pio_ata_init();
	if (err)
		goto list_exit;
	return 0;

list_exit:
	pio_list_exit();
exit:
	pio_hcall_exit();
	return err;
}

static void __exit pio_hypercall_exit(void)
{
	pio_ata_exit();
	pio_list_exit();
	pio_hcall_exit();
	pr_info("off: unloaded\n");
}

module_init(pio_hypercall_init);
module_exit(pio_hypercall_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("PIO hypercall kit maintainers");
MODULE_DESCRIPTION("KVM guest: requests of IDE and AHCI controllers by hypercall");
MODULE_VERSION(KIT_VERSION);
