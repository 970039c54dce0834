# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash # for bash and busybox sh to source
#
# ktap.sh - print test results as KTAP
#
#   ktap_begin                   the header
#   ktap_plan COUNT              how many tests there will be; if not told, it comes at the end
#   check NAME COMMAND [ARG]...  a test: passes if COMMAND succeeds, is skipped if its
#                                status is 77, for the reason in its last line of output
#   ktap_end                     status 1 if a test failed
#
# Results go to standard output; what COMMAND says goes to standard error when it has
# ended, and the end of it to the results if it failed.  COMMAND runs in this very shell.
#
# The kernel's ktap_helpers.sh does the same for its selftests; but it is there only when
# a guest kernel has been built, and knows neither reasons of skips nor causes of failures.

ktap_begin() {
	ktap_planned='' ktap_number=0 ktap_failed=0
	ktap_output=${TMPDIR:-/tmp}/ktap.$$
	echo "KTAP version 1"
}

ktap_plan() {
	ktap_planned=$1
	echo "1..$1"
}

ktap_seconds() {
	read -r ktap_now _ </proc/uptime
	echo "${ktap_now%.*}"
}

check() {
	ktap_name=$1
	shift
	ktap_number=$((ktap_number + 1))
	ktap_start=$(ktap_seconds)
	echo "--- $ktap_number $ktap_name" >&2
	ktap_status=0
	"$@" >"$ktap_output" 2>&1 || ktap_status=$?
	cat "$ktap_output" >&2
	ktap_took=$(($(ktap_seconds) - ktap_start))
	# What is said of a test comes before its result.
	[ "$ktap_took" = 0 ] || echo "# $ktap_took s"
	case $ktap_status in
	0) echo "ok $ktap_number $ktap_name" ;;
	77) echo "ok $ktap_number $ktap_name # SKIP $(tail -n 1 "$ktap_output")" ;;
	*)
		ktap_failed=1
		tail -n 20 "$ktap_output" | tr -d '\r' | sed 's/^/# /'
		echo "not ok $ktap_number $ktap_name"
		echo "--- not ok: $ktap_name (status $ktap_status)" >&2
		;;
	esac
}

ktap_end() {
	[ -n "$ktap_planned" ] || ktap_plan "$ktap_number"
	rm -f "$ktap_output"
	return "$ktap_failed"
}
