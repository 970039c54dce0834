# SPDX-License-Identifier: GPL-2.0
#
# What is wrong with a boot's runs (run.jq's output): figures that contradict what was to
# be measured.

"\(.job)" as $run |
(if .ios == 0 or .counted.ios == 0 then "\($run): fio did no I/O" else empty end),
(if .mode == "native" and .per_io.hypercalls != 0
 then "\($run): there were hypercalls" else empty end),
# The console makes some, too.
(if (.mode == "hypercall" or .mode == "call")
    and (.per_io.crossings_by_kind.hypercall // .per_io.hypercalls // 0) == 0
 then "\($run): there was no hypercall for the disk" else empty end),
# A device that looks by itself need not be told.
(if (.per_io.device_accesses // 0) == 0 and .mode != "polling" and (.controller | endswith("+polling") | not)
 then "\($run): the controller was never accessed" else empty end)
