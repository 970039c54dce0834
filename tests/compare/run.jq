# SPDX-License-Identifier: GPL-2.0
#
# One job's entry in results.json, from what one boot left. Documentation/results.rst
# says what the keys mean.
#
#	$plain $counted: fio's output; $exits: exits' output; $outer: the same of the host's own
#	host, or nothing; $origin: origin's, or nothing;
#	$registers: "first-last", hexadecimal, a line each; $others: nanoseconds that QEMU's threads
#	but its vCPUs' ran while it was counted, or ""; $real: "1" or ""; $guest: "patched", "stock" or "32"

include "origin";

# fio calls it "mixed" if the job asked for unified_rw_reporting.
def directions: [.read, .write, .trim, .mixed] | map(select(. != null and .total_ios > 0));

def ios: [.jobs[] | directions[].total_ios] | add // 0;
def bytes: [.jobs[] | directions[].io_bytes] | add // 0;

# Not fio's `runtime': for a job that writes and then verifies that is one half.
def runtime_ms: [.jobs[].job_runtime] | max;

# Percentiles of several directions or jobs cannot be merged: then there are none.
def latency: [.jobs[] | directions[]] | if length == 1 then .[0] else null end;
def percentile($p): latency | if . == null then null
	else (.lat_ns.percentile // .clat_ns.percentile // {})[$p] end;

def one_at_a_time: (.jobs | length) == 1 and .jobs[0].iodepth_level["1"] >= 100;

def per($n): if . == null or $n == 0 then null else . / $n * 1000 | round / 1000 end;
def each_per($n): if . == null or $n == 0 then null else map_values(per($n)) end;

($plain[0] | ios) as $n
| ($counted[0] | ios) as $m
| ($plain[0] | runtime_ms) as $ms
| $exits[0] as $e
| $origin[0] as $o
| ($registers | ranges) as $mine
| ($e | accesses($o)) as $all
| ($all | with_entries(select(.key | within($mine)))) as $device
# Of what the guest did by IN, OUT and MMIO: the elements of a list are not told apart.
| (($e.kvm_pio_out // {}) + ($o.written // {}) | with_entries(select(.key | within($mine)))) as $writes
| (reduce ((($e.kvm_pio_in // {}), ($o.mmio // {}) | to_entries[]), (($o.written // {}) | to_entries[] | .value *= -1))
	as $a ({}; .[$a.key] += $a.value) | with_entries(select((.key | within($mine)) and .value > 0))) as $reads
| ($o | crossings($mine)) as $crossings
# A nanosecond is an instruction.
| (if $real == "1" then null
   elif $plain[0] | one_at_a_time and latency != null then $plain[0] | latency | .lat_ns.mean | round
   else $ms * 1e6 | per($n) end) as $instructions
| {
	$job, $controller, $guest, $mode,
	iops: ($n * 1000 | per($ms)),
	bw_bytes: ($plain[0] | bytes | . * 1000 | per($ms)),
	lat_ns: {
		p50: ($plain[0] | percentile("50.000000")),
		p99: ($plain[0] | percentile("99.000000")),
		mean: ($plain[0] | latency | .lat_ns.mean)
	},
	per_io: {
		exits: ($e.kvm_exit | add | per($m)),
		exits_by_reason: ($e.kvm_exit | each_per($m)),
		crossings: ($crossings | if . then add else . end | per($m)),
		crossings_by_kind: ($crossings | each_per($m)),
		exits_to_vmm: ($e.kvm_userspace_exit | add // 0 | per($m)),
		exits_to_vmm_by_reason: ($e.kvm_userspace_exit | each_per($m)),
		controller_exits_to_vmm: ($o | device_exits_to_vmm | per($m)),
		decodes: ($e.kvm_emulate_insn | per($m)),
		controller_decodes: ($o | access_decodes | per($m)),
		hypercalls: ([$e.kvm_exit.vmmcall, $e.kvm_exit.vmcall] | add // 0 | per($m)),
		$instructions,
		# A thread that polls does so while fio starts, too.
		vcpu_instructions: (if $instructions == null or $others == "" or $mode == "polling"
			or ($controller | endswith("+polling")) then null
			else $instructions - ($others | tonumber | per($m)) | round end),
		device_accesses: ($device | add // 0 | per($m)),
		outer_exits: ($outer[0].kvm_exit // null | if . then add else . end | per($m)),
		outer_exits_by_reason: ($outer[0].kvm_exit // null | each_per($m))
	},
	ios: $n, runtime_ms: $ms,
	counted: {
		ios: $m,
		runtime_ms: ($counted[0] | runtime_ms),
		exits: $e.kvm_exit,
		exits_to_vmm: $e.kvm_userspace_exit,
		crossings: $crossings,
		controller_exits_to_vmm: ($o | device_exits_to_vmm),
		controller_decodes: ($o | access_decodes),
		device_accesses: $device,
		device_reads: $reads, device_writes: $writes,
		other_accesses: ($all | with_entries(select(.key | in($device) | not))),
		insn_emulation: $e.stats.insn_emulation,
		outer_exits: ($outer[0].kvm_exit // null)
	}
}
