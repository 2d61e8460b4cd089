/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/access.h"

#include "api/peer.h"
#include "api/rate.h"
#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct access {
	struct peer_roles *roles;	  /* owned */
	struct rate rate[LISTENER_COUNT]; /* each listener's own: one can't use up another's */
};

struct access *access_new(const struct config_api *settings, uid_t self)
{
	struct access *access = sl_calloc(1, sizeof(*access));

	access->roles = peer_roles_new(settings, self);
	for (int i = 0; i < LISTENER_COUNT; i++)
		rate_init(&access->rate[i], settings->rate, settings->burst);
	return access;
}

void access_free(struct access *access)
{
	if (!access)
		return;
	peer_roles_free(access->roles);
	free(access);
}

static bool refuse(struct refusal *ret, unsigned status, const char *title)
{
	*ret = (struct refusal){.status = status, .title = title};
	return false;
}

/* ---- rate ------------------------------------------------------------------------------------------ */

enum key_kind { KEY_UID = 1, KEY_ADDRESS };

/* A host has a /64 of IPv6 addresses to choose from: they are one. */
static struct rate_key address_key(const struct address *address)
{
	struct rate_key key = {.words[0] = KEY_ADDRESS};

	memcpy(&key.words[1], address->word_be, 8);
	return key;
}

static bool take(struct rate *rate, const struct rate_key *key, const struct visit *visit,
		 const char *who, struct refusal *ret, struct sl_errors *errors)
{
	uint64_t wait_ns = rate_take(rate, key, visit->now_ns);

	if (!wait_ns)
		return true;
	refuse(ret, 429, "too many requests");
	ret->retry_after_s = (wait_ns + NS_PER_S - 1) / NS_PER_S;
	sl_fail(errors, EBUSY, who, "more than %u requests at once or %u a second; again in %u s",
		(unsigned)(rate->tolerance_ns / rate->interval_ns) + 1,
		(unsigned)(NS_PER_S / rate->interval_ns), ret->retry_after_s);
	return false;
}

/* ---- who ------------------------------------------------------------------------------------------- */

static bool read_address(const struct sockaddr *from, struct address *ret)
{
	*ret = (struct address){0};
	if (from && from->sa_family == AF_INET) {
		ret->family = 4;
		ret->word_be[0] = ((const struct sockaddr_in *)from)->sin_addr.s_addr;
	} else if (from && from->sa_family == AF_INET6) {
		const struct in6_addr *in6 = &((const struct sockaddr_in6 *)from)->sin6_addr;

		ret->family = IN6_IS_ADDR_V4MAPPED(in6) ? 4 : 6;
		if (ret->family == 4)
			ret->word_be[0] = in6->s6_addr32[3];
		else
			memcpy(ret->word_be, in6, sizeof(*in6));
	}
	return ret->family;
}

static bool admit_unix(struct access *access, const struct visit *visit, struct caller *caller,
		       struct refusal *ret, struct sl_errors *errors)
{
	struct rate_key key = {.words[0] = KEY_UID};

	caller->role = peer_role_of(access->roles, visit->fd, &caller->uid);
	snprintf(caller->name, sizeof(caller->name), "uid:%d", (int)caller->uid);
	if (visit->listener == LISTENER_VIEW && caller->uid != (uid_t)-1)
		caller->role = SLUICE_ROLE_VIEWER;
	if (!caller->uid && visit->listener == LISTENER_ADMIN)
		return true;
	key.words[1] = caller->uid;
	return take(&access->rate[visit->listener], &key, visit, caller->name, ret, errors);
}

/* A name would be one that a page in a browser had pointed here; addresses can't be. */
static bool is_host_of_loopback(const char *host)
{
	char name[ADDRESS_TEXT_MAX + 2];
	size_t size =
		host ? strcspn(host[0] == '[' ? host + 1 : host, host[0] == '[' ? "]" : ":") : 0;
	struct address address;

	if (!host || size >= sizeof(name))
		return !host;
	snprintf(name, sizeof(name), "%.*s", (int)size, host[0] == '[' ? host + 1 : host);
	return !strcasecmp(name, "localhost") || address_parse(name, &address);
}

static bool admit_tcp(struct access *access, const struct visit *visit, struct caller *caller,
		      struct refusal *ret, struct sl_errors *errors)
{
	char text[ADDRESS_TEXT_MAX];
	struct address address;
	struct rate_key key;

	if (!read_address(visit->from, &address))
		return refuse(ret, 403, "nobody knows who asks");
	key = address_key(&address);
	snprintf(caller->name, sizeof(caller->name), "address:%s", address_format(&address, text));
	if (!take(&access->rate[visit->listener], &key, visit, caller->name, ret, errors))
		return false;
	if (!is_host_of_loopback(visit->host)) {
		sl_fail(errors, EINVAL, "Host", "%s is neither an address nor localhost",
			visit->host);
		return refuse(ret, 421, "not the host that is meant");
	}
	caller->role = SLUICE_ROLE_VIEWER;
	return true;
}

static bool check_role(const struct caller *caller, enum sluice_role needed, struct refusal *ret,
		       struct sl_errors *errors)
{
	if (caller->role >= needed)
		return true;
	sl_fail(errors, EPERM, caller->name, "has the role %s; this needs %s",
		config_role_word(caller->role), config_role_word(needed));
	return refuse(ret, 403, "not with this role");
}

bool access_admit(struct access *access, const struct visit *visit, enum sluice_role needed,
		  struct caller *ret_caller, struct refusal *ret_refusal, struct sl_errors *errors)
{
	bool (*admit)(struct access *, const struct visit *, struct caller *, struct refusal *,
		      struct sl_errors *) = admit_unix;

	*ret_caller = (struct caller){.uid = -1};
	if (visit->listener == LISTENER_METRICS)
		admit = admit_tcp;
	return admit(access, visit, ret_caller, ret_refusal, errors) &&
	       check_role(ret_caller, needed, ret_refusal, errors);
}
