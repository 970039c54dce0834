# SPDX-License-Identifier: GPL-2.0
#
# injected.awk - are interrupts that KVM injects delivered once?
#
# Reads what the machine's QEMU logs with -d int,in_asm.  Counts interrupts injected by
# VMRUN, and those a guest got without: no exit and no VMRUN since the last, and the
# processor has no other way to one.  With each, the flags it interrupted.  A host that
# injects with IF=0 (vectors from 0x20) would be to blame itself.
/vmrun!/ {
	guest = 1
}
/^vmexit/ {
	guest = 0
}
/: v=[0-9a-f][0-9a-f] e=/ {
	match($0, /v=../)
	vector = substr($0, RSTART + 2, 2)
	want = flags = 0
	if (/Injecting/) {
		injected++
		flags = vector "" >= "20"
	} else if (guest && vector "" >= "20" && / i=0 /) {
		again++
		print "again: " $0
		print "after: " last
		want = 1
	}
	if (guest)
		last = $0
}
/RFL=/ && (want || flags) {
	match($0, /RFL=......../)
	open = substr($0, RSTART + 9, 1) ~ /[2367abef]/
	if (want) {
		closed += !open
		print "       " $0
	} else {
		wrong += !open
	}
	want = flags = 0
}
END {
	print injected + 0, "injected,", wrong + 0, "of them with IF=0,", again + 0, "delivered again,", closed + 0, "of those with IF=0"
}
