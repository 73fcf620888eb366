// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

/*
 * What a player would ask for first (RFC 8216), from the text of a playlist: as much as is needed to see that a
 * lesson plays. Addresses are resolved against the playlist's own path on the same server.
 */
enum { HLS_PATHS = 16, HLS_PATH_BYTES = 256 };
struct hls_paths {
	char at[HLS_PATHS][HLS_PATH_BYTES];
	size_t count;
};

/* Media playlists of a master playlist: variants and audio renditions. -EBADMSG when it is no playlist or has none. */
int hls_master(const char *base, const char *text, struct hls_paths *out);

/* The initialisation segment (when there is one) and the first segment of a media playlist. */
int hls_media(const char *base, const char *text, struct hls_paths *out);
