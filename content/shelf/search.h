// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "firmware/record/catalogue.pb.h"
#include "firmware/record/objmap.h"

struct fault;

/*
 * Finds lessons by what their titles, summaries, subjects and captions say, however it is typed (content/shelf/fold.h). The
 * index can always be made again from the catalogue and the captions.
 */
#define SEARCH_MOST_HITS 50u
#define SEARCH_QUERY_BYTES 240u /* longer questions are cut */

struct search;
/* A damaged index is thrown away and begun anew. */
int search_open(const char *path, struct search **out, struct fault *why);
void search_close(struct search *s); /* NULL is fine */

/*
 * Indexes the whole catalogue unless it has this version of it already, and `own`, which tells the school's own lessons of one moment
 * from those of another; captions that are known stay.
 */
int search_fill(struct search *s, const wasl_Catalogue *catalogue, uint32_t own, struct fault *why);
/* Adds the words of a caption file (WebVTT) of a lesson; `object` names the file, so that it is read only once. */
int search_captions(struct search *s, const char *lesson, const char *language,
		    const struct objmap_id *object, const char *vtt, size_t len, struct fault *why);
bool search_knows(struct search *s, const char *lesson, const char *language,
		  const struct objmap_id *object);

/* Ids of lessons, best first; *count <= SEARCH_MOST_HITS. Every word must be there, the last may be unfinished. */
struct search_hit {
	char lesson[64];
};
int search_ask(struct search *s, const char *query, struct search_hit *hits, size_t *count,
	       struct fault *why);
