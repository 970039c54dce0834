# SPDX-License-Identifier: GPL-2.0
#
# results.json -> KTAP: the bounds the project promises.

def get($op; $way; $guest):
	first(.ops[] | select(.op == $op and .way == $way and .guest == $guest) | .instructions) // null;

def show: if . == null then "no figure" else tostring end;
def ratio: . * 1000 | round | . / 1000 | tostring;

def test($ok; $text): {ok: $ok, text: $text};

# A missing figure fails: null is less than any number in jq.
def at_most($text; $value; $limit; $why):
	test($value != null and $limit != null and $value <= $limit;
	     "\($text): \($value | show) <= \($limit | show) (\($why))");

def within($op; $way; $factor):
	get($op; "native"; "base") as $native
	| get($op; $way; "on") as $value
	| test($value != null and $native != null and $value <= $native * $factor;
	       "\($op) by \(if $way == "kernel" then "the kernel with pio_hcall=on" else "hypercall" end): "
	       + "\($value | show) <= \($factor) x \($native | show) native"
	       + if $value and $native then ", is \($value / $native | ratio) x" else "" end);

# Strings get a NOP of padding, they take long enough to be hit by a timer tick,
# and KVM emulates 256 elements with some instructions more or less: hence $slack.
def as_before($op; $slack):
	get($op; "kernel"; "base") as $before
	| get($op; "kernel"; "off") as $off
	| test($before != null and $off != null and ($off - $before | fabs) <= $before * $slack;
	       "\($op), pio_hcall=off: \($off | show) as in the unpatched kernel, \($before | show)"
	       + if $slack > 0 then " (to \($slack * 100) %)" else "" end);

def figure_count: [.ops[].guest] | group_by(.) | map("\(length) \(.[0])") | join(", ");

[
	([.ops[] | select(.op == "tsc") | .instructions] as $tsc
	 | test($tsc == [2, 2, 2]; "a loop of two instructions takes \($tsc | map(tostring) | join(", ")) ticks")),
	([.ops[] | select(.stable | not) | "\(.op) \(.way) \(.guest)"] as $bad
	 | test($bad == []; "all figures are stable (\(figure_count))" + ($bad | map("; not " + .) | join("")))),
	at_most("null hypercall"; get("hcall_probe"; "hypercall"; "on");
		get("hcall_unknown"; "hypercall"; "base"); "stock KVM refusing a call"),
	(get("in8_qemu"; "kernel"; "on") as $on | get("in8_qemu"; "kernel"; "off") as $off
	 | test($on != null and $on != $off; "pio_hcall=on is in effect: inb() is \($on | show), with off \($off | show)")),
	(("in8_qemu", "in32_qemu") as $op | within($op; ("hypercall", "kernel"); 1.30)),
	(("out8_qemu", "out32_qemu") as $op | within($op; ("hypercall", "kernel"); 1.45)),
	(("ins16x256_qemu", "outs16x256_qemu") as $op | within($op; ("hypercall", "kernel"); 1)),
	(("in8_qemu", "out8_qemu", "in32_qemu", "out32_qemu", "in8_kvm", "out8_kvm") as $op
	 | as_before($op; 0)),
	(("ins16x256_qemu", "outs16x256_qemu") as $op | as_before($op; 0.005))
] as $tests
| get("hcall_unknown"; "hypercall"; "base") as $stock
| get("hcall_unknown"; "hypercall"; "off") as $loaded
| "KTAP version 1", "1..\($tests | length)",
  ($tests | to_entries[] | "\(if .value.ok then "ok" else "not ok" end) \(.key + 1) - \(.value.text)"),
  "# unknown hypercall: \($stock | show) on a stock host, \($loaded | show) with the module"
  + if $stock and $loaded then " (\(if $loaded < $stock then "" else "+" end)\($loaded - $stock))" else "" end
