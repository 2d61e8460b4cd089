/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - what the tables can't say: what one value demands of others.
 *
 * Each is called once the object's fields have been read, complains of what is wrong, and sets the
 * defaults that depend on other values. A check says nothing of values that are not sound: their
 * error has been told.
 */
#ifndef SLUICE_CONFIG_CHECK_H
#define SLUICE_CONFIG_CHECK_H

struct object;

void check_capacity(struct object *object);
void check_api(struct object *object);
void check_health(struct object *object);
void check_backend(struct object *object);
void check_pool(struct object *object);
void check_service(struct object *object);
void check_file(struct object *object);

#endif
