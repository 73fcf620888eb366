// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/hls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* "/m/x/master.m3u8" and "GEN/240p/index.m3u8" make "/m/x/GEN/240p/index.m3u8"; another server's is refused. */
static bool resolve(const char *base, const char *uri, size_t len, char out[static HLS_PATH_BYTES])
{
	const char *slash = strrchr(base, '/');
	int folder = *uri == '/' || !slash ? 0 : (int)(slash - base + 1);

	if (len == 0 || memchr(uri, ':', len) || (len > 1 && uri[0] == '/' && uri[1] == '/'))
		return false;
	int wrote = snprintf(out, HLS_PATH_BYTES, "%.*s%.*s", folder, base, (int)len, uri);
	return wrote > 0 && wrote < HLS_PATH_BYTES && out[0] == '/';
}

/* Once each: a sound track may be a rendition and an audio-only variant at the same time. */
static void add(struct hls_paths *out, const char *base, const char *uri, size_t len)
{
	if (out->count == HLS_PATHS || !resolve(base, uri, len, out->at[out->count]))
		return;
	for (size_t i = 0; i < out->count; i++)
		if (!strcmp(out->at[i], out->at[out->count]))
			return;
	out->count++;
}

/* The value of URI="…" within one line, NULL when it has none. */
static const char *attribute(const char *line, size_t len, size_t *out_len)
{
	static const char word[] = "URI=\"";
	for (size_t i = 0; i + sizeof(word) - 1 < len; i++) {
		if (memcmp(line + i, word, sizeof(word) - 1) != 0)
			continue;
		const char *from = line + i + sizeof(word) - 1;
		const char *end = memchr(from, '"', len - i - (sizeof(word) - 1));
		if (!end)
			return NULL;
		*out_len = (size_t)(end - from);
		return from;
	}
	return NULL;
}

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(line, with, strlen(with));
}

static bool mentions(const char *line, size_t len, const char *word)
{
	return memmem(line, len, word, strlen(word)) != NULL;
}

/* The next line's length at *at without its end; *at moves behind it. */
static const char *next_line(const char **at, size_t *len)
{
	const char *line = *at;
	*len = strcspn(line, "\r\n");
	*at = line + *len;
	*at += strspn(*at, "\r\n");
	return line;
}

int hls_master(const char *base, const char *text, struct hls_paths *out)
{
	bool variant = false;
	size_t len;

	out->count = 0;
	if (!begins(text, strlen(text), "#EXTM3U"))
		return -EBADMSG;
	while (*text) {
		const char *line = next_line(&text, &len);
		size_t uri_len = 0;
		const char *uri;
		if (begins(line, len, "#EXT-X-STREAM-INF:")) {
			variant = true;
		} else if (begins(line, len, "#EXT-X-MEDIA:") &&
			   mentions(line, len, "TYPE=AUDIO")) {
			uri = attribute(line, len, &uri_len);
			if (uri)
				add(out, base, uri, uri_len);
		} else if (len && *line != '#' && variant) {
			add(out, base, line, len);
			variant = false;
		}
	}
	return out->count ? 0 : -EBADMSG;
}

int hls_media(const char *base, const char *text, struct hls_paths *out)
{
	size_t len;

	out->count = 0;
	if (!begins(text, strlen(text), "#EXTM3U"))
		return -EBADMSG;
	while (*text) {
		const char *line = next_line(&text, &len);
		size_t uri_len = 0;
		const char *uri;
		if (begins(line, len, "#EXT-X-MAP:")) {
			uri = attribute(line, len, &uri_len);
			if (uri && out->count == 0)
				add(out, base, uri, uri_len);
		} else if (len && *line != '#') {
			size_t before = out->count;
			add(out, base, line, len);
			return out->count > before ? 0 : -EBADMSG;
		}
	}
	return -EBADMSG;
}
