# SPDX-License-Identifier: GPL-2.0
#
# results.json -> KTAP: does it hold what was published?
#
# Of whole reads there is no bound here: one is dearer or cheaper by 20000 instructions, for
# long, by what QEMU's threads do (Documentation/measuring.rst).  compare/check.jq has those.

# The ratios to native that were measured, host kernel 6.12: by the call in line, by the
# kernel with pio_hcall=on.  A bound is 2 % more.
def measured: {
	amd: {
		hcall_probe: [0.394],
		in8_qemu: [1.044, 1.056], in32_qemu: [1.044, 1.055],
		out8_qemu: [1.046, 1.062], out32_qemu: [1.046, 1.060],
		ins16x256_qemu: [0.975, 0.976], outs16x256_qemu: [0.096, 0.096],
		ins32x1024_qemu: [0.967, 0.967], outs32x1024_qemu: [0.095, 0.095],
		mmio_read32_qemu: [0.653], batch16_out8_qemu: [0.270]
	},
	intel: {
		hcall_probe: [1.008],
		in8_qemu: [1.033, 1.044], in32_qemu: [1.033, 1.044],
		out8_qemu: [1.034, 1.049], out32_qemu: [1.035, 1.049],
		ins16x256_qemu: [0.976, 0.977], outs16x256_qemu: [0.096, 0.096],
		ins32x1024_qemu: [0.967, 0.967], outs32x1024_qemu: [0.095, 0.095],
		mmio_read32_qemu: [0.646], batch16_out8_qemu: [0.260]
	}
}[.cpu];

# AMD's figures of accesses repeat exactly, Intel's to a thousandth.
def repeats: {amd: 0, intel: 0.002}[.cpu];

def get($op; $way; $guest):
	first(.ops[] | select(.op == $op and .way == $way and .guest == $guest) | .instructions) // null;

def show: if . == null then "no figure" else tostring end;
# Not named as an argument below is, which would hide it.
def thousandths: . * 1000 | round | . / 1000 | tostring;

def test($ok; $text): {ok: $ok, text: $text};

# A missing figure fails: null is less than any number in jq.
def at_most($text; $value; $ratio; $native):
	($ratio * 1020 | round / 1000) as $factor
	| test($value != null and $native != null and $value <= $native * $factor;
	       "\($text): \($value | show) <= \($factor) x \($native | show)"
	       + if $value and $native then ", is \($value / $native | thousandths) x" else "" end);

def within($op; $way; $ratio):
	at_most("\($op) by \(if $way == "kernel" then "the kernel with pio_hcall=on" else "hypercall" end)";
		get($op; $way; "on"); $ratio; get($op; "native"; "base"));

def beside_virtio($disk):
	"read4k_\($disk)" as $op
	| [("base", "on") as $guest
	   | get($op; "kernel"; $guest) as $value | get("read4k_virtio_blk"; "kernel"; $guest) as $virtio
	   | select($value and $virtio)
	   | "\(if $guest == "on" then "with pio_hcall=on" else "natively" end) \($value), "
	     + "\($value / $virtio | thousandths) x virtio-blk there"]
	| "# \($op): \(join("; "))";

# What of a request of IDE in PIO mode is the one call that carries its data.  The
# VMM carries out each element as an access of its own; that the host cannot save.
def data_share:
	get("read4k_ide_pio"; "kernel"; "on") as $request
	| get("ins32x1024_qemu"; "kernel"; "on") as $call
	| get("ins32x128_qemu"; "kernel"; "on") as $short
	| if $request and $call and $short
	  then (($call - $short) / 896) as $each
	       | "# read4k_ide_pio: of \($request) instructions \($call | round) are the call for its data"
		 + " (\($call / $request * 100 | round) %), \($each | round) for each of 1024 elements"
	  else empty end;

# Strings get a NOP of padding, they take long enough to be hit by a timer tick,
# and KVM emulates 256 elements with some instructions more or less: hence $slack.
def as_before($op; $slack):
	get($op; "kernel"; "base") as $before
	| get($op; "kernel"; "off") as $off
	| test($before != null and $off != null and ($off - $before | fabs) <= $before * $slack;
	       "\($op), pio_hcall=off: \($off | show) as in the unpatched kernel, \($before | show)"
	       + if $slack > 0 then " (to \($slack * 1000 | round / 10) %)" else "" end);

def figure_count: [.ops[].guest] | group_by(.) | map("\(length) \(.[0])") | join(", ");

measured as $measured | repeats as $repeats |
[
	([.ops[] | select(.op == "tsc") | .instructions] as $tsc
	 | test($tsc == [2, 2, 2, 2]; "a loop of two instructions takes \($tsc | map(tostring) | join(", ")) ticks")),
	([.ops[] | select((.stable | not) and (.op | startswith("read4k") | not)) | "\(.op) \(.way) \(.guest)"] as $bad
	 | test($bad == []; "all figures of accesses are stable (\(figure_count))" + ($bad | map("; not " + .) | join("")))),
	at_most("null hypercall, by one that stock KVM refuses"; get("hcall_probe"; "hypercall"; "on");
		$measured.hcall_probe[0]; get("hcall_unknown"; "hypercall"; "base")),
	(get("in8_qemu"; "kernel"; "on") as $on | get("in8_qemu"; "kernel"; "off") as $off
	 | test($on != null and $on != $off; "pio_hcall=on is in effect: inb() is \($on | show), with off \($off | show)")),
	(get("in8_mirror"; "hypercall"; "mirror") as $mirrored | get("in8_kvm"; "native"; "base") as $pit
	 | test($mirrored != null and $pit != null and $mirrored <= 1.2 * $pit;
		"a mirrored read by hypercall: \($mirrored | show) <= 1.2 x \($pit | show), an IN that KVM's PIT answers"
		+ if $mirrored and $pit then ", is \($mirrored / $pit | thousandths) x" else "" end)),
	(. as $all | $measured | del(.hcall_probe) | to_entries[] | .key as $op | .value as [$call, $kernel]
	 | $all
	 | within($op; "hypercall"; $call), (select($kernel) | within($op; "kernel"; $kernel))),
	(("in8_qemu", "out8_qemu", "in32_qemu", "out32_qemu", "in8_kvm", "out8_kvm") as $op
	 | as_before($op; $repeats)),
	(("ins16x256_qemu", "outs16x256_qemu") as $op | as_before($op; 0.005))
] as $tests
| get("hcall_unknown"; "hypercall"; "base") as $stock
| get("hcall_unknown"; "hypercall"; "off") as $loaded
| "KTAP version 1", "1..\($tests | length)",
  ($tests | to_entries[] | "\(if .value.ok then "ok" else "not ok" end) \(.key + 1) - \(.value.text)"),
  "# unknown hypercall: \($stock | show) on a stock host, \($loaded | show) with the module"
  + if $stock and $loaded then " (\(if $loaded < $stock then "" else "+" end)\($loaded - $stock))" else "" end,
  beside_virtio("ide_dma", "ahci", "ide_pio"), data_share
