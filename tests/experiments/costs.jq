# SPDX-License-Identifier: GPL-2.0
#
# What one access costs, from bench's results ($bench, as jq's --slurpfile gives them), and what a
# run of compare's did.

def op($bench; $op; $guest; $way):
	first($bench[0].ops[]? | select(.op == $op and .guest == $guest and .way == $way) | .instructions) // null;

# Natively, on a host without the module; by call, with it
def cost($bench; $op): op($bench; $op; "base"; "native");
def call($bench; $op): op($bench; $op; "on"; "hypercall");

# fio's latency of a write does not have the flush behind it.
def flushed: if .job == "disk-write-4k-flush" then .per_io.instructions = .runtime_ms * 1e6 / .ios else . end;

# Of a run of an IDE disk: its registers, and what reads and writes of each cost, in QEMU as it
# is, and in KVM as KVM's PIT does.  Of the command the access alone, not what it starts.
def register_names: {"0x1f0": "data", "0x1f1": "feature", "0x1f2": "sector count", "0x1f3": "LBA low",
	"0x1f4": "LBA mid", "0x1f5": "LBA high", "0x1f6": "device", "0x1f7": "status, command",
	"0x3f6": "alternate status"};
def bus_master_names: {"0": "bus master command", "2": "bus master status", "4": "PRD table address"};
def read_ops: {"device": "in8_ide_device", "status, command": "in8_ide_status",
	"alternate status": "in8_ide_altstatus", "bus master command": "in8_bmdma_command",
	"bus master status": "in8_bmdma_status"};
def write_ops: {"feature": "out8_ide_feature", "device": "out8_ide_device",
	"bus master command": "out8_bmdma_command", "bus master status": "out8_bmdma_status",
	"PRD table address": "out32_bmdma_prd"};
def register_costs($bench): .counted as $c
	| [$c.device_accesses | keys[] as $port
	   | (register_names[$port] // bus_master_names[$port[-1:]] // "?") as $name
	   | (($c.device_reads[$port] // 0) / $c.ios) as $reads
	   | (($c.device_writes[$port] // 0) / $c.ios) as $writes
	   | {$port, name: "\($port) \($name)", $reads, $writes,
	      qemu: ((if $reads > 0 then $reads * cost($bench; read_ops[$name] // "in8_ide_status") else 0 end)
		     + (if $writes > 0 then $writes * cost($bench; write_ops[$name] // "out8_ide_count") else 0 end)),
	      kvm: ($reads * cost($bench; "in8_kvm") + $writes * cost($bench; "out8_kvm"))}];

# Of a native run of an AHCI disk: its accesses; two registers of bench's stand for all of them.
def mmio_costs($bench): .counted
	| ((.device_reads | add // 0) * cost($bench; "mmio_read32_qemu")
	   + (.device_writes | add // 0) * cost($bench; "mmio_write32_qemu")) / .ios;
