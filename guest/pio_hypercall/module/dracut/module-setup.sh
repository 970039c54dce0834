#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# dracut's hook and script, as initramfs/hook: the module, if this kernel has it, and in
# any case what loads it before udev looks for disks.

installkernel() {
	# Also if the machine that makes the initramfs has not loaded it.
	hostonly='' instmods pio_hypercall
}

install() {
	inst_multiple modprobe /usr/lib/pio-hypercall/load
	# shellcheck disable=SC2154 # dracut sets moddir
	inst_hook pre-udev 10 "$moddir/load.sh"
}
