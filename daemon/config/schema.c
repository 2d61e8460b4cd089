/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/schema.h"

#include "base/memory.h"
#include "config/check.h"
#include "config/words.h"

#include <string.h>

#define HOUR_MS 3600000u

#define IN(object, member)                                                                         \
	.offset = offsetof(struct object, member), .size = sizeof(((struct object *)0)->member)
#define SECOND(object, member) .second = offsetof(struct object, member)
#define NUMBER(lowest, highest, a_noun)                                                            \
	.type = &type_number, .min = (lowest), .max = (highest), .noun = (a_noun)
#define DURATION(lowest, highest)                                                                  \
	.type = &type_duration, .min = (lowest), .max = (highest), .noun = "a duration"
#define WORD(of, a_noun) .type = &type_word, .words = &words_##of, .noun = (a_noun)
#define NAME		 .type = &type_name, .max = CONFIG_NAME_MAX - 1, .noun = "a name"

#define SCHEMA(object, its_fields, ...)                                                            \
	{                                                                                          \
		.size = sizeof(struct object), .fields = (its_fields),                             \
		.n_fields = sl_count(its_fields), __VA_ARGS__                                      \
	}

/* The rows of the tables are laid out by hand: clang-format would give each member its line. */
/* clang-format off */

/* ---- capacity -------------------------------------------------------------------------------- */

static const struct field capacity_fields[] = {
	{.key = "services", IN(config_capacity, services), NUMBER(1, 65536, "a number of services"),
	 .initial = "1024", .example = "4096",
	 .help = "services that fit, one less than this: the first place stays empty"},
	{.key = "backends", IN(config_capacity, backends), NUMBER(1, 65535, "a number of backends"),
	 .initial = "16384", .example = "32768",
	 .help = "backends that fit, counted once for each service that uses them"},
	{.key = "slots", IN(config_capacity, slots), NUMBER(16, 1 << 26, "a number of slots"),
	 .initial = "1048576", .example = "4194304",
	 .help = "slots of all services together, a multiple of 16; 4 bytes each"},
	{.key = "flows", IN(config_capacity, flows), NUMBER(1024, 1 << 26, "a number of flows"),
	 .initial = "1048576", .example = "4194304",
	 .help = "flows that the flow table has room for, a power of two; 16 bytes each"},
};
static const struct schema capacity = SCHEMA(config_capacity, capacity_fields,
					     .check = check_capacity);

/* ---- interfaces ------------------------------------------------------------------------------ */

static const struct field interface_name = {
	.key = "NAME", IN(config_interface, name), .type = &type_interface, .max = 15,
	.noun = "an interface's name", .example = "eth0", .help = "the interface",
};
static const struct field interface_fields[] = {
	{.key = "attach", IN(config_interface, attach), WORD(attach, "a way to attach"),
	 .initial = "link", .example = "link",
	 .help = "`link` for a host without other XDP programs; `shared` stands beside others "
		 "through libxdp's dispatcher"},
	{.key = "mode", IN(config_interface, mode), WORD(mode, "a mode"), .initial = "auto",
	 .example = "native",
	 .help = "where the program runs: in the driver, in the kernel's stack (slow, any driver), "
		 "or on the NIC; `auto` is native where the driver can, else generic"},
};
static const struct schema interface = SCHEMA(config_interface, interface_fields,
					      .key = &interface_name);

/* ---- api ------------------------------------------------------------------------------------- */

static const struct field role_who = {
	.key = "WHO", IN(config_role, who), .type = &type_principal, .max = CONFIG_NAME_MAX - 1,
	.noun = "a user or group", .example = "group:netops", .help = "`user:NAME` or `group:NAME`",
};
static const struct field role_fields[] = {
	{.key = "role", IN(config_role, role), WORD(role, "a role"), .example = "admin",
	 .help = "`viewer` looks, `operator` also drains and weighs backends, `admin` also changes "
		 "the configuration; `none` may not even look"},
};
static const struct schema role = SCHEMA(config_role, role_fields, .key = &role_who);

static const struct field api_fields[] = {
	{.key = "socket", IN(config_api, socket), .type = &type_file, .max = 107,
	 .noun = "a file's path", .initial = "/run/sluice/sluiced.sock",
	 .example = "/run/sluice/sluiced.sock", .help = "the Unix socket for sluicectl"},
	{.key = "metrics", IN(config_api, metrics), SECOND(config_api, metrics_port),
	 .type = &type_endpoint, .min = 1, .max = 65535, .noun = "a loopback address and port",
	 .initial = "none", .example = "127.0.0.1:9440",
	 .help = "where Prometheus finds the metrics, beside the socket; `none`: nowhere"},
	{.key = "view-socket", IN(config_api, view_socket), .type = &type_file_or_none, .max = 107,
	 .noun = "a file's path", .initial = "none", .example = "/run/sluice/view.sock",
	 .help = "a second Unix socket, by which every user of the host may look, and nothing more"},
	{.key = "others", IN(config_api, others), WORD(role, "a role"), .initial = "operator",
	 .example = "viewer",
	 .help = "what those may do on the socket who can open it (its group) and have no role by "
		 "`roles`; root and the daemon's own user are always `admin`"},
	{.key = "roles", IN(config_api, roles), SECOND(config_api, n_roles), .holds = FIELD_MAP,
	 .object = &role, .help = "what users and groups of the host may do on the socket; a user's "
	 "own role comes before his groups', of which the highest counts"},
	{.key = "listen", IN(config_api, listen), SECOND(config_api, listen_port),
	 .type = &type_listen, .min = 1, .max = 65535, .noun = "an address and port",
	 .initial = "none", .example = "10.0.0.1:9443",
	 .help = "where the API is also served on TCP, to who has a token; with TLS, unless it is "
		 "a loopback address"},
	{.key = "certificate", IN(config_api, certificate), .type = &type_file_or_none, .max = 4095,
	 .noun = "a file's path", .initial = "none", .example = "/etc/sluice/api.crt",
	 .help = "the chain for `listen` in PEM form; its names are those that clients may use. Read "
		 "again on SIGHUP, as are `key` and `tokens`"},
	{.key = "key", IN(config_api, key), .type = &type_file_or_none, .max = 4095,
	 .noun = "a file's path", .initial = "none", .example = "/etc/sluice/api.key",
	 .help = "its private key, closed to others; sluiced reads it as root"},
	{.key = "tokens", IN(config_api, tokens), .type = &type_file, .max = 4095,
	 .noun = "a file's path", .initial = SLUICE_TOKENS, .example = SLUICE_TOKENS,
	 .help = "the hashes of the tokens for `listen`, as `sluicectl token new` prints them; mode "
		 "0600"},
	{.key = "rate", IN(config_api, rate), NUMBER(1, 10000, "a number of requests"),
	 .initial = "20", .example = "50",
	 .help = "requests a second that each user, address and token may make; root on the socket "
		 "is not held to it"},
	{.key = "burst", IN(config_api, burst), NUMBER(1, 10000, "a number of requests"),
	 .initial = "40", .example = "100", .help = "how many of them at once"},
};
static const struct schema api = SCHEMA(config_api, api_fields, .check = check_api);

/* ---- state ----------------------------------------------------------------------------------- */

static const struct field state_fields[] = {
	{.key = "directory", IN(config_state, directory), .type = &type_file, .max = 4000,
	 .noun = "a directory's path", .initial = "/var/lib/sluice/state",
	 .example = "/var/lib/sluice/state",
	 .help = "where generations and events are kept; made if it isn't there, for the worker's "
		 "user alone"},
};
static const struct schema state = SCHEMA(config_state, state_fields);

/* ---- encapsulation --------------------------------------------------------------------------- */

static const struct field encapsulation_fields[] = {
	{.key = "source", IN(config, outer4), .type = &type_prefix4, .min = 8, .max = 32,
	 .noun = "an IPv4 prefix", .initial = "172.16.0.0/16", .example = "172.16.0.0/16",
	 .help = "the outer source address in front of IPv4 backends; the bits behind the prefix "
		 "differ from flow to flow, so that routers and NICs spread them"},
	{.key = "source6", IN(config, outer6), .type = &type_prefix6, .min = 32, .max = 128,
	 .noun = "an IPv6 prefix", .initial = "100::/64", .example = "100::/64",
	 .help = "the same in front of IPv6 backends"},
};
static const struct schema encapsulation = SCHEMA(config, encapsulation_fields);

/* ---- pools ----------------------------------------------------------------------------------- */

static bool is_checked(const void *object)
{
	return ((const struct config_health *)object)->type != CONFIG_CHECK_NONE;
}

static bool is_http(const void *object)
{
	return ((const struct config_health *)object)->type == CONFIG_CHECK_HTTP;
}

#define OF_CHECKED \
	.depends = "type", .applies = is_checked, .only = "for checks of type tcp or http"
#define OF_HTTP \
	.depends = "type", .applies = is_http, .only = "for checks of type http"

static const struct field check_fields[] = {
	{.key = "type", IN(config_health, type), WORD(check, "a type of check"), .initial = "none",
	 .example = "http",
	 .help = "`tcp`: a connection can be opened; `http`: a GET is answered as expected; "
		 "`none`: backends count as up"},
	{.key = "port", IN(config_health, port), NUMBER(1, 65535, "a port"), OF_CHECKED,
	 .example = "80", .help = "the backend's port that is asked"},
	{.key = "path", IN(config_health, path), .type = &type_path, .max = 1024,
	 .noun = "a URL's path", OF_HTTP, .initial = "/", .example = "/health",
	 .help = "what is asked for"},
	{.key = "host", IN(config_health, host), .type = &type_host, .max = 255,
	 .noun = "a host", OF_HTTP,
	 .otherwise = "the backend's address", .example = "example.org",
	 .help = "the Host header of the request"},
	{.key = "expect", IN(config_health, expect_first), SECOND(config_health, expect_last),
	 .type = &type_statuses, .min = 100, .max = 599, .noun = "an HTTP status", OF_HTTP,
	 .initial = "200-299", .example = "200", .help = "the statuses that are a success"},
	{.key = "interval", IN(config_health, interval_ms), DURATION(100, HOUR_MS), OF_CHECKED,
	 .initial = "2s", .example = "500ms", .help = "from one check to the next"},
	{.key = "timeout", IN(config_health, timeout_ms), DURATION(10, HOUR_MS), OF_CHECKED,
	 .otherwise = "1s, or the interval if that is shorter", .example = "1s",
	 .help = "a check that takes longer has failed; at most the interval"},
	{.key = "rise", IN(config_health, rise), NUMBER(1, 100, "a number of checks"), OF_CHECKED,
	 .initial = "2", .example = "2", .help = "successes in a row that bring a backend up"},
	{.key = "fall", IN(config_health, fall), NUMBER(1, 100, "a number of checks"), OF_CHECKED,
	 .initial = "3", .example = "3", .help = "failures in a row that take it down"},
};
static const struct schema health = SCHEMA(config_health, check_fields, .check = check_health);

static const struct field backend_fields[] = {
	{.key = "name", IN(config_backend, name), NAME, .otherwise = "the address",
	 .example = "web1", .help = "unique in its pool"},
	{.key = "address", IN(config_backend, address), .type = &type_address,
	 .noun = "an IPv4 or IPv6 address", .example = "10.0.0.11",
	 .help = "where the backend is reached; unique in its pool"},
	{.key = "weight", IN(config_backend, weight), NUMBER(0, CONFIG_WEIGHT_MAX, "a weight"),
	 .initial = "100", .example = "50",
	 .help = "its share of new flows, relative to the others; 0: none"},
};
static const struct schema backend = SCHEMA(config_backend, backend_fields,
					    .key = &backend_fields[0], .check = check_backend);

static const struct field pool_name = {
	.key = "NAME", IN(config_pool, name), NAME, .example = "web", .help = "the pool's name",
};
static const struct field pool_fields[] = {
	{.key = "check", IN(config_pool, check), .holds = FIELD_OBJECT, .object = &health,
	 .help = "how the backends' health is found out"},
	{.key = "backends", IN(config_pool, backends), SECOND(config_pool, n_backends),
	 .holds = FIELD_LIST, .object = &backend, .help = "the hosts of the pool"},
};
static const struct schema pool = SCHEMA(config_pool, pool_fields, .key = &pool_name,
					 .check = check_pool);

/* ---- services -------------------------------------------------------------------------------- */

static bool hashes_source(const void *object)
{
	return ((const struct config_service *)object)->algorithm == ALGORITHM_SOURCE_HASH;
}

static const struct field service_name = {
	.key = "NAME", IN(config_service, name), NAME, .example = "web",
	.help = "the service's name",
};
static const struct field service_fields[] = {
	{.key = "vip", IN(config_service, vip), .type = &type_address,
	 .noun = "an IPv4 or IPv6 address", .example = "192.0.2.1",
	 .help = "the virtual IP that clients connect to"},
	{.key = "protocol", IN(config_service, protocol), .type = &type_protocol,
	 .noun = "a protocol", .example = "tcp",
	 .help = "VIP, protocol and port together are unique"},
	{.key = "port", IN(config_service, port), .type = &type_port, .min = 1, .max = 65535,
	 .noun = "a port", .example = "80",
	 .help = "`any`: all ports of the VIP that no other service has"},
	{.key = "pool", IN(config_service, pool), .type = &type_pool, .noun = "the name of a pool",
	 .example = "web", .help = "the backends that serve it"},
	{.key = "algorithm", IN(config_service, algorithm), WORD(algorithm, "an algorithm"),
	 .initial = "maglev", .example = "source-hash",
	 .help = "how a new flow finds its backend: `maglev` by addresses and ports, `source-hash` "
		 "by the client's address alone, the others in turn"},
	{.key = "source-prefix", IN(config_service, source_bits),
	 NUMBER(1, 128, "a number of bits"),
	 .depends = "algorithm", .applies = hashes_source, .only = "for the algorithm source-hash",
	 .otherwise = "the whole address", .example = "24",
	 .help = "leading bits of the client's address that count; IPv4: at most 32"},
	{.key = "forward", IN(config_service, forward), WORD(forward, "a way to forward"),
	 .initial = "ipip", .example = "ipip",
	 .help = "`ipip`: in an outer IP header, over any network, decapsulated by sluice-agent; "
		 "`l2`: by MAC address, to backends on the same segment and of the VIP's family"},
	{.key = "tracking", IN(config_service, tracking), WORD(tracking, "a kind of tracking"),
	 .otherwise = "`moving`; `all` for the round-robin algorithms", .example = "all",
	 .help = "the flows that are recorded: those of slots that change hands, or all; the "
		 "round-robin algorithms need all"},
	{.key = "when-empty", IN(config_service, when_empty), WORD(when_empty, "an answer"),
	 .initial = "reset", .example = "drop",
	 .help = "what clients get while no backend is usable: a TCP reset (UDP: port "
		 "unreachable), an ICMP error, nothing, or the host's own stack"},
	{.key = "drain", IN(config_service, drain_ms), DURATION(1000, 4 * HOUR_MS),
	 .initial = "15m", .example = "5m",
	 .help = "how long flows stay where they are after a change; those that are silent for "
		 "longer may move"},
	{.key = "udp-grace", IN(config_service, udp_grace_ms), DURATION(0, 4 * HOUR_MS),
	 .otherwise = "1m, or the drain time if that is shorter", .example = "30s",
	 .help = "the same for UDP flows, which have no first packet to know them by; at most the "
		 "drain time"},
	{.key = "mode", IN(config_service, mode), WORD(service_mode, "a mode"),
	 .initial = "enforce", .example = "shadow",
	 .help = "`shadow`: its packets are decided on and counted, and left to the host's own "
		 "stack; `enforce`: what is decided is done"},
};
static const struct schema service = SCHEMA(config_service, service_fields, .key = &service_name,
					    .check = check_service);

/* ---- the file -------------------------------------------------------------------------------- */

/* Pools before services: a service's pool is looked up when it is read. */
static const struct field file_fields[] = {
	{.key = "capacity", IN(config, capacity), .holds = FIELD_OBJECT, .object = &capacity,
	 .restart = true, .help = "how large the tables in the kernel are made"},
	{.key = "interfaces", IN(config, interfaces), SECOND(config, n_interfaces),
	 .holds = FIELD_MAP, .object = &interface, .restart = true,
	 .help = "the interfaces that packets for the VIPs come in by; at least one"},
	{.key = "api", IN(config, api), .holds = FIELD_OBJECT, .object = &api, .restart = true,
	 .help = "where the daemon is spoken to"},
	{.key = "hash-key-file", IN(config, hash_key_file), .type = &type_file, .max = 4095,
	 .noun = "a file's path", .restart = true, .initial = "/var/lib/sluice/hash.key",
	 .example = "/var/lib/sluice/hash.key",
	 .help = "the secret that flows are hashed with; made if it isn't there; the same on all "
		 "balancers of the same VIPs"},
	{.key = "config-source", IN(config, source), WORD(source, "a source"), .restart = true,
	 .initial = "file", .example = "store",
	 .help = "what is true at the start: `file`, this file, which SIGHUP reads again; `store`, "
		 "what was applied last, and then this file gives only what needs a restart"},
	{.key = "state", IN(config, state), .holds = FIELD_OBJECT, .object = &state,
	 .restart = true, .help = "what survives a restart"},
	{.key = "encapsulation", .holds = FIELD_OBJECT, .object = &encapsulation,
	 .help = "the outer headers of `forward: ipip`"},
	{.key = "pools", IN(config, pools), SECOND(config, n_pools), .holds = FIELD_MAP,
	 .object = &pool, .help = "groups of backends"},
	{.key = "services", IN(config, services), SECOND(config, n_services), .holds = FIELD_MAP,
	 .object = &service, .help = "what is balanced"},
};
const struct schema schema_file = SCHEMA(config, file_fields, .check = check_file);

/* clang-format on */

const struct field *schema_find(const struct schema *schema, const char *key)
{
	for (size_t i = 0; i < schema->n_fields; i++)
		if (!strcmp(schema->fields[i].key, key))
			return &schema->fields[i];
	return NULL;
}
