// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pack_sample;

/* What the files of tests/content/hlslint*.c share. */

#define ATTRIBUTES_MAX 24

struct lint {
	CURL *curl;
	const char *url; /* of the list under way */
	bool lists_only; /* what segments hold is somebody else's */
	unsigned line, found, segments;
	struct pack_sample *samples; /* FRAG_SAMPLES_MAX */
};
void lint_say(struct lint *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct bytes {
	uint8_t *at;
	size_t len;
};

/* `range` NULL: the whole. False when it cannot be had. out->at is the caller's to free, and ends with a NUL. */
bool lint_fetch(struct lint *l, const char *url, const char *range, struct bytes *out);
char *lint_resolve(const char *base, const char *reference); /* malloc'ed */

/* Attribute lists (section 4.2). */
struct attribute {
	const char *name;
	char *value; /* without its quotes */
	bool quoted;
};
struct attributes {
	struct attribute all[ATTRIBUTES_MAX];
	size_t count;
};

/* Takes `text` apart in place. */
void lint_read_attributes(struct lint *l, char *text, struct attributes *out);
const struct attribute *lint_find(const struct attributes *a, const char *name);
const char *lint_value_of(const struct attributes *a, const char *name);
uint64_t lint_number_of(struct lint *l, const struct attributes *a, const char *name, bool needed);

/* Lines: taken apart in place; NULL at the end. */
char *lint_next_line(struct lint *l, char **at);
char *lint_after(char *line, const char *tag); /* what follows the tag's name; NULL: another tag */
bool lint_begin_list(struct lint *l, const struct bytes *b);

struct media {                               /* what a list says, and what its segments are */
	const char *what;                    /* for sentences */
	bool keys_only, ended, text, judged; /* judged: its segments are CMAF */
	bool sound;
	unsigned version;
	uint64_t target_s, count, us, bytes, worst_bps;
	uint64_t edges_us[20000]; /* ends of segments */
	uint32_t width, height;
	char codecs[32];
	uint32_t timescale, sequence;
	uint64_t next; /* decoding time */
};

void lint_media(struct lint *l, const char *url, struct media *m);
