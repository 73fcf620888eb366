// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "firmware/record/catalogue.pb.h"

struct fault;

/*
 * What lies beside a video (or a document) NAME.mp4 and tells the catalogue about it (content/sample/README.md): NAME.json, NAME.LANG.vtt
 * (or .srt, .ass, .ssa),
 * NAME.jpg as poster, files named in NAME.json as attachments. All of it may be absent.
 */
#define SIDECAR_CAPTIONS 16u
#define SIDECAR_ATTACHMENTS 16u

struct sidecar_file {
	char path[4096];
	char name[128];    /* for people */
	char language[12]; /* captions */
};

/* Whether captions are WebVTT already; others are made it when they are published. */
bool sidecar_is_vtt(const char *path);

struct sidecar {
	struct sidecar_file captions[SIDECAR_CAPTIONS], attachments[SIDECAR_ATTACHMENTS];
	size_t caption_count, attachment_count;
	char poster[4096]; /* "" when there is none */
};

/*
 * Fills `item` (zeroed; texts malloc'ed, so that pb_release() frees them) with id, title, subject and the rest, and `out` with
 * the files to bring in. -EINVAL: NAME.json or a caption file is not what it should be; the sentence names file and field.
 */
int sidecar_read(const char *video, wasl_Item *item, struct sidecar *out, struct fault *why);
/* The same, where `facts` (an object as in NAME.json, from `where`; NULL: none) go before what NAME.json says. */
int sidecar_read_with(const char *video, const json_t *facts, const char *where, wasl_Item *item,
		      struct sidecar *out, struct fault *why);

/* "Les fractions (1)" -> "les-fractions-1"; "" when nothing usable is left. `out` has 64 bytes. */
void sidecar_slug(const char *name, char out[static 64]);

/* Names of a subject in the three languages: known ones, else the slug made readable. malloc'ed into *out. */
int sidecar_subject(const char *slug, wasl_Text *out);
