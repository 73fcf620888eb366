// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/people.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/fold.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"

#define FILE_BYTES (256u << 10)
#define PIN_LEAST 6u

struct people {
	char *path;
	struct person rows[PEOPLE_MOST];
	size_t count;
};

CLEAN_FN(people, struct people, people_free)
CLEAN_FN(json, json_t, json_decref)

static const char *const roles[] = { [PEOPLE_TEACHER] = "teacher", [PEOPLE_HEAD] = "head" };

const char *people_role_name(enum people_role role)
{
	return roles[role];
}

int people_role_parse(const char *word, enum people_role *out)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (strcmp(word, roles[i]) == 0) {
			*out = (enum people_role)i;
			return 0;
		}
	return -EINVAL;
}

/* --- PINs ----------------------------------------------------------------------------------------- */

/* The digit at `at`, of any keyboard of the country; how many bytes it took, 0: none. */
static size_t digit_at(const unsigned char *at, char *out)
{
	*out = 0;
	if (*at >= '0' && *at <= '9')
		*out = (char)*at;
	else if (at[0] == 0xd9 && at[1] >= 0xa0 && at[1] <= 0xa9) /* U+0660 … */
		*out = (char)('0' + at[1] - 0xa0);
	else if (at[0] == 0xdb && at[1] >= 0xb0 && at[1] <= 0xb9) /* U+06F0 … */
		*out = (char)('0' + at[1] - 0xb0);
	return !*out ? 0 : *at < 0x80 ? 1 : 2;
}

int people_pin(const char *typed, char out[static PEOPLE_PIN_BYTES])
{
	char pin[PEOPLE_PIN_BYTES] = { 0 };
	size_t count = 0;
	const unsigned char *at = (const unsigned char *)typed;
	while (*at) {
		char digit;
		const size_t took = digit_at(at, &digit);
		if (*at == ' ') {
			at++;
			continue;
		}
		if (!took || count == PEOPLE_PIN_BYTES - 1)
			return -EINVAL;
		pin[count++] = digit;
		at += took;
	}
	if (count < PIN_LEAST)
		return -EINVAL;
	memcpy(out, pin, sizeof(pin));
	return 0;
}

void people_pin_random(char out[static PEOPLE_PIN_BYTES])
{
	snprintf(out, PEOPLE_PIN_BYTES, "%06u", (unsigned)randombytes_uniform(1000000));
}

/* --- the file --------------------------------------------------------------------------------------- */

static bool copy(char *to, size_t room, const json_t *from, const char *key)
{
	const char *text = json_string_value(json_object_get(from, key));
	if (!text || !*text || strlen(text) >= room)
		return false;
	memcpy(to, text, strlen(text) + 1);
	return true;
}

static bool take(struct person *to, const json_t *from)
{
	const char *role = json_string_value(json_object_get(from, "role"));
	*to = (struct person){ .added_s = json_integer_value(json_object_get(from, "added")) };
	return copy(to->id, sizeof(to->id), from, "id") && text_is_slug(to->id) &&
	       copy(to->name, sizeof(to->name), from, "name") &&
	       copy(to->hash, sizeof(to->hash), from, "pin") && role &&
	       people_role_parse(role, &to->role) == 0;
}

static int read_file(struct people *p, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0, i;
	json_t *one;
	int r = fileio_read(p->path, FILE_BYTES, &bytes, &len, why);
	if (r == -ENOENT)
		return 0;
	if (r)
		return r;
	CLEANUP(clean_json) json_t *list = json_loadb(bytes, len, 0, NULL);
	if (!json_is_array(list) || json_array_size(list) > PEOPLE_MOST)
		return fault_set(why, -EBADMSG, "staff.file",
				 "'%s' is damaged; remove it and add the staff anew with 'wasl "
				 "staff add'",
				 p->path);
	json_array_foreach (list, i, one)
		if (take(&p->rows[p->count], one))
			p->count++;
	return 0;
}

static int write_file(const struct people *p, struct fault *why)
{
	CLEANUP(clean_json) json_t *list = json_array();
	for (size_t i = 0; i < p->count; i++) {
		const struct person *one = &p->rows[i];
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:s,s:I}", "id", one->id, "name",
						one->name, "role", roles[one->role], "pin",
						one->hash, "added", (json_int_t)one->added_s));
	}
	AUTO_FREE char *text = json_dumps(list, JSON_INDENT(1));
	if (!text || json_array_size(list) != p->count)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return fileio_replace(p->path, text, strlen(text), 0600, why);
}

int people_open(const char *path, struct people **out, struct fault *why)
{
	CLEANUP(clean_people) struct people *p = calloc(1, sizeof(*p));
	if (p)
		p->path = strdup(path);
	if (!p || !p->path)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = read_file(p, why);
	if (r == 0)
		*out = MOVE_PTR(p);
	return r;
}

void people_free(struct people *p)
{
	if (!p)
		return;
	sodium_memzero(p->rows, sizeof(p->rows));
	free(p->path);
	free(p);
}

/* --- who there is ------------------------------------------------------------------------------------ */

size_t people_count(const struct people *p)
{
	return p->count;
}

const struct person *people_at(const struct people *p, size_t i)
{
	return &p->rows[i];
}

static size_t find(const struct people *p, const char *name)
{
	AUTO_FREE char *asked = NULL;
	size_t at = 0;
	if (strlen(name) >= PEOPLE_NAME_BYTES || fold_text(name, strlen(name), &asked) || !*asked)
		return p->count;
	for (; at < p->count; at++) {
		AUTO_FREE char *has = NULL;
		const char *text = p->rows[at].name;
		if (fold_text(text, strlen(text), &has) == 0 && strcmp(asked, has) == 0)
			break;
	}
	return at;
}

const struct person *people_find(const struct people *p, const char *name)
{
	const size_t at = find(p, name);
	return at < p->count ? &p->rows[at] : NULL;
}

const struct person *people_get(const struct people *p, const char *id)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->rows[i].id, id) == 0)
			return &p->rows[i];
	return NULL;
}

/* --- changes: undone where the disk refuses -------------------------------------------------------------- */

static bool name_ok(const char *name)
{
	AUTO_FREE char *folded = NULL;
	const size_t len = strlen(name);
	if (len == 0 || len >= PEOPLE_NAME_BYTES || !text_is_utf8(name, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return fold_text(name, len, &folded) == 0 && *folded;
}

int people_add(struct people *p, const char *name, enum people_role role, const char *hash,
	       struct fault *why)
{
	uint8_t bytes[6];
	char hex[13];
	if (!name_ok(name))
		return fault_set(why, -EINVAL, "staff.name",
				 "a name has letters, and at most %u bytes", PEOPLE_NAME_BYTES - 1);
	if (find(p, name) < p->count)
		return fault_set(why, -EEXIST, "staff.there",
				 "'%s' is there already; give the full name, or 'wasl staff "
				 "reset-pin'",
				 name);
	if (p->count == PEOPLE_MOST)
		return fault_set(why, -ENOSPC, "staff.many",
				 "%u people are there already; remove those who left", PEOPLE_MOST);
	if (strlen(hash) >= PEOPLE_HASH_BYTES)
		return fault_set(why, -EINVAL, "staff.hash", "the hash of the PIN is too long");
	struct person *one = &p->rows[p->count];
	*one = (struct person){ .role = role, .added_s = clock_wall_s() };
	randombytes_buf(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), hex);
	snprintf(one->id, sizeof(one->id), "p-%s", hex);
	snprintf(one->name, sizeof(one->name), "%s", name);
	snprintf(one->hash, sizeof(one->hash), "%s", hash);
	p->count++;
	int r = write_file(p, why);
	if (r)
		p->count--;
	return r;
}

static int missing(const char *name, struct fault *why)
{
	return fault_set(why, -ENOENT, "staff.missing",
			 "nobody is called '%.80s'; 'wasl staff list' says who there is", name);
}

int people_remove(struct people *p, const char *name, struct fault *why)
{
	const size_t at = find(p, name);
	if (at == p->count)
		return missing(name, why);
	const struct person gone = p->rows[at];
	const size_t behind = (p->count - at - 1) * sizeof(gone);
	memmove(&p->rows[at], &p->rows[at + 1], behind);
	p->count--;
	int r = write_file(p, why);
	if (r) {
		memmove(&p->rows[at + 1], &p->rows[at], behind);
		p->rows[at] = gone;
		p->count++;
	}
	return r;
}

int people_set_hash(struct people *p, const char *name, const char *hash, struct fault *why)
{
	const size_t at = find(p, name);
	if (at == p->count)
		return missing(name, why);
	char before[PEOPLE_HASH_BYTES];
	memcpy(before, p->rows[at].hash, sizeof(before));
	snprintf(p->rows[at].hash, sizeof(before), "%s", hash);
	int r = write_file(p, why);
	if (r)
		memcpy(p->rows[at].hash, before, sizeof(before));
	return r;
}
