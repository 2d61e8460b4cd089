/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker/handover.h"

#include "base/log.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int handover_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct sl_errors *errors)
{
	const struct passwd *user = getpwnam(name ? name : "sluice");

	if (!user && !name) {
		log_warning("there is no user `sluice`: the worker runs as `nobody`, and "
			    "whoever is `nobody` may use its socket");
		user = getpwnam("nobody");
	}
	if (!user)
		return sl_fail(errors, ENOENT, name ? name : "nobody", "no such user");
	if (!user->pw_uid)
		return sl_fail(errors, EINVAL, name,
			       "the worker must not be root: name another user");
	*ret_uid = user->pw_uid;
	*ret_gid = user->pw_gid;
	return 0;
}

/* First out of the way of the fixed numbers, then onto them; dup2 also clears close-on-exec. */
static int place(const struct handover *handover)
{
	int moved[HANDOVER_END];

	for (int i = HANDOVER_BEFORE + 1; i < HANDOVER_END; i++) {
		moved[i] = -1;
		if (handover->fds[i] < 0)
			continue;
		moved[i] = fcntl(handover->fds[i], F_DUPFD_CLOEXEC, HANDOVER_END);
		if (moved[i] < 0)
			return -errno;
	}
	for (int i = HANDOVER_BEFORE + 1; i < HANDOVER_END; i++) {
		if (moved[i] < 0)
			close(i);
		else if (dup2(moved[i], i) < 0)
			return -errno;
	}
	return 0;
}

static int drop_privileges(uid_t uid, gid_t gid)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_change_id(uid, gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING))
		return -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

static _Noreturn void become_worker(const struct handover *handover, int self)
{
	char *argv[HANDOVER_ARGC + 1] = {
		"sluiced",
		HANDOVER_WORKER,
		(char *)handover->config_path,
		(char *)handover->log_format,
		(char *)handover->log_levels,
	};
	sigset_t not_yet;
	int err;

	sigemptyset(&not_yet);
	sigaddset(&not_yet, SIGHUP); /* until the worker is ready */
	sigprocmask(SIG_SETMASK, &not_yet, NULL);
	self = fcntl(self, F_DUPFD_CLOEXEC, HANDOVER_END);
	err = self < 0 ? -errno : place(handover);
	/* Nothing else crosses, whoever forgot to say so when he opened it. */
	if (!err && close_range(HANDOVER_END, ~0u, CLOSE_RANGE_CLOEXEC))
		err = -errno;
	if (!err)
		err = drop_privileges(handover->uid, handover->gid);
	/*
	 * The loader gone: nobody would answer, and a new daemon may be about to start, which needs
	 * the lock and the socket: even of a worker that hangs, so SIGKILL; it has nothing to save.
	 * Another user id clears this, so it comes last.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!err)
		fexecve(self, argv, environ);
	log_error("the worker could not be started: %s", strerror(err ? -err : errno));
	_exit(127);
}

pid_t handover_start(const struct handover *handover, struct sl_errors *errors)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (self < 0)
		return sl_fail(errors, errno, "/proc/self/exe", "%s", strerror(errno));
	pid = fork();
	if (!pid)
		become_worker(handover, self);
	close(self);
	if (pid < 0)
		return sl_fail(errors, errno, "worker", "can't fork: %s", strerror(errno));
	return pid;
}
