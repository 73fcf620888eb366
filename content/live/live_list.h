// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * A playlist of a live stream as a stranger wrote it (RFC 8216): what the relay needs of it, within limits. Nothing of its text
 * goes on to pupils: the box writes playlists of its own (live_window.h). Pure.
 */
#define LIVE_LIST_BYTES (256u << 10) /* a longer one is refused */
#define LIVE_VARIANTS_MOST 16u
#define LIVE_SOUNDS_MOST 8u
#define LIVE_SEGMENTS_MOST 64u /* the newest of a longer list */
#define LIVE_SECONDS_MOST 60u  /* of one segment */

/* Part of a file; len 0: all of it. */
struct live_part {
	const char *url; /* as written, relative perhaps; NULL: none */
	uint64_t from, len;
};

struct live_variant {
	const char *url;
	uint32_t kbps; /* BANDWIDTH, rounded up */
	uint32_t width, height;
	bool picture;      /* as far as RESOLUTION and CODECS tell */
	char codecs[96];   /* "" when not said */
	const char *sound; /* GROUP-ID of its sound; NULL: its sound is in it, or it has none */
};

struct live_sound {
	const char *group, *url;
	bool preferred; /* DEFAULT=YES */
};

struct live_segment {
	uint64_t number;  /* media sequence number */
	uint64_t stretch; /* discontinuity sequence number */
	uint32_t duration_ms;
	struct live_part body, init;
	char date[36]; /* EXT-X-PROGRAM-DATE-TIME, "" when not said */
	bool missing;  /* EXT-X-GAP, or it lasts for nothing */
};

struct live_list {
	char *text; /* what the pointers above point into */
	bool is_master, ended;
	uint32_t target_ms;
	struct live_variant variants[LIVE_VARIANTS_MOST]; /* from the least to the most kbps */
	size_t variant_count;
	struct live_sound sounds[LIVE_SOUNDS_MOST];
	size_t sound_count;
	struct live_segment segments[LIVE_SEGMENTS_MOST];
	size_t segment_count;
};

/*
 * -EBADMSG: no playlist, or an impossible one; -EFBIG: too long; -EOPNOTSUPP: encrypted, which the relay cannot pass on. On
 * success *out is freed with live_list_done().
 */
int live_list_parse(const char *text, size_t len, struct live_list *out, struct fault *why);
void live_list_done(struct live_list *l); /* a zeroed one is fine */

/* The sound that belongs to variant `v`, or NULL when it is in the variant itself. */
const struct live_sound *live_list_sound(const struct live_list *l, size_t v);
