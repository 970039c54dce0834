# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash # for tests/*/mutants to source
#
# mutate FILE OLD NEW >COPY: with NEW instead of OLD; fails unless OLD is in one line of FILE

mutate() {
	old=$2 new=$3 awk '
		BEGIN { old = ENVIRON["old"]; new = ENVIRON["new"] }
		(at = index($0, old)) && !found++ {
			$0 = substr($0, 1, at - 1) new substr($0, at + length(old))
		}
		{ print }
		END { exit found == 1 ? 0 : 1 }
	' "$1"
}
