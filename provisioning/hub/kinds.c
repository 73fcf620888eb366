// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static const struct ending {
	const char *ending;
	enum kind kind;
	const char *media_type, *begins; /* begins: NULL: with anything */
} endings[] = {
	{ ".mp4", KIND_VIDEO, "video/mp4", NULL },
	{ ".m4v", KIND_VIDEO, "video/mp4", NULL },
	{ ".mov", KIND_VIDEO, "video/quicktime", NULL },
	{ ".mkv", KIND_VIDEO, "video/x-matroska", NULL },
	{ ".webm", KIND_VIDEO, "video/webm", NULL },
	{ ".avi", KIND_VIDEO, "video/x-msvideo", NULL },
	{ ".mpg", KIND_VIDEO, "video/mpeg", NULL },
	{ ".mpeg", KIND_VIDEO, "video/mpeg", NULL },
	{ ".ts", KIND_VIDEO, "video/mp2t", NULL },
	{ ".flv", KIND_VIDEO, "video/x-flv", NULL },
	{ ".ogv", KIND_VIDEO, "video/ogg", NULL },
	{ ".wmv", KIND_VIDEO, "video/x-ms-wmv", NULL },
	{ ".3gp", KIND_VIDEO, "video/3gpp", NULL },
	{ ".pdf", KIND_DOCUMENT, "application/pdf", "%PDF-" },
	{ ".epub", KIND_DOCUMENT, "application/epub+zip", "PK\x03\x04" },
	{ ".odt", KIND_DOCUMENT, "application/vnd.oasis.opendocument.text", "PK\x03\x04" },
	{ ".odp", KIND_DOCUMENT, "application/vnd.oasis.opendocument.presentation", "PK\x03\x04" },
	{ ".docx", KIND_DOCUMENT,
	  "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "PK\x03\x04" },
	{ ".pptx", KIND_DOCUMENT,
	  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	  "PK\x03\x04" },
	{ ".txt", KIND_DOCUMENT, "text/plain", NULL },
	{ ".html", KIND_DOCUMENT, "text/html", NULL },
	{ ".zip", KIND_PACKAGE, "application/zip", "PK\x03\x04" },
	{ ".h5p", KIND_PACKAGE, "application/zip", "PK\x03\x04" },
	{ ".jpg", KIND_UNKNOWN, "image/jpeg", NULL },
	{ ".png", KIND_UNKNOWN, "image/png", NULL },
	{ ".mp3", KIND_UNKNOWN, "audio/mpeg", NULL },
};

static const struct ending *find(const char *name)
{
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot && i < ARRAY_LEN(endings); i++)
		if (strcasecmp(endings[i].ending, dot) == 0)
			return &endings[i];
	return NULL;
}

enum kind kinds_of(const char *name)
{
	const struct ending *e = find(name);
	return e ? e->kind : KIND_UNKNOWN;
}

const char *kinds_media_type(const char *name)
{
	const struct ending *e = find(name);
	return e ? e->media_type : "application/octet-stream";
}

int kinds_check(const char *path, struct fault *why)
{
	const struct ending *e = find(path);
	char head[8] = "";
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return fault_set(why, -errno, "publish.open", "'%s': %s", path, strerror(errno));
	if (n == 0)
		return fault_set(why, -EBADMSG, "publish.document", "'%s' is empty", path);
	if (e && e->begins && memcmp(head, e->begins, strlen(e->begins)) != 0)
		return fault_set(why, -EBADMSG, "publish.document",
				 "'%s' is not what its name says: save it as %s again", path,
				 e->ending + 1);
	return 0;
}
