/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static bool redraws, keys;
static struct termios as_it_was;
static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
	stopped = 1;
}

/* Without SA_RESTART: the wait ends. */
static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Keys as they are typed, unseen. */
static void take_keys(void)
{
	struct termios raw;

	keys = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &as_it_was);
	if (!keys)
		return;
	raw = as_it_was;
	raw.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void screen_begin(bool redraw)
{
	redraws = redraw && isatty(STDOUT_FILENO);
	catch_signals();
	if (!redraws)
		return;
	take_keys();
	fputs("\033[?1049h\033[?25l", stdout); /* the other screen, no cursor */
}

void screen_clear(void)
{
	if (redraws)
		fputs("\033[H\033[2J", stdout);
}

static bool wants_end(void)
{
	char typed[16];
	ssize_t count = read(STDIN_FILENO, typed, sizeof(typed));

	return count <= 0 || memchr(typed, 'q', count);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

bool screen_wait(uint64_t ms)
{
	struct pollfd input = {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN};
	int64_t end = now_ms() + (int64_t)ms, left;

	while (!stopped && (left = end - now_ms()) > 0)
		if (poll(&input, 1, (int)left) > 0 && wants_end())
			return false;
	return !stopped;
}

void screen_end(void)
{
	if (redraws)
		fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	if (keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
}

size_t screen_lines(void)
{
	struct winsize size;

	if (!redraws || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_row;
}
