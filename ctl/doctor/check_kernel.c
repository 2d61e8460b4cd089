/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/checks.h"
#include "host/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluice/abi.h"

enum { FLOOR_MAJOR = 6, FLOOR_MINOR = 1 };

void check_kernel(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	int major, minor;

	if (sscanf(facts->release, "%d.%d", &major, &minor) != 2)
		report_add(report, REPORT_SKIPPED, "", "\"%s\" is no version", facts->release);
	else if (major < FLOOR_MAJOR || (major == FLOOR_MAJOR && minor < FLOOR_MINOR)) {
		report_add(report, REPORT_PROBLEM, "", "%s is older than %d.%d, which is needed",
			   facts->release, FLOOR_MAJOR, FLOOR_MINOR);
		report_remedy(report, "apt-get install linux-image-amd64");
	}
}

void check_features(const void *examined, struct report *report)
{
	const struct facts *facts = examined;

	for (int i = 0; i < KERNEL_FEATURE_COUNT; i++) {
		if (i == KERNEL_JIT)
			continue; /* a check of its own */
		if (facts->can[i] == HOST_UNKNOWN)
			report_add(report, REPORT_SKIPPED, "", "%s: needs root to try",
				   kernel_feature_text[i]);
		if (facts->can[i] == HOST_NO)
			report_add(report, REPORT_PROBLEM, "", "the kernel refuses %s",
				   kernel_feature_text[i]);
	}
	if (facts->membarrier == HOST_NO)
		report_add(report, REPORT_WARNING, "",
			   "no global membarrier (nohz_full?): what a change frees may be used "
			   "again ten "
			   "seconds later only");
}

static void judge_hardening(const struct facts *facts, struct report *report)
{
	long harden;

	if (host_sysctl(facts->root, "net/core/bpf_jit_harden", &harden) || harden < 2)
		return;
	report_add(report, REPORT_WARNING, "",
		   "net.core.bpf_jit_harden is 2: constants are blinded also in root's programs, "
		   "which makes the packet path slower");
	report_remedy(report, "sysctl -w net/core/bpf_jit_harden=1");
}

/* What was tried tells most. Without the privilege to try, the sysctl may still tell. */
void check_jit(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	long on;
	int r = host_sysctl(facts->root, "net/core/bpf_jit_enable", &on);

	if (facts->can[KERNEL_JIT] == HOST_NO || (!r && !on)) {
		report_add(report, REPORT_PROBLEM, "",
			   "programs are interpreted, not compiled: several times slower");
		report_remedy(report, "sysctl -w net/core/bpf_jit_enable=1");
	} else if (facts->can[KERNEL_JIT] == HOST_UNKNOWN && r) {
		report_add(report, REPORT_SKIPPED, "", "only root may look at it");
	}
	judge_hardening(facts, report);
}

/* The mount that a path lies on is the longest one that the path begins with. */
static bool lies_on_bpffs(const char *mounts, const char *path)
{
	bool is_bpffs = false;
	size_t longest = 0;

	for (const char *line = mounts; line && *line; line = strchr(line, '\n')) {
		char point[256], type[32];
		size_t size;

		line += *line == '\n';
		if (sscanf(line, "%*s %255s %31s", point, type) != 2)
			continue;
		size = strlen(point);
		if (size < longest || strncmp(point, path, size) ||
		    (size > 1 && path[size] && path[size] != '/'))
			continue;
		longest = size;
		is_bpffs = !strcmp(type, "bpf");
	}
	return is_bpffs;
}

void check_bpffs(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	char *mounts = host_read_file(facts->root, "proc/self/mounts");

	if (!mounts) {
		report_add(report, REPORT_SKIPPED, "", "/proc/self/mounts can't be read");
	} else if (!lies_on_bpffs(mounts, facts->pin_dir)) {
		report_add(report, REPORT_PROBLEM, facts->pin_dir,
			   "not on a BPF file system: maps and links can't be pinned, sluiced does "
			   "not start");
		report_remedy(report, "mount -t bpf bpf /sys/fs/bpf");
	}
	free(mounts);
}

static bool is_of_another(const char *name, long abi)
{
	char *end;
	long number = strtol(name + 1, &end, 10);

	return name[0] == 'v' && name[1] >= '0' && name[1] <= '9' && !*end && number != abi;
}

void check_pins(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	const json_t *abi = json_object_get(facts->version, "abi");
	struct host_path path = host_path(facts->root, "%s", facts->pin_dir + 1);
	DIR *directory = opendir(path.text);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		if (!is_of_another(entry->d_name, abi ? json_integer_value(abi) : SLUICE_ABI))
			continue;
		report_add(report, REPORT_WARNING, entry->d_name,
			   "maps of another version are pinned in %s: they take memory, and a link "
			   "among them keeps its program attached",
			   facts->pin_dir);
		report_remedy(report, "rm -r %s/%s", facts->pin_dir, entry->d_name);
	}
	if (directory)
		closedir(directory);
}

void check_clock(const void *examined, struct report *report)
{
	const struct facts *facts = examined;

	if (!facts->clock_unsynchronised)
		return;
	report_add(report, REPORT_WARNING, "",
		   "no time server steers the clock: times in logs and events can't be compared "
		   "with other hosts'");
	report_remedy(report, "apt-get install chrony");
}
