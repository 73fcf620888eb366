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
#include "content/catalogue/inforce.h"
#include "content/kitchen/cook.h"
#include "content/kitchen/kitchen_group.h"
#include "content/staff/captioning.h"
#include "content/staff/intake.h"
#include "content/staff/prepare.h"
#include "content/staff/renditions.h"
#include "content/staff/stick.h"
#include "content/staff/upload.h"
#include "content/staff/work_private.h"
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
#define TELL_AGAIN_MS 3600000u
#define CROWDED_MS \
	2000u /* while something else is made, a film that wants the box for itself waits so long, */
#define CROWDED_MOST_MS 600000u /* and so long at most */

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

/* Nothing can be made of it: the film goes, the sentence stays until its teacher has read it. */
static void refused(struct staff *s, const struct fault *why)
{
	struct own_lesson as = *own_find(s->own, s->work.id);
	log_info("event=own.refused lesson=%s reason=%s text=\"%s\"", s->work.id, why->id,
		 why->text);
	as.state = OWN_REFUSED;
	snprintf(as.reason, sizeof(as.reason), "%s", why->id);
	snprintf(as.sentence, sizeof(as.sentence), "%.230s", why->text);
	own_put_back(s->own, s->work.id, &as);
	upload_drop(s->folder, s->work.id);
	prepare_sweep(s->folder, s->work.id);
	forget(s);
	staff_work_soon(s);
}

/* The lesson is one all the same; an hour later it is tried again. */
static void not_offered(struct staff *s, const struct fault *why)
{
	struct own_lesson as = *own_find(s->own, s->work.id);
	contentd_tell(s->c, "staff.offer", s->work.id, report_layer(why), why->text);
	as.offer_again_ms = clock_mono_ms() + TELL_AGAIN_MS;
	as.again = (struct again){ 0 };
	own_put_back(s->own, s->work.id, &as);
	prepare_sweep(s->folder, s->work.id);
	forget(s);
	staff_work_soon(s);
}

/* Each time memory ended: this box is too small for it. */
static void too_much(struct staff *s, const struct fault *why)
{
	if (s->work.offering)
		not_offered(s, why);
	else
		refused(s, why);
}

/* What its teacher reads meanwhile. */
static const char *later_words(int code)
{
	switch (code) {
	case -EAGAIN: /* in a moment */
		return "";
	case -ENOSPC:
	case -EDQUOT:
	case -EROFS:
		return "staff.again.room";
	case -ENOMEM:
		return "staff.again.memory";
	default:
		return "staff.again.box";
	}
}

/* The box refused, not the film: another time. */
static void later(struct staff *s, const struct fault *why)
{
	struct own_lesson as = *own_find(s->own, s->work.id);
	const uint64_t now = clock_mono_ms();
	if (!again_after(&as.again, why->code, now)) {
		too_much(s, why);
		return;
	}
	if (now >= s->told_ms)
		contentd_tell(s->c, why->code == -ENOSPC ? "store.full" : "staff.later", s->work.id,
			      report_layer(why), why->text);
	s->told_ms = now + TELL_AGAIN_MS;
	log_info("event=own.later lesson=%s reason=%s times=%u text=\"%s\"", s->work.id, why->id,
		 as.again.hungry, why->text);
	if (s->work.offering) {
		as.offer_again_ms = as.again.from_ms;
	} else {
		as.state = OWN_WAITING;
		snprintf(as.reason, sizeof(as.reason), "%s", later_words(why->code));
		snprintf(as.sentence, sizeof(as.sentence), "%.230s", why->text);
	}
	own_put_back(s->own, s->work.id, &as);
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
	as.again = (struct again){ 0 };
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

int staff_read_made(const struct staff *s, const char *end, size_t most, void **out, size_t *len,
		    struct fault *why)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof(path), "%s/%s.%s", s->folder, s->work.id, end) >=
	    sizeof(path))
		return fault_set(why, -ENAMETOOLONG, "staff.folder", "'%s': too long", s->folder);
	return fileio_read(path, most, out, len, why);
}

void staff_put_ref(wasl_ObjectRef *to, const struct objmap_id *id, uint64_t size, const char *type,
		   const char *name)
{
	*to = (wasl_ObjectRef)wasl_ObjectRef_init_zero;
	memcpy(to->id, id->b, sizeof(id->b));
	to->size_bytes = size;
	snprintf(to->media_type, sizeof(to->media_type), "%s", type);
	snprintf(to->name, sizeof(to->name), "%s", name);
}

struct intake_order staff_intake(struct staff *s, const char *path, const char *type)
{
	return (struct intake_order){
		.store = s->c->store, .path = path, .media_type = type, .room = room, .data = s
	};
}

void staff_path(const char *id, const char *rest, char out[static 96])
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
	staff_path(s->work.id, "poster.jpg", path);
	const struct intake_order order = staff_intake(s, path, "image/jpeg");
	if (staff_read_made(s, "jpg", POSTER_BYTES, &bytes, &len, NULL) || len < 4 ||
	    memcmp(bytes, "\xff\xd8", 2) != 0 || intake_bytes(&order, bytes, len, &id, NULL))
		return;
	staff_put_ref(&s->work.item.poster, &id, len, "image/jpeg", "poster.jpg");
	s->work.item.has_poster = true;
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
	staff_put_ref(&w->item.mezzanine, id, size, "video/mp4", "film.mp4");
	w->item.has_mezzanine = true;
	w->item.duration_ms = duration_ms(&w->item.plan);
	if (w->offering) {
		offered(s);
		return;
	}
	put_poster(s);
	captioning_take(s);
	ready(s);
}

static int begin_intake(struct staff *s, struct fault *why)
{
	struct staff_work *w = &s->work;
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	static char path[96]; /* borrowed as long as it runs; one runs at a time */
	int r = staff_read_made(s, "pb", PLAN_BYTES, &bytes, &len, why);
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
	staff_path(w->id, w->offering ? "offer.mp4" : "film.mp4", path);
	struct intake_order order = staff_intake(s, path, "video/mp4");
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

/* When it may begin; what was made room for a moment ago may be tried at once. */
static uint64_t from_ms(const struct staff *s, const struct own_lesson *l)
{
	const struct again *a = &l->again;
	return !again_alone(a) && a->from_ms <= s->freed_ms + AGAIN_ROOM_MS ? 0 : a->from_ms;
}

/* One for which memory was not enough begins when nothing else is made. */
static bool is_crowded(const struct staff *s, const struct own_lesson *l, uint64_t now)
{
	return again_alone(&l->again) && cook_busy(s->c->cook) &&
	       now < l->again.from_ms + CROWDED_MOST_MS;
}

/* Offered, and in the form in which it was brought. */
static bool is_for_offer(const struct own_lesson *l)
{
	return l->state == OWN_READY && l->offered_s && l->item.plan.has_foreign &&
	       !l->offer.has_mezzanine;
}

/* 0: now; UINT64_MAX: there is nothing to be done with it. */
static uint64_t due_ms(const struct staff *s, const struct own_lesson *l, uint64_t now)
{
	uint64_t at = UINT64_MAX;
	if (l->state == OWN_WAITING)
		at = from_ms(s, l);
	else if (is_for_offer(l))
		at = l->offer_again_ms;
	if (at > now)
		return at;
	return is_crowded(s, l, now) ? now + CROWDED_MS : 0;
}

/* The next film, those that become lessons first; NULL: none, and *when one may be (UINT64_MAX: none waits). */
static const struct own_lesson *next_film(const struct staff *s, uint64_t *when)
{
	const struct own_lesson *offer = NULL;
	const uint64_t now = clock_mono_ms();
	*when = UINT64_MAX;
	for (size_t i = 0; i < own_count(s->own); i++) {
		const struct own_lesson *l = own_at(s->own, i);
		const uint64_t at = due_ms(s, l, now);
		if (!at && l->state == OWN_WAITING)
			return l;
		if (!at && !offer)
			offer = l;
		*when = at && at < *when ? at : *when;
	}
	return offer;
}

bool staff_work_alone(const struct staff *s)
{
	const uint64_t now = clock_mono_ms();
	for (size_t i = 0; i < own_count(s->own); i++) {
		const struct own_lesson *l = own_at(s->own, i);
		if (again_alone(&l->again) &&
		    (strcmp(l->id, s->work.id) == 0 || due_ms(s, l, now) <= now + CROWDED_MS))
			return true;
	}
	return false;
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
	const struct prepare_order order = {
		.program = s->c->conf->kitchen.program,
		.folder = s->folder,
		.id = s->work.id,
		.fd = fd,
		.way = way,
		.need = again_alone(&own_find(s->own, s->work.id)->again) ? PREPARE_THRIFTY
									  : PREPARE_AMPLE,
		.stuck_ms = PREPARE_STUCK_MS,
		.group = kitchen_group_idle(s->c->group),
		.progress = progress,
		.done = prepared,
		.data = s
	};
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
	as.reason[0] = as.sentence[0] = '\0';
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
	uint64_t when;
	if (s->work.id[0])
		return;
	const struct own_lesson *l = next_film(s, &when);
	if (l && (l->state == OWN_WAITING ? begin(s, l, &why) : begin_offer(s, l, &why)))
		ended(s, &why);
	if (l || when == UINT64_MAX)
		return;
	(void)sd_event_source_set_time(s->again, when * 1000);
	(void)sd_event_source_set_enabled(s->again, SD_EVENT_ONESHOT);
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

/* --- the end of a lesson ---------------------------------------------------------------------- */

int staff_unoffer(struct staff *s, const char *id, struct fault *why)
{
	char path[96];
	if (s->work.offering && strcmp(s->work.id, id) == 0) {
		forget(s);
		prepare_sweep(s->folder, id);
	}
	staff_path(id, "offer.mp4", path);
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
		captioning_path(copy, l->item.captions[count].language, captions[count].at);
	if (strcmp(s->work.id, copy) == 0)
		forget(s);
	int r = own_remove(s->own, copy, why);
	if (r)
		return r;
	upload_drop(s->folder, copy);
	prepare_sweep(s->folder, copy);
	staff_publish(s);
	(void)publish_names(s->c, NULL); /* nobody is sent to what is about to go */
	staff_path(copy, "offer.mp4", path);
	(void)intake_drop(s->c->store, path, NULL);
	staff_path(copy, "film.mp4", path);
	(void)intake_drop(s->c->store, path, NULL);
	staff_path(copy, "poster.jpg", path);
	(void)intake_drop(s->c->store, path, NULL);
	for (size_t i = 0; i < count; i++)
		(void)intake_drop(s->c->store, captions[i].at, NULL);
	renditions_drop(s->c->store, copy);
	s->freed_ms = clock_mono_ms();
	staff_work_soon(s);
	log_info("event=own.deleted lesson=%s", copy);
	return 0;
}
