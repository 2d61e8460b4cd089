/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/access.h"

#include "api/peer.h"
#include "api/rate.h"
#include "api/tls.h"
#include "api/tokens.h"
#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 256 /* with the NUL */

struct access {
	struct peer_roles *roles;	  /* owned */
	const struct tls *tls;		  /* borrowed; NULL: none */
	struct tokens *tokens;		  /* owned; NULL: none yet */
	struct rate rate[LISTENER_COUNT]; /* each listener's own: one can't use up another's */
	struct rate token_rate;
	struct rate shake_rate, all_shake_rate;
};

struct access *access_new(const struct config_api *settings, uid_t self, const struct tls *tls)
{
	struct access *access = sl_calloc(1, sizeof(*access));

	access->roles = peer_roles_new(settings, self);
	for (int i = 0; i < LISTENER_COUNT; i++)
		rate_init(&access->rate[i], settings->rate, settings->burst);
	rate_init(&access->token_rate, settings->rate, settings->burst);
	rate_init(&access->shake_rate, settings->rate, settings->burst);
	rate_init(&access->all_shake_rate, ACCESS_HANDSHAKES, 2 * ACCESS_HANDSHAKES);
	access->tls = tls;
	return access;
}

void access_free(struct access *access)
{
	if (!access)
		return;
	peer_roles_free(access->roles);
	tokens_free(access->tokens);
	free(access);
}

void access_set_tokens(struct access *access, struct tokens *tokens)
{
	tokens_free(access->tokens);
	access->tokens = tokens;
}

static bool refuse(struct refusal *ret, unsigned status, const char *title)
{
	*ret = (struct refusal){.status = status, .title = title};
	return false;
}

/* ---- rate ------------------------------------------------------------------------------------------ */

enum key_kind { KEY_UID = 1, KEY_ADDRESS, KEY_TOKEN };

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

/* ---- by TCP ---------------------------------------------------------------------------------------- */

/* The value of Host without its port and brackets; false: there is none, or it is too long. */
static bool host_name(const char *host, char ret[HOST_MAX])
{
	bool brackets = host && host[0] == '[';
	size_t size = host ? strcspn(host + brackets, brackets ? "]" : ":") : 0;

	if (!size || size >= HOST_MAX)
		return false;
	memcpy(ret, host + brackets, size);
	ret[size] = '\0';
	return true;
}

/*
 * A page in a browser can have a name of its own point to any address, and then asks in that name. So
 * with TLS the host is one that the certificate is for; without, on loopback, an address or localhost.
 */
static bool is_host(const struct access *access, const struct visit *visit)
{
	char name[HOST_MAX];
	struct address address;

	if (!host_name(visit->host, name))
		return !visit->host && visit->listener == LISTENER_METRICS;
	if (visit->listener == LISTENER_TCP && access->tls)
		return tls_is_for(access->tls, name);
	return !strcasecmp(name, "localhost") || address_parse(name, &address);
}

static bool check_host(const struct access *access, const struct visit *visit, struct refusal *ret,
		       struct sl_errors *errors)
{
	if (is_host(access, visit))
		return true;
	sl_fail(errors, EINVAL, "Host", "%s is %s", visit->host ? visit->host : "(none)",
		visit->listener == LISTENER_TCP && access->tls
			? "no name of the certificate"
			: "neither an address nor localhost");
	return refuse(ret, 421, "not the host that is meant");
}

static bool check_token(struct access *access, const struct visit *visit,
			const struct address *from, struct caller *caller, struct refusal *ret,
			struct sl_errors *errors)
{
	static const struct tokens none;
	const char *bearer = tokens_bearer(visit->authorization);
	const struct token *token;
	enum token_state state;
	struct rate_key key = {.words[0] = KEY_TOKEN};

	if (!bearer) {
		sl_fail(errors, EACCES, "Authorization",
			"needs \"Bearer\" and a token, which `sluicectl token new` makes");
		return refuse(ret, 401, "no token");
	}
	state = tokens_find(access->tokens ? access->tokens : &none, bearer, from, visit->time_s,
			    &token);
	if (state == TOKEN_UNKNOWN) {
		sl_fail(errors, EACCES, "Authorization", "no such token is known here");
		return refuse(ret, 401, "a wrong token");
	}
	snprintf(caller->name, sizeof(caller->name), "token:%s", token->name);
	memcpy(&key.words[1], token->hash, 16);
	if (state == TOKEN_EXPIRED) {
		sl_fail(errors, EACCES, caller->name, "has expired");
		return refuse(ret, 401, "an expired token");
	}
	if (state == TOKEN_ELSEWHERE) {
		sl_fail(errors, EACCES, caller->name, "may not be used from this address");
		return refuse(ret, 403, "not with this token from here");
	}
	caller->role = token->role;
	return take(&access->token_rate, &key, visit, caller->name, ret, errors);
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
	if (!take(&access->rate[visit->listener], &key, visit, caller->name, ret, errors) ||
	    !check_host(access, visit, ret, errors))
		return false;
	if (visit->listener == LISTENER_TCP)
		return check_token(access, visit, &address, caller, ret, errors);
	caller->role = SLUICE_ROLE_VIEWER;
	return true;
}

bool access_may_shake(struct access *access, const struct sockaddr *from, uint64_t now_ns)
{
	static const struct rate_key all;
	struct address address;
	struct rate_key key;

	if (!read_address(from, &address))
		return false;
	key = address_key(&address);
	return !rate_take(&access->shake_rate, &key, now_ns) &&
	       !rate_take(&access->all_shake_rate, &all, now_ns);
}

/* ---- all together ---------------------------------------------------------------------------------- */

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
	if (visit->listener == LISTENER_METRICS || visit->listener == LISTENER_TCP)
		admit = admit_tcp;
	return admit(access, visit, ret_caller, ret_refusal, errors) &&
	       check_role(ret_caller, needed, ret_refusal, errors);
}
