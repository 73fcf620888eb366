// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/plan_text.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "content/kitchen/kitchen_plan.h"
#include "firmware/base/clean.h"
#include "firmware/base/text.h"

#define FORM 1u
#define HASH_LINE "hash "
#define HASH_DIGITS 64u

static void put_rung(FILE *to, const wasl_Plan *plan, enum kitchen_rung rung)
{
	struct kitchen_shape s;
	if (kitchen_shape(plan, rung, &s))
		return;
	fprintf(to, "rung %s %" PRIu32 "x%" PRIu32 " %" PRIu32 "/%" PRIu32 " %" PRIu32 " %s\n",
		kitchen_rung_name(rung), s.width, s.height, s.fps_num, s.fps_den, s.cap_bps,
		s.codecs);
}

static void put_foreign(FILE *to, const wasl_Foreign *f)
{
	fprintf(to,
		"foreign picture %" PRIu32 " sound %" PRId32 " start %" PRId64 " turn %" PRIu32
		" fields %" PRIu32 " wind %" PRIu32 " gain %" PRId32 "\n",
		f->picture, f->sound, f->start_us, f->turn, f->fields, f->wind, f->gain_centibel);
	if (f->first_only)
		fprintf(to, "first-only %" PRIu32 "\n", f->first_only);
	for (pb_size_t i = 0; i < f->moved_us_count; i++)
		fprintf(to, "clock %u %" PRId64 "\n", (unsigned)i + 1, f->moved_us[i]);
	for (pb_size_t i = 0; i < f->anchors_count; i++)
		fprintf(to, "anchor %u %" PRId64 " %" PRId64 " %" PRId64 "\n", (unsigned)i + 1,
			f->anchors[i].seek, f->anchors[i].stamp, f->anchors[i].at);
}

static void put_lines(FILE *to, const struct plan_text_of *of)
{
	const wasl_Plan *p = of->plan;
	fprintf(to, "wasl-plan %u\nsource %s %" PRIu64 "\nrecipe %u\npoint %s\nlibraries %s\n",
		FORM, of->source, of->source_bytes, kitchen_plan_recipe(),
		of->point == POINT_IDLE ? "idle" : "now", of->libraries);
	fprintf(to,
		"picture %" PRIu32 "x%" PRIu32 " %" PRIu32 "/%" PRIu32 "\nsound %" PRIu32 "\n"
		"timescale %" PRIu32 "\n",
		p->width, p->height, p->fps_num, p->fps_den, p->sample_rate, p->timescale);
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++)
		if (of->rung_mask & 1u << r)
			put_rung(to, p, r);
	if (p->has_foreign)
		put_foreign(to, &p->foreign);
	for (pb_size_t i = 0; i < p->segments_count; i++) {
		const wasl_Segment *s = &p->segments[i];
		fprintf(to,
			"segment %u %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRIu64 "+%" PRIu64 "\n",
			(unsigned)i + 1, s->start_ticks, s->duration_ticks, s->content_class,
			s->byte_from, s->byte_len);
	}
}

static int finish(FILE *to, char **bytes, const size_t *len)
{
	unsigned char hash[crypto_generichash_BYTES];
	char digits[HASH_DIGITS + 1];
	if (fflush(to) || ferror(to))
		return -ENOMEM;
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)*bytes, *len, NULL, 0);
	text_hex(hash, sizeof(hash), digits);
	fprintf(to, HASH_LINE "%s\n", digits);
	return fflush(to) || ferror(to) ? -ENOMEM : 0;
}

int plan_text(const struct plan_text_of *of, char **out, size_t *len)
{
	AUTO_FREE char *bytes = NULL;
	size_t have = 0;
	FILE *to = open_memstream(&bytes, &have);
	if (!to)
		return -ENOMEM;
	put_lines(to, of);
	int rc = finish(to, &bytes, &have);
	if (fclose(to) || rc)
		return -ENOMEM;
	*out = MOVE_PTR(bytes);
	*len = have;
	return 0;
}

int plan_text_generation(const char *text, char out[static 24])
{
	const char *line = strstr(text, "\n" HASH_LINE);
	unsigned char hash[HASH_DIGITS / 2];
	if (!line)
		return -EBADMSG;
	line += 1 + strlen(HASH_LINE);
	char digits[HASH_DIGITS + 1] = "";
	if (strnlen(line, HASH_DIGITS + 1) != HASH_DIGITS + 1 || line[HASH_DIGITS] != '\n' ||
	    line[HASH_DIGITS + 1])
		return -EBADMSG;
	memcpy(digits, line, HASH_DIGITS);
	if (text_unhex(digits, hash, sizeof(hash)))
		return -EBADMSG;
	memcpy(out, "g-", 2);
	text_hex(hash, 6, out + 2);
	return 0;
}
