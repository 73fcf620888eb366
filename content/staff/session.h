// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * Who has shown a PIN, and until when: a random token in a cookie; here only its hash is known. Ends after four hours without a
 * request, and after twelve in any case. Kept in a file below /run, so that an upload goes on after a restart of wasl-contentd
 * and nobody is logged in after one of the box. Times are milliseconds since the box started.
 */
#define SESSION_TOKEN_BYTES 65u /* 64 digits */
#define SESSION_CSRF_BYTES 33u
#define SESSION_MOST 64u
#define SESSION_IDLE_MS (UINT64_C(4) * 3600000)
#define SESSION_MOST_MS (UINT64_C(12) * 3600000)

struct session {
	uint8_t hash[32];
	char person[20];
	uint64_t begun_ms, seen_ms; /* begun_ms 0: free */
};
struct sessions {
	struct session rows[SESSION_MOST];
};

/* A new one for this person; the longest unused gives way. */
void sessions_begin(struct sessions *s, const char *person, uint64_t now_ms,
		    char token[static SESSION_TOKEN_BYTES]);
/* The session of a token as a stranger sent it, used now; NULL: none, or it has ended. */
const struct session *sessions_find(struct sessions *s, const char *token, uint64_t now_ms);
void sessions_end(struct sessions *s, const char *token);
void sessions_end_person(struct sessions *s, const char *person); /* another PIN, or gone */
/* What every form carries, so that a page of another site cannot send one. */
void sessions_csrf(const char *token, char out[static SESSION_CSRF_BYTES]);
bool sessions_csrf_ok(const char *token, const char *sent); /* NULL is wrong */

int sessions_save(const struct sessions *s, const char *path, struct fault *why);
/* A missing or damaged file is nobody. */
void sessions_load(struct sessions *s, const char *path, uint64_t now_ms);
