/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer.h - who is at the other end of a Unix socket, by the kernel's word (SO_PEERCRED and
 * SO_PEERGROUPS: as of his connect), and which role the configuration gives him.
 */
#ifndef SLUICE_API_PEER_H
#define SLUICE_API_PEER_H

#include "config/config.h"

#include <sys/types.h>

struct peer_roles;

/*
 * Names of users and groups are looked up here, once; one that the host doesn't have is warned of and
 * gives its role to nobody. `self` is the daemon's own user, admin as root is.
 */
struct peer_roles *peer_roles_new(const struct config_api *settings, uid_t self);
void peer_roles_free(struct peer_roles *roles);

/* Root and `self`; else the user's own role; else the highest of his groups; else that of others. */
enum sluice_role peer_role(const struct peer_roles *roles, uid_t uid, const gid_t *groups,
			   size_t n_groups);

/* The same of the one who is connected; *ret_uid is -1 and the role none if it can't be told. */
enum sluice_role peer_role_of(const struct peer_roles *roles, int fd, uid_t *ret_uid);

#endif
