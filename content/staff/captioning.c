// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/captioning.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content/catalogue/catalogue_check.h"
#include "content/contentd.h"
#include "content/shelf/captions.h"
#include "content/shelf/words.h"
#include "content/staff/staff.h"
#include "content/staff/stick.h"
#include "content/staff/stick_words.h"
#include "content/staff/work_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/web/strings.h"

#define WORDS_BYTES (17u << 20) /* eight tracks */

void captioning_path(const char *id, const char *language, char out[static 96])
{
	char name[40];
	snprintf(name, sizeof(name), "captions-%s.vtt", language);
	staff_path(id, name, out);
}

static wasl_Captions captions_of(const char *language, const struct objmap_id *id, uint64_t size)
{
	static const char *const names[] = { "common.lang.ar", "common.lang.fr", "common.lang.en" };
	wasl_Captions c = wasl_Captions_init_zero;
	enum strings_lang lang;
	const bool known = strings_lang_parse(language, &lang) == 0;
	snprintf(c.language, sizeof(c.language), "%s", language);
	snprintf(c.label, sizeof(c.label), "%s",
		 strings_get(known ? lang : STRINGS_AR, known ? names[lang] : "staff.captions"));
	c.has_vtt = true;
	staff_put_ref(&c.vtt, id, size, "text/vtt", "captions.vtt");
	return c;
}

static bool has_captions(const wasl_Item *item, const char *language)
{
	for (pb_size_t i = 0; i < item->captions_count; i++)
		if (strcmp(item->captions[i].language, language) == 0)
			return true;
	return false;
}

static void put_track(struct staff *s, const struct words_track *t)
{
	struct staff_work *w = &s->work;
	const char *spoken = own_find(s->own, w->id)->language;
	const char *language = catalogue_language_ok(t->language) ? t->language
			       : *spoken                          ? spoken
								  : "und";
	struct objmap_id id;
	char path[96];
	captioning_path(w->id, language, path);
	const struct intake_order order = staff_intake(s, path, "text/vtt");
	if (has_captions(&w->item, language))
		return; /* the first of a language */
	wasl_Captions *list =
		reallocarray(w->item.captions, w->item.captions_count + 1u, sizeof(*list));
	if (!list)
		return;
	w->item.captions = list;
	if (intake_bytes(&order, t->vtt, t->len, &id, NULL) == 0)
		list[w->item.captions_count++] = captions_of(language, &id, t->len);
}

/* Those that were inside the film. */
static void take_inside(struct staff *s)
{
	AUTO_FREE void *bytes = NULL;
	struct words_track t;
	size_t len = 0;
	if (staff_read_made(s, "words", WORDS_BYTES, &bytes, &len, NULL))
		return;
	for (const char *at = bytes, *end = at + len; words_next(&at, end, &t, NULL) > 0;) {
		put_track(s, &t);
		free(t.vtt);
	}
}

static int read_file(const struct staff *s, const char *path, void **out, size_t *len,
		     struct fault *why)
{
	AUTO_FD int fd = -1;
	struct stat st;
	int r = stick_open(s->c->conf->staff.stick, path, &fd, why);
	if (r)
		return r;
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size > CAPTIONS_LIMIT_BYTES)
		return fault_set(why, -E2BIG, "captions.size", "'%.100s' is too large", path);
	AUTO_FREE void *bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	r = fileio_pread_all(fd, bytes, (size_t)st.st_size, 0);
	if (r)
		return fault_set(why, r, "staff.stick", "'%.100s' cannot be read (%s)", path,
				 strerror(-r));
	*len = (size_t)st.st_size;
	*out = MOVE_PTR(bytes);
	return 0;
}

static int take_file(struct staff *s, const struct stick_words *w, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	AUTO_FREE char *vtt = NULL;
	struct words_track t = { 0 };
	struct captions_found found;
	size_t len = 0;
	int r = read_file(s, w->path, &bytes, &len, why);
	if (r == 0)
		r = captions_to_vtt(bytes, len, &vtt, &t.len, &found, why);
	if (r)
		return r;
	t.vtt = vtt;
	snprintf(t.language, sizeof(t.language), "%s", w->language);
	put_track(s, &t);
	return 0;
}

static void take_beside(struct staff *s)
{
	struct stick_words files[STICK_WORDS_MOST];
	const struct own_lesson *l = own_find(s->own, s->work.id);
	const size_t count = *l->stick ? stick_words_list(s->c->conf->staff.stick, l->stick, files,
							  ARRAY_LEN(files))
				       : 0;
	for (size_t i = 0; i < count; i++) {
		struct fault why = { 0 };
		if (!take_file(s, &files[i], &why) || *s->work.lacks)
			continue;
		snprintf(s->work.lacks, sizeof(s->work.lacks), "%s", why.id);
		snprintf(s->work.sentence, sizeof(s->work.sentence), "%.230s", why.text);
	}
}

void captioning_take(struct staff *s)
{
	take_beside(s);
	take_inside(s);
}

int staff_captions(struct staff *s, const char *id, const char *language, const void *bytes,
		   size_t len, struct fault *why)
{
	const struct own_lesson *l = own_find(s->own, id);
	struct objmap_id object;
	char path[96];
	if (!l || l->state != OWN_READY)
		return fault_set(why, -ENOENT, "staff.lesson", "'%.40s' is no lesson yet", id);
	captioning_path(id, language, path);
	const struct intake_order order = staff_intake(s, path, "text/vtt");
	int r = bytes ? intake_bytes(&order, bytes, len, &object, why) : 0;
	if (r)
		return r;
	wasl_Item item = l->item; /* shallow: only its list of captions is another */
	wasl_Captions *list = calloc((size_t)item.captions_count + 1, sizeof(*list));
	if (!list)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	pb_size_t count = 0;
	for (pb_size_t i = 0; i < item.captions_count; i++)
		if (strcmp(item.captions[i].language, language) != 0)
			list[count++] = item.captions[i];
	if (bytes)
		list[count++] = captions_of(language, &object, len);
	item.captions = list;
	item.captions_count = count;
	r = own_set_item(s->own, id, &item, why);
	free(list);
	if (r == 0)
		staff_publish(s);
	if (r == 0 && !bytes)
		r = intake_drop(s->c->store, path, why);
	return r;
}
