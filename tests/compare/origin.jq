# SPDX-License-Identifier: GPL-2.0
#
# What exits were about, from exits' output (the input) and origin's ($o, null where
# the kernel could not tell).

def hex: ascii_downcase | ltrimstr("0x") | explode
	| reduce .[] as $c (0; . * 16 + $c - (if $c >= 97 then 87 else 48 end));

# "first-last", hexadecimal, a line each
def ranges: split("\n") | map(select(. != "") | split("-") | map(hex));
def within($ranges): hex as $address
	| any($ranges[]; .[0] <= $address and $address <= .[1]);

def sum: add // 0;
# By port or address; also those that only kvm_hcall traces.
def accesses($o): reduce (.kvm_pio, $o.mmio // {}, $o.untraced // {} | to_entries[]) as $a
	({}; .[$a.key] += $a.value);

# Where a list goes on, and when the coalesced part of one is flushed, the first access
# may be one that the host makes for it.
def host_made: [[3320, 3327], [128, 128]];	# 0xcf8 to 0xcff, 0x80

# Exits for the registers in $mine.  IN, OUT and hypercalls without any access, too:
# string I/O leaves several times for one piece, and a refused call is a crossing as well.
def crossings($mine): if . == null then null else
	{
		port: ((.first.port | with_entries(select(.key | within($mine))) | sum)
			+ (.none.port // 0)),
		mmio: (.first.mmio | with_entries(select(.key | within($mine))) | sum),
		hypercall: ((.first.hypercall
			| with_entries(select(.key | within($mine + host_made))) | sum)
			+ (.none.hypercall // 0))
	} end;

# Not of the serial ports, which are the console's and the marks': an exit each.
def serial: [[760, 767], [1016, 1023]];		# 0x2f8 to 0x2ff, 0x3f8 to 0x3ff
def device_exits_to_vmm: if . == null then null else
	(.to_vmm.io // 0) + (.to_vmm.mmio // 0)
	- ([.first.port, .first.hypercall | to_entries[]
	    | select(.key | within(serial)) | .value] | sum)
	end;

# The other decodes are of instructions whose length the processor does not tell (CPUID).  Not of
# the local APIC, which is memory where it is no x2APIC: of 32-bit guests; a decode each.
def apic: [[4276092928, 4276097023]];		# 0xfee00000 to 0xfee00fff
def access_decodes: if . == null then null else
	([.decodes.port, .decodes.mmio, .decodes.hypercall] | sum)
	- ([.first.mmio | to_entries[] | select(.key | within(apic)) | .value] | sum)
	end;
