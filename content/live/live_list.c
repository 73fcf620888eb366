// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define NUMBER_MOST (UINT64_C(1) << 53) /* sequence numbers beyond it are nobody's */

struct reader {
	struct live_list *list;
	struct fault *why;
	/* what the next address will mean */
	struct live_variant variant;
	struct live_segment segment;
	bool stream, timed, sized; /* a STREAM-INF, EXTINF, BYTERANGE stands before it */
	bool any_media;
	uint64_t number, stretch;
	uint64_t range_end; /* where a range without an offset begins */
	const char *range_url;
	struct live_part init;
};

static int wrong(struct reader *r, const char *what, const char *line)
{
	return fault_set(r->why, -EBADMSG, "live.playlist", "the stream's playlist: %s: '%.80s'",
			 what, line);
}

/* Digits only: no sign, no blank, at most NUMBER_MOST. *end is behind them. */
static int take_number(const char *text, uint64_t *out, const char **end)
{
	uint64_t n = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (uint64_t)(*at - '0');
		if (n > NUMBER_MOST)
			return -ERANGE;
	}
	if (at == text)
		return -EINVAL;
	*out = n;
	*end = at;
	return 0;
}

static int whole_number(const char *text, uint64_t *out)
{
	const char *end;
	return take_number(text, out, &end) || *end ? -EINVAL : 0;
}

/* "9.009": seconds with a fraction, as milliseconds. */
static int take_seconds(const char *text, uint32_t *out_ms)
{
	uint64_t whole;
	const char *at;
	if (take_number(text, &whole, &at) || whole > LIVE_SECONDS_MOST)
		return -EINVAL;
	uint32_t ms = (uint32_t)whole * 1000;
	if (*at == '.') {
		uint32_t worth = 100;
		for (at++; *at >= '0' && *at <= '9'; at++, worth /= 10)
			ms += (uint32_t)(*at - '0') * worth;
	}
	if ((*at && *at != ',') || ms > LIVE_SECONDS_MOST * 1000)
		return -EINVAL;
	*out_ms = ms;
	return 0;
}

/* --- attribute lists ------------------------------------------------------------------------------ */

struct attribute {
	const char *name, *value; /* value: without quotes */
};

/* The next NAME=VALUE of `*rest`, cut in place; false at the end or where it makes no sense. */
static bool next_attribute(char **rest, struct attribute *out)
{
	char *at = *rest;
	while (*at == ',' || *at == ' ')
		at++;
	char *equals = strchr(at, '=');
	if (!*at || !equals)
		return false;
	*equals = '\0';
	char *value = equals + 1, *end;
	if (*value == '"') {
		end = strchr(++value, '"');
		if (!end)
			return false;
		*end++ = '\0';
		if (*end && *end != ',')
			return false;
	} else {
		end = value + strcspn(value, ",");
	}
	if (*end)
		*end++ = '\0';
	*out = (struct attribute){ at, value };
	*rest = end;
	return true;
}

/* Only what a codecs parameter is made of (RFC 6381): it is written into our own playlist. */
static void take_codecs(const char *value, struct live_variant *v)
{
	size_t len = strlen(value);
	if (len >= sizeof(v->codecs) ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,-") !=
		    len)
		return;
	memcpy(v->codecs, value, len + 1);
}

static bool codecs_show_picture(const char *codecs)
{
	static const char *const pictures[] = {
		"avc", "hvc", "hev", "av01", "vp09", "vp8", "mp4v"
	};
	for (size_t i = 0; i < ARRAY_LEN(pictures); i++)
		if (strstr(codecs, pictures[i]))
			return true;
	return codecs[0] == '\0';
}

static int stream_inf(struct reader *r, char *text)
{
	struct attribute a;
	struct live_variant *v = &r->variant;
	*v = (struct live_variant){ 0 };
	while (next_attribute(&text, &a)) {
		uint64_t n, high;
		const char *end;
		if (strcmp(a.name, "BANDWIDTH") == 0 && whole_number(a.value, &n) == 0 &&
		    n < UINT32_MAX)
			v->kbps = (uint32_t)((n + 999) / 1000);
		else if (strcmp(a.name, "RESOLUTION") == 0 && take_number(a.value, &n, &end) == 0 &&
			 *end == 'x' && whole_number(end + 1, &high) == 0 && n <= 8192 &&
			 high <= 8192)
			v->width = (uint32_t)n, v->height = (uint32_t)high;
		else if (strcmp(a.name, "CODECS") == 0)
			take_codecs(a.value, v);
		else if (strcmp(a.name, "AUDIO") == 0)
			v->sound = a.value;
	}
	if (v->kbps == 0)
		return wrong(r, "a variant without its BANDWIDTH", text);
	v->picture = v->height > 0 || codecs_show_picture(v->codecs);
	r->stream = true;
	return 0;
}

static int media(struct reader *r, char *text)
{
	struct attribute a;
	struct live_sound s = { 0 };
	bool sound = false;
	while (next_attribute(&text, &a)) {
		if (strcmp(a.name, "TYPE") == 0)
			sound = strcmp(a.value, "AUDIO") == 0;
		else if (strcmp(a.name, "GROUP-ID") == 0)
			s.group = a.value;
		else if (strcmp(a.name, "URI") == 0)
			s.url = a.value;
		else if (strcmp(a.name, "DEFAULT") == 0)
			s.preferred = strcmp(a.value, "YES") == 0;
	}
	if (sound && s.group && s.url && *s.url && r->list->sound_count < LIVE_SOUNDS_MOST)
		r->list->sounds[r->list->sound_count++] = s;
	return 0;
}

/* "LEN[@FROM]" */
static int byte_range(struct reader *r, const char *text, struct live_part *out, bool *has_from)
{
	const char *end;
	if (take_number(text, &out->len, &end) || out->len == 0)
		return wrong(r, "a byte range that is none", text);
	*has_from = *end == '@';
	out->from = 0;
	if (*end == '@' ? whole_number(end + 1, &out->from) != 0 : *end != '\0')
		return wrong(r, "a byte range that is none", text);
	return 0;
}

static int map(struct reader *r, char *text)
{
	struct attribute a;
	bool has_from = false;
	r->init = (struct live_part){ 0 };
	while (next_attribute(&text, &a)) {
		if (strcmp(a.name, "URI") == 0)
			r->init.url = a.value;
		else if (strcmp(a.name, "BYTERANGE") == 0 &&
			 byte_range(r, a.value, &r->init, &has_from))
			return -EBADMSG;
	}
	return r->init.url && *r->init.url ? 0 : wrong(r, "a map without its address", text);
}

static int key(struct reader *r, char *text)
{
	struct attribute a;
	while (next_attribute(&text, &a))
		if (strcmp(a.name, "METHOD") == 0 && strcmp(a.value, "NONE") != 0)
			return fault_set(r->why, -EOPNOTSUPP, "live.encrypted",
					 "the stream is encrypted (%.20s): the box cannot pass it "
					 "on; ask for one that is not",
					 a.value);
	return 0;
}

/* --- lines ------------------------------------------------------------------------------------------ */

static int extinf(struct reader *r, char *text)
{
	if (take_seconds(text, &r->segment.duration_ms))
		return wrong(r, "a segment that lasts longer than a minute", text);
	r->timed = true;
	return 0;
}

static int target(struct reader *r, char *text)
{
	uint64_t s;
	if (whole_number(text, &s) || s == 0 || s > LIVE_SECONDS_MOST)
		return wrong(r, "EXT-X-TARGETDURATION must be 1 to 60", text);
	r->list->target_ms = (uint32_t)s * 1000;
	return 0;
}

static int media_sequence(struct reader *r, char *text)
{
	if (r->any_media || whole_number(text, &r->number))
		return wrong(r, "EXT-X-MEDIA-SEQUENCE makes no sense", text);
	return 0;
}

static int stretch_sequence(struct reader *r, char *text)
{
	if (r->any_media || whole_number(text, &r->stretch))
		return wrong(r, "EXT-X-DISCONTINUITY-SEQUENCE makes no sense", text);
	return 0;
}

static int stretch(struct reader *r, char *text)
{
	(void)text;
	r->stretch++;
	return 0;
}

static int range_tag(struct reader *r, char *text)
{
	bool has_from = false;
	int rc = byte_range(r, text, &r->segment.body, &has_from);
	r->sized = rc == 0;
	r->segment.body.url = has_from ? "" : NULL; /* "": the offset was said */
	return rc;
}

/* Written into our own playlist: nothing but what a date of ISO 8601 has. */
static int date(struct reader *r, char *text)
{
	size_t len = strlen(text);
	if (len < sizeof(r->segment.date) && strspn(text, "0123456789TZ:+.-") == len)
		memcpy(r->segment.date, text, len + 1);
	return 0;
}

static int gap(struct reader *r, char *text)
{
	(void)text;
	r->segment.missing = true;
	return 0;
}

static int end_list(struct reader *r, char *text)
{
	(void)text;
	r->list->ended = true;
	return 0;
}

static const struct {
	const char *tag;
	int (*take)(struct reader *r, char *text);
} tags[] = {
	{ "#EXTINF:", extinf },
	{ "#EXT-X-STREAM-INF:", stream_inf },
	{ "#EXT-X-MEDIA:", media },
	{ "#EXT-X-TARGETDURATION:", target },
	{ "#EXT-X-MEDIA-SEQUENCE:", media_sequence },
	{ "#EXT-X-DISCONTINUITY-SEQUENCE:", stretch_sequence },
	{ "#EXT-X-DISCONTINUITY", stretch },
	{ "#EXT-X-BYTERANGE:", range_tag },
	{ "#EXT-X-MAP:", map },
	{ "#EXT-X-KEY:", key },
	{ "#EXT-X-SESSION-KEY:", key },
	{ "#EXT-X-PROGRAM-DATE-TIME:", date },
	{ "#EXT-X-GAP", gap },
	{ "#EXT-X-ENDLIST", end_list },
};

static int take_tag(struct reader *r, char *line)
{
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		size_t len = strlen(tags[i].tag);
		if (strncmp(line, tags[i].tag, len) == 0 &&
		    (tags[i].tag[len - 1] == ':' || line[len] == '\0'))
			return tags[i].take(r, line + len);
	}
	return 0; /* what we do not know is passed over (RFC 8216, section 6.3.1) */
}

static void add_variant(struct reader *r, const char *url)
{
	struct live_list *l = r->list;
	size_t at = l->variant_count;
	r->stream = false;
	r->variant.url = url;
	if (at == LIVE_VARIANTS_MOST)
		return;
	for (; at > 0 && l->variants[at - 1].kbps > r->variant.kbps; at--)
		l->variants[at] = l->variants[at - 1];
	l->variants[at] = r->variant;
	l->variant_count++;
}

static int place_range(struct reader *r, const char *url)
{
	struct live_part *b = &r->segment.body;
	if (!r->sized)
		return 0;
	if (!b->url) { /* it goes on where the one before it ended */
		if (!r->range_url || strcmp(r->range_url, url) != 0)
			return wrong(r, "a byte range without an offset", url);
		b->from = r->range_end;
	}
	if (b->from > NUMBER_MOST - b->len)
		return wrong(r, "a byte range beyond any file", url);
	r->range_url = url;
	r->range_end = b->from + b->len;
	return 0;
}

static int add_segment(struct reader *r, const char *url)
{
	struct live_list *l = r->list;
	int rc = place_range(r, url);
	if (rc)
		return rc;
	if (r->number >= NUMBER_MOST)
		return wrong(r, "more segments than there are numbers", url);
	r->any_media = true;
	r->segment.body.url = url;
	if (r->segment.duration_ms == 0) /* nobody will miss it, and players stumble over it */
		r->segment.missing = true;
	r->segment.init = r->init;
	r->segment.number = r->number++;
	r->segment.stretch = r->stretch;
	if (l->segment_count == LIVE_SEGMENTS_MOST) {
		memmove(l->segments, l->segments + 1, sizeof(l->segments) - sizeof(l->segments[0]));
		l->segment_count--;
	}
	l->segments[l->segment_count++] = r->segment;
	r->segment = (struct live_segment){ 0 };
	r->timed = r->sized = false;
	return 0;
}

static int take_line(struct reader *r, char *line)
{
	if (line[0] == '\0')
		return 0;
	if (line[0] == '#')
		return take_tag(r, line);
	if (r->stream) {
		add_variant(r, line);
		return 0;
	}
	if (r->timed)
		return add_segment(r, line);
	return wrong(r, "an address that nothing announces", line);
}

static int judge(struct reader *r)
{
	struct live_list *l = r->list;
	l->is_master = l->variant_count > 0;
	if (l->is_master && (l->segment_count > 0 || l->target_ms))
		return wrong(r, "variants and segments in one", "");
	if (l->is_master)
		return 0;
	if (l->target_ms == 0)
		return wrong(r, "neither variants nor a target duration", "");
	return 0;
}

static int read_lines(struct reader *r, size_t len)
{
	char *at = r->list->text, *end = at + len;
	bool begun = false;
	while (at < end) {
		char *line = at, *stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop ? stop : end;
		at = stop + 1;
		while (stop > line && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
			stop--;
		*stop = '\0';
		for (const char *c = line; c < stop; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				return wrong(r, "a control character", "");
		if (!begun && strcmp(line, "#EXTM3U") != 0)
			return wrong(r, "it does not begin with #EXTM3U", line);
		begun = true;
		int rc = take_line(r, line);
		if (rc)
			return rc;
	}
	return begun ? judge(r) : wrong(r, "it is empty", "");
}

int live_list_parse(const char *text, size_t len, struct live_list *out, struct fault *why)
{
	if (len > LIVE_LIST_BYTES)
		return fault_set(why, -EFBIG, "live.playlist",
				 "the stream's playlist has more than %u bytes", LIVE_LIST_BYTES);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3, len -= 3;
	struct live_list *l = calloc(1, sizeof(*l));
	if (!l || !(l->text = malloc(len + 1))) {
		free(l);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	memcpy(l->text, text, len);
	l->text[len] = '\0';
	struct reader r = { .list = l, .why = why };
	int rc = read_lines(&r, len);
	if (rc)
		live_list_done(l);
	else
		*out = *l;
	free(l);
	return rc;
}

void live_list_done(struct live_list *l)
{
	free(l->text);
	*l = (struct live_list){ 0 };
}

const struct live_sound *live_list_sound(const struct live_list *l, size_t v)
{
	const struct live_sound *best = NULL;
	for (size_t i = 0; l->variants[v].sound && i < l->sound_count; i++)
		if (strcmp(l->sounds[i].group, l->variants[v].sound) == 0 &&
		    (!best || (l->sounds[i].preferred && !best->preferred)))
			best = &l->sounds[i];
	return best;
}
