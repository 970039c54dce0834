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
[
	{ok: (.missing == []), text: "all boots are there"}
]
| to_entries
| "KTAP version 1", "1..\(length)",
  (.[] | "\(if .value.ok then "ok" else "not ok" end) \(.key + 1) - \(.value.text)")
