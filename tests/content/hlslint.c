// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hlslint [--lists] URL…: reads playlists (a master and all that it names, or a media playlist) from http: or file: addresses and says what
 * in them, or in the segments that they name, breaks RFC 8216 or the rules of CMAF (ISO/IEC 23000-19) that the house keeps: one line
 * a finding, status 1. For tests. A live playlist is read once; with --lists, what
 * segments hold is not looked at.
 */
#include "tests/content/hlslint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/frag.h"
#include "firmware/base/clean.h"

#define LISTS_MAX 64

/* --- master playlists ------------------------------------------------------------------------------ */

struct variant {
	uint64_t bandwidth, average;
	bool keys;
	char audio[64], subtitles[64], codecs[128], size[32];
	struct media *media;
};
struct group {
	char type[16], id[64], name[128];
	struct media *media; /* NULL: has no address */
};
struct master {
	struct variant variants[LISTS_MAX];
	struct group groups[LISTS_MAX];
	size_t variant_count, group_count;
	unsigned version;
	bool independent;
};

static struct media *list_at(struct lint *l, const char *base, const char *name, bool text)
{
	CLEANUP(clean_free) char *url = lint_resolve(base, name);
	struct media *m = calloc(1, sizeof(*m));
	m->text = text;
	if (url)
		lint_media(l, url, m);
	return m;
}

static void copy(const struct attributes *a, const char *name, char *out, size_t room)
{
	const char *v = lint_value_of(a, name);
	snprintf(out, room, "%s", v ? v : "");
}

static void read_group(struct lint *l, struct master *m, const char *base, char *text)
{
	struct attributes a;
	struct group g = { 0 };
	lint_read_attributes(l, text, &a);
	copy(&a, "TYPE", g.type, sizeof(g.type));
	copy(&a, "GROUP-ID", g.id, sizeof(g.id));
	copy(&a, "NAME", g.name, sizeof(g.name));
	const char *standard = lint_value_of(&a, "DEFAULT"),
		   *chosen = lint_value_of(&a, "AUTOSELECT"), *uri = lint_value_of(&a, "URI");
	bool text_track = !strcmp(g.type, "SUBTITLES");
	if (strcmp(g.type, "AUDIO") != 0 && strcmp(g.type, "VIDEO") != 0 && !text_track)
		lint_say(l, "EXT-X-MEDIA of TYPE '%s'", g.type);
	if (!*g.id || !*g.name)
		lint_say(l, "EXT-X-MEDIA without GROUP-ID or NAME");
	if (standard && chosen && !strcmp(standard, "YES") && strcmp(chosen, "YES") != 0)
		lint_say(l, "DEFAULT=YES and AUTOSELECT=%s", chosen);
	if (text_track && !uri)
		lint_say(l, "SUBTITLES without URI");
	if (lint_find(&a, "FORCED") && !text_track)
		lint_say(l, "FORCED is for SUBTITLES");
	for (size_t i = 0; i < m->group_count; i++)
		if (!strcmp(m->groups[i].id, g.id) && !strcmp(m->groups[i].type, g.type) &&
		    !strcmp(m->groups[i].name, g.name))
			lint_say(l, "two of the name '%s' in one group", g.name);
	if (uri)
		g.media = list_at(l, base, uri, text_track);
	if (m->group_count < LISTS_MAX)
		m->groups[m->group_count++] = g;
}

static void read_variant(struct lint *l, struct master *m, const char *base, char *text, char **at,
			 bool keys)
{
	struct attributes a;
	struct variant v = { .keys = keys };
	lint_read_attributes(l, text, &a);
	v.bandwidth = lint_number_of(l, &a, "BANDWIDTH", true);
	v.average = lint_number_of(l, &a, "AVERAGE-BANDWIDTH", false);
	copy(&a, "AUDIO", v.audio, sizeof(v.audio));
	copy(&a, "SUBTITLES", v.subtitles, sizeof(v.subtitles));
	copy(&a, "CODECS", v.codecs, sizeof(v.codecs));
	copy(&a, "RESOLUTION", v.size, sizeof(v.size));
	if (v.average > v.bandwidth)
		lint_say(l, "AVERAGE-BANDWIDTH is above BANDWIDTH");
	if (keys && (lint_find(&a, "FRAME-RATE") || *v.audio || *v.subtitles))
		lint_say(l, "what key frames alone cannot have");
	const char *rate = lint_value_of(&a, "FRAME-RATE"),
		   *point = rate ? strchr(rate, '.') : NULL;
	if (point && strlen(point) > 4)
		lint_say(l, "FRAME-RATE has more than three decimals: '%s'", rate);
	char *line = keys ? NULL : lint_next_line(l, at);
	const char *uri = keys ? lint_value_of(&a, "URI") : line;
	if (!uri || !*uri || *uri == '#')
		lint_say(l, "a variant without address");
	else
		v.media = list_at(l, base, uri, false);
	if (v.media && v.media->keys_only != keys)
		lint_say(l, "EXT-X-I-FRAMES-ONLY %s",
			 keys ? "is missing" : "in a list to be played");
	if (m->variant_count < LISTS_MAX)
		m->variants[m->variant_count++] = v;
}

static struct media *sound_of(const struct master *m, const struct variant *v)
{
	for (size_t i = 0; i < m->group_count; i++)
		if (!strcmp(m->groups[i].type, "AUDIO") && !strcmp(m->groups[i].id, v->audio) &&
		    m->groups[i].media)
			return m->groups[i].media;
	return NULL;
}

/* The sound's edges may lie half an AAC frame off. */
static void compare_edges(struct lint *l, const struct media *a, const struct media *b)
{
	if (a->count != b->count) {
		lint_say(l, "%" PRIu64 " segments beside %" PRIu64, a->count, b->count);
		return;
	}
	const uint64_t slack = a->sound != b->sound ? 1024ull * 1000000 / 48000 + 1 : 1;
	for (uint64_t i = 0; i < a->count && i < ARRAY_LEN(a->edges_us); i++) {
		uint64_t x = a->edges_us[i], y = b->edges_us[i];
		if (x > y + slack || y > x + slack) {
			lint_say(l, "segment %" PRIu64 " ends at %.3f s beside %.3f s", i + 1,
				 (double)x / 1e6, (double)y / 1e6);
			return;
		}
	}
}

static void judge_variant(struct lint *l, const struct master *m, const struct variant *v)
{
	const struct media *own = v->media, *sound = sound_of(m, v);
	if (!own || !own->judged || !own->us)
		return;
	const bool apart = sound && sound->judged && !own->sound;
	char size[32];
	if (*v->audio && !sound)
		lint_say(l, "no AUDIO group '%s'", v->audio);
	snprintf(size, sizeof(size), "%ux%u", own->width, own->height);
	if (!own->sound && strcmp(size, v->size) != 0)
		lint_say(l, "RESOLUTION says %s, and the track %s", v->size, size);
	if (!strstr(v->codecs, own->codecs) || (apart && !strstr(v->codecs, sound->codecs)))
		lint_say(l, "CODECS says '%s', and the tracks %s %s", v->codecs, own->codecs,
			 apart ? sound->codecs : "");
	if (own->ended && own->worst_bps > v->bandwidth)
		lint_say(l, "BANDWIDTH %" PRIu64 " is below the peak of %" PRIu64, v->bandwidth,
			 own->worst_bps);
	uint64_t average =
		own->bytes * 8000000 / own->us + (apart ? sound->bytes * 8000000 / sound->us : 0);
	if (v->average && (v->average + 100 < average || v->average > average + average / 10 + 100))
		lint_say(l, "AVERAGE-BANDWIDTH says %" PRIu64 ", and it is %" PRIu64, v->average,
			 average);
	if (apart && own->ended)
		compare_edges(l, own, sound);
}

static void judge_master(struct lint *l, const struct master *m)
{
	const struct media *first = NULL;
	for (size_t i = 0; i < m->variant_count; i++) {
		const struct variant *v = &m->variants[i];
		bool known = !*v->subtitles;
		for (size_t k = 0; k < m->group_count; k++)
			known |= !strcmp(m->groups[k].type, "SUBTITLES") &&
				 !strcmp(m->groups[k].id, v->subtitles);
		if (!known)
			lint_say(l, "no SUBTITLES group '%s'", v->subtitles);
		judge_variant(l, m, v);
		if (!v->media || !v->media->judged || v->media->sound || !v->media->ended)
			continue;
		if (first)
			compare_edges(l, v->media, first);
		first = first ? first : v->media;
	}
	if (!m->variant_count)
		lint_say(l, "no variant");
}

static void read_master(struct lint *l, const char *url, char *text)
{
	struct master *m = calloc(1, sizeof(*m));
	char *at = text, *rest;
	for (char *line; (line = lint_next_line(l, &at));) {
		if ((rest = lint_after(line, "#EXT-X-VERSION:")))
			m->version = (unsigned)strtoul(rest, NULL, 10);
		else if ((rest = lint_after(line, "#EXT-X-MEDIA:")))
			read_group(l, m, url, rest);
		else if ((rest = lint_after(line, "#EXT-X-STREAM-INF:")))
			read_variant(l, m, url, rest, &at, false);
		else if ((rest = lint_after(line, "#EXT-X-I-FRAME-STREAM-INF:")))
			read_variant(l, m, url, rest, &at, true);
		else if (lint_after(line, "#EXTINF") || lint_after(line, "#EXT-X-TARGETDURATION") ||
			 lint_after(line, "#EXT-X-ENDLIST"))
			lint_say(l, "a tag of media playlists in a master playlist");
		else if (*line && *line != '#')
			lint_say(l, "an address without EXT-X-STREAM-INF");
	}
	judge_master(l, m);
	for (size_t i = 0; i < m->variant_count; i++)
		free(m->variants[i].media);
	for (size_t i = 0; i < m->group_count; i++)
		free(m->groups[i].media);
	free(m);
}

int main(int argc, char **argv)
{
	struct lint l = { .url = "",
			  .samples = calloc(FRAG_SAMPLES_MAX, sizeof(struct pack_sample)) };
	curl_global_init(CURL_GLOBAL_DEFAULT);
	l.curl = curl_easy_init();
	for (int i = 1; i < argc; i++) {
		struct bytes b;
		l.lists_only |= !strcmp(argv[i], "--lists");
		if (argv[i][0] == '-')
			continue;
		l.url = argv[i];
		l.line = 0;
		if (lint_fetch(&l, argv[i], NULL, &b) && lint_begin_list(&l, &b)) {
			if (strstr((char *)b.at, "#EXT-X-STREAM-INF")) {
				read_master(&l, argv[i], (char *)b.at);
			} else {
				struct media *m = calloc(1, sizeof(*m));
				lint_media(&l, argv[i], m);
				free(m);
			}
		}
		free(b.at);
	}
	printf("%u segments, %u findings\n", l.segments, l.found);
	curl_easy_cleanup(l.curl);
	curl_global_cleanup();
	free(l.samples);
	return l.found || argc < 2 ? 1 : 0;
}
