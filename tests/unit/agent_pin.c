// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/pin.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(agent_pin, paths)
{
	struct pin_paths paths;

	cr_assert_eq(pin_paths_init(&paths, "/sys/fs/bpf/x", "eth0", NULL), 0);
	cr_assert_str_eq(paths.dir, "/sys/fs/bpf/x/eth0");
	cr_assert_str_eq(paths.link, "/sys/fs/bpf/x/eth0/link");
	cr_assert_str_eq(paths.counters, "/sys/fs/bpf/x/eth0/counters");
}

Test(agent_pin, a_dotted_name_comes_back)
{
	struct pin_paths paths;
	char *name;

	cr_assert_eq(pin_paths_init(&paths, "/sys/fs/bpf", "eth0.7", NULL), 0);
	name = strrchr(paths.dir, '/') + 1;
	cr_assert_null(strchr(name, '.'));
	pin_name_to_interface(name);
	cr_assert_str_eq(name, "eth0.7");
}

Test(agent_pin, names_that_no_interface_has)
{
	static const char *const names[] = {"", "a/b", "../x", "a b", "a:b", "sixteen_bytes_xx"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sl_errors errors = {};
		struct pin_paths paths;

		cr_assert_eq(pin_paths_init(&paths, "/sys/fs/bpf", names[i], &errors), -EINVAL);
		cr_assert_eq(errors.count, 1);
		sl_errors_deinit(&errors);
	}
}

Test(agent_pin, too_long_a_path)
{
	static char dir[PATH_MAX];
	struct pin_paths paths;

	memset(dir, 'x', PATH_MAX - 1);
	cr_assert_eq(pin_paths_init(&paths, dir, "eth0", NULL), -ENAMETOOLONG);
	dir[PATH_MAX - 1 - strlen("/eth0/counters")] = '\0';
	cr_assert_eq(pin_paths_init(&paths, dir, "eth0", NULL), 0);
}
