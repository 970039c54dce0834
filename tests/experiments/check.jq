# SPDX-License-Identifier: GPL-2.0
#
# Bounds of the experiments, as KTAP, for results.json of compare --experiments.  Crossings and
# exits to QEMU are exact (to one event in a hundred requests), ratios what was measured plus 2 %.

.runs as $runs
| def per($boot; $job): first($runs[] | select("\(.controller)-\(.mode)" == $boot and .job == "disk-\($job)") | .per_io) // null;
def hundredth: . * 100 | round / 100;
def exact($boot; $job; $crossings; $exits): per($boot; $job) as $p
	| {ok: ($p != null and ($p.crossings | hundredth) == $crossings and ($p.controller_exits_to_vmm | hundredth) == $exits),
	   text: "\($boot), \($job): \($crossings) crossings, \($exits) exits to QEMU (\($p.crossings), \($p.controller_exits_to_vmm))"};
def below($boot; $job; $other; $most): per($boot; $job) as $p | per($other; $job) as $o
	| (if $p == null or $o == null then null else $p.instructions / $o.instructions end) as $ratio
	| {ok: ($ratio != null and $ratio <= $most),
	   text: "\($boot), \($job): instructions at most \($most) of \($other) (\($ratio))"};
def atmost($boot; $job; $crossings; $exits): per($boot; $job) as $p
	| {ok: ($p != null and $p.crossings <= $crossings and $p.controller_exits_to_vmm <= $exits),
	   text: "\($boot), \($job): at most \($crossings) crossings, \($exits) exits to QEMU (\($p.crossings), \($p.controller_exits_to_vmm))"};
[
	{ok: (.missing == []), text: "all boots are there"},
	exact("ide-native"; "randread-4k"; 26; 26),
	exact("ide-hypercall"; "randread-4k"; 2; 3),
	exact("ide-doorbell"; "randread-4k"; 1; 0),
	exact("ahci-native"; "randread-4k"; 7; 7),
	exact("ahci-hypercall"; "randread-4k"; 2; 3),
	exact("ahci-doorbell"; "randread-4k"; 1; 0),
	exact("virtio-blk-native"; "randread-4k"; 1; 0),
	exact("virtio-scsi-native"; "randread-4k"; 1; 0),
	exact("nvme+plain-native"; "randread-4k"; 2; 2),
	exact("nvme+shadow-native"; "randread-4k"; 2; 0),
	(("ide", "ide@writeback", "ide@none") + "-hypercall" | atmost(.; "write-4k-flush"; 4.1; 8.1)),
	(("ahci", "ahci@writeback", "ahci@none") + "-hypercall" | atmost(.; "write-4k-flush"; 4.1; 7.1)),
	below("ide-hypercall"; "randread-4k"; "ide-native"; 0.449),
	below("ahci-hypercall"; "randread-4k"; "ahci-native"; 0.753),
	below("ide-doorbell"; "randread-4k"; "virtio-blk-native"; 1.105),
	below("ahci-doorbell"; "randread-4k"; "virtio-blk-native"; 1.000),
	below("ahci-doorbell"; "randread-4k-qd32"; "virtio-blk-native"; 1.000),
	below("ide-hypercall"; "read-1m"; "ide-native"; 0.835),
	below("ahci-hypercall"; "read-1m"; "ahci-native"; 0.955)
]
| to_entries
| "KTAP version 1", "1..\(length)",
  (.[] | "\(if .value.ok then "ok" else "not ok" end) \(.key + 1) - \(.value.text)")
