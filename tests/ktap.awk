# SPDX-License-Identifier: GPL-2.0
#
# ktap.awk - what suites' KTAP amounts to
#
#   awk -v dir=DIR [-v skips=FILE] [-v junit=FILE] [-v brief=1] -f ktap.awk SUITE...
#
# Reads what tests/check left of each SUITE in DIR: SUITE.ktap, SUITE.status (exit
# status), SUITE.seconds and SUITE.log.  Prints what failed or was skipped, and
# ends with the sum; writes JUnit's XML to FILE.  With brief=1 the sum only.
#
# Besides a test that failed these are failures, one for a suite: no results at all, no
# plan or another number of results, Bail out!, an exit status that no test explains; and
# each skip that is not in FILE, where lines are SUITE, TEST and REASON, separated by
# tabs, SUITE a regular expression.
#
# Exit status: 0 all passed.

function xml(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	gsub(/"/, "\\&quot;", s)
	# Of consoles; XML has no way of writing these.
	gsub(/[\001-\010\013-\037]/, "", s)
	return s
}

function first_line(file,  line) {
	line = ""
	getline line <file
	close(file)
	return line
}

# The last 20 lines.
function tail(file,  line, n, i, s, ring) {
	while ((getline line <file) > 0)
		ring[n++ % 20] = line
	close(file)
	for (i = n > 20 ? n - 20 : 0; i < n; i++)
		s = s ring[i % 20] "\n"
	return s
}

function indent(s) {
	sub(/\n$/, "", s)
	gsub(/\n/, "\n    | ", s)
	return "    | " s
}

function add(outcome, name, why, seconds) {
	n_cases++
	outcome_of[n_cases] = outcome
	name_of[n_cases] = name
	why_of[n_cases] = why
	seconds_of[n_cases] = seconds
	count[outcome]++
}

function expected_skip(suite, name, reason,  i) {
	for (i = 1; i <= n_skips; i++) {
		if (suite ~ "^(" skip_suite[i] ")$" && skip_name[i] == name && skip_reason[i] == reason)
			return 1
	}
	return 0
}

function problem(text) {
	problems = problems (problems == "" ? "" : "; ") text
}

function skipped(suite, name, reason, seconds) {
	if (expected_skip(suite, name, reason))
		add("skipped", name, reason, seconds)
	else
		add("failed", name, "skipped, which is not expected: " reason "\n", seconds)
}

function result(suite, line,  ok, number, name, reason) {
	ok = line ~ /^ok/
	sub(/^(not )?ok /, "", line)
	number = line + 0
	sub(/^[0-9]+ *(- )?/, "", line)
	if (number != ++ran)
		problem("result " number " where " ran " was due")
	name = line
	if (ok && match(line, / *# *[Ss][Kk][Ii][Pp]/)) {
		name = substr(line, 1, RSTART - 1)
		reason = substr(line, RSTART + RLENGTH)
		sub(/^ +/, "", reason)
		skipped(suite, name, reason, seconds)
	} else if (ok) {
		add("passed", name, "", seconds)
	} else {
		add("failed", name, said, seconds)
		not_ok++
	}
	said = ""
	seconds = 0
}

function parse(suite,  line, plan, status, file, there) {
	n_cases = ran = not_ok = seconds = 0
	problems = said = ""
	count["passed"] = count["failed"] = count["skipped"] = 0
	plan = -1
	file = dir "/" suite ".ktap"
	while ((there = (getline line <file)) > 0) {
		if (line ~ /^1\.\.[0-9]+/) {
			if (plan >= 0)
				problem("two plans")
			plan = substr(line, 4) + 0
			if (plan == 0 && match(line, /# *SKIP */))
				skipped(suite, "all of it", substr(line, RSTART + RLENGTH), 0)
		} else if (line ~ /^(not )?ok /) {
			result(suite, line)
		} else if (line ~ /^Bail out!/) {
			problem(line)
		} else if (line ~ /^# [0-9]+ s$/) {
			seconds = substr(line, 3) + 0
		} else if (line ~ /^# /) {
			said = said substr(line, 3) "\n"
		}
	}
	close(file)
	status = first_line(dir "/" suite ".status")
	if (there < 0 || status == "") {
		problem("left no result")
	} else {
		if (plan < 0)
			problem("no plan")
		else if (plan != ran)
			problem(plan " planned, " ran " ran")
		else if (!n_cases)
			problem("no test")
		# What run says of its own, above 1, is no test's failure.
		if (status + 0 > 1 || (status + 0 && !not_ok && problems == ""))
			problem("ended with status " status)
	}
	if (problems != "")
		add("failed", "the suite", problems "\n" tail(dir "/" suite ".log"), 0)
}

# What one suite adds to the report.
function report(suite,  i, log_, console) {
	log_ = dir "/" suite ".log"
	console = dir "/" suite "/host.log"
	for (i = 1; i <= n_cases; i++) {
		if (outcome_of[i] == "failed") {
			printf "check: FAILED: %s: %s\n", suite, name_of[i]
			if (why_of[i] == "")
				why_of[i] = tail(log_)
			print indent(why_of[i])
			printf "    see %s%s\n", log_, first_line(console) == "" ? "" : ", and consoles in " dir "/" suite "/*.log"
		} else if (outcome_of[i] == "skipped") {
			printf "check: skipped: %s: %s: %s\n", suite, name_of[i], why_of[i]
		}
	}
}

function to_junit(suite,  i, name) {
	xml_ = xml_ sprintf("  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" skipped=\"%d\" time=\"%d\">\n",
		xml(suite), n_cases, count["failed"], count["skipped"], first_line(dir "/" suite ".seconds"))
	for (i = 1; i <= n_cases; i++) {
		xml_ = xml_ sprintf("    <testcase classname=\"%s\" name=\"%s\" time=\"%d\"", xml(suite),
			xml(name_of[i]), seconds_of[i])
		if (outcome_of[i] == "passed") {
			xml_ = xml_ "/>\n"
		} else if (outcome_of[i] == "skipped") {
			xml_ = xml_ "><skipped message=\"" xml(why_of[i]) "\"/></testcase>\n"
		} else {
			name = why_of[i]
			sub(/\n.*/, "", name)
			xml_ = xml_ "><failure message=\"" xml(name) "\">" xml(why_of[i]) "</failure></testcase>\n"
		}
	}
	xml_ = xml_ "  </testsuite>\n"
}

BEGIN {
	while (skips != "" && (getline line <skips) > 0) {
		if (line ~ /^#/ || split(line, field, "\t") != 3)
			continue
		n_skips++
		skip_suite[n_skips] = field[1]
		skip_name[n_skips] = field[2]
		skip_reason[n_skips] = field[3]
	}
	for (a = 1; a < ARGC; a++) {
		parse(ARGV[a])
		if (!brief)
			report(ARGV[a])
		to_junit(ARGV[a])
		passed += count["passed"]
		failed += count["failed"]
		skipped_ += count["skipped"]
	}
	if (junit != "")
		printf "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%d\" failures=\"%d\" skipped=\"%d\">\n%s</testsuites>\n",
			passed + failed + skipped_, failed, skipped_, xml_ >junit
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped_
	exit !(failed == 0 && passed > 0)
}
