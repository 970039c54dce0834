#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# dracut's init reads this into its own shell.
/usr/lib/pio-hypercall/load
