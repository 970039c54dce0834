# SPDX-License-Identifier: GPL-2.0
#
# What report shows, from results.json: $what is text, html, or a plot's data.

def jobs: reduce .runs[] as $run ([]; if any(.[]; . == $run.job) then . else . + [$run.job] end);

# Pairs of runs, one per job, in the order of the file.
def pairs: . as $all | jobs[] as $job | {
	$job,
	native: ($all.runs[] | select(.job == $job and .mode == "native")),
	hypercall: ($all.runs[] | select(.job == $job and .mode == "hypercall"))
};

# What is compared; which of the two is better; and by how many events in 1000 I/Os, and as
# many once more in the run, two boots may differ for no reason (timer ticks, fio's start).
def metrics: [
	["IOPS", "higher", 0, .iops],
	["bandwidth, MB/s", "higher", 0, (.bw_bytes | if . then . / 1e6 else . end)],
	["latency p50, µs", "lower", 0, (.lat_ns.p50 | if . then . / 1e3 else . end)],
	["latency p99, µs", "lower", 0, (.lat_ns.p99 | if . then . / 1e3 else . end)],
	["exits per I/O", "lower", 100, .per_io.exits],
	["exits to QEMU per I/O", "lower", 100, .per_io.exits_to_vmm],
	["hypercalls per I/O", "neither", 0, .per_io.hypercalls],
	["instruction decodes per I/O", "lower", 100, .per_io.decodes],
	["register accesses per I/O", "lower", 0, .per_io.device_accesses],
	["instructions per I/O", "lower", 0, .per_io.instructions]
];

# Five digits tell two figures apart, more only look exact.
def number: if . == null then "-"
	elif . >= 1000 then round | tostring
	elif . >= 100 then . * 10 | round / 10 | tostring
	else . * 100 | round / 100 | tostring end;

def ratio: . * 1000 | round / 1000 | tostring
	| if contains(".") then . + "00" | .[0:(index(".") + 4)] else . + ".000" end;

def rows: .native.counted.ios as $ios
	| (.native | metrics) as $off | (.hypercall | metrics) as $on
	| range($off | length)
	| $off[.] as [$name, $better, $noise, $x] | $on[.][3] as $y
	| [$name, ($x | number), ($y | number)] +
	if ($x // 0) == 0 or $y == null then ["-", ""]
	else [($y / $x | ratio),
		(if ($y / $x - 1 | fabs) < 0.005 or ($y - $x | fabs) * $ios < $noise * (1 + $ios / 1000) then "same"
		 elif $better == "neither" then ""
		 elif ($y > $x) == ($better == "higher") then "better"
		 else "worse" end)]
	end;

def text: pairs | ([.job, "native", "hypercall", "ratio", ""], rows) | @tsv;

def html: pairs
	| "<table><tr class=job><th>\(.job | @html)<th>native<th>hypercall<th>ratio<th></tr>",
	  (rows | "<tr class=\"\(.[4])\"><td>\(.[0])<td>\(.[1])<td>\(.[2])<td>\(.[3])<td>\(.[4])</tr>"),
	  "</table>";

def conditions: [
	["revision", .revision], ["ABI", .abi], ["machine", .host], ["clock", .clock],
	["host CPU", .host_cpu], ["host kernel", .host_kernel], ["QEMU", .qemu],
	["guest kernel", .guest_kernel], ["fio", .fio]
	] | .[] | "<tr><td>\(.[0])<td>\(.[1] | tostring | @html)</tr>";

def dmesg: .boots[] | "<tr><td>\(.boot)<td><code>\(.cmdline | @html)</code>"
	+ "<td><code>\(.dmesg | @html)</code></tr>";

# One row per counter, one column per boot; what is 0 everywhere says nothing.
def counters($key): .boots as $boots
	| "<tr class=job><th>" + ([$boots[] | "<th>\(.boot)"] | add) + "</tr>",
	  ([$boots[][$key] | keys_unsorted[]] | reduce .[] as $k ([];
		if any(.[]; . == $k) then . else . + [$k] end)
	   | .[] as $name | [$boots[][$key][$name] // 0]
	   | select(any(.[]; . != 0))
	   | "<tr><td>\($name)" + ([.[] | "<td>\(.)"] | add) + "</tr>");

# Plots: one line per bar, for gnuplot.

def sum(names): . as $exits | [names | $exits[.] // 0] | add;
# In the order of report's Names.
def reasons: [
	sum("ioio", "io_instruction"),
	sum("vmmcall", "vmcall"),
	sum("npf", "ept_violation", "ept_misconfig"),
	sum("hlt"),
	sum("intr", "vintr", "external_interrupt", "interrupt_window", "preemption_timer",
	    "eoi_induced", "apic_access", "apic_write"),
	sum("msr", "msr_read", "msr_write")
];

def exits: pairs | [.job] as $job | (.native, .hypercall)
	| .counted.ios as $ios | .counted.exits as $exits
	| $exits | reasons | . + [($exits | add) - add]
	| $job + map(. / $ios) | @tsv;

# Names by the place in the controller's ranges; elsewhere the number has to do.
def register: {"0x1f0": "data", "0x1f1": "feature", "0x1f2": "count", "0x1f3": "LBA low",
	"0x1f4": "LBA mid", "0x1f5": "LBA high", "0x1f6": "device", "0x1f7": "status,\\ncommand",
	"0x3f6": "alt. status,\\ncontrol"}[.]
	// {"0": "bus master\\ncommand", "2": "bus master\\nstatus",
	    "4": "PRD table"}[if length == 6 then .[5:] else "" end]
	// "";

def ports($job): pairs | select(.job == $job)
	| .native.counted as $off | .hypercall.counted as $on
	| [$off.device_accesses, $on.device_accesses | keys[]] | unique
	| sort_by([length, .])[]
	| ["\(.)\\n\(register)", ($off.device_accesses[.] // 0) / $off.ios,
	   ($on.device_accesses[.] // 0) / $on.ios] | map(tostring) | join("\t");

# Where the clock does not count instructions, time is the next best thing.
def cost: pairs | [.job, (.native, .hypercall
	| (.per_io.instructions // .lat_ns.mean // 0) / 1000)] | @tsv;

if $what == "text" then text
elif $what == "html" then html
elif $what == "conditions" then conditions
elif $what == "dmesg" then dmesg
elif $what == "guest" then counters("guest_counters")
elif $what == "host" then counters("host_counters")
elif $what == "exits" then exits
elif $what == "cost" then cost
else ports($what) end
