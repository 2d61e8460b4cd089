/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen.h - a terminal that is drawn anew again and again, and as it was afterwards.
 *
 * Where stdout is no terminal, or it is not wanted, nothing is cleared: one picture follows another.
 */
#ifndef SLUICECTL_SCREEN_H
#define SLUICECTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void screen_begin(bool redraw);
void screen_clear(void);
/* False: the user has had enough (q, or SIGINT, SIGTERM). */
bool screen_wait(uint64_t ms);
void screen_end(void);

/* Of the terminal that is drawn on; 0: no limit. */
size_t screen_lines(void);

#endif
