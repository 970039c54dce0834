// SPDX-License-Identifier: GPL-2.0
/*
 * The live view in a terminal: keys without a newline, and a table cut to the screen.
 *
 * No curses: nothing is on the screen but lines, and these anew each time.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "pio-stat.h"

static struct termios found;
static volatile sig_atomic_t ours, changed;

/* Safe in a signal handler. */
static void give_back(void)
{
	if (ours)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &found);
	ours = false;
}

/* In the background it is the shell's. */
static void take(void)
{
	struct termios t = found;

	if (ours || tcgetpgrp(STDIN_FILENO) != getpgrp())
		return;
	t.c_lflag &= ~(ICANON | ECHO);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	ours = !tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

static void on_signal(int sig)
{
	if (sig == SIGTSTP) {
		give_back();
		raise(SIGSTOP);
	}
	/* The shell had it meanwhile. */
	if (sig == SIGCONT)
		ours = false;
	changed = true;
}

bool terminal_open(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &found))
		return false;
	atexit(give_back);
	sigaction(SIGWINCH, &sa, NULL);
	sigaction(SIGTSTP, &sa, NULL);
	sigaction(SIGCONT, &sa, NULL);
	take();
	return true;
}

bool terminal_changed(void)
{
	if (!changed)
		return false;
	changed = false;
	take();
	return true;
}

int terminal_fd(void)
{
	return ours ? STDIN_FILENO : -1;
}

int terminal_key(void)
{
	unsigned char c;

	if (read(STDIN_FILENO, &c, 1) == 1)
		return c;
	/* Nothing will come from there any more. */
	give_back();
	return 0;
}

/* --- the screen ------------------------------------------------------------- */

static FILE *screen;
static char *text;
static size_t text_len;

void screen_begin(void)
{
	screen = stdout;
	stdout = open_memstream(&text, &text_len);
	if (!stdout) {
		stdout = screen;
		die(ST_ERROR, "out of memory");
	}
}

void screen_end(void)
{
	struct winsize size = { .ws_row = 0 };
	size_t rows, columns, lines = 0, i, len;
	const char *p;

	fclose(stdout);
	stdout = screen;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	rows = size.ws_row ? size.ws_row : 1000000;
	columns = size.ws_col ? size.ws_col : 80;
	for (p = text; *p; p++)
		lines += *p == '\n';
	fputs("\033[H", stdout);
	/* The last row is the cursor's. */
	for (i = 1, p = text; i < rows && *p; i++) {
		if (i == rows - 1 && lines > i) {
			printf("(%zu more lines)\033[K\n", lines - i + 1);
			break;
		}
		len = strcspn(p, "\n");
		printf("%.*s\033[K\n", (int)(len < columns ? len : columns), p);
		p += len + !!p[len];
	}
	fputs("\033[J", stdout);
	free(text);
}
