/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why words of keepalived.conf have no counterpart.
 */
#include "import/ipvs.h"
#include "import/keepalived.h"

#include <stddef.h>

static const char vrrp[] = "sluice moves no addresses between hosts";
static const char quorum[] = "sluice runs nothing when the number of backends changes";

const struct reason keepalived_reasons[] = {
	{"global_defs", "it is about keepalived itself"},
	{"vrrp_instance", vrrp},
	{"vrrp_sync_group", vrrp},
	{"vrrp_script", vrrp},
	{"vrrp_track_process", vrrp},
	{"vrrp_track_file", vrrp},
	{"track_file", vrrp},
	{"static_ipaddress", "sluice sets no addresses"},
	{"static_routes", "sluice sets no routes"},
	{"static_rules", "sluice sets no routes"},
	{"bfd_instance", "sluice speaks no BFD"},
	{"include", "included files are not followed: import them by themselves"},
	{"virtual_server_group", "no virtual server uses the group"},
	{"fwmark", IPVS_MARK},
	{"persistence_timeout", IPVS_PERSISTENCE},
	{"persistence_granularity", IPVS_PERSISTENCE},
	{"persistence_engine", "sluice reads no further than the transport header"},
	{"ops", "every flow of sluice stays at its backend"},
	{"sorry_server", "sluice has no last resort; when-empty says what clients get"},
	{"sorry_server_inhibit", "sluice has no last resort; when-empty says what clients get"},
	{"alpha", "a backend of sluice with a check counts as down until it succeeds, always"},
	{"omega", quorum},
	{"quorum", quorum},
	{"quorum_up", quorum},
	{"quorum_down", quorum},
	{"hysteresis", quorum},
	{"notify_up", "sluice runs nothing when a backend's health changes"},
	{"notify_down", "sluice runs nothing when a backend's health changes"},
	{"inhibit_on_failure", "a backend of sluice that is down is left at once"},
	{"uthreshold", IPVS_THRESHOLD},
	{"lthreshold", IPVS_THRESHOLD},
	{"digest", "sluice looks at the status, not at the body"},
	{"regex", "sluice looks at the status, not at the body"},
	{"delay_before_retry", "checks of sluice have one interval"},
	{"warmup", "checks of sluice begin at once"},
	{"bindto", "checks are sent from the address that the route has"},
	{"bind_port", "checks are sent from any port"},
	{"helo_name", "sluice's checks speak no SMTP"},
	{"url", "sluice's checks speak no TLS"},
	{"host", "sluice checks a backend at its own address"},
	{"connect_ip", "sluice checks a backend at its own address"},
	{NULL, NULL},
};
