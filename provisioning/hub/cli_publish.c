// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/batch.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/edition.h"
#include "provisioning/hub/kinds.h"
#include "provisioning/hub/mezzanine.h"
#include "provisioning/hub/origin.h"
#include "provisioning/hub/sidecar.h"

static void clean_item(wasl_Item *item)
{
	pb_release(wasl_Item_fields, item);
}

static void clean_mezzanine(struct mezzanine *m)
{
	mezzanine_done(m);
}

/* One publishing under way. */
struct press {
	const char *dir;
	struct mezzanine_maker maker;
	struct cli_edition at;
	unsigned refused;
};

static void clean_press(struct press *p)
{
	cli_edition_done(&p->at);
}

/* On a terminal one line that changes, in a log a line for each tenth. */
static void show_progress(void *data, int percent)
{
	const wasl_Item *item = data;
	if (isatty(STDOUT_FILENO))
		printf("\r%s: encoding %3d %%%s", item->id, percent, percent == 100 ? "\n" : "");
	else if (percent % 10 == 0)
		printf("%s: encoding %d %%\n", item->id, percent);
	fflush(stdout);
}

static const char *language_name(const char *code)
{
	static const struct {
		const char *code, *name;
	} names[] = { { "ar", "العربية" },
		      { "fr", "Français" },
		      { "en", "English" },
		      { "zgh", "ⵜⴰⵎⴰⵣⵉⵖⵜ" } };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i].code, code) == 0)
			return names[i].name;
	return code;
}

static int out_of_memory(struct fault *why)
{
	return fault_set(why, -ENOMEM, "memory", "out of memory");
}

/* WebVTT as it is; anything else is made it first. */
static int put_words(const struct press *p, const char *path, wasl_ObjectRef *ref,
		     struct fault *why)
{
	char made[4096];
	if (sidecar_is_vtt(path))
		return origin_put(p->dir, path, ORIGIN_COPY, ref, why);
	int rc = mezzanine_captions(p->dir, p->maker.program, path, made, why);
	if (rc)
		return rc;
	rc = origin_put(p->dir, made, ORIGIN_COPY, ref, why);
	(void)unlink(made);
	return rc;
}

static int put_captions(const struct press *p, const struct sidecar *s, wasl_Item *item,
			struct fault *why)
{
	if (s->caption_count == 0)
		return 0;
	item->captions = calloc(s->caption_count, sizeof(item->captions[0]));
	if (!item->captions)
		return out_of_memory(why);
	for (size_t i = 0; i < s->caption_count; i++) {
		wasl_Captions *c = &item->captions[item->captions_count++];
		snprintf(c->language, sizeof(c->language), "%s", s->captions[i].language);
		snprintf(c->label, sizeof(c->label), "%s", language_name(c->language));
		c->has_vtt = true;
		snprintf(c->vtt.media_type, sizeof(c->vtt.media_type), "text/vtt");
		snprintf(c->vtt.name, sizeof(c->vtt.name), "%s.%s.vtt", item->id, c->language);
		int rc = put_words(p, s->captions[i].path, &c->vtt, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* Of a document, itself comes first. */
static int put_attachments(const struct press *p, const struct sidecar *s, const char *document,
			   wasl_Item *item, struct fault *why)
{
	const size_t count = s->attachment_count + (document != NULL);
	if (count == 0)
		return 0;
	item->attachments = calloc(count, sizeof(item->attachments[0]));
	if (!item->attachments)
		return out_of_memory(why);
	if (document) {
		wasl_ObjectRef *ref = &item->attachments[item->attachments_count++];
		const char *slash = strrchr(document, '/');
		snprintf(ref->name, sizeof(ref->name), "%s", slash ? slash + 1 : document);
		snprintf(ref->media_type, sizeof(ref->media_type), "%s",
			 kinds_media_type(document));
		int rc = origin_put(p->dir, document, ORIGIN_COPY, ref, why);
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < s->attachment_count; i++) {
		wasl_ObjectRef *ref = &item->attachments[item->attachments_count++];
		snprintf(ref->name, sizeof(ref->name), "%s", s->attachments[i].name);
		snprintf(ref->media_type, sizeof(ref->media_type), "%s",
			 kinds_media_type(ref->name));
		int rc = origin_put(p->dir, s->attachments[i].path, ORIGIN_COPY, ref, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* The picture beside the film when there is one, else one out of the film. */
static int put_poster(const struct press *p, const char *picture, wasl_Item *item,
		      struct fault *why)
{
	if (!*picture)
		return 0;
	item->has_poster = true;
	snprintf(item->poster.media_type, sizeof(item->poster.media_type), "image/jpeg");
	snprintf(item->poster.name, sizeof(item->poster.name), "%s.jpg", item->id);
	return origin_put(p->dir, picture, ORIGIN_COPY, &item->poster, why);
}

/* What it costs every school's line, and what it would have cost. */
static void say_bytes(const wasl_Item *item, const struct mezzanine *m)
{
	const uint64_t ladder = mezzanine_ladder_bytes(&m->plan, m->duration_ms);
	printf("%s: %.2f MB for %u:%02u", item->id, (double)m->bytes / 1e6,
	       (unsigned)(m->duration_ms / 60000), (unsigned)(m->duration_ms / 1000 % 60));
	if (m->ssim > 0)
		printf(", like its source (SSIM %.4f, CRF %d)", m->ssim, m->crf);
	printf("; a plain H.264 ladder would be %.2f MB, %.1f times as much\n",
	       (double)ladder / 1e6, m->bytes ? (double)ladder / (double)m->bytes : 0);
}

static int put_film(const struct press *p, const char *video, const struct sidecar *s,
		    wasl_Item *item, struct fault *why)
{
	CLEANUP(clean_mezzanine) struct mezzanine m = { .plan = wasl_Plan_init_zero };
	int rc = mezzanine_make(p->dir, &p->maker, video, show_progress, item, &m, why);
	if (rc)
		return rc;
	say_bytes(item, &m);
	item->duration_ms = m.duration_ms;
	item->has_mezzanine = true;
	snprintf(item->mezzanine.media_type, sizeof(item->mezzanine.media_type), "video/mp4");
	snprintf(item->mezzanine.name, sizeof(item->mezzanine.name), "%s.mp4", item->id);
	rc = origin_put(p->dir, m.path, ORIGIN_LINK, &item->mezzanine, why);
	if (rc == 0) {
		item->has_plan = true;
		item->plan = m.plan;
		m.plan = (wasl_Plan)wasl_Plan_init_zero;
	}
	return rc ? rc : put_poster(p, *s->poster ? s->poster : m.poster, item, why);
}

static int press_one(struct press *p, const struct batch_one *one, struct fault *why)
{
	CLEANUP(clean_item) wasl_Item item = wasl_Item_init_zero;
	AUTO_FREE struct sidecar *s = calloc(1, sizeof(*s));
	if (!s)
		return out_of_memory(why);
	int rc = sidecar_read_with(one->path, one->facts, one->where, &item, s, why);
	const bool film = item.kind == KIND_VIDEO;
	if (rc == 0 && film)
		rc = put_film(p, one->path, s, &item, why);
	else if (rc == 0)
		rc = kinds_check(one->path, why);
	if (rc == 0 && !film)
		rc = put_poster(p, s->poster, &item, why);
	if (rc == 0 && film)
		rc = put_captions(p, s, &item, why);
	if (rc == 0)
		rc = put_attachments(p, s, film ? NULL : one->path, &item, why);
	if (rc == 0)
		rc = edition_put(&p->at.edition, &item, why);
	return rc;
}

/* A file that cannot be published is named and left out; a full disk ends it all. */
static int press_all(struct press *p, const struct batch *b, struct fault *why)
{
	for (size_t i = 0; i < b->count; i++) {
		const char *path = b->all[i].path;
		if (b->count > 1)
			printf("%zu of %zu: %s\n", i + 1, b->count, path);
		int rc = press_one(p, &b->all[i], why);
		if (rc == -ENOSPC || rc == -ENOMEM || rc == -EDQUOT)
			return rc;
		if (rc == 0)
			continue;
		p->refused++;
		if (!strstr(why->text, path))
			fault_within(why, "'%s'", path);
		if (b->count == 1)
			return rc;
		fprintf(stderr, "waslhub: left out: %s\n", why->text);
	}
	return 0;
}

int cli_press(const struct cli_press *order, struct fault *why)
{
	const char *dir = order->dir;
	const struct batch *b = order->batch;
	CLEANUP(clean_press) struct press p = { .dir = dir, .maker = order->maker };
	int rc = cli_edition_open(dir, &p.at, why);
	if (rc == 0)
		rc = press_all(&p, b, why);
	if (rc == 0 && order->still)
		rc = order->still(order->data, why);
	if (rc == 0)
		rc = cli_edition_finish(dir, &p.at, UNNAMED_ORIGIN, why);
	if (rc == 0 && p.refused + b->bad)
		rc = fault_set(why, -EBADMSG, "publish.refused",
			       "%u of %zu files could not be published", p.refused + b->bad,
			       b->count + b->bad);
	return rc;
}

/* Those that were named, as a batch of their own. */
static int take_names(char **names, size_t count, struct batch *out, struct fault *why)
{
	out->all = calloc(count, sizeof(*out->all));
	if (!out->all)
		return out_of_memory(why);
	for (; out->count < count; out->count++) {
		out->all[out->count].path = strdup(names[out->count]);
		if (!out->all[out->count].path)
			return out_of_memory(why);
	}
	return 0;
}

static void say_bad(const struct fault *why)
{
	fprintf(stderr, "waslhub: left out: %s\n", why->text);
}

int cli_preset(const char *text, int *out)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (end == text || *end || n < 4 || n > 13)
		return -EINVAL;
	*out = (int)n;
	return 0;
}

int cli_publish(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "lessons", required_argument, NULL, 'l' },
		{ "csv", required_argument, NULL, 'c' },
		{ "transcoder", required_argument, NULL, 't' },
		{ "preset", required_argument, NULL, 'p' },
		{ 0 },
	};
	struct path dir = paths_at(CLI_DIR);
	const char *folder = NULL, *table = NULL;
	char program[4096];
	struct cli_press order = { .maker = { program, MEZZANINE_PRESET } };
	mezzanine_program(program);
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'd')
			dir = paths_at("%s", optarg);
		else if (o == 'l')
			folder = optarg;
		else if (o == 'c')
			table = optarg;
		else if (o == 't')
			snprintf(program, sizeof(program), "%s", optarg);
		else if (o == 'p' && cli_preset(optarg, &order.maker.preset))
			return cli_misused("publish: --preset '%s' must be a number from 4 (slow) "
					   "to 13 (fast)",
					   optarg);
		else if (o != 'p')
			return cli_misused("publish: option not understood");
	}
	if ((folder != NULL) + (table != NULL) + (optind != argc) != 1)
		return cli_misused("publish: name files, or --lessons FOLDER, or --csv FILE");
	struct fault why = { 0 };
	CLEANUP(batch_done) struct batch b = { 0 };
	int rc = folder  ? batch_folder(folder, &b, &why)
		 : table ? batch_table(table, say_bad, &b, &why)
			 : take_names(argv + optind, (size_t)(argc - optind), &b, &why);
	order.dir = dir.at;
	order.batch = &b;
	if (rc == 0)
		rc = cli_press(&order, &why);
	return rc ? cli_failed(&why) : 0;
}
