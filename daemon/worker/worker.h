/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker.h - the daemon's unprivileged process: everything but the loader. Wires the modules
 * together and runs their loop.
 */
#ifndef SLUICE_WORKER_H
#define SLUICE_WORKER_H

/* Runs on the descriptors of handover.h until told to end. Returns the exit status. */
int worker_run(const char *config_path);

#endif
