# SPDX-License-Identifier: GPL-2.0
#
# results.json -> KTAP: does it hold what was published?
#
# Crossings and exits to QEMU of a job with one I/O in flight are counts: so many for each
# I/O, exactly, but for strays.  Ratios of instructions are what was measured (on AMD's
# machine, the host's kernel 6.12), plus 2 %.  Of seqread the highest that was: how many pieces
# its buffer's memory is in depends on all that the guest was booted with.

def counts: {
	"ide-randread-4k": [[26, 26], [2, 3]],		# native, by hypercall: crossings, exits
	"ide-randwrite-4k": [[26, 26], [2, 3]],
	"ide-seqread-128k": [[26, 26], [2, 3]],
	"ide-verify": [[26, 26], [2, 3]],
	"ide-pio-randread-4k": [[35, 27], [5, 8]],
	"ahci-randread-4k": [[7, 7], [2, 3]]
};
def instructions: {
	patched: {"ide-randread-4k": 0.443, "ide-randwrite-4k": 0.436, "ide-seqread-128k": 0.585,
		"ide-verify": 0.437, "ide-pio-randread-4k": 0.865, "ahci-randread-4k": 0.734},
	stock: {"ide-randread-4k": 0.452, "ide-randwrite-4k": 0.444, "ide-seqread-128k": 0.585,
		"ide-verify": 0.443, "ide-pio-randread-4k": 0.865, "ahci-randread-4k": 0.740},
	"32": {"ide-randread-4k": 0.451, "ide-randwrite-4k": 0.442, "ide-seqread-128k": 0.654,
		"ide-verify": 0.471, "ide-pio-randread-4k": 0.854, "ahci-randread-4k": 0.733}
}[.runs[0].guest // "patched"];
# In a whole run: an interrupt may come for which there is nothing left to do.  The list
# finds that, and the driver's handler looks, too: of IDE at both channels' BMDMA status,
# of AHCI at IS.
def strays: 5;

# By the list device, with VMM=out/qemu: at most so many crossings for each I/O, none of them an
# exit to QEMU; and so many times virtio-blk's instructions, of the same depth, or (native) those
# of the disk itself natively.
def doorbell: {
	"ide-randread-4k": {doorbell: 1, thread: 1, polling: 0.1, instructions: 1.10},
	"ide-randwrite-4k": {doorbell: 1, thread: 1, polling: 0.1},
	"ide-pio-randread-4k": {doorbell: 1, native: 0.25},
	"ahci-randread-4k": {doorbell: 1, thread: 1, polling: 0.1, instructions: 1.00},
	"ahci-randread-4k-qd32": {doorbell: 0.5, thread: 0.5, polling: 0.1, instructions: 1.00}
};

def run($job; $mode): first(.runs[] | select(.job == $job and .mode == $mode)) // null;

def show: if . == null then "no figure" else tostring end;
def round3: . * 1000 | round / 1000;

# A missing figure fails: null is less than any number in jq.
def exactly($text; $total; $each; $ios):
	(if $total == null or $ios == null then null else $total - $each * $ios end) as $more
	| {ok: ($more != null and $more >= 0 and $more <= strays),
	   text: "\($text): \($total | show) = \($each) x \($ios | show) I/Os + \($more | show) (at most \(strays))"};

def none($text; $total):
	{ok: ($total == 0), text: "\($text): \($total | show) = 0"};

def at_most($text; $n; $most):
	{ok: ($n != null and $n <= $most), text: "\($text): \($n | show) <= \($most)"};

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

[
	{ok: (.missing == []), text: ("all boots are there" + ([.missing[] | "; not \(.boot)"] | add // ""))},
	(. as $all | instructions as $ratio | counts | to_entries[] | .key as $job | .value as $counts
	 | $all | run($job; "native") as $off | run($job; "hypercall") as $on
	 | ([$off, "\($job), native", $counts[0]], [$on, $job, $counts[1]]) as [$run, $name, $each]
	 | exactly("\($name): crossings"; $run.counted.crossings | if . then add else . end; $each[0]; $run.counted.ios),
	   exactly("\($name): exits to QEMU"; $run.counted.controller_exits_to_vmm; $each[1]; $run.counted.ios)),
	(. as $all | instructions as $ratio | counts | keys_unsorted[] as $job
	 | $all | run($job; "native") as $off | run($job; "hypercall") as $on
	 | none("\($job): decodes for the disk"; $on.counted.controller_decodes),
	   compared("\($job): instructions"; "<="; $on.per_io.instructions;
		    $ratio[$job] * 1.02 | round3; $off.per_io.instructions; 0)),
	# What 32 I/Os share depends on when which of them is done.
	("ahci-randread-4k-qd32" as $job | run($job; "native") as $off | run($job; "hypercall") as $on
	 | compared("\($job): exits per I/O"; "<="; $on.per_io.exits; 1; $off.per_io.exits; 0.005),
	   compared("\($job): IOPS"; ">="; $on.iops; 1; $off.iops; 0.005)),
	# However many of a controller's disks are busy: asked once for all of them.
	((2, 4, 6) as $k | "ahci-randread-4k-\($k)disks" as $job
	 | run($job; "native") as $off | run($job; "hypercall") as $on
	 | at_most("\($job): crossings per I/O"; $on.per_io.crossings; 3),
	   at_most("\($job): exits to QEMU per I/O"; $on.per_io.controller_exits_to_vmm; 4),
	   compared("\($job): exits per I/O"; "<="; $on.per_io.exits; 1; $off.per_io.exits; 0.005)),
	(if any(.runs[]; .mode == "doorbell") then . as $all | doorbell | to_entries[]
	 | .key as $job | .value as $most
	 | (("doorbell", "thread", "polling") as $mode | select($most[$mode]) | $all | run($job; $mode).counted
	    | (.crossings | if . then add else . end) as $crossings
	    | at_most("\($job), \($mode): crossings"; $crossings;
		      (.ios // 0) * $most[$mode] + strays),
	      at_most("\($job), \($mode): exits to QEMU"; .controller_exits_to_vmm; strays)),
	   (select($most.native)
	    | compared("\($job), doorbell: instructions"; "<=";
		       $all | run($job; "doorbell").per_io.instructions; $most.native;
		       $all | run($job; "native").per_io.instructions; 0)),
	   (select($most.instructions)
	    | ("virtio-" + ($job | sub("^[a-z]*-"; ""))) as $virtio
	    | compared("\($job), doorbell: instructions, those of virtio-blk for native"; "<=";
		       $all | run($job; "doorbell").per_io.instructions; $most.instructions;
		       $all | run($virtio; "native").per_io.instructions; 0))
	 else empty end),
	(if any(.runs[]; .mode == "doorbell") then
	 . as $all | ("ide-randread-4k", "ahci-randread-4k", "ahci-randread-4k-qd32") as $job
	 | compared("\($job), doorbell: the vCPU's instructions, those of virtio-blk for native"; "<=";
		    $all | run($job; "doorbell").per_io.vcpu_instructions; 1;
		    $all | run("virtio-" + ($job | sub("^[a-z]*-"; "")); "native").per_io.vcpu_instructions; 0)
	 else empty end),
	# A module comes late for the boot, and has to be read in.
	(select(.runs[0].guest != "stock") | .boot.ide as $boot
	 | {ok: ($boot.native.exits != null and $boot.hypercall.exits != null
		 and $boot.hypercall.exits < $boot.native.exits),
	    text: "boot: exits: \($boot.hypercall.exits | show) < \($boot.native.exits | show) native"})
] as $tests
| "KTAP version 1", "1..\($tests | length)",
  ($tests | to_entries[] | "\(if .value.ok then "ok" else "not ok" end) \(.key + 1) - \(.value.text)")
