// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct fault;

/* What a file is, by the ending of its name: what is published as which kind of item. */
enum kind {
	KIND_UNKNOWN = 0,
	KIND_VIDEO = 1,
	KIND_DOCUMENT = 3,
	KIND_PACKAGE = 4
}; /* as Item.kind */

enum kind kinds_of(const char *name);
const char *kinds_media_type(
	const char *name); /* "application/octet-stream" where nothing is known */
/* Whether the file begins as its ending promises: a web page that is called x.pdf opens on no phone. -EBADMSG. */
int kinds_check(const char *path, struct fault *why);
