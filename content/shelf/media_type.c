// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/media_type.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "firmware/base/clean.h"

static const struct {
	const char *ending, *type;
} types[] = {
	{ "html", "text/html; charset=utf-8" },
	{ "htm", "text/html; charset=utf-8" },
	{ "txt", "text/plain; charset=utf-8" },
	{ "css", "text/css; charset=utf-8" },
	{ "js", "text/javascript; charset=utf-8" },
	{ "json", "application/json" },
	{ "csv", "text/csv; charset=utf-8" },
	{ "vtt", "text/vtt; charset=utf-8" },
	{ "pdf", "application/pdf" },
	{ "epub", "application/epub+zip" },
	{ "zip", "application/zip" },
	{ "apk", "application/vnd.android.package-archive" },
	{ "doc", "application/msword" },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "png", "image/png" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "gif", "image/gif" },
	{ "webp", "image/webp" },
	{ "svg", "image/svg+xml" },
	{ "mp3", "audio/mpeg" },
	{ "m4a", "audio/mp4" },
	{ "ogg", "audio/ogg" },
	{ "opus", "audio/ogg" },
	{ "wav", "audio/wav" },
	{ "mp4", "video/mp4" },
	{ "webm", "video/webm" },
	{ "m3u8", "application/vnd.apple.mpegurl" },
	{ "m4s", "video/iso.segment" },
	{ "mpd", "application/dash+xml" },
	{ "srt", "application/x-subrip" },
};

const char *media_type_of(const char *path)
{
	const char *name = strrchr(path, '/');
	const char *dot = strrchr(name ? name : path, '.');
	for (size_t i = 0; dot && i < ARRAY_LEN(types); i++)
		if (strcasecmp(dot + 1, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static bool is_token(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool media_type_is(const char *text)
{
	const char *c = text;
	while (is_token(*c))
		c++;
	if (c == text || *c++ != '/')
		return false;
	const char *sub = c;
	while (is_token(*c))
		c++;
	if (c == sub || (*c && *c != ';' && *c != ' '))
		return false;
	for (; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			return false;
	return true;
}
