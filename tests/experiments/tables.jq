# SPDX-License-Identifier: GPL-2.0
#
# The tables of the experiments, for tests/experiments/experiments: rows of cells behind tabs.
#
#	$results: of compare --experiments; $amd, $intel: of bench, the latter may be empty

$results[0].runs as $runs
| ($runs | map({key: "\(.controller)-\(.mode) \(.job)", value: .}) | from_entries) as $run |
# fio's latency of a write does not have the flush behind it.
def of($boot; $job): $run["\($boot) disk-\($job)"]
	| if . != null and $job == "write-4k-flush" then .per_io.instructions = .runtime_ms * 1e6 / .ios else . end;
def fixed($digits): if . == null then "-" else pow(10; $digits) as $p | . * $p | round / $p | tostring end;
def number: fixed(0);
def percent: if . == null then "-" else "\(. * 100 | fixed(1)) %" end;
def over($y): if . == null or $y == null or $y == 0 then null else . / $y end;
def ratio: fixed(3);

# What one access costs, by bench; natively on a stock host
def cost($bench; $op): first($bench[0].ops[]? | select(.op == $op and .guest == "base" and .way == "native") | .instructions) // null;
def call($bench; $op): first($bench[0].ops[]? | select(.op == $op and .guest == "on" and .way == "hypercall") | .instructions) // null;

def register: {"0x1f0": "data", "0x1f1": "feature", "0x1f2": "sector count", "0x1f3": "LBA low",
	"0x1f4": "LBA mid", "0x1f5": "LBA high", "0x1f6": "device", "0x1f7": "status, command",
	"0x3f6": "alternate status"}[.]
	// {"0": "bus master command", "2": "bus master status", "4": "PRD table address"}[.[-1:]] // "";

def registers: of("ide-native"; "randread-4k") as $n | of("ide-hypercall"; "randread-4k") as $h
	| ["register", "", "accesses", "by list"],
	  ($n.counted.device_accesses | keys[] as $r
	   | ["\($r) \($r | register)", "", (.[$r] / $n.counted.ios | fixed(2)),
	      (($h.counted.device_accesses[$r] // 0) / $h.counted.ios | fixed(2))]),
	  ["crossings", "", ($n.per_io.crossings | fixed(2)), ($h.per_io.crossings | fixed(2))],
	  ["exits to QEMU", "", ($n.per_io.controller_exits_to_vmm | fixed(2)), ($h.per_io.controller_exits_to_vmm | fixed(2))],
	  ["instructions of a read", "", ($n.per_io.instructions | number), ($h.per_io.instructions | number)],
	  ((cost($amd; "in8_qemu") + cost($amd; "out8_qemu")) / 2) as $qemu
	  | ((cost($amd; "in8_kvm") + cost($amd; "out8_kvm")) / 2) as $kvm
	  | ["one access in QEMU, instructions", "", ($qemu | number), "-"],
	  ["one access in KVM, instructions", "", ($kvm | number), "-"],
	  ["all in QEMU, of the read", "", ($n.per_io.crossings * $qemu / $n.per_io.instructions | percent), "-"],
	  ["the read, were all in KVM (computed)", "",
	   ($n.per_io.instructions - $n.per_io.crossings * ($qemu - $kvm) | number), "-"];

def share: of("ahci-native"; "randread-4k") as $n | of("ahci-hypercall"; "randread-4k") as $h
	| of("ahci-doorbell"; "randread-4k") as $d
	| ((cost($amd; "mmio_read32_qemu") + cost($amd; "mmio_write32_qemu")) / 2) as $mmio
	| ($n.per_io.instructions - $n.per_io.crossings * $mmio) as $rest
	| ["", "native", "list", "doorbell"],
	  ["instructions of a read", ($n, $h, $d | .per_io.instructions | number)],
	  ["crossings", ($n, $h, $d | .per_io.crossings | fixed(2))],
	  ["one MMIO access in QEMU", ($mmio | number), "-", "-"],
	  ["register access, instructions", ($n, $h, $d | .per_io.instructions - $rest | number)],
	  ["its share of the read", ($n, $h, $d | (.per_io.instructions - $rest) / .per_io.instructions | percent)];

def caches: ["disk, cache", "job", "native", "by list", "ratio"],
	(("ide", "ahci", "virtio-blk") as $disk
	 | ("unsafe", "writeback", "writethrough", "none") as $cache
	 | (if $cache == "unsafe" then $disk else "\($disk)@\($cache)" end) as $boot
	 | ("read-1m", "write-4k", "write-4k-flush") as $job
	 | (of("\($boot)-native"; $job).per_io.instructions) as $n
	 | (of("\($boot)-hypercall"; $job).per_io.instructions) as $h
	 | ["\($disk), \($cache)", $job, ($n | number), ($h | number), ($h | over($n) | ratio)]);

# The ways of a request: the boots of each, as all tables name them.
def ways: ["IDE, native", "ide-native"], ["IDE by list", "ide-hypercall"], ["IDE by doorbell", "ide-doorbell"],
	["AHCI, native", "ahci-native"], ["AHCI by list", "ahci-hypercall"], ["AHCI by doorbell", "ahci-doorbell"];
def others: ["virtio-scsi", "virtio-scsi-native"], ["virtio-blk", "virtio-blk-native"];
def shadow: ["NVMe, ioeventfd, shadow doorbells", "nvme+shadow-native"];
def nvme: ["NVMe", "nvme+plain-native"], ["NVMe, ioeventfd", "nvme+ioeventfd-native"], shadow;

# beside(TITLE; JOB; WAYS): what that job takes
def beside($title; $job; which): of("virtio-blk-native"; $job).per_io.instructions as $v
	| [$title, "crossings", "exits to QEMU", "instructions", "x virtio-blk"],
	  (which | [.[0]] + (of(.[1]; $job).per_io
		| [(.crossings | fixed(2)), (.controller_exits_to_vmm | fixed(2)), (.instructions | number),
		   (.instructions | over($v) | ratio)]));

def crossing: ["one crossing, instructions", "AMD", "Intel"],
	(["hypercall that does nothing", "hcall_probe"] | [.[0], (call($amd; .[1]), call($intel; .[1]) | number)]),
	(["port read, in KVM", "in8_kvm"], ["port read, in QEMU", "in8_qemu"],
	 ["MMIO read, in KVM", "mmio_read32_kvm"], ["MMIO read, in QEMU", "mmio_read32_qemu"]
	 | [.[0], (cost($amd; .[1]), cost($intel; .[1]) | number)]),
	(["port read, in QEMU, by hypercall", "in8_qemu"], ["MMIO read, in QEMU, by hypercall", "mmio_read32_qemu"]
	 | [.[0], (call($amd; .[1]), call($intel; .[1]) | number)]);

# µs in a nested KVM guest, as published for PVM (SOSP '23): a hypercall, a port access in QEMU
def nested: 7.4 as $call | 29.3 as $port
	| ["4 KiB read, computed", "crossings", "exits to QEMU", "µs"],
	  (ways, ["virtio-blk", "virtio-blk-native"]
	   | [.[0]] + (of(.[1]; "randread-4k").per_io
		| [(.crossings | fixed(2)), (.controller_exits_to_vmm | fixed(2)),
		   (.crossings * $call + .controller_exits_to_vmm * ($port - $call) | fixed(1))]));

def table($title; rows): "# \($title)", (rows | map(. // "-") | join("\t"));

table("1. IDE: registers of a 4 KiB read, and what they cost"; registers),
table("2. AHCI: the share of register access in a 4 KiB read"; share),
table("3. Cache modes: instructions"; caches),
table("4. NVMe, virtio-scsi and virtio-blk, and ours beside them";
	beside("4 KiB random reads, one at a time"; "randread-4k"; ways, nvme, others)),
table("4a. The same, 32 at a time";
	beside("4 KiB random reads, 32 at a time"; "randread-4k-qd32"; (ways | select(.[1] | startswith("ahci"))), nvme, others)),
table("4b. The same, 1 MiB";
	beside("1 MiB sequential reads, one at a time"; "read-1m"; ways, shadow, others)),
table("5. One crossing"; crossing),
table("7. Nested, computed"; nested)
