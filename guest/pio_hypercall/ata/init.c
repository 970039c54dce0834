// SPDX-License-Identifier: GPL-2.0
/* As part of a kernel that has the transport built in. */
#include <linux/init.h>
#include <linux/module.h>
#include "ata.h"

/* Of this file's own: a module's init is an alias, which its target must be with. */
static int __init ata_init(void)
{
	return pio_ata_init();
}
fs_initcall(ata_init);		/* built in: before the drivers */

static void __exit ata_exit(void)
{
	pio_ata_exit();
}
module_exit(ata_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("ATA requests by hypercall on KVM");
