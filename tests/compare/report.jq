# SPDX-License-Identifier: GPL-2.0
#
# What report shows, from results.json: $what is text, html, or a plot's data.

def jobs: reduce .runs[] as $run ([]; if any(.[]; . == $run.job) then . else . + [$run.job] end);

# Pairs of runs, one per job, in the order of the file. What is only there to compare
# with has no second half; of what is missing either may be null.
def pairs: . as $all | jobs[] as $job | {
	$job,
	native: (first($all.runs[] | select(.job == $job and .mode == "native")) // null),
	hypercall: (first($all.runs[] | select(.job == $job and .mode == "hypercall")) // null)
};

# The names are those of the union of both modes, for rows to be side by side.
def by_reason($counts): $counts // {} | to_entries | map(["  by " + .key, "part", 0, .value]);
def union($key): [.native, .hypercall | values | .per_io[$key] // {} | to_entries[]
	| select(.value >= 0.05)] | sort_by(-.value)
	| reduce .[].key as $k ([]; if any(.[]; . == $k) then . else . + [$k] end);
def aligned($key): union($key) as $names
	| (.native, .hypercall | values | .per_io[$key]) |= (. as $counts
		| if . == null then . else
			reduce $names[] as $k ({}; .[$k] = ($counts[$k] // 0)) end);

# What is compared; which of the two is better; and by how many events in 1000 I/Os, and as
# many once more in the run, two boots may differ for no reason (timer ticks, fio's start).
# What is indented says what the row above it consists of.
def metrics: [
	["IOPS", "higher", 0, .iops],
	["bandwidth, MB/s", "higher", 0, (.bw_bytes | if . then . / 1e6 else . end)],
	["latency p50, µs", "lower", 0, (.lat_ns.p50 | if . then . / 1e3 else . end)],
	["latency p99, µs", "lower", 0, (.lat_ns.p99 | if . then . / 1e3 else . end)],
	["instructions per I/O", "lower", 0, .per_io.instructions],
	["crossings per I/O", "lower", 0, .per_io.crossings],
	["  port in, out", "part", 0, .per_io.crossings_by_kind.port],
	["  MMIO", "part", 0, .per_io.crossings_by_kind.mmio],
	["  hypercall", "part", 0, .per_io.crossings_by_kind.hypercall],
	["exits to QEMU for the disk", "lower", 0, .per_io.controller_exits_to_vmm],
	["decodes for the disk", "lower", 0, .per_io.controller_decodes],
	["register accesses per I/O", "lower", 0, .per_io.device_accesses],
	["exits per I/O", "lower", 100, .per_io.exits]
] + by_reason(.per_io.exits_by_reason) + [
	["exits to QEMU per I/O", "lower", 100, .per_io.exits_to_vmm]
] + by_reason(.per_io.exits_to_vmm_by_reason) + [
	["hypercalls per I/O", "neither", 0, .per_io.hypercalls],
	["instruction decodes per I/O", "lower", 100, .per_io.decodes]
];

# Five digits tell two figures apart, more only look exact.
def number: if . == null then "-"
	elif . >= 1000 then round | tostring
	elif . >= 100 then . * 10 | round / 10 | tostring
	else . * 100 | round / 100 | tostring end;

# But where an integer is expected, one event too many in 500 is to be seen.
def exact: if . == null then "-" else tostring end;

def ratio: . * 1000 | round / 1000 | tostring
	| if contains(".") then . + "00" | .[0:(index(".") + 4)] else . + ".000" end;

def rows: aligned("exits_by_reason") | aligned("exits_to_vmm_by_reason")
	| .native.counted.ios as $ios
	| (.native | metrics) as $off | (.hypercall | if . then metrics else [] end) as $on
	| range($off | length)
	| $off[.] as [$name, $better, $noise, $x] | $on[.][3] as $y
	| [$name, ($x | number), ($y | number)] +
	if ($x // 0) == 0 or $y == null then ["-", ""]
	else [($y / $x | ratio),
		(if $better == "part" then ""
		 elif ($y / $x - 1 | fabs) < 0.005 or ($y - $x | fabs) * $ios < $noise * (1 + $ios / 1000) then "same"
		 elif $better == "neither" then ""
		 elif ($y > $x) == ($better == "higher") then "better"
		 else "worse" end)]
	end;

def text: pairs | ([.job, "native", "hypercall", "ratio", ""], rows) | @tsv;

def html: pairs
	| "<table><tr class=job><th>\(.job | @html)<th>native<th>hypercall<th>ratio<th></tr>",
	  (rows | "<tr class=\"\(.[4])\"><td>\(.[0] | sub("^  "; "&emsp;"))<td>\(.[1])<td>\(.[2])<td>\(.[3])<td>\(.[4])</tr>"),
	  "</table>";

# All jobs, a line each: crossings, exits to QEMU, instructions. How much of virtio-blk's
# cost is only said of the same I/O: 4 KiB random reads, one at a time.
def same_io: .job | test("randread-4k$");
def reference: first(.runs[] | select(.controller == "virtio-blk") | .per_io.instructions) // null;
def over($y): if . == null or ($y // 0) == 0 then "-" else . / $y | ratio end;
def glance: reference as $virtio | pairs
	| [.job,
	   (.native, .hypercall | .per_io.crossings | exact),
	   (.native, .hypercall | .per_io.controller_exits_to_vmm | exact),
	   (.native, .hypercall | .per_io.instructions | number),
	   (.native.per_io.instructions as $x | .hypercall.per_io.instructions | over($x)),
	   (if same_io then .native, .hypercall | .per_io.instructions | over($virtio)
	    else "", "" end)];
def glance_text: glance | @tsv;
def glance_html: glance | "<tr>" + (map("<td>\(.)") | add) + "</tr>";

# Where there is a list device: a line for each way of a request.
def ways: if any(.runs[]; .mode == "doorbell") | not then empty else
	. as $all | jobs[] as $job | $all.runs[] | select(.job == $job)
	| (first($all.runs[] | select(.job == $job and .mode == "native") | .per_io.instructions) // null) as $native
	| select(any($all.runs[]; .job == $job and .mode == "doorbell") or .controller == "virtio-blk")
	| [.job, .mode, (.per_io.crossings | exact), (.per_io.controller_exits_to_vmm | exact),
	   (.per_io.instructions | number), (.per_io.instructions | over($native)),
	   ((("virtio-" + ($job | sub("^[a-z]*-"; ""))) as $virtio
	     | first($all.runs[] | select(.job == $virtio) | .per_io.instructions) // null) as $virtio
	    | .per_io.instructions | over($virtio))] end;
def ways_text: ways | @tsv;
def ways_html: ways | "<tr>" + (map("<td>\(.)") | add) + "</tr>";

# The boot of the guest, by reason and by what the exits were for.
def ranges: [
	["console", 1016, 1023], ["2nd serial port", 760, 767], ["PCI configuration", 3320, 3327],
	["IDE", 496, 503], ["IDE", 1014, 1014], ["IDE", 368, 375], ["IDE", 886, 886],
	["fw_cfg", 1296, 1307], ["timer", 64, 67], ["timer", 97, 97],
	["interrupt controllers", 32, 33], ["interrupt controllers", 160, 161],
	["interrupt controllers", 1232, 1233],
	["interrupt controllers", 4273995776, 4276092927],	# IOAPIC, LAPIC
	["RTC, CMOS", 112, 113], ["SeaBIOS debug", 1026, 1026], ["keyboard", 96, 96],
	["keyboard", 100, 100], ["A20, reset", 146, 146], ["ACPI", 1536, 1599],
	["PCI device, port", 49152, 65535], ["PCI device, MMIO", 3221225472, 4273995775]
];
def hex: ltrimstr("0x") | explode
	| reduce .[] as $c (0; . * 16 + $c - (if $c >= 97 then 87 else 48 end));
def what: hex as $address
	| first(ranges[] | select(.[1] <= $address and $address <= .[2]) | .[0]) // "other device";
def boot_devices: . as $boot
	| reduce (.exits_by_register // {} | to_entries[]) as $r ({}; .[$r.key | what] += $r.value)
	| .["hypercall, no access"] = ($boot.hypercalls_without_access // 0)
	| . + {"no device": ($boot.exits - add)};

# A table of two columns: names of both sides, in the order of what is most there.
def side_by_side($off; $on; $least): [$off, $on | values | to_entries[]] | group_by(.key)
	| map({key: .[0].key, value: (map(.value) | max)}) | sort_by(-.value)[]
	| select(.value >= $least) | .key as $key
	| [$key, ($off, $on | if . == null then null else .[$key] // 0 end)];
def boot: .boot.ide | .native as $off | .hypercall as $on
	| if $off == null and $on == null then empty else
	  ["exits", $off.exits, $on.exits],
	  (side_by_side($off.exits_by_reason; $on.exits_by_reason; 10) | .[0] |= "  by " + .),
	  ["exits to QEMU", $off.exits_to_vmm, $on.exits_to_vmm],
	  ["decodes", $off.decodes, $on.decodes],
	  (if $off.exits_by_register == null or $on.exits_by_register == null then empty else
	   ["exits by device", "", ""],
	   (side_by_side($off | boot_devices; $on | boot_devices; 10) | .[0] |= "  " + .),
	   ["exits by register", "", ""],
	   ([side_by_side($off.exits_by_register; $on.exits_by_register; 10)][:12][]
	    | .[0] |= "  \(.) (\(what))") end) end;
def boot_row: . + if .[1] == "" then ["", ""]
	elif .[1] == null or .[1] == 0 or .[2] == null then ["-", ""]
	else [(.[2] / .[1] | ratio), ""] end | map(. // "-" | tostring);
def boot_text: (["boot of the guest (ide)", "native", "hypercall", "ratio", ""], (boot | boot_row)) | @tsv;
def boot_html: boot | boot_row
	| "<tr><td>\(.[0] | sub("^  "; "&emsp;"))<td>\(.[1])<td>\(.[2])<td>\(.[3])</tr>";

def conditions: [
	["revision", .revision], ["ABI", .abi], ["machine", .host], ["clock", .clock],
	["host CPU", .host_cpu], ["host kernel", .host_kernel], ["QEMU", .qemu],
	["guest kernel", .guest_kernel], ["fio", .fio]
	] | .[] | "<tr><td>\(.[0])<td>\(.[1] | tostring | @html)</tr>";

def missing: .missing[] | "missing: \(.boot): \(.why)";
def missing_html: .missing[] | "<tr><td>\(.boot)<td>\(.why | @html)<td><code>\(.log | @html)</code></tr>";

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

# Plots: one line per bar, for gnuplot: its place, its label, its parts.

# bars(PARTS): a job's bars are neighbours, and a gap is between jobs.
def bars(parts): [pairs] | to_entries[] | .key as $i | .value
	| (.native, .hypercall | values) as $run
	| [3 * $i + (if .hypercall == null or .native == null then 0.5
		     elif $run.mode == "native" then 0 else 1 end),
	   (if .native == null or $run.mode == "native" then "\(.job), \($run.mode)" else $run.mode end)]
	+ ($run | [parts])
	| map(tostring) | join("\t");

def crossings: bars(.per_io.crossings_by_kind
	| .port // 0, .mmio // 0, .hypercall // 0);
def to_vmm: bars(.per_io.exits_to_vmm_by_reason
	| .io // 0, .mmio // 0, ([to_entries[] | select(.key != "io" and .key != "mmio") | .value] | add // 0));

# In the order of report's names.
def reasons: . as $exits | [
	["ioio", "io_instruction"],
	["vmmcall", "vmcall"],
	["npf", "ept_violation", "ept_misconfig"],
	["hlt"],
	["intr", "vintr", "external_interrupt", "interrupt_window", "preemption_timer",
	 "eoi_induced", "apic_access", "apic_write"],
	["msr", "msr_read", "msr_write"]
	] | map(map($exits[.] // 0) | add);
def exits: bars(.counted.ios as $ios | .counted.exits
	| reasons + [(add - (reasons | add))] | .[] / $ios);

# Where the clock does not count instructions, time is the next best thing.
def mode_cost($unit): bars(((.per_io.instructions // .lat_ns.mean // 0) / $unit) as $cost
	| if .controller == "virtio-blk" then 0, 0, $cost
	  elif .mode == "native" then $cost, 0, 0 else 0, $cost, 0 end);
def cost: mode_cost(1000);
def against: (first(.runs[] | select(.controller == "virtio-blk")
	| .per_io.instructions // .lat_ns.mean) // null) as $virtio
	| if $virtio == null then empty
	  else .runs |= map(select(.job | test("randread-4k$"))) | mode_cost($virtio) end;

# The boot: one bar per boot, in the order of report's names.
def boot_names: ["console", "PCI configuration", "interrupt controllers", "IDE",
	"PCI device, MMIO"];
def boot_bars: [.boot | to_entries[] | .key as $controller | .value | length as $both | to_entries[]
	| [.value, (if .key == "native" or $both == 1 then "\($controller), \(.key)" else .key end)]]
	| reduce .[] as [$boot, $name] ([];
		. + [[(if length == 0 then 0 else .[-1][0] + (if $name == "hypercall" then 1 else 2 end) end),
		      $name]
		     + ($boot | boot_devices as $d | [boot_names[] | $d[.] // 0]
			| . + [([$d | to_entries[] | select(.key != "no device") | .value] | add) - add, $d["no device"]])])
	| .[] | map(tostring) | join("\t");

# Names by the place in the controller's ranges, of which AHCI's is a page; elsewhere the
# number has to do.
def register: {"0x1f0": "data", "0x1f1": "feature", "0x1f2": "count", "0x1f3": "LBA low",
	"0x1f4": "LBA mid", "0x1f5": "LBA high", "0x1f6": "device", "0x1f7": "status,\\ncommand",
	"0x3f6": "alt. status,\\ncontrol"}[.]
	// {"0": "bus master\\ncommand", "2": "bus master\\nstatus",
	    "4": "PRD table"}[if length == 6 then .[5:] else "" end]
	// {"008": "interrupt\\nstatus", "10": "port interrupt\\nstatus", "30": "SATA error",
	    "34": "NCQ active", "38": "command\\nissue"}[if length != 10 then ""
		elif .[7:8] == "0" then .[7:] else .[8:] end]
	// "";

def ports($job): pairs | select(.job == $job)
	| .native.counted as $off | .hypercall.counted as $on
	| [$off.device_accesses, $on.device_accesses | values | keys[]] | unique
	| sort_by([length, .])[]
	| ["\(.)\\n\(register)", ($off.device_accesses[.] // 0) / ($off.ios // 1),
	   ($on.device_accesses[.] // 0) / ($on.ios // 1)] | map(tostring) | join("\t");

if $what == "text" then text
elif $what == "html" then html
elif $what == "glance" then glance_text
elif $what == "glance_html" then glance_html
elif $what == "ways" then ways_text
elif $what == "ways_html" then ways_html
elif $what == "boot" then boot_text
elif $what == "boot_html" then boot_html
elif $what == "conditions" then conditions
elif $what == "missing" then missing
elif $what == "missing_html" then missing_html
elif $what == "dmesg" then dmesg
elif $what == "guest" then counters("guest_counters")
elif $what == "host" then counters("host_counters")
elif $what == "crossings" then crossings
elif $what == "to_vmm" then to_vmm
elif $what == "exits" then exits
elif $what == "cost" then cost
elif $what == "against" then against
elif $what == "boot_bars" then boot_bars
else ports($what) end
