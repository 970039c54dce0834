# SPDX-License-Identifier: GPL-2.0
#
# The tables of the experiments, for tests/experiments/experiments: `# NAME	TITLE', then rows
# of cells behind tabs.
#
#	$results: of compare --experiments; $nested: of compare --nested; $amd, $intel: of bench

include "costs";

$results[0].runs as $runs
| ($runs | map({key: "\(.controller)-\(.mode) \(.job)", value: .}) | from_entries) as $run |
def of($boot; $job): $run["\($boot) disk-\($job)"] | flushed;
def fixed($digits): if . == null then "-" else pow(10; $digits) as $p | . * $p | round / $p | tostring end;
def number: fixed(0);
def percent: if . == null then "-" else "\(. * 100 | fixed(1)) %" end;
def over($y): if . == null or $y == null or $y == 0 then null else . / $y end;
def ratio: fixed(3);

# The ways of a request: the boots of each, as all tables name them.
def ways: ("IDE", "AHCI") as $name | ($name | ascii_downcase) as $disk
	| ["\($name), native", "\($disk)-native"], ["\($name) by hypercall", "\($disk)-call"],
	  ["\($name) by list", "\($disk)-hypercall"], ["\($name) by doorbell", "\($disk)-doorbell"];
def threads: ("IDE", "AHCI") as $name | ($name | ascii_downcase) as $disk
	| ["\($name) by doorbell, thread", "\($disk)-thread"], ["\($name) by doorbell, polling", "\($disk)-polling"];
def nvme: ["NVMe, MMIO", "nvme+plain-native"], ["NVMe, ioeventfd", "nvme+ioeventfd-native"],
	["NVMe, ioeventfd, shadow doorbells", "nvme+shadow-native"];
def virtio: ("virtio-scsi", "virtio-blk") as $disk
	| ["\($disk), MMIO", "\($disk)+mmio-native"], ["\($disk), ioeventfd", "\($disk)-native"],
	  ["\($disk), ioeventfd, iothread", "\($disk)+iothread-native"],
	  ["\($disk), iothread, polling", "\($disk)+polling-native"];

def registers: of("ide-native"; "randread-4k") as $n | of("ide-hypercall"; "randread-4k") as $h
	| ["register", "reads", "writes", "by list", "handled in", "instructions", "were it in KVM"],
	  (select($n != null and $h != null)
	| ($n | register_costs($amd)) as $costs
	| ($costs | map(.qemu) | add) as $qemu | ($costs | map(.kvm) | add) as $kvm
	| (if $n.counted.crossings.port == $n.counted.controller_exits_to_vmm then "QEMU" else "both" end) as $where
	| ($costs[] | [.name, (.reads, .writes | fixed(2)),
		       (($h.counted.device_accesses[.port] // 0) / $h.counted.ios | fixed(2)),
		       $where, (.qemu, .kvm | number)]),
	  ["all accesses", ($costs | (map(.reads) | add), (map(.writes) | add) | fixed(2)),
	   (([$costs[].port | $h.counted.device_accesses[.] // 0] | add) / $h.counted.ios | fixed(2)), $where,
	   ($qemu, $kvm | number)],
	  ["the read", "-", "-", "-", "-", ($n.per_io.instructions | ., . - $qemu + $kvm | number)],
	  ["share of the accesses", "-", "-", "-", "-",
	   ($qemu / $n.per_io.instructions, $kvm / ($n.per_io.instructions - $qemu + $kvm) | percent)]);

def ide: of("ide-native"; "randread-4k").per_io.instructions as $n
	| ["one read of 4 KiB", "crossings", "exits to QEMU", "instructions", "x native"],
	  (ways | select(.[1] | startswith("ide")) | [.[0]] + (of(.[1]; "randread-4k").per_io
		| [(.crossings, .controller_exits_to_vmm | fixed(2)), (.instructions | number, (over($n) | ratio))]));

# What is not register access costs the same by any way: the native read without its accesses.  But
# a read of 1 MiB is one command in one boot, and two in another.
def share($job): of("ahci-native"; $job) as $n | of("ahci-call"; $job) as $c | of("ahci-hypercall"; $job) as $h
	| of("ahci-doorbell"; $job) as $d | of("virtio-blk-native"; $job) as $v
	| def per_io(f): if . == null then null else .per_io | f end;
	def same: if $job == "read-1m" then null else . end;
	["", "native", "by hypercall", "by list", "by doorbell", "virtio-blk"],
	(select($n != null)
	 | ($n.per_io.instructions - ($n | mmio_costs($amd))) as $rest
	 | ["instructions", ($n, $c, $h, $d, $v | per_io(.instructions) | number)],
	   ["crossings", ($n, $c, $h, $d, $v | per_io(.crossings) | fixed(2))],
	   ["exits to QEMU", ($n, $c, $h, $d, $v | per_io(.controller_exits_to_vmm) | fixed(2))],
	   ["register access, instructions",
	    ($n, ($c, $h, $d | same) | per_io(.instructions - $rest) | number), "-"],
	   ["its share", ($n, ($c, $h, $d | same) | per_io((.instructions - $rest) / .instructions) | percent), "-"],
	   ["the rest, instructions", ($rest | ., (., ., . | same) | number), "-"],
	   ["exits of the rest", ($n, $c, $h, $d, $v | per_io(.exits - .crossings) | fixed(2))],
	   (("hlt", "intr", "vintr", "msr") as $reason
	    | ["by \($reason)", ($n, $c, $h, $d, $v | per_io(.exits_by_reason[$reason] // 0) | fixed(2))]));

def caches: ["disk, cache", "job", "native", "by list", "ratio"],
	(("ide", "ahci", "virtio-blk") as $disk
	 | ("unsafe", "writeback", "writethrough", "none") as $cache
	 | (if $cache == "unsafe" then $disk else "\($disk)@\($cache)" end) as $boot
	 | ("randread-4k", "read-1m", "write-4k", "write-4k-flush") as $job
	 | (of("\($boot)-native"; $job).per_io.instructions) as $n
	 | (of("\($boot)-hypercall"; $job).per_io.instructions) as $h
	 | ["\($disk), \($cache)", $job, ($n | number), ($h | number), ($h | over($n) | ratio)]);

# beside(TITLE; JOB; WAYS): what that job takes.  Of a job with few requests, most of what QEMU's
# other threads run is fio's start: "of the vCPU" would say nothing.
def beside($title; $job; which): of("virtio-blk-native"; $job).per_io.instructions as $v
	| ($job | test("4k")) as $many
	| [$title, "crossings", "exits to QEMU", "instructions", (select($many) | "of the vCPU"), "x virtio-blk"],
	  (which | [.[0]] + (of(.[1]; $job).per_io
		| [(.crossings | fixed(2)), (.controller_exits_to_vmm | fixed(2)), (.instructions | number),
		   (select($many) | .vcpu_instructions | number), (.instructions | over($v) | ratio)]));

# dd's own lines
def dd: of("virtio-blk-native"; "dd-4k").per_io.instructions as $small
	| of("virtio-blk-native"; "dd-1m").per_io.instructions as $large
	| ["one read of dd's", "bs=4k: crossings", "instructions", "x virtio-blk", "bs=1M: crossings", "instructions", "x virtio-blk"],
	  (ways, ["virtio-blk", "virtio-blk-native"]
	   | [.[0], (of(.[1]; "dd-4k").per_io | (.crossings | fixed(2)), (.instructions | number, (over($small) | ratio))),
	      (of(.[1]; "dd-1m").per_io | (.crossings | fixed(2)), (.instructions | number, (over($large) | ratio)))]);

# row NAME COST: of both vendors, and as many system calls
def crossing: cost($amd; "syscall") as $a | cost($intel; "syscall") as $i
	| def row($name; $x; $y): [$name, ($x, $y | number), ($x | over($a) | fixed(1)), ($y | over($i) | fixed(1))];
	["one crossing, instructions", "AMD", "Intel", "x system call", "x system call"],
	row("system call in the guest"; $a; $i),
	row("hypercall that does nothing"; call($amd; "hcall_probe"); call($intel; "hcall_probe")),
	(["port read, in KVM", "in8_kvm"], ["port read, in QEMU", "in8_qemu"], ["port write, in QEMU", "out8_qemu"],
	 ["MMIO read, in KVM", "mmio_read32_kvm"], ["MMIO read, in QEMU", "mmio_read32_qemu"],
	 ["MMIO write, in QEMU", "mmio_write32_qemu"]
	 | row(.[0]; cost($amd; .[1]); cost($intel; .[1]))),
	(["port read, in QEMU, by hypercall", "in8_qemu"], ["MMIO read, in QEMU, by hypercall", "mmio_read32_qemu"],
	 ["16 port writes, in QEMU, by list", "batch16_out8_qemu"]
	 | row(.[0]; call($amd; .[1]); call($intel; .[1])));

# In L3, beside the same guest in L2
def levels: ($nested[0].runs // [] | map({key: "\(.controller)-\(.mode)", value: .per_io}) | from_entries) as $inner
	| def row($name; $boot; $native): $inner[$boot] as $n | of($boot; "randread-4k").per_io as $flat
		| [$name, ($n.crossings, $n.controller_exits_to_vmm, $n.outer_exits | fixed(2)), ($n.instructions | number),
		   ($n.instructions | over($inner[$native].instructions) | ratio), ($flat.instructions | number),
		   ($flat.instructions | over(of($native; "randread-4k").per_io.instructions) | ratio)];
	["4 KiB read in L3", "crossings", "exits to QEMU", "exits to L1", "instructions", "x native",
	 "not nested: instructions", "x native"],
	(ways | select(.[1] | endswith("-doorbell") | not) | row(.[0]; .[1]; (.[1] | sub("-.*"; "-native")))),
	row("virtio-blk"; "virtio-blk-native"; "");

# µs in a nested KVM guest, as published for PVM (SOSP '23): a hypercall, a port access in QEMU
def nested: 7.4 as $call | 29.3 as $port
	| ["4 KiB read, computed", "crossings", "exits to QEMU", "µs"],
	  (ways, ["virtio-blk", "virtio-blk-native"]
	   | [.[0]] + (of(.[1]; "randread-4k").per_io
		| [(.crossings | fixed(2)), (.controller_exits_to_vmm | fixed(2)),
		   ((try (.crossings * $call + .controller_exits_to_vmm * ($port - $call)) catch null) | fixed(1))]));

def table($name; $title; rows): "# \($name)\t\($title)", (rows | map(. // "-") | join("\t"));

table("registers"; "1. IDE: registers of a 4 KiB read, and what they cost"; registers),
table("ide"; "1. IDE: the same read by each way"; ide),
table("share-4k"; "2. AHCI: the share of register access in a read of 4 KiB"; share("randread-4k")),
table("share-1m"; "2. AHCI: the share of register access in a read of 1 MiB"; share("read-1m")),
table("dd"; "3. dd, on IDE, AHCI and virtio-blk"; dd),
table("caches"; "3. Cache modes: instructions of one operation"; caches),
table("beside"; "4. NVMe, virtio-scsi and virtio-blk, and ours beside them";
	beside("4 KiB random reads, one at a time"; "randread-4k"; ways, threads, nvme, virtio)),
table("beside-32"; "4. The same, 32 at a time";
	beside("4 KiB random reads, 32 at a time"; "randread-4k-qd32"; ways, threads, nvme, virtio)),
table("beside-1m"; "4. The same, 1 MiB";
	beside("1 MiB sequential reads, one at a time"; "read-1m"; ways, threads, nvme, virtio)),
table("crossing"; "5. One crossing"; crossing),
table("nested"; "7. Nested: 4 KiB random reads, one at a time"; levels),
table("computed"; "7. Nested, computed from published times"; nested)
