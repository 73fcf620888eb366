// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"

static const struct reason {
	const char *id, *lost; /* lost: of a lesson that is one all the same; NULL: it is none */
	const char *places[2]; /* names of the values in its sentence */
} reasons[] = {
	{ "probe.empty", NULL, { NULL } },
	{ "probe.container", NULL, { NULL } },
	{ "probe.incomplete", NULL, { NULL } },
	{ "probe.streams", NULL, { NULL } },
	{ "probe.hostile", NULL, { NULL } },
	{ "probe.encrypted", NULL, { NULL } },
	{ "probe.nothing", NULL, { NULL } },
	{ "probe.no-picture", NULL, { "codec" } },
	{ "probe.codec", NULL, { "codec" } },
	{ "probe.small", NULL, { "width", "height" } },
	{ "probe.large", NULL, { "width", "height" } },
	{ "probe.long", NULL, { "minutes", "most" } },
	{ "probe.damaged", NULL, { NULL } },
	{ "probe.colours", NULL, { NULL } },
	{ "made.nothing", NULL, { "made", "planned" } },
	{ "probe.sound-codec", "sound", { "codec" } },
	{ "probe.sound-encrypted", "sound", { NULL } },
	{ "probe.sound-damaged", "sound", { NULL } },
	{ "probe.truncated", "end", { "have", "promised" } },
	{ "probe.cut", "end", { NULL } },
	{ "probe.patchy", "part", { "bad" } },
	{ "made.short", "part", { "made", "planned" } },
};

const char *verdict_name(uint32_t kind)
{
	static const char *const names[] = { "accept", "salvage", "refuse" };
	return kind < ARRAY_LEN(names) ? names[kind] : "?";
}

static const struct reason *find(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reasons[i].id, id))
			return &reasons[i];
	return NULL;
}

/* Values are words of codecs and numbers: nothing else may get into a sentence. */
static void keep(char out[32], const char *value)
{
	size_t n = 0;
	for (; value && *value && n < 31; value++)
		if ((unsigned char)*value >= ' ' && (unsigned char)*value < 0x7f)
			out[n++] = *value;
	out[n] = '\0';
}

void verdict_add(struct verdict *v, const char *reason, const char *a, const char *b)
{
	const struct reason *r = find(reason);
	enum verdict_kind kind = r && r->lost ? VERDICT_SALVAGE : VERDICT_REFUSE;
	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->notes[i].reason, reason))
			return;
	if (!r || v->kind == VERDICT_REFUSE || v->count == VERDICT_NOTES_MAX)
		return;
	if (kind == VERDICT_REFUSE)
		v->count = 0;
	struct verdict_note *n = &v->notes[v->count++];
	*n = (struct verdict_note){ 0 };
	snprintf(n->reason, sizeof(n->reason), "%s", reason);
	keep(n->values[0], a);
	keep(n->values[1], b);
	v->kind = kind;
}

#define SHORT_MS 500u   /* what may be missing in any case */
#define SHORT_SHARE 50u /* and this part of the whole: 2 per cent */

static void put_seconds(char out[32], uint64_t ms)
{
	snprintf(out, 32, "%" PRIu64 ".%" PRIu64, ms / 1000, ms % 1000 / 100);
}

void verdict_produced(struct verdict *v, uint64_t planned_ms, uint64_t produced_ms)
{
	uint64_t missing = produced_ms < planned_ms ? planned_ms - produced_ms : 0;
	if (missing <= SHORT_MS && produced_ms)
		return;
	if (missing <= planned_ms / SHORT_SHARE && produced_ms)
		return;
	char made[32], planned[32];
	put_seconds(made, produced_ms);
	put_seconds(planned, planned_ms);
	verdict_add(v, missing > planned_ms / 2 || !produced_ms ? "made.nothing" : "made.short",
		    made, planned);
}

const char *verdict_reason(const struct verdict *v)
{
	return v->count ? v->notes[0].reason : "";
}

const char *verdict_lost(const struct verdict *v, size_t i)
{
	const struct reason *r = i < v->count ? find(v->notes[i].reason) : NULL;
	return r && r->lost ? r->lost : "";
}

char *verdict_sentence(const struct verdict *v, size_t i, enum strings_lang lang)
{
	const struct reason *r = i < v->count ? find(v->notes[i].reason) : NULL;
	if (!r)
		return strdup("");
	const struct verdict_note *n = &v->notes[i];
	if (!r->places[0])
		return strdup(strings_get(lang, r->id));
	return strings_fill(lang, r->id, r->places[0], n->values[0],
			    r->places[1] ? r->places[1] : "", n->values[1], NULL);
}

char *verdict_text(const struct verdict *v, enum strings_lang lang)
{
	char *out = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&out, &len);
	if (!to)
		return NULL;
	bool whole = true;
	for (size_t i = 0; i < v->count; i++) {
		AUTO_FREE char *sentence = verdict_sentence(v, i, lang);
		whole = whole && sentence;
		fprintf(to, "%s%s", i ? " " : "", sentence ? sentence : "");
	}
	if (fclose(to) == 0 && whole)
		return out;
	free(out);
	return NULL;
}

static bool is_plain(const char *text, size_t room)
{
	size_t len = strnlen(text, room);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] >= 0x7f)
			return false;
	return len < room;
}

int verdict_check(const struct verdict *v)
{
	if (v->kind > VERDICT_REFUSE || v->count > VERDICT_NOTES_MAX ||
	    (v->kind == VERDICT_ACCEPT) != (v->count == 0))
		return -EBADMSG;
	for (size_t i = 0; i < v->count; i++) {
		const struct verdict_note *n = &v->notes[i];
		if (!is_plain(n->reason, sizeof(n->reason)) ||
		    !is_plain(n->values[0], sizeof(n->values[0])) ||
		    !is_plain(n->values[1], sizeof(n->values[1])))
			return -EBADMSG;
		const struct reason *r = find(n->reason);
		if (!r || (r->lost != NULL) != (v->kind == VERDICT_SALVAGE))
			return -EBADMSG;
	}
	return 0;
}
