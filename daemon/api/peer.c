/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/peer.h"

#include "base/log.h"
#include "base/memory.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* As many as one process may have (NGROUPS_MAX), and its own. */
#define GROUPS_MAX 65537

struct grant {
	bool is_group;
	id_t id;
	enum sluice_role role;
};

struct peer_roles {
	uid_t self;
	enum sluice_role others;
	struct grant *list; /* owned */
	size_t count;
};

/* A number stands for itself. */
static bool look_up(const char *who, struct grant *grant)
{
	const char *name = strchr(who, ':') + 1;
	const struct passwd *user;
	const struct group *group;

	grant->is_group = who[0] == 'g';
	if (!name[strspn(name, "0123456789")]) {
		grant->id = strtoul(name, NULL, 10);
		return true;
	}
	user = grant->is_group ? NULL : getpwnam(name);
	group = grant->is_group ? getgrnam(name) : NULL;
	if (user)
		grant->id = user->pw_uid;
	if (group)
		grant->id = group->gr_gid;
	return user || group;
}

struct peer_roles *peer_roles_new(const struct config_api *settings, uid_t self)
{
	struct peer_roles *roles = sl_calloc(1, sizeof(*roles));

	roles->self = self;
	roles->others = settings->others;
	roles->list = sl_calloc(settings->n_roles, sizeof(*roles->list));
	for (size_t i = 0; i < settings->n_roles; i++) {
		const struct config_role *role = &settings->roles[i];

		if (look_up(role->who, &roles->list[roles->count]))
			roles->list[roles->count++].role = role->role;
		else
			log_unlimited(LOG_LEVEL_WARNING, NULL,
				      "api.roles.%s: this host has none of that name: nobody is %s "
				      "by it",
				      role->who, config_role_word(role->role));
	}
	return roles;
}

void peer_roles_free(struct peer_roles *roles)
{
	if (!roles)
		return;
	free(roles->list);
	free(roles);
}

static bool is_in(gid_t group, const gid_t *groups, size_t n_groups)
{
	for (size_t i = 0; i < n_groups; i++)
		if (groups[i] == group)
			return true;
	return false;
}

enum sluice_role peer_role(const struct peer_roles *roles, uid_t uid, const gid_t *groups,
			   size_t n_groups)
{
	enum sluice_role by_group = SLUICE_ROLE_NONE;
	bool is_known = false;

	if (!uid || uid == roles->self)
		return SLUICE_ROLE_ADMIN;
	for (size_t i = 0; i < roles->count; i++) {
		const struct grant *grant = &roles->list[i];

		if (!grant->is_group && grant->id == uid)
			return grant->role;
		if (!grant->is_group || !is_in(grant->id, groups, n_groups))
			continue;
		is_known = true;
		if (grant->role > by_group)
			by_group = grant->role;
	}
	return is_known ? by_group : roles->others;
}

enum sluice_role peer_role_of(const struct peer_roles *roles, int fd, uid_t *ret_uid)
{
	_cleanup_free_ gid_t *groups = sl_calloc(GROUPS_MAX, sizeof(*groups));
	socklen_t groups_size = (GROUPS_MAX - 1) * sizeof(*groups);
	struct ucred peer = {.uid = -1};
	socklen_t size = sizeof(peer);
	size_t count;

	*ret_uid = -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid == (uid_t)-1 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size))
		return SLUICE_ROLE_NONE;
	count = groups_size / sizeof(*groups);
	groups[count++] = peer.gid;
	*ret_uid = peer.uid;
	return peer_role(roles, peer.uid, groups, count);
}
