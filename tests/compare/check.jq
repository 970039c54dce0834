# SPDX-License-Identifier: GPL-2.0
#
# results.json -> KTAP: the bounds the project promises.

def run($job; $mode): first(.runs[] | select(.job == $job and .mode == $mode)) // null;

def show: if . == null then "no figure" else tostring end;
def round3: . * 1000 | round / 1000;

# A missing figure fails: null is less than any number in jq.  One event in a hundred I/Os
# is none of theirs: an interrupt may come for which there is nothing left to do.
def at_most($text; $value; $limit):
	{ok: ($value != null and $value <= $limit + 0.01),
	 text: "\($text): \($value | show) <= \($limit) (to 0.01)"};

# $slack: by how much two runs of the same may differ
def compared($text; $sign; $on; $factor; $off; $slack): {
	ok: ($on != null and $off != null
	     and if $sign == "<=" then $on <= $off * ($factor + $slack)
	         else $on >= $off * ($factor - $slack) end),
	text: ("\($text): \($on | show) \($sign) "
	       + if $factor != 1 then "\($factor) x " else "" end + "\($off | show) native"
	       + if $on != null and ($off // 0) != 0 then ", is \($on / $off | round3) x" else "" end
	       + if $slack != 0 then " (to \($slack * 100) %)" else "" end)
};

def bounds($job; $crossings; $exits_to_vmm; $instructions):
	run($job; "native").per_io as $off | run($job; "hypercall").per_io as $on
	| at_most("\($job): crossings per I/O"; $on.crossings; $crossings),
	  at_most("\($job): exits to QEMU for the disk"; $on.controller_exits_to_vmm; $exits_to_vmm),
	  at_most("\($job): decodes for the disk"; $on.controller_decodes; 0),
	  compared("\($job): instructions"; "<="; $on.instructions; $instructions; $off.instructions; 0);

[
	bounds("ide-randread-4k"; 3; 6; 0.50),
	bounds("ahci-randread-4k"; 2; 4; 0.75),
	("ide-pio-randread-4k" as $job
	 | run($job; "native").per_io as $off | run($job; "hypercall").per_io as $on
	 | compared("\($job): crossings per I/O"; "<="; $on.crossings; 0.4; $off.crossings; 0),
	   compared("\($job): instructions"; "<="; $on.instructions; 0.95; $off.instructions; 0)),
	# What 32 I/Os share depends on when which of them is done.
	("ahci-randread-4k-qd32" as $job | run($job; "native") as $off | run($job; "hypercall") as $on
	 | compared("\($job): exits per I/O"; "<="; $on.per_io.exits; 1; $off.per_io.exits; 0.005),
	   compared("\($job): IOPS"; ">="; $on.iops; 1; $off.iops; 0.005)),
	# A module comes late for the boot, and has to be read in.
	(select(.runs[0].guest == "patched") | .boot.ide as $boot
	 | {ok: ($boot.native.exits != null and $boot.hypercall.exits != null
		 and $boot.hypercall.exits < $boot.native.exits),
	    text: "boot: exits: \($boot.hypercall.exits | show) < \($boot.native.exits | show) native"})
] as $tests
| "KTAP version 1", "1..\($tests | length)",
  ($tests | to_entries[] | "\(if .value.ok then "ok" else "not ok" end) \(.key + 1) - \(.value.text)")
