// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/sprites.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/sheet.h"
#include "firmware/base/clean.h"

#define SLIDE_CHANGE 150u /* thousandths of a picture: less is a pointer, a word that is added */
#define STILL_CHANGE 60u  /* a lesson whose middle change is below this stands still */
#define CHAPTER_MIN_US 20000000u

static uint32_t tiles_of(const struct sprites_head *h, uint32_t sheet)
{
	const uint32_t full = SPRITES_COLUMNS * SPRITES_ROWS, before = sheet * full;
	return h->tiles - before < full ? h->tiles - before : full;
}

static bool head_is_sane(const struct sprites_head *h)
{
	const uint32_t full = SPRITES_COLUMNS * SPRITES_ROWS;
	return h->magic == SPRITES_MAGIC && h->tile_width >= 2 && h->tile_height >= 2 &&
	       h->tile_width <= SPRITES_TILE_SIDE && h->tile_height <= SPRITES_TILE_SIDE &&
	       h->tiles >= 1 && h->tiles <= SPRITES_TILES_MAX && h->stride >= 1 &&
	       h->stride <= 1000 && h->sheets == (h->tiles + full - 1) / full;
}

/* A JPEG file begins and ends so (ITU-T T.81, B.1.1.3). */
static int take_jpeg(const uint8_t *bytes, size_t len, size_t *from, uint32_t size,
		     struct sprites_sheet *out)
{
	const uint8_t *at = bytes + *from;
	if (size < 4 || size > len - *from || memcmp(at, "\xff\xd8\xff", 3) != 0 ||
	    memcmp(at + size - 2, "\xff\xd9", 2) != 0)
		return -EBADMSG;
	*out = (struct sprites_sheet){ at, size };
	*from += size;
	return 0;
}

int sprites_read(const void *bytes, size_t len, struct sprites *out)
{
	const uint8_t *at = bytes;
	struct sprites s = { 0 };
	uint32_t sizes[SPRITES_SHEETS_MAX];
	if (len < sizeof(s.head))
		return -EBADMSG;
	memcpy(&s.head, at, sizeof(s.head));
	if (!head_is_sane(&s.head))
		return -EBADMSG;
	const size_t changes = s.head.tiles * sizeof(s.changes[0]);
	const size_t lists = sizeof(s.head) + ((changes + 3) & ~(size_t)3);
	const size_t data = lists + s.head.sheets * sizeof(sizes[0]);
	if (len < data)
		return -EBADMSG;
	memcpy(s.changes, at + sizeof(s.head), changes);
	memcpy(sizes, at + lists, s.head.sheets * sizeof(sizes[0]));
	size_t from = data;
	for (uint32_t i = 0; i < s.head.sheets; i++)
		if (take_jpeg(at, len, &from, sizes[i], &s.sheets[i]))
			return -EBADMSG;
	if (s.head.poster_bytes && take_jpeg(at, len, &from, s.head.poster_bytes, &s.poster))
		return -EBADMSG;
	if (from != len)
		return -EBADMSG;
	*out = s;
	return 0;
}

/* The moment at which the tile's first segment begins. */
static uint64_t begin_us(const struct sprites *s, const struct sprites_times *times, uint32_t tile)
{
	uint64_t at = 0;
	const size_t end = (size_t)tile * s->head.stride;
	for (size_t i = 0; i < end && i < times->count; i++)
		at += times->us[i];
	return at;
}

static void put_time(FILE *to, uint64_t us)
{
	const uint64_t ms = us / 1000;
	fprintf(to, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64, ms / 3600000,
		ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

static void put_span(FILE *to, uint64_t from, uint64_t until)
{
	fputc('\n', to);
	put_time(to, from);
	fputs(" --> ", to);
	put_time(to, until);
	fputc('\n', to);
}

int sprites_vtt(const struct sprites *s, const struct sprites_times *times, const char *prefix,
		char **out, size_t *len)
{
	struct sheet text;
	if (sheet_open(&text))
		return -ENOMEM;
	fputs("WEBVTT\n", text.to);
	uint64_t from = 0;
	for (uint32_t sheet = 0, tile = 0; sheet < s->head.sheets; sheet++)
		for (uint32_t i = 0; i < tiles_of(&s->head, sheet); i++, tile++) {
			const uint64_t until = begin_us(s, times, tile + 1);
			if (until <= from)
				continue; /* more pictures than the plan has segments */
			put_span(text.to, from, until);
			fprintf(text.to, "%ssprite-%u.jpg#xywh=%u,%u,%u,%u\n", prefix, sheet + 1,
				i % SPRITES_COLUMNS * s->head.tile_width,
				i / SPRITES_COLUMNS * s->head.tile_height, s->head.tile_width,
				s->head.tile_height);
			from = until;
		}
	return sheet_close(&text, out, len);
}

static int by_size(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static bool stands_still(const struct sprites *s)
{
	uint16_t sorted[SPRITES_TILES_MAX];
	const size_t n = s->head.tiles - 1; /* the first has nothing before it */
	if (n < 2)
		return false;
	memcpy(sorted, s->changes + 1, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_size);
	return sorted[n / 2] < STILL_CHANGE;
}

/* Chapters that last at least `least_us`; SPRITES_CHAPTERS_MAX + 1: too many. */
static size_t divide(const struct sprites *s, const struct sprites_times *times, uint64_t least_us,
		     uint32_t *starts)
{
	const uint64_t end = begin_us(s, times, s->head.tiles);
	size_t count = 1;
	uint64_t last = 0;
	starts[0] = 0;
	for (uint32_t i = 1; i < s->head.tiles; i++) {
		const uint64_t at = begin_us(s, times, i);
		if (s->changes[i] < SLIDE_CHANGE || at < last + least_us || end < at + least_us)
			continue;
		if (count == SPRITES_CHAPTERS_MAX)
			return SPRITES_CHAPTERS_MAX + 1;
		starts[count++] = i;
		last = at;
	}
	return count;
}

size_t sprites_chapters(const struct sprites *s, const struct sprites_times *times,
			uint32_t starts[static SPRITES_CHAPTERS_MAX])
{
	if (!stands_still(s))
		return 0;
	size_t count = SPRITES_CHAPTERS_MAX + 1;
	for (uint64_t least = CHAPTER_MIN_US; count > SPRITES_CHAPTERS_MAX; least *= 2)
		count = divide(s, times, least, starts);
	return count > 1 ? count : 0;
}

int sprites_chapters_vtt(const struct sprites *s, const struct sprites_times *times, char **out,
			 size_t *len)
{
	uint32_t starts[SPRITES_CHAPTERS_MAX];
	const size_t count = sprites_chapters(s, times, starts);
	struct sheet text;
	if (!count)
		return -ENOENT;
	if (sheet_open(&text))
		return -ENOMEM;
	fputs("WEBVTT\n", text.to);
	for (size_t i = 0; i < count; i++) {
		put_span(text.to, begin_us(s, times, starts[i]),
			 begin_us(s, times, i + 1 < count ? starts[i + 1] : s->head.tiles));
		fprintf(text.to, "%zu\n", i + 1);
	}
	return sheet_close(&text, out, len);
}
