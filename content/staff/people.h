// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * Teachers and head of the school: names and PINs. Of a PIN only an argon2id hash is kept (content/staff/pin.h makes it), in a
 * file that nobody else may read. Every change is durable when the call returns 0.
 */
#define PEOPLE_MOST 200u
#define PEOPLE_NAME_BYTES 96u
#define PEOPLE_PIN_BYTES 13u /* 6 to 12 digits */
#define PEOPLE_HASH_BYTES 128u

enum people_role { PEOPLE_TEACHER, PEOPLE_HEAD };

struct person {
	char id[20]; /* "p-1a2b3c4d5e6f": what lessons keep of their owner */
	char name[PEOPLE_NAME_BYTES];
	enum people_role role;
	char hash[PEOPLE_HASH_BYTES];
	int64_t added_s;
};

struct people;
/* A file that is missing is a school without staff; a damaged one is refused: nobody must lose their PIN to a new, empty one. */
int people_open(const char *path, struct people **out, struct fault *why);
void people_free(struct people *p); /* NULL is fine */

/* -EEXIST: somebody has this name, however it is typed (content/shelf/fold.h). -EINVAL: no name. */
int people_add(struct people *p, const char *name, enum people_role role, const char *hash,
	       struct fault *why);
int people_remove(struct people *p, const char *name, struct fault *why); /* -ENOENT */
int people_set_hash(struct people *p, const char *name, const char *hash, struct fault *why);

size_t people_count(const struct people *p);
const struct person *people_at(const struct people *p, size_t i);
/* By name as a person types it; NULL: nobody. Pointers last until the next change. */
const struct person *people_find(const struct people *p, const char *name);
const struct person *people_get(const struct people *p, const char *id);

const char *people_role_name(enum people_role role); /* "teacher", "head" */
int people_role_parse(const char *word, enum people_role *out);
/* 6 to 12 digits, also those of an Arabic keyboard; spaces are passed over. -EINVAL. Pure. */
int people_pin(const char *typed, char out[static PEOPLE_PIN_BYTES]);
void people_pin_random(char out[static PEOPLE_PIN_BYTES]); /* six digits */
