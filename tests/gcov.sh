# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# gcov.sh - how much of the host module's files has run
#
#   covered_lines PERCENT FILE DATA DIR    do PERCENT of the lines of FILE.c, by DATA (a .gcda with
#                                          its .gcno beside it)?  DIR/FILE.gcov has them, those
#                                          that never ran with #####.

covered_lines() {
	local percent=$1 file=$2 data=$3 dir=$4 lines
	gcov -t -o "$(dirname "$data")" "$data" >"$dir/$file.gcov" &&
		lines=$(gcov -n -o "$(dirname "$data")" "$data" |
			grep -A 1 "^File '.*kvm_hcall/$file\.c'" |
			sed -n 's/^Lines executed:\([0-9.]*\)% of.*/\1/p') || return
	echo "$file.c: $lines % of lines, ${dir#"$PWD/"}/$file.gcov has those that are not"
	awk -v lines="$lines" -v percent="$percent" 'BEGIN { exit !(lines + 0 >= percent) }'
}
