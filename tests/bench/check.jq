# SPDX-License-Identifier: GPL-2.0
#
# results.json -> KTAP: the bounds the project promises.

# AMD's emulated CPU does not tell instructions' lengths, so KVM decodes every call
# that it skips; and its figures of accesses repeat exactly, Intel's to a thousandth.
def bounds: {
	amd: {"in": 1.30, "out": 1.45, as_before: 0},
	intel: {"in": 1.05, "out": 1.05, as_before: 0.002}
}[.cpu];

def get($op; $way; $guest):
	first(.ops[] | select(.op == $op and .way == $way and .guest == $guest) | .instructions) // null;

def show: if . == null then "no figure" else tostring end;
def ratio: . * 1000 | round | . / 1000 | tostring;

def test($ok; $text): {ok: $ok, text: $text};

# A missing figure fails: null is less than any number in jq.
def at_most($text; $value; $limit; $why):
	test($value != null and $limit != null and $value <= $limit;
	     "\($text): \($value | show) <= \($limit | show) (\($why))");

def is($value; $native):
	if $value and $native then ", is \($value / $native | ratio) x" else "" end;

def within($op; $way; $factor):
	get($op; "native"; "base") as $native
	| get($op; $way; "on") as $value
	| test($value != null and $native != null and $value <= $native * $factor;
	       "\($op) by \(if $way == "kernel" then "the kernel with pio_hcall=on" else "hypercall" end): "
	       + "\($value | show) <= \($factor) x \($native | show) native" + is($value; $native));

# A whole request: the same driver's, in an unpatched guest on a stock host.
def request($op; $factor):
	get($op; "kernel"; "base") as $native
	| get($op; "kernel"; "on") as $value
	| test($value != null and $native != null and $value <= $native * $factor;
	       "\($op) with pio_hcall=on: \($value | show) <= \($factor) x \($native | show) native"
	       + is($value; $native));

def beside_virtio($disk):
	"read4k_\($disk)" as $op
	| [("base", "on") as $guest
	   | get($op; "kernel"; $guest) as $value | get("read4k_virtio_blk"; "kernel"; $guest) as $virtio
	   | select($value and $virtio)
	   | "\(if $guest == "on" then "with pio_hcall=on" else "natively" end) \($value), "
	     + "\($value / $virtio | ratio) x virtio-blk there"]
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

bounds as $bounds |
[
	([.ops[] | select(.op == "tsc") | .instructions] as $tsc
	 | test($tsc == [2, 2, 2]; "a loop of two instructions takes \($tsc | map(tostring) | join(", ")) ticks")),
	([.ops[] | select(.stable | not) | "\(.op) \(.way) \(.guest)"] as $bad
	 | test($bad == []; "all figures are stable (\(figure_count))" + ($bad | map("; not " + .) | join("")))),
	at_most("null hypercall"; get("hcall_probe"; "hypercall"; "on");
		get("hcall_unknown"; "hypercall"; "base"); "stock KVM refusing a call"),
	(get("in8_qemu"; "kernel"; "on") as $on | get("in8_qemu"; "kernel"; "off") as $off
	 | test($on != null and $on != $off; "pio_hcall=on is in effect: inb() is \($on | show), with off \($off | show)")),
	(("in8_qemu", "in32_qemu") as $op | within($op; ("hypercall", "kernel"); $bounds["in"])),
	(("out8_qemu", "out32_qemu") as $op | within($op; ("hypercall", "kernel"); $bounds["out"])),
	(("ins16x256_qemu", "outs16x256_qemu") as $op | within($op; ("hypercall", "kernel"); 1)),
	(("ins32x1024_qemu", "outs32x1024_qemu") as $op | within($op; ("hypercall", "kernel"); 1)),
	within("mmio_read32_qemu"; "hypercall"; 0.85),
	within("batch16_out8_qemu"; "hypercall"; 0.35),
	request("read4k_ide_dma"; 0.50),
	request("read4k_ahci"; 0.75),
	request("read4k_ide_pio"; 0.95),
	(("in8_qemu", "out8_qemu", "in32_qemu", "out32_qemu", "in8_kvm", "out8_kvm") as $op
	 | as_before($op; $bounds.as_before)),
	(("ins16x256_qemu", "outs16x256_qemu") as $op | as_before($op; 0.005)),
	# One read differs from another by what threads the host switches between.
	(("read4k_ide_dma", "read4k_ahci", "read4k_ide_pio") as $op | as_before($op; 0.02))
] as $tests
| get("hcall_unknown"; "hypercall"; "base") as $stock
| get("hcall_unknown"; "hypercall"; "off") as $loaded
| "KTAP version 1", "1..\($tests | length)",
  ($tests | to_entries[] | "\(if .value.ok then "ok" else "not ok" end) \(.key + 1) - \(.value.text)"),
  "# unknown hypercall: \($stock | show) on a stock host, \($loaded | show) with the module"
  + if $stock and $loaded then " (\(if $loaded < $stock then "" else "+" end)\($loaded - $stock))" else "" end,
  beside_virtio("ide_dma", "ahci", "ide_pio"), data_share
