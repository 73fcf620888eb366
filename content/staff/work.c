// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "content/contentd.h"
#include "content/catalogue/catalogue_check.h"
#include "content/catalogue/inforce.h"
#include "content/kitchen/kitchen_group.h"
#include "content/shelf/words.h"
#include "content/staff/intake.h"
#include "content/staff/prepare.h"
#include "content/staff/renditions.h"
#include "content/staff/staff.h"
#include "content/staff/stick.h"
#include "content/staff/upload.h"
#include "content/report.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/record/codec.h"
#include "firmware/web/strings.h"

/*
 * One film after the other: prepare (a child), film into the store, poster, item; then the original is deleted, and with it where
 * and by what it was taken. Whatever a power cut interrupts begins again from the original.
 */

#define PLAN_BYTES (4u << 20)
#define POSTER_BYTES (2u << 20)
#define WORDS_BYTES (17u << 20) /* eight tracks */
#define AGAIN_MS 60000u
#define TELL_AGAIN_MS 3600000u

static void forget(struct staff *s)
{
	struct staff_work *w = &s->work;
	prepare_stop(w->prepare);
	intake_stop(w->intake);
	if (w->source >= 0)
		close(w->source);
	if (w->film >= 0)
		close(w->film);
	pb_release(wasl_Item_fields, &w->item);
	*w = (struct staff_work){ .source = -1, .film = -1 };
}

void staff_publish(struct staff *s)
{
	inforce_use(s->c);
}

/* --- room ------------------------------------------------------------------------------------------- */

static int room(void *data, uint64_t bytes, struct fault *why)
{
	struct staff *s = data;
	return keeper_make_room(s->c->keeper, bytes, EVICT_FOR_PERSON, "a lesson of the school",
				why);
}

int staff_room(struct staff *s, uint64_t bytes, struct fault *why)
{
	return room(s, bytes + bytes / 4, why);
}

/* --- how it ends -------------------------------------------------------------------------------------- */

/* The disk refused, not the film: later. */
static void later(struct staff *s, const struct fault *why)
{
	struct own_lesson as = *own_find(s->own, s->work.id);
	const uint64_t now = clock_mono_ms();
	if (now >= s->told_ms)
		contentd_tell(s->c, why->code == -ENOSPC ? "store.full" : "staff.later", s->work.id,
			      report_layer(why), why->text);
	s->told_ms = now + TELL_AGAIN_MS;
	if (!s->work.offering)
		as.state = OWN_WAITING;
	(void)own_change(s->own, s->work.id, &as, NULL);
	prepare_sweep(s->folder, s->work.id);
	forget(s);
	(void)sd_event_source_set_time(s->again, (clock_mono_ms() + AGAIN_MS) * 1000);
	(void)sd_event_source_set_enabled(s->again, SD_EVENT_ONESHOT);
}

/* Nothing can be made of it: the film goes, the sentence stays until its teacher has read it. */
static void refused(struct staff *s, const struct fault *why)
{
	struct own_lesson as = *own_find(s->own, s->work.id);
	log_info("event=own.refused lesson=%s reason=%s text=\"%s\"", s->work.id, why->id,
		 why->text);
	as.state = OWN_REFUSED;
	snprintf(as.reason, sizeof(as.reason), "%s", why->id);
	snprintf(as.sentence, sizeof(as.sentence), "%.230s", why->text);
	(void)own_change(s->own, s->work.id, &as, NULL);
	upload_drop(s->folder, s->work.id);
	prepare_sweep(s->folder, s->work.id);
	forget(s);
	staff_work_soon(s);
}

/* The film's own fault, or the box's. */
static bool is_ours(int code)
{
	return code == -ENOSPC || code == -EAGAIN || code == -ENOMEM || code == -EIO ||
	       code == -ENOEXEC || code == -EDQUOT || code == -EROFS;
}

/* The lesson is one all the same; an hour later it is tried again. */
static void not_offered(struct staff *s, const struct fault *why)
{
	struct own_lesson as = *own_find(s->own, s->work.id);
	contentd_tell(s->c, "staff.offer", s->work.id, report_layer(why), why->text);
	as.offer_again_ms = clock_mono_ms() + TELL_AGAIN_MS;
	(void)own_change(s->own, s->work.id, &as, NULL);
	prepare_sweep(s->folder, s->work.id);
	forget(s);
	(void)sd_event_source_set_time(s->again, (clock_mono_ms() + TELL_AGAIN_MS) * 1000);
	(void)sd_event_source_set_enabled(s->again, SD_EVENT_ONESHOT);
	staff_work_soon(s);
}

static void ended(struct staff *s, const struct fault *why)
{
	if (is_ours(why->code))
		later(s, why);
	else if (s->work.offering)
		not_offered(s, why);
	else
		refused(s, why);
}

static void ready(struct staff *s)
{
	struct staff_work *w = &s->work;
	struct fault why = { 0 };
	if (own_set_item(s->own, w->id, &w->item, &why)) {
		ended(s, &why);
		return;
	}
	/* What the phone called it is of no use any more, and nobody's business. */
	struct own_lesson as = *own_find(s->own, w->id);
	as.file[0] = as.stick[0] = '\0';
	memcpy(as.reason, w->lacks, sizeof(as.reason));
	memcpy(as.sentence, w->sentence, sizeof(as.sentence));
	(void)own_change(s->own, w->id, &as, NULL);
	log_info("event=own.ready lesson=%s", w->id);
	upload_drop(s->folder, w->id);
	prepare_sweep(s->folder, w->id);
	forget(s);
	staff_publish(s);
	staff_work_soon(s);
}

static void offered(struct staff *s)
{
	struct staff_work *w = &s->work;
	struct fault why = { 0 };
	if (own_set_offer(s->own, w->id, &w->item, &why)) {
		ended(s, &why);
		return;
	}
	log_info("event=own.offer_ready lesson=%s", w->id);
	prepare_sweep(s->folder, w->id);
	forget(s);
	staff_work_soon(s);
}

/* --- what was made goes into the store ------------------------------------------------------------------- */

static int read_made(const struct staff *s, const char *end, size_t most, void **out, size_t *len,
		     struct fault *why)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof(path), "%s/%s.%s", s->folder, s->work.id, end) >=
	    sizeof(path))
		return fault_set(why, -ENAMETOOLONG, "staff.folder", "'%s': too long", s->folder);
	return fileio_read(path, most, out, len, why);
}

static void put_ref(wasl_ObjectRef *to, const struct objmap_id *id, uint64_t size, const char *type,
		    const char *name)
{
	*to = (wasl_ObjectRef)wasl_ObjectRef_init_zero;
	memcpy(to->id, id->b, sizeof(id->b));
	to->size_bytes = size;
	snprintf(to->media_type, sizeof(to->media_type), "%s", type);
	snprintf(to->name, sizeof(to->name), "%s", name);
}

static struct intake_order intake_order_of(struct staff *s, const char *path, const char *type)
{
	return (struct intake_order){
		.store = s->c->store, .path = path, .media_type = type, .room = room, .data = s
	};
}

static void path_of(const char *id, const char *rest, char out[static 96])
{
	snprintf(out, 96, INTAKE_PATH "%s/%s", id, rest);
}

/* A lesson without a picture for its card is one all the same. */
static void put_poster(struct staff *s)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	char path[96];
	struct objmap_id id;
	path_of(s->work.id, "poster.jpg", path);
	const struct intake_order order = intake_order_of(s, path, "image/jpeg");
	if (read_made(s, "jpg", POSTER_BYTES, &bytes, &len, NULL) || len < 4 ||
	    memcmp(bytes, "\xff\xd8", 2) != 0 || intake_bytes(&order, bytes, len, &id, NULL))
		return;
	put_ref(&s->work.item.poster, &id, len, "image/jpeg", "poster.jpg");
	s->work.item.has_poster = true;
}

static void caption_path(const char *id, const char *language, char out[static 96])
{
	char name[40];
	snprintf(name, sizeof(name), "captions-%s.vtt", language);
	path_of(id, name, out);
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
	put_ref(&c.vtt, id, size, "text/vtt", "captions.vtt");
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
	caption_path(w->id, language, path);
	const struct intake_order order = intake_order_of(s, path, "text/vtt");
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

/* Captions that were inside the film. One without is a lesson all the same. */
static void put_words(struct staff *s)
{
	AUTO_FREE void *bytes = NULL;
	struct words_track t;
	size_t len = 0;
	if (read_made(s, "words", WORDS_BYTES, &bytes, &len, NULL))
		return;
	for (const char *at = bytes, *end = at + len; words_next(&at, end, &t, NULL) > 0;) {
		put_track(s, &t);
		free(t.vtt);
	}
}

static uint64_t duration_ms(const wasl_Plan *p)
{
	if (!p->segments_count || !p->timescale)
		return 0;
	const wasl_Segment *last = &p->segments[p->segments_count - 1];
	return (last->start_ticks + last->duration_ticks - p->segments[0].start_ticks) * 1000 /
	       p->timescale;
}

static void film_here(void *data, int code, const struct objmap_id *id, uint64_t size,
		      const struct fault *why)
{
	struct staff *s = data;
	struct staff_work *w = &s->work;
	if (code) {
		const struct fault copy = *why;
		ended(s, &copy);
		return;
	}
	put_ref(&w->item.mezzanine, id, size, "video/mp4", "film.mp4");
	w->item.has_mezzanine = true;
	w->item.duration_ms = duration_ms(&w->item.plan);
	if (w->offering) {
		offered(s);
		return;
	}
	put_poster(s);
	put_words(s);
	ready(s);
}

static int begin_intake(struct staff *s, struct fault *why)
{
	struct staff_work *w = &s->work;
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	static char path[96]; /* borrowed as long as it runs; one runs at a time */
	int r = read_made(s, "pb", PLAN_BYTES, &bytes, &len, why);
	if (r == 0)
		r = codec_decode(wasl_Plan_fields, bytes, len, &w->item.plan, why);
	if (r)
		return r;
	w->item.has_plan = true;
	char film[PATH_MAX];
	if ((size_t)snprintf(film, sizeof(film), "%s/%s.mp4", s->folder, w->id) >= sizeof(film))
		return fault_set(why, -ENAMETOOLONG, "staff.folder", "'%s': too long", s->folder);
	w->film = open(film, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (w->film < 0)
		return fault_set(why, -errno, "staff.film", "'%s': %s", film, strerror(errno));
	path_of(w->id, w->offering ? "offer.mp4" : "film.mp4", path);
	struct intake_order order = intake_order_of(s, path, "video/mp4");
	order.done = film_here;
	return intake_start(s->c->loop, &order, w->film, &w->intake, why);
}

static void prepared(void *data, int code, const struct fault *why)
{
	struct staff *s = data;
	struct fault how = *why;
	s->work.thousandths = 1000;
	snprintf(s->work.lacks, sizeof(s->work.lacks), "%s", why->id);
	snprintf(s->work.sentence, sizeof(s->work.sentence), "%.230s", why->text);
	/* What a film is refused for has a reason of the probe; else it may have been the disk. */
	if (code == 0)
		code = begin_intake(s, &how);
	else if (strncmp(how.id, "probe.", 6) != 0)
		(void)room(s, own_find(s->own, s->work.id)->size / 4, &how);
	if (code)
		ended(s, &how);
}

static void progress(void *data, unsigned thousandths)
{
	struct staff *s = data;
	s->work.thousandths = thousandths;
}

/* --- the next film ------------------------------------------------------------------------------------- */

static const struct own_lesson *next_waiting(const struct staff *s)
{
	for (size_t i = 0; i < own_count(s->own); i++)
		if (own_at(s->own, i)->state == OWN_WAITING)
			return own_at(s->own, i);
	return NULL;
}

/* Offered, and in the form in which it was brought. */
static const struct own_lesson *next_offered(const struct staff *s)
{
	for (size_t i = 0; i < own_count(s->own); i++) {
		const struct own_lesson *l = own_at(s->own, i);
		if (l->state == OWN_READY && l->offered_s && l->item.plan.has_foreign &&
		    !l->offer.has_mezzanine && l->offer_again_ms <= clock_mono_ms())
			return l;
	}
	return NULL;
}

static void keep_pace(const struct staff *s)
{
	const bool stands =
		s->rest == STAFF_STANDS || (s->rest == STAFF_OFFERS_STAND && s->work.offering);
	prepare_pace(s->work.prepare, stands ? PREPARE_STANDS : PREPARE_GOES);
}

void staff_work_rest(struct staff *s, enum staff_rest rest)
{
	s->rest = rest;
	keep_pace(s);
}

static int start(struct staff *s, int fd, enum prepare_way way, struct fault *why)
{
	const struct prepare_order order = { .program = s->c->conf->kitchen.program,
					     .folder = s->folder,
					     .id = s->work.id,
					     .fd = fd,
					     .way = way,
					     .stuck_ms = PREPARE_STUCK_MS,
					     .group = kitchen_group_idle(s->c->group),
					     .progress = progress,
					     .done = prepared,
					     .data = s };
	int r = prepare_start(s->c->loop, &order, &s->work.prepare, why);
	keep_pace(s);
	return r;
}

/* A film that stays as it is takes its own size twice until the original is gone. Where that is not to be had it is made small. */
static enum prepare_way way_of(struct staff *s, uint64_t size)
{
	struct fault full;
	return room(s, size * 2, &full) ? PREPARE_MEZZANINE : PREPARE_STRAIGHT;
}

static int begin(struct staff *s, const struct own_lesson *l, struct fault *why)
{
	struct own_lesson as = *l;
	struct staff_work *w = &s->work;
	memcpy(w->id, l->id, sizeof(w->id));
	int r = *l->stick ? stick_open(s->c->conf->staff.stick, l->stick, &w->source, why)
			  : upload_open(s->folder, l->id, &w->source, why);
	as.state = OWN_PREPARING;
	if (r == 0)
		r = own_change(s->own, l->id, &as, why);
	return r ? r : start(s, w->source, way_of(s, as.size), why);
}

CLEAN_FN(object, struct store_object, store_object_close)

static int begin_offer(struct staff *s, const struct own_lesson *l, struct fault *why)
{
	CLEANUP(clean_object) struct store_object *film = NULL;
	struct objmap_id id;
	memcpy(s->work.id, l->id, sizeof(s->work.id));
	s->work.offering = true;
	memcpy(id.b, l->item.mezzanine.id, sizeof(id.b));
	int r = store_object_find(s->c->store, &id, &film, why);
	return r ? r : start(s, store_object_fd(film), PREPARE_MEZZANINE, why);
}

static void look(struct staff *s)
{
	struct fault why = { 0 };
	if (s->work.id[0])
		return;
	const struct own_lesson *l = next_waiting(s), *offer = l ? NULL : next_offered(s);
	if ((l && begin(s, l, &why)) || (offer && begin_offer(s, offer, &why)))
		ended(s, &why);
}

static int on_next(sd_event_source *source, void *data)
{
	(void)source;
	look(data);
	return 0;
}

static int on_again(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source, (void)usec;
	look(data);
	return 0;
}

void staff_work_soon(struct staff *s)
{
	(void)sd_event_source_set_enabled(s->next, SD_EVENT_ONESHOT);
}

unsigned staff_work_thousandths(const struct staff *s, const char *id)
{
	return strcmp(s->work.id, id) == 0 ? s->work.thousandths : 0;
}

int staff_work_open(struct staff *s, struct fault *why)
{
	s->work = (struct staff_work){ .source = -1, .film = -1 };
	if (sd_event_add_defer(s->c->loop, &s->next, on_next, s) < 0 ||
	    sd_event_source_set_priority(s->next, SD_EVENT_PRIORITY_IDLE) < 0 ||
	    sd_event_add_time(s->c->loop, &s->again, CLOCK_BOOTTIME, 0, 100000, on_again, s) < 0 ||
	    sd_event_source_set_enabled(s->again, SD_EVENT_OFF) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return 0;
}

void staff_work_close(struct staff *s)
{
	forget(s);
	sd_event_source_disable_unref(s->next);
	sd_event_source_disable_unref(s->again);
}

/* --- captions, and the end of a lesson ---------------------------------------------------------------------- */

int staff_captions(struct staff *s, const char *id, const char *language, const void *bytes,
		   size_t len, struct fault *why)
{
	const struct own_lesson *l = own_find(s->own, id);
	struct objmap_id object;
	char path[96];
	if (!l || l->state != OWN_READY)
		return fault_set(why, -ENOENT, "staff.lesson", "'%.40s' is no lesson yet", id);
	caption_path(id, language, path);
	const struct intake_order order = intake_order_of(s, path, "text/vtt");
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

int staff_unoffer(struct staff *s, const char *id, struct fault *why)
{
	char path[96];
	if (s->work.offering && strcmp(s->work.id, id) == 0) {
		forget(s);
		prepare_sweep(s->folder, id);
	}
	path_of(id, "offer.mp4", path);
	int r = own_set_offer(s->own, id, NULL, why);
	return r ? r : intake_drop(s->c->store, path, why);
}

int staff_delete(struct staff *s, const char *id, struct fault *why)
{
	const struct own_lesson *l = own_find(s->own, id);
	char path[96], copy[OWN_ID_BYTES];
	if (!l)
		return fault_set(why, -ENOENT, "staff.lesson", "the school has no lesson '%.40s'",
				 id);
	memcpy(copy, l->id, sizeof(copy));
	struct {
		char at[96];
	} captions[16];
	size_t count = 0;
	for (; count < l->item.captions_count && count < ARRAY_LEN(captions); count++)
		caption_path(copy, l->item.captions[count].language, captions[count].at);
	if (strcmp(s->work.id, copy) == 0)
		forget(s);
	int r = own_remove(s->own, copy, why);
	if (r)
		return r;
	upload_drop(s->folder, copy);
	prepare_sweep(s->folder, copy);
	staff_publish(s);
	(void)publish_names(s->c, NULL); /* nobody is sent to what is about to go */
	path_of(copy, "offer.mp4", path);
	(void)intake_drop(s->c->store, path, NULL);
	path_of(copy, "film.mp4", path);
	(void)intake_drop(s->c->store, path, NULL);
	path_of(copy, "poster.jpg", path);
	(void)intake_drop(s->c->store, path, NULL);
	for (size_t i = 0; i < count; i++)
		(void)intake_drop(s->c->store, captions[i].at, NULL);
	renditions_drop(s->c->store, copy);
	staff_work_soon(s);
	log_info("event=own.deleted lesson=%s", copy);
	return 0;
}
