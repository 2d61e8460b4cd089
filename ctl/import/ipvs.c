/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/ipvs.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct ipvs_scheduler schedulers[] = {
	{"rr", "round-robin", NULL},
	{"wrr", "weighted-round-robin", NULL},
	{"sh", "source-hash", NULL},
	{"mh", "source-hash", NULL},
	{"lc", "round-robin", "round-robin: turns are taken, connections are not counted"},
	{"wlc", "weighted-round-robin",
	 "weighted-round-robin: turns by weight, connections are not counted"},
	{"sed", "weighted-round-robin",
	 "weighted-round-robin: turns by weight, no expected delay"},
	{"nq", "weighted-round-robin",
	 "weighted-round-robin: turns by weight, idle backends are not preferred"},
	{"dh", "maglev", "maglev: by addresses and ports, not by the destination alone"},
	{"lblc", "maglev", "maglev: by addresses and ports, not by destination and load"},
	{"lblcr", "maglev", "maglev: by addresses and ports, not by destination and load"},
	{"fo", "maglev", "maglev: all backends share, none only stands by"},
	{"ovf", "maglev", "maglev: all backends share, none only takes what overflows"},
	{"twos", "maglev", "maglev: connections are not counted"},
};

static const struct ipvs_method methods[] = {
	{"-i", "ipip", NULL},
	{"-g", "l2", NULL},
	{"-m", "ipip", "ipip instead of masquerading: the backend needs the VIP and sluice-agent"},
	{"Tunnel", "ipip", NULL},
	{"Route", "l2", NULL},
	{"Masq", "ipip",
	 "ipip instead of masquerading: the backend needs the VIP and sluice-agent"},
	{"TUN", "ipip", NULL},
	{"DR", "l2", NULL},
	{"NAT", "ipip", "ipip instead of NAT: the backend needs the VIP and sluice-agent"},
};
/* clang-format on */

const struct ipvs_scheduler *ipvs_find_scheduler(const char *name, bool by_port)
{
	static const struct ipvs_scheduler ports = {"", "maglev", NULL};

	for (size_t i = 0; i < sizeof(schedulers) / sizeof(*schedulers); i++)
		if (!strcmp(schedulers[i].name, name))
			return by_port && (!strcmp(name, "sh") || !strcmp(name, "mh"))
				       ? &ports
				       : &schedulers[i];
	return NULL;
}

const struct ipvs_method *ipvs_find_method(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}
