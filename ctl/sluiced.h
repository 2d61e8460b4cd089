/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sluiced.h - what needs no daemon is done by the daemon's program itself.
 */
#ifndef SLUICECTL_SLUICED_H
#define SLUICECTL_SLUICED_H

/*
 * Becomes sluiced, found beside this program or in PATH. argv[0] is left to it. Returns an exit
 * status, with a message, if that can't be done.
 */
int sluiced_exec(char *argv[]);

#endif
