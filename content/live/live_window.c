// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_window.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVERS_LAG 3u /* segments that one server of a stream may be behind another */

static const struct live_segment *begin_at(const struct live_list *l, uint32_t back_ms)
{
	uint64_t sum = 0;
	size_t i = l->segment_count;
	while (i > 0 && sum < back_ms)
		sum += l->segments[--i].duration_ms;
	return &l->segments[i];
}

/* --- looks ---------------------------------------------------------------------------------------------- */

static uint64_t last_of(const struct live_list *l)
{
	return l->segments[l->segment_count - 1].number;
}

/* Of the name alone: hosts, folders and questions change from server to server and from hour to hour (FNV-1a). */
static struct live_mark mark_of(const struct live_segment *s)
{
	const char *name = s->body.url, *end = name + strcspn(name, "?#");
	uint32_t hash = 2166136261u;
	for (const char *at = name; at < end; at++)
		if (*at == '/')
			name = at + 1;
	for (; name < end; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return (struct live_mark){ s->number + 1, hash, s->duration_ms };
}

static void remember(struct live_window *w, const struct live_list *l)
{
	for (size_t i = 0; i < l->segment_count; i++)
		w->marks[l->segments[i].number % LIVE_MARKS] = mark_of(&l->segments[i]);
	w->looked = true;
	w->newest = last_of(l);
	w->suspect = false;
}

/* Of the numbers that were listed before, none is what it was. */
static bool names_others(const struct live_window *w, const struct live_list *l)
{
	bool known = false;
	for (size_t i = 0; i < l->segment_count; i++) {
		const struct live_mark now = mark_of(&l->segments[i]);
		const struct live_mark *then = &w->marks[l->segments[i].number % LIVE_MARKS];
		if (then->number != now.number)
			continue;
		if (then->name == now.name && then->duration_ms == now.duration_ms)
			return false;
		known = true;
	}
	return known;
}

/* A list that ends before the newest segment. */
static bool begins_anew(const struct live_window *w, const struct live_list *l, uint32_t begins)
{
	if (l->ended || begins > w->begins || w->newest - last_of(l) > LIVE_SEGMENTS_MOST)
		return true;
	return names_others(w, l) || (w->suspect && last_of(l) > w->suspects);
}

bool live_window_look(struct live_window *w, const struct live_list *l, uint32_t begins)
{
	if (l->segment_count == 0)
		return false;
	const uint64_t last = last_of(l);
	const bool behind = w->begun && w->looked && last < w->newest;
	const bool parts = begins > w->begins;
	if (behind && !begins_anew(w, l, begins)) {
		w->suspect = w->suspect || w->newest - last > SERVERS_LAG;
		w->suspects = last;
		return false;
	}
	const bool news = !w->looked || last != w->newest;
	if (behind) {
		live_window_elsewhere(w);
		w->rewind = w->broken = true;
	}
	if (behind || parts) {
		w->anew = true;
		w->begins = parts ? begins : w->begins + 1;
	}
	remember(w, l);
	return news;
}

void live_window_elsewhere(struct live_window *w)
{
	memset(w->marks, 0, sizeof(w->marks));
}

/* --- pieces --------------------------------------------------------------------------------------------- */

const struct live_segment *live_window_next(struct live_window *w, const struct live_list *l,
					    uint32_t back_ms)
{
	if (l->segment_count == 0)
		return NULL;
	if (!w->begun || w->rewind)
		return begin_at(l, back_ms);
	uint64_t first = l->segments[0].number, last = last_of(l);
	if (w->suspect || w->place >= last)
		return NULL;
	if (w->place >= first)
		return &l->segments[w->place + 1 - first];
	if (w->place + 1 == first)
		return &l->segments[0];
	w->broken = true;
	return begin_at(l, back_ms);
}

static void went_by(struct live_window *w, const struct live_segment *s)
{
	if (!w->begun) {
		/* What phones were given before stays before. */
		w->next = s->number > w->next ? s->number : w->next;
		w->stretch = s->stretch > w->stretch ? s->stretch : w->stretch;
	} else if (s->stretch != w->theirs) {
		w->stretch++;
	}
	w->begun = true;
	w->rewind = false;
	w->place = s->number;
	w->theirs = s->stretch;
}

void live_window_skip(struct live_window *w, const struct live_segment *s)
{
	went_by(w, s);
	w->broken = true;
}

static uint64_t length_ms(const struct live_window *w)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < w->count; i++)
		sum += w->pieces[i].duration_ms;
	return sum;
}

size_t live_window_add(struct live_window *w, const struct live_segment *s, struct live_piece *p,
		       bool breaks, uint32_t keep_ms, struct live_piece *gone)
{
	size_t left = 0;
	uint64_t before = w->stretch;
	bool first = w->count == 0;
	went_by(w, s);
	/* One break is one, whoever says so. */
	if ((w->anew || (!first && breaks)) && w->stretch == before)
		w->stretch++;
	w->broken = w->anew = false;
	p->number = w->next++;
	p->stretch = w->stretch;
	memcpy(p->date, s->date, sizeof(p->date));
	uint64_t whole = length_ms(w) + p->duration_ms;
	while (w->count > 0 && (w->count == LIVE_WINDOW_PIECES ||
				(w->count >= 3 && whole - w->pieces[0].duration_ms >= keep_ms))) {
		whole -= w->pieces[0].duration_ms;
		gone[left++] = w->pieces[0];
		memmove(w->pieces, w->pieces + 1, --w->count * sizeof(w->pieces[0]));
	}
	w->pieces[w->count++] = *p;
	if (p->duration_ms > w->target_ms)
		w->target_ms = p->duration_ms;
	return left;
}

char live_window_kind(const struct live_segment *s)
{
	const char *url = s->body.url, *end = url + strcspn(url, "?#");
	if (s->init.url)
		return 'm';
	return end - url > 4 && strncmp(end - 4, ".aac", 4) == 0 ? 'a' : 't';
}

void live_window_name(const struct live_window *w, const struct live_piece *p,
		      char out[static LIVE_NAME_BYTES])
{
	const char *end = p->kind == 'm' ? "m4s" : p->kind == 'a' ? "aac" : "ts";
	snprintf(out, LIVE_NAME_BYTES, "%c%" PRIu64 ".%s", w->track, p->number, end);
}

void live_window_init_name(const struct live_window *w, uint32_t init,
			   char out[static LIVE_NAME_BYTES])
{
	snprintf(out, LIVE_NAME_BYTES, "%c%" PRIu32 ".mp4", w->track, init);
}

bool live_window_awaits(const struct live_window *w, const char *name)
{
	char *end;
	if (name[0] != w->track || name[1] < '0' || name[1] > '9')
		return false;
	uint64_t number = strtoull(name + 1, &end, 10);
	return strcmp(end, ".mp4") != 0 &&
	       (!w->begun || (number >= w->next && number - w->next < 2));
}

char *live_window_text(const struct live_window *w, const char *folder, size_t *len)
{
	char *text = NULL, name[LIVE_NAME_BYTES];
	uint32_t init = 0;
	FILE *to = open_memstream(&text, len);
	if (!to)
		return NULL;
	uint64_t stretch = w->count ? w->pieces[0].stretch : w->stretch;
	fprintf(to,
		"#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:%" PRIu32
		"\n#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n",
		(w->target_ms + 999) / 1000, w->count ? w->pieces[0].number : w->next);
	if (stretch)
		fprintf(to, "#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n", stretch);
	for (size_t i = 0; i < w->count; i++) {
		const struct live_piece *p = &w->pieces[i];
		for (; stretch < p->stretch; stretch++)
			fputs("#EXT-X-DISCONTINUITY\n", to);
		if (p->init != init) {
			init = p->init;
			live_window_init_name(w, init, name);
			if (init)
				fprintf(to, "#EXT-X-MAP:URI=\"%s/%s\"\n", folder, name);
		}
		if (p->date[0])
			fprintf(to, "#EXT-X-PROGRAM-DATE-TIME:%s\n", p->date);
		live_window_name(w, p, name);
		fprintf(to, "#EXTINF:%" PRIu32 ".%03" PRIu32 ",\n%s/%s\n", p->duration_ms / 1000,
			p->duration_ms % 1000, folder, name);
	}
	if (w->ended)
		fputs("#EXT-X-ENDLIST\n", to);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
