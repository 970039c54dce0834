// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ratelimit.h>
#include "flush.h"

/* A VMM may be carrying out the ring just then, and leave ours to that thread. */
#define FLUSH_TRIES		8

/* To the port of the firmware's diagnostic codes: nobody minds a write. */
const struct pio_hcall_access hcall_flush_post_code = {
	.op = PIO_HCALL_OP_WRITE, .space = PIO_HCALL_SPACE_PIO, .size = 1, .addr = 0x80,
};

/*
 * Not flushed: is it of no use to ask again?  If so, writes that are still in the ring are
 * carried out later than they should be, if ever.
 */
bool hcall_flush_given_up(struct hcall_flush *flush)
{
	if (++flush->tries < FLUSH_TRIES)
		return false;
	if (flush->use == HCALL_FLUSH_WORKS)
		pr_warn_ratelimited("userspace does not carry out the coalescing ring any more: writes go one by one\n");
	flush->use = HCALL_FLUSH_REFUSED;
	flush->tries = 0;
	return true;
}

/*
 * The exit in which userspace carries out the ring.  It reads that port, and nobody wants the
 * value, so KVM need not be asked: of its devices there is only the zone, which is for writes.
 */
void hcall_flush_exit(struct kvm_run *run)
{
	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = KVM_EXIT_IO_IN;
	run->io.size = 1;
	run->io.port = PCI_CONFIG_ADDRESS;
	run->io.count = 1;
	run->io.data_offset = KVM_PIO_PAGE_OFFSET * PAGE_SIZE;
}
