/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reason.h - why libbpf or libxdp failed, in one line for the operator.
 *
 * Both libraries return an errno and print the rest. Here what they print becomes debug lines, and
 * the one line that tells most is kept: the verifier's last word, else the first warning.
 */
#ifndef SLUICE_REASON_H
#define SLUICE_REASON_H

/* Forgets what was kept; to be called before what may fail. */
void reason_begin(void);
/* What was kept since, or strerror(-error). Valid until the next reason_begin(). */
const char *reason_text(int error);

#endif
