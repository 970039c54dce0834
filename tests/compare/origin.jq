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
def exits_by(names): . as $e | [names | $e.kvm_exit[.] // 0] | add;

# By port or address; also those that a batch put into the ring, and KVM does not trace.
def accesses($o): reduce (.kvm_pio, $o.mmio // {}, $o.ring // {} | to_entries[]) as $a
	({}; .[$a.key] += $a.value);

# Where a batch goes on, and when the coalesced part of one is flushed, the first access
# may be one that the host makes for it.
def host_made: [[3320, 3327], [128, 128]];	# 0xcf8 to 0xcff, 0x80

# Exits for the registers in $mine.  An exit without any access, too: string I/O leaves
# several times for one piece, and a call that is refused is a crossing like any other.
def crossings($o; $mine): if $o == null then null else
	{
		port: (exits_by("ioio", "io_instruction")
			- ($o.first.port | with_entries(select(.key | within($mine) | not)) | sum)),
		mmio: ($o.first.mmio | with_entries(select(.key | within($mine))) | sum),
		hypercall: (exits_by("vmmcall", "vmcall")
			- ($o.first.hypercall
			   | with_entries(select(.key | within($mine + host_made) | not)) | sum))
	} end;

# Not of the serial ports, which are the console's and the marks'.
def serial: [[760, 767], [1016, 1023]];		# 0x2f8 to 0x2ff, 0x3f8 to 0x3ff
def device_exits_to_vmm($o): if $o == null then null else
	(.kvm_userspace_exit.io // 0) + (.kvm_userspace_exit.mmio // 0)
	- ([$o.first.port, $o.first.hypercall | to_entries[]
	    | select(.key | within(serial)) | .value] | sum)
	end;

# The other decodes are of instructions whose length the processor does not tell (CPUID).
def access_decodes: if . == null then null
	else [.decodes.port, .decodes.mmio, .decodes.hypercall] | sum end;
