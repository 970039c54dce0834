# SPDX-License-Identifier: GPL-2.0
#
# results.json -> a table.  The ratios are to the native instruction, or the driver's
# native accesses, in an unpatched guest on a stock host.

def get($op; $way; $guest):
	first(.ops[] | select(.op == $op and .way == $way and .guest == $guest) | .instructions) // null;

def pad($n): tostring | (" " * ([$n - length, 0] | max)) + .;

def figure: if . == null then "-" else round end | pad(11);

def ratio($base): if . == null or $base == null then "" else
	(. / $base * 1000 | round | "\(. / 1000 | floor).\(. % 1000 + 1000 | tostring | .[1:])")
	end | pad(7);

"Instructions for one operation: guest, KVM (Linux \(.host_kernel)) and QEMU \(.qemu)",
"",
"                     unpatched     patched guest on a host with the module",
"                    guest on a   pio_hcall=off     pio_hcall=on      pio_hcall=on",
"                    stock host    inb(), disk  hypercall in line    inb(), disk",
(. as $r | [.ops[].op] | reduce .[] as $op ([]; if index([$op]) then . else . + [$op] end)
 | .[] as $op | $r
 | select($op != "tsc")
 | (get($op; "native"; "base") // get($op; "hypercall"; "base")
    // get($op; "kernel"; "base")) as $base
 | (get($op; "kernel"; "off") // get($op; "native"; "off")) as $off
 | get($op; "hypercall"; "on") as $hcall
 | get($op; "kernel"; "on") as $on
 | ($op + " " * (18 - ($op | length)))
   + ($base | figure)
   + ($off | figure) + ($off | ratio($base))
   + ($hcall | figure) + ($hcall | ratio($base))
   + ($on | figure) + ($on | ratio($base))),
(.ops | map(select(.stable | not)) | if length > 0 then "", "not stable: " + (map("\(.op) \(.way) \(.guest)") | join(", ")) else empty end)
