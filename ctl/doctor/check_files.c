/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/checks.h"
#include "host/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* False: it isn't there or may not be looked at, and the report says so if that is a finding. */
static bool look_at(const struct facts *facts, const char *path, struct stat *ret_stat,
		    struct report *report)
{
	int r = host_stat(facts->root, path, ret_stat);

	if (r)
		report_add(report, REPORT_SKIPPED, path, "%s", strerror(-r));
	return !r;
}

void check_config_file(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	struct stat stat;

	if (!look_at(facts, facts->config, &stat, report))
		return;
	if (stat.st_mode & S_IWOTH) {
		report_add(report, REPORT_PROBLEM, facts->config,
			   "mode %03o: anybody may write it, and so steer all traffic",
			   stat.st_mode & 0777);
		report_remedy(report, "chmod o-w %s", facts->config);
	}
	if (!(stat.st_mode & (S_IROTH | S_IRGRP))) {
		report_add(report, REPORT_WARNING, facts->config,
			   "mode %03o: the daemon's worker, which is not root, can't read it at a "
			   "reload",
			   stat.st_mode & 0777);
		report_remedy(report, "chgrp sluice %s && chmod g+r %s", facts->config,
			      facts->config);
	}
}

static void judge_key(const char *path, const struct stat *stat, struct report *report)
{
	if (stat->st_mode & 077) {
		report_add(
			report, REPORT_PROBLEM, path,
			"mode %03o: who knows the key can aim at one backend; sluiced refuses it "
			"at its next start",
			stat->st_mode & 0777);
		report_remedy(report, "chmod 600 %s", path);
	}
	if (stat->st_uid) {
		report_add(report, REPORT_WARNING, path, "user %u owns it, not root", stat->st_uid);
		report_remedy(report, "chown root:root %s", path);
	}
}

void check_hash_key(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	char *path = facts_configured(facts, NULL, "hash-key-file");
	struct stat stat;

	if (look_at(facts, path ? path : "/var/lib/sluice/hash.key", &stat, report))
		judge_key(path ? path : "/var/lib/sluice/hash.key", &stat, report);
	free(path);
}

void check_socket(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	struct stat stat;

	if (!look_at(facts, facts->socket, &stat, report) || !(stat.st_mode & 07))
		return;
	report_add(report, REPORT_PROBLEM, facts->socket,
		   "mode %03o: anybody on this host may drain, detach and reconfigure",
		   stat.st_mode & 0777);
	report_remedy(report, "chmod 660 %s", facts->socket);
}

void check_user(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	char *users = host_read_file(facts->root, "etc/passwd");

	if (!users) {
		report_add(report, REPORT_SKIPPED, "", "/etc/passwd can't be read");
	} else if (strncmp(users, "sluice:", 7) && !strstr(users, "\nsluice:")) {
		report_add(
			report, REPORT_WARNING, "",
			"there is no user sluice: the worker runs as nobody, and whoever else is "
			"nobody may use its socket");
		report_remedy(report, "useradd --system --no-create-home --shell "
				      "/usr/sbin/nologin sluice");
	}
	free(users);
}
