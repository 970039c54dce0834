# SPDX-License-Identifier: GPL-2.0
#
# The exits of one boot, from the guest's first instruction to its first mark.
#
#	$controller, $mode; $exits: exits' output; $origin: origin's, or nothing

include "origin";

def falling: to_entries | sort_by(-.value) | from_entries;

$exits[0] as $e | $origin[0] as $o
| {($controller): {($mode): {
	exits: ($e.kvm_exit | add),
	exits_by_reason: ($e.kvm_exit | falling),
	exits_by_register: (if $o == null then null else
		reduce ($o.first[] | to_entries[]) as $a ({}; .[$a.key] += $a.value) | falling end),
	hypercalls_without_access: (if $o == null then null else $o.none.hypercall // 0 end),
	exits_to_vmm: ($e.kvm_userspace_exit | add // 0),
	exits_to_vmm_by_reason: ($e.kvm_userspace_exit | falling),
	decodes: $e.kvm_emulate_insn,
	hypercalls: ([$e.kvm_exit.vmmcall, $e.kvm_exit.vmcall] | add // 0)
}}}
