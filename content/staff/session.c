// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/session.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/text.h"

/* What a token is hashed for. */
static const uint8_t for_finding[16] = "wasl:staff:found";
static const uint8_t for_forms[16] = "wasl:staff:forms";

/* The file is of this machine and this boot: rows as they are in memory, behind a word that names the layout. */
static const char layout[8] = "waslses1";
struct file {
	char layout[8];
	struct sessions all;
};

static bool hash_token(const char *token, const uint8_t key[static 16], uint8_t *out, size_t len)
{
	uint8_t bytes[32];
	if (!token || strlen(token) != 64 || text_unhex(token, bytes, sizeof(bytes)))
		return false;
	crypto_generichash(out, len, bytes, sizeof(bytes), key, 16);
	sodium_memzero(bytes, sizeof(bytes));
	return true;
}

static bool alive(const struct session *s, uint64_t now_ms)
{
	return s->begun_ms && s->begun_ms <= s->seen_ms && s->seen_ms <= now_ms &&
	       now_ms - s->seen_ms < SESSION_IDLE_MS && now_ms - s->begun_ms < SESSION_MOST_MS;
}

void sessions_begin(struct sessions *s, const char *person, uint64_t now_ms,
		    char token[static SESSION_TOKEN_BYTES])
{
	struct session *to = &s->rows[0];
	uint8_t bytes[32];
	for (size_t i = 0; i < SESSION_MOST && alive(to, now_ms); i++)
		if (!alive(&s->rows[i], now_ms) || s->rows[i].seen_ms < to->seen_ms)
			to = &s->rows[i];
	randombytes_buf(bytes, sizeof(bytes));
	text_hex(bytes, sizeof(bytes), token);
	/* 0 is "free" */
	*to = (struct session){ .begun_ms = now_ms ? now_ms : 1, .seen_ms = now_ms ? now_ms : 1 };
	snprintf(to->person, sizeof(to->person), "%s", person);
	hash_token(token, for_finding, to->hash, sizeof(to->hash));
}

static struct session *find(struct sessions *s, const char *token)
{
	uint8_t hash[32];
	if (!hash_token(token, for_finding, hash, sizeof(hash)))
		return NULL;
	for (size_t i = 0; i < SESSION_MOST; i++)
		if (s->rows[i].begun_ms && sodium_memcmp(s->rows[i].hash, hash, sizeof(hash)) == 0)
			return &s->rows[i];
	return NULL;
}

const struct session *sessions_find(struct sessions *s, const char *token, uint64_t now_ms)
{
	struct session *found = find(s, token);
	if (!found || !alive(found, now_ms))
		return NULL;
	found->seen_ms = now_ms;
	return found;
}

void sessions_end(struct sessions *s, const char *token)
{
	struct session *found = find(s, token);
	if (found)
		*found = (struct session){ 0 };
}

void sessions_end_person(struct sessions *s, const char *person)
{
	for (size_t i = 0; i < SESSION_MOST; i++)
		if (strcmp(s->rows[i].person, person) == 0)
			s->rows[i] = (struct session){ 0 };
}

void sessions_csrf(const char *token, char out[static SESSION_CSRF_BYTES])
{
	uint8_t hash[16] = { 0 };
	(void)hash_token(token, for_forms, hash, sizeof(hash));
	text_hex(hash, sizeof(hash), out);
}

bool sessions_csrf_ok(const char *token, const char *sent)
{
	char want[SESSION_CSRF_BYTES];
	sessions_csrf(token, want);
	return sent && strlen(sent) == sizeof(want) - 1 &&
	       sodium_memcmp(sent, want, sizeof(want) - 1) == 0;
}

int sessions_save(const struct sessions *s, const char *path, struct fault *why)
{
	struct file f = { .all = *s };
	memcpy(f.layout, layout, sizeof(layout));
	return fileio_replace(path, &f, sizeof(f), 0600, why);
}

void sessions_load(struct sessions *s, const char *path, uint64_t now_ms)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct file f;
	*s = (struct sessions){ 0 };
	if (fileio_read(path, sizeof(f), &bytes, &len, NULL) || len != sizeof(f))
		return;
	memcpy(&f, bytes, sizeof(f));
	if (memcmp(f.layout, layout, sizeof(layout)) != 0)
		return;
	for (size_t i = 0; i < SESSION_MOST; i++) {
		struct session *one = &f.all.rows[i];
		one->person[sizeof(one->person) - 1] = '\0';
		if (alive(one, now_ms))
			s->rows[i] = *one;
	}
}
