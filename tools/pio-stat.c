// SPDX-License-Identifier: GPL-2.0
/*
 * pio-stat - which registers make a VM leave the guest, how often, at what cost
 *
 * pio-stat(8) is the manual.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "pio-stat.h"

static const char usage_text[] =
	"usage: pio-stat [OPTION]... [INTERVAL [COUNT]]  live view: seconds, how often\n"
	"       pio-stat census [OPTION]... [SECONDS]    count, then rank the devices;\n"
	"                                                until Ctrl-C if not told\n"
	"       pio-stat census [OPTION]... -- COMMAND...  while COMMAND runs\n"
	"       pio-stat census [OPTION]... --input FILE   of a saved trace\n"
	"       pio-stat ranges                          in a guest: names for --ranges\n"
	"       pio-stat check [host | guest]            what works here, and if not, why\n"
	"  -p, --pid PID[,PID]...     only the VMs of these processes\n"
	"  -j, --json                 JSON, an object for each interval or census\n"
	"  -c, --csv                  CSV, a line for each range of an interval\n"
	"  -P, --prometheus           Prometheus' text, sums since the start\n"
	"  -s, --sort KEY             time, gain, exits, calls, vmm, ios or name\n"
	"  -t, --top N                only the first N devices\n"
	"  -d, --delay SECONDS        live: INTERVAL (1)\n"
	"  -n, --count N              live: COUNT, of intervals\n"
	"  -r, --range NAME=START-END name ports, hexadecimal; NAME is DEVICE or\n"
	"                             DEVICE/PART\n"
	"  -m, --mmio NAME=START-END  name addresses\n"
	"  -f, --ranges FILE          names, as `pio-stat ranges' prints them\n"
	"  -i, --input FILE           census of tracefs', trace-cmd's or perf's text;\n"
	"                             - is standard input\n"
	"  -b, --buffer KIB           of each CPU, for events not yet read\n"
	"  -h, --help\n"
	"  -V, --version\n";

static struct options {
	bool census;
	enum format format;
	u32 *pids;
	size_t n_pids;
	double delay;
	unsigned long count;
	double seconds;
	unsigned int buffer_kib;
	const char *range_file;
	const char *input;
	char **command;
} opt = { .delay = 1 };

static volatile sig_atomic_t stopped;

/* What keys have done to the live view. */
static bool paused, helping;

void note(const char *fmt, ...)
{
	va_list args;

	fputs("pio-stat: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void die(enum status status, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("pio-stat: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		die(ST_ERROR, "out of memory");
	return p;
}

char *xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		die(ST_ERROR, "out of memory");
	return copy;
}

/* --- options ----------------------------------------------------------------- */

static double parse_seconds(const char *what, const char *s)
{
	char *end;
	double d;

	errno = 0;
	d = strtod(s, &end);
	if (end == s || *end || errno || !(d >= 0.1 && d <= 1e6))
		die(ST_USAGE, "%s '%s': not a number of seconds from 0.1 to 1000000",
		    what, s);
	return d;
}

static unsigned long parse_number(const char *what, const char *s, unsigned long max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno || !n || n > max)
		die(ST_USAGE, "%s '%s': not a number from 1 to %lu", what, s, max);
	return n;
}

/* PID[,PID]... */
static void parse_pids(const char *arg)
{
	char *list = xstrdup(arg), *rest = list, *pid;

	while ((pid = strsep(&rest, ","))) {
		if (!*pid)
			die(ST_USAGE, "--pid '%s': a number is missing at a comma", arg);
		opt.pids = xrealloc(opt.pids, (opt.n_pids + 1) * sizeof(*opt.pids));
		opt.pids[opt.n_pids++] = parse_number("--pid", pid, INT_MAX);
	}
	free(list);
}

static void set_format(enum format format)
{
	if (opt.format != FORMAT_TEXT && opt.format != format)
		die(ST_USAGE, "--json, --csv, --prometheus: one of them");
	opt.format = format;
}

static void parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "csv", no_argument, NULL, 'c' },
		{ "prometheus", no_argument, NULL, 'P' },
		{ "sort", required_argument, NULL, 's' },
		{ "top", required_argument, NULL, 't' },
		{ "delay", required_argument, NULL, 'd' },
		{ "count", required_argument, NULL, 'n' },
		{ "range", required_argument, NULL, 'r' },
		{ "mmio", required_argument, NULL, 'm' },
		{ "ranges", required_argument, NULL, 'f' },
		{ "input", required_argument, NULL, 'i' },
		{ "buffer", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	const char *live_only = NULL, *ordered = NULL;
	bool delay = false;
	int c;

	while ((c = getopt_long(argc, argv, "+p:jcPs:t:d:n:r:m:f:i:b:hV", names, NULL)) != -1) {
		switch (c) {
		case 'p':
			parse_pids(optarg);
			break;
		case 'j':
			set_format(FORMAT_JSON);
			break;
		case 'c':
			set_format(FORMAT_CSV);
			break;
		case 'P':
			set_format(FORMAT_PROMETHEUS);
			break;
		case 's':
			ordered = "--sort";
			if (!report_sort(optarg))
				die(ST_USAGE, "--sort '%s': none of %s", optarg,
				    report_sort_keys());
			break;
		case 't':
			ordered = "--top";
			report_top(parse_number("--top", optarg, INT_MAX));
			break;
		case 'd':
			opt.delay = parse_seconds("--delay", optarg);
			delay = true;
			live_only = "--delay";
			break;
		case 'n':
			opt.count = parse_number("--count", optarg, INT_MAX);
			live_only = "--count";
			break;
		case 'r':
		case 'm':
			range_option(c == 'm', optarg);
			break;
		case 'f':
			opt.range_file = optarg;
			break;
		case 'i':
			opt.input = optarg;
			break;
		case 'b':
			opt.buffer_kib = parse_number("--buffer", optarg, 1 << 20);
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(ST_OK);
		case 'V':
			puts("pio-stat " KIT_VERSION);
			exit(ST_OK);
		default:
			fputs(usage_text, stderr);
			exit(ST_USAGE);
		}
	}
	if (opt.census && live_only)
		die(ST_USAGE, "%s is for the live view; a census takes SECONDS", live_only);
	if (ordered && opt.format == FORMAT_PROMETHEUS)
		die(ST_USAGE, "%s: --prometheus has all devices, in no order", ordered);
	if (opt.input && !opt.census)
		die(ST_USAGE, "--input is for a census: pio-stat census --input %s", opt.input);
	if (opt.input && opt.n_pids)
		die(ST_USAGE, "--input goes without --pid");
	argv += optind;
	if (!*argv)
		return;
	if (opt.census && !opt.input && !strcmp(argv[-1], "--")) {
		opt.command = argv;
		return;
	}
	if (opt.census && !opt.input) {
		if (**argv < '0' || **argv > '9')
			die(ST_USAGE, "census '%s': a command goes behind --", *argv);
		opt.seconds = parse_seconds("census", *argv++);
	} else if (!opt.census) {
		if (**argv < '0' || **argv > '9')
			die(ST_USAGE,
			    "'%s': neither a command (census, check, ranges) nor an interval in seconds",
			    *argv);
		if (delay)
			die(ST_USAGE, "'%s': an interval, and --delay is one, too", *argv);
		opt.delay = parse_seconds("interval", *argv++);
		if (*argv && opt.count)
			die(ST_USAGE, "'%s': a count, and --count is one, too", *argv);
		if (*argv)
			opt.count = parse_number("count", *argv++, INT_MAX);
	}
	if (*argv) {
		note("'%s': one argument too many", *argv);
		fputs(usage_text, stderr);
		exit(ST_USAGE);
	}
}

static unsigned int parse_check(int argc, char **argv)
{
	if (!argc)
		return 0;
	if (argc == 1 && !strcmp(argv[0], "host"))
		return CHECK_HOST;
	if (argc == 1 && !strcmp(argv[0], "guest"))
		return CHECK_GUEST;
	die(ST_USAGE, "check '%s': not host or guest, one of them or none", argv[argc - 1]);
}

/* --- running ------------------------------------------------------------------- */

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double unix_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Soon after a VM's first exit: it may end at any time. */
static void name_vms(void)
{
	static size_t named;

	for (; named < n_vms; named++)
		vms[named].name = vm_name(vms[named].pid);
}

/* Forget those of --pid that have ended; false if none is left. */
static bool pids_left(void)
{
	size_t i, n = 0;

	for (i = 0; i < opt.n_pids; i++) {
		if (vm_is(opt.pids[i]) != VM_NO)
			opt.pids[n++] = opt.pids[i];
		else
			note("VM %u has ended", opt.pids[i]);
	}
	opt.n_pids = n;
	return n;
}

/* --- live view ----------------------------------------------------------------- */

static struct report view;

static void help(void)
{
	screen_begin();
	printf("pio-stat %s, keys:\n\n"
	       "  q        quit\n"
	       "  p        pause: nothing is traced until the next p\n"
	       "  h, ?     this, and back\n"
	       "  1 to 9   only so many devices; 0: all of them\n\n"
	       "order of the devices, by the first letter:\n\n"
	       "  t time   g gain   e exits   c calls   v vmm   i ios   n name\n", KIT_VERSION);
	screen_end();
	report_flush();
}

/* The last interval's figures, those of this one go on. */
static void draw_again(void)
{
	view.paused = paused;
	if (helping) {
		help();
		return;
	}
	account_swap();
	report(&view);
	account_swap();
}

static void key(int c)
{
	switch (c) {
	case 'q':
		stopped = 1;
		return;
	case 'p':
		paused = !paused;
		break;
	case 'h':
	case '?':
		helping = !helping;
		break;
	default:
		if (c >= '0' && c <= '9')
			report_top(c - '0');
		else if (!report_sort_letter(c))
			return;
	}
	draw_again();
}

/* Until @end, 0 for no end, or a signal, or @child has ended, or there is a pause. */
static void count_until(double end, pid_t child, int *wait_status)
{
	double left;

	while (!stopped && !paused) {
		left = end ? end - now() : 1;
		if (left <= 0)
			break;
		if (left > 0.1)
			left = 0.1;
		if (source_wait(left * 1000 + 1, view.keys ? terminal_fd() : -1))
			key(terminal_key());
		if (view.keys && terminal_changed())
			draw_again();
		source_read(false, account);
		name_vms();
		if (child && waitpid(child, wait_status, WNOHANG) == child)
			break;
	}
}

/* Guests go on, and nothing is traced. */
static void pause_view(void)
{
	struct pollfd in;

	source_read(true, account);
	account_forget();
	account_clear();
	while (!stopped && paused) {
		in = (struct pollfd){ terminal_fd(), POLLIN, 0 };
		if (poll(&in, 1, 100) > 0)
			key(terminal_key());
		if (terminal_changed())
			draw_again();
	}
	source_enable();
}

static void live(void)
{
	double start = now(), end = start;
	u64 lost = 0, events = 0;
	unsigned long i = 0;

	view.format = opt.format;
	view.screen = opt.format == FORMAT_TEXT && isatty(STDOUT_FILENO);
	view.keys = view.screen && terminal_open();
	while (!stopped && (!opt.count || i < opt.count)) {
		end += opt.delay;
		count_until(end, 0, NULL);
		if (paused) {
			pause_view();
			start = now();
			end = start;
			continue;
		}
		i++;
		view.seconds = now() - start;
		start += view.seconds;
		view.lost = source_lost() - lost;
		view.events = source_records() - events;
		view.time = unix_time();
		host_stats_read(opt.pids, opt.n_pids);
		if (!helping)
			report(&view);
		if (opt.format != FORMAT_PROMETHEUS) {
			lost += view.lost;
			events += view.events;
			account_swap();
			account_clear();
		}
		if (opt.n_pids && !pids_left())
			break;
	}
}

/* The command starts when its pipe is closed: nothing of it goes uncounted. */
static pid_t start_command(char **command)
{
	sigset_t none;
	int go[2];
	pid_t pid;
	char c;

	if (pipe(go))
		die(ST_ERROR, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die(ST_ERROR, "fork: %s", strerror(errno));
	if (!pid) {
		close(go[1]);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (read(go[0], &c, 1) < 0)
			_exit(127);
		close(go[0]);
		/* Our own output is for the census. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(command[0], command);
		fprintf(stderr, "pio-stat: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	close(go[0]);
	source_enable();
	close(go[1]);
	return pid;
}

static enum status census(void)
{
	struct report rep = { .format = opt.format, .census = true };
	enum status status = ST_OK;
	int wait_status = 0;
	pid_t child = 0;
	double start;

	if (opt.command)
		child = start_command(opt.command);
	start = now();
	count_until(opt.seconds ? start + opt.seconds : 0, child, &wait_status);
	rep.seconds = now() - start;
	source_read(true, account);
	name_vms();
	account_end();
	rep.lost = source_lost();
	rep.events = source_records();
	rep.time = unix_time();
	host_stats_read(opt.pids, opt.n_pids);
	if (!totals.exits)
		note("no exit was counted: no VM ran");
	report(&rep);
	if (opt.command && wait_status) {
		if (WIFSIGNALED(wait_status))
			note("%s was ended by signal %d", opt.command[0],
			     WTERMSIG(wait_status));
		else
			note("%s has failed, status %d", opt.command[0],
			     WEXITSTATUS(wait_status));
		status = ST_COMMAND;
	}
	return status;
}

static u64 first_time, last_time;

static void account_file(const struct event *ev)
{
	if (!last_time || ev->time < first_time)
		first_time = ev->time;
	if (ev->time > last_time)
		last_time = ev->time;
	account(ev);
}

static void census_of_file(void)
{
	struct report rep = { .format = opt.format, .census = true, .from_file = true };

	source_file(opt.input, account_file);
	account_end();
	/* The processes of this machine need not be the trace's, but a test's are. */
	if (getenv("PIO_STAT_ROOT"))
		name_vms();
	rep.seconds = (last_time - first_time) / 1e9;
	rep.time = last_time / 1e9;
	rep.lost = source_lost();
	report(&rep);
}

/* CAP_PERFMON is what the kernel asks for, unless it lets everybody. */
static bool may_trace(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };
	char line[16];

	syscall(SYS_capget, &header, caps);
	return caps[CAP_TO_INDEX(CAP_PERFMON)].effective & CAP_TO_MASK(CAP_PERFMON) ||
	       caps[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN) ||
	       (root_line("/proc/sys/kernel/perf_event_paranoid", line, sizeof(line)) &&
		atoi(line) < 0);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = stop };
	struct stat st;
	size_t i;

	if (argc > 2 && argv[1][0] != '-' &&
	    (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"))) {
		fputs(usage_text, stdout);
		return ST_OK;
	}
	if (argc > 1 && !strcmp(argv[1], "ranges")) {
		if (argc > 2)
			die(ST_USAGE, "ranges takes no argument");
		range_print_own();
		return ST_OK;
	}
	if (argc > 1 && !strcmp(argv[1], "check"))
		return check(parse_check(argc - 2, argv + 2));
	if (argc > 1 && !strcmp(argv[1], "census")) {
		opt.census = true;
		argc--;
		argv++;
	}
	parse_options(argc, argv);
	if (opt.range_file)
		range_file(opt.range_file);
	range_builtin();
	if (opt.input) {
		census_of_file();
		return ST_OK;
	}

	if (!may_trace())
		die(ST_PERMISSION,
		    "tracing the machine is root's: run this as root, or see PERMISSIONS in pio-stat(8)");
	for (i = 0; i < opt.n_pids; i++)
		check_pid(opt.pids[i]);
	source_open(opt.buffer_kib, opt.pids, opt.n_pids);
	if (!opt.n_pids && !opt.command)
		check_any_vm();
	if (!source_has_kvm_hcall())
		note("kvm_hcall is not loaded: there are native accesses only");
	else if (stat("/sys/kernel/debug/kvm_hcall", &st))
		note("no counters of kvm_hcall: %s", errno == EACCES ?
		     "debugfs is root's" : "mount -t debugfs debugfs /sys/kernel/debug");
	host_stats_read(opt.pids, opt.n_pids);

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	if (!opt.command)
		source_enable();
	if (opt.census)
		return census();
	live();
	return ST_OK;
}
