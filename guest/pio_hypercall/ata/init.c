// SPDX-License-Identifier: GPL-2.0
/* As part of a kernel that has the transport built in. */
#include <linux/init.h>
#include <linux/module.h>
#include "ata.h"

fs_initcall(pio_ata_init);	/* built in: before the drivers */
module_exit(pio_ata_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("ATA requests by hypercall on KVM");
