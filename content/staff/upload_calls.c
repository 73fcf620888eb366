// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/staff/fields.h"
#include "content/staff/pieces.h"
#include "content/staff/stick.h"
#include "content/staff/upload.h"
#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "firmware/base/text.h"

/*
 * Films on their way in. From a phone, by the page's script:
 *
 *	POST /staff/upload {file, size, title_ar, …}	-> 201 {id, offset, piece}: room is reserved; the same file again goes on
 *	GET /staff/upload/ID				-> {id, offset, size, state}
 *	PATCH /staff/upload/ID, header Upload-Offset	the next piece -> {offset}; 409 {offset} where it does not begin there
 *
 * From a stick: a form that names one of its files.
 */
#define COMING_MOST 20u /* uploads that are not whole, of all people */

CLEAN_FN(json, json_t, json_decref)

static const char *from_json(const void *data, const char *name)
{
	const char *text = json_string_value(json_object_get(data, name));
	return text ? text : "";
}

static const char *from_form(const void *data, const char *name)
{
	return form_get(data, name);
}

static void reply_where(struct visit *v, unsigned status, const struct own_lesson *l)
{
	uint64_t have = l->size;
	char text[24];
	if (l->state == OWN_COMING && upload_have(v->s->folder, l->id, &have, NULL))
		have = 0;
	snprintf(text, sizeof(text), "%" PRIu64, have);
	ctl_reply_header(v->req, "Upload-Offset", text);
	ctl_reply_json(v->req, status,
		       json_pack("{s:s,s:I,s:I,s:s,s:i}", "id", l->id, "offset", (json_int_t)have,
				 "size", (json_int_t)l->size, "state", own_state_name(l->state),
				 "piece", (int)UPLOAD_PIECE_BYTES));
}

static size_t coming(const struct staff *s)
{
	size_t count = 0;
	for (size_t i = 0; i < own_count(s->own); i++)
		count += own_at(s->own, i)->state == OWN_COMING;
	return count;
}

/* The same file of the same person that has begun to come; NULL: none. */
static const struct own_lesson *begun(const struct visit *v, const char *file, uint64_t size)
{
	for (size_t i = 0; i < own_count(v->s->own); i++) {
		const struct own_lesson *l = own_at(v->s->own, i);
		if (l->state == OWN_COMING && l->size == size && strcmp(l->file, file) == 0 &&
		    strcmp(l->person, v->who->id) == 0)
			return l;
	}
	return NULL;
}

static int check_size(const struct visit *v, const char *file, int64_t size, struct fault *why)
{
	const uint64_t most = v->s->c->conf->staff.max_bytes;
	if (!*file || strlen(file) >= sizeof(((struct own_lesson *)0)->file) ||
	    !text_is_utf8(file, strlen(file)) || size <= 0)
		return fault_set(why, -EINVAL, "staff.file", "the file has no name, or is empty");
	if ((uint64_t)size > most)
		return fault_set(why, -EFBIG, "staff.large",
				 "the film has more than %" PRIu64 " bytes", most);
	return 0;
}

static int begin(struct visit *v, const json_t *asked, const struct own_lesson **out,
		 struct fault *why)
{
	struct staff *s = v->s;
	struct own_lesson as = { .state = OWN_COMING };
	const struct fields_source from = { from_json, asked };
	const char *file = from_json(asked, "file");
	const int64_t size = json_integer_value(json_object_get(asked, "size"));
	int r = check_size(v, file, size, why);
	if (r)
		return r;
	*out = begun(v, file, (uint64_t)size);
	if (*out)
		return 0;
	r = fields_take(&from, &as, why);
	if (r == 0 && coming(s) >= COMING_MOST)
		r = fault_set(why, -EAGAIN, "staff.coming",
			      "%u films are on their way already; let one arrive, or delete one",
			      COMING_MOST);
	if (r == 0)
		r = staff_room(s, (uint64_t)size, why);
	if (r)
		return r;
	as.size = (uint64_t)size;
	snprintf(as.file, sizeof(as.file), "%s", file);
	snprintf(as.person, sizeof(as.person), "%s", v->who->id);
	r = own_add(s->own, &as, out, why);
	if (r)
		return r;
	r = upload_begin(s->folder, (*out)->id, as.size, why);
	if (r)
		(void)own_remove(s->own, (*out)->id, NULL);
	return r;
}

void staff_post_upload(struct ctl_request *req, void *data)
{
	struct visit v;
	struct fault why = { 0 };
	const struct own_lesson *l = NULL;
	if (!visit_begin(data, req, VISIT_CALL, &v))
		return;
	if (visit_token(&v)) {
		size_t len;
		const void *body = ctl_body(req, &len);
		CLEANUP(clean_json) json_t *asked = json_loadb(body, len, 0, NULL);
		if (begin(&v, asked, &l, &why))
			visit_refuse(&v, &why);
		else
			reply_where(&v, 201, l);
	}
	visit_done(&v);
}

static const struct own_lesson *asked_upload(struct visit *v)
{
	const struct own_lesson *l = own_find(v->s->own, ctl_rest(v->req));
	struct fault why = { 0 };
	if (l && fields_may(v, l))
		return l;
	fault_set(&why, -ENOENT, "staff.lesson", "there is no such upload (any more)");
	visit_refuse(v, &why);
	return NULL;
}

void staff_get_upload(struct ctl_request *req, void *data)
{
	struct visit v;
	if (!visit_begin(data, req, VISIT_CALL, &v))
		return;
	const struct own_lesson *l = asked_upload(&v);
	if (l)
		reply_where(&v, 200, l);
	visit_done(&v);
}

/* All of it is here: it waits for its turn. */
static int whole(struct staff *s, const struct own_lesson *l, struct fault *why)
{
	struct own_lesson as = *l;
	as.state = OWN_WAITING;
	int r = own_change(s->own, l->id, &as, why);
	if (r == 0) {
		log_info("event=own.arrived lesson=%s bytes=%" PRIu64, l->id, l->size);
		staff_work_soon(s);
	}
	return r;
}

/* A piece on its way to the disk, and who waits to hear that it is there. */
struct sent {
	struct contentd *c;
	struct ctl_request *req; /* NULL: nobody any more */
	char id[OWN_ID_BYTES];
};

static void sender_gone(void *data)
{
	struct sent *sent = data;
	sent->req = NULL;
}

static void answer(const struct sent *sent, const struct own_lesson *l, const struct fault *why)
{
	struct visit v;
	if (!visit_begin(sent->c, sent->req, VISIT_CALL, &v))
		return;
	if (why->code == -ERANGE)
		reply_where(&v, 409, l);
	else if (why->code)
		visit_refuse(&v, why);
	else
		reply_where(&v, 200, l);
	visit_done(&v);
}

/* It is on the disk, or is not. The last piece makes the film whole whether somebody still waits or not. */
static void written(void *data, uint64_t have, const struct fault *trouble)
{
	AUTO_FREE struct sent *sent = data;
	struct fault why = { 0 };
	if (trouble)
		why = *trouble;
	if (why.code == -ECANCELED) { /* everything ends: no more than this can be said */
		if (sent->req)
			ctl_reply_fault(sent->req, 503, &why);
		return;
	}
	struct staff *s = sent->c->staff;
	const struct own_lesson *l = own_find(s->own, sent->id);
	if (!l)
		fault_set(&why, -ENOENT, "staff.lesson", "there is no such upload (any more)");
	else if (!why.code && have == l->size && l->state == OWN_COMING)
		(void)whole(s, l, &why); /* where that cannot be kept, who sent it tries again */
	if (sent->req)
		answer(sent, own_find(s->own, sent->id), &why);
}

static int send_piece(const struct visit *v, const struct own_lesson *l, uint64_t offset,
		      struct fault *why)
{
	struct piece piece = {
		.folder = v->s->folder, .id = l->id, .size = l->size, .offset = offset
	};
	struct sent *sent = calloc(1, sizeof(*sent));
	if (!sent)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	piece.bytes = ctl_body(v->req, &piece.len);
	*sent = (struct sent){ .c = v->s->c, .req = v->req };
	snprintf(sent->id, sizeof(sent->id), "%s", l->id);
	ctl_on_gone(v->req, sender_gone, sent);
	int r = pieces_write(v->s->pieces, &piece, written, sent, why);
	if (r) {
		ctl_on_gone(v->req, NULL, NULL);
		free(sent);
	}
	return r;
}

static void take_piece(struct visit *v, const struct own_lesson *l)
{
	const char *said = ctl_header(v->req, "Upload-Offset");
	struct fault why = { 0 };
	char *end = NULL;
	const uint64_t offset = said && *said >= '0' && *said <= '9' ? strtoull(said, &end, 10) : 0;
	if (l->state != OWN_COMING) { /* the last answer was lost on its way */
		reply_where(v, 200, l);
		return;
	}
	if (!end || *end)
		fault_set(&why, -EINVAL, "staff.offset", "Upload-Offset says where it begins");
	else
		(void)send_piece(v, l, offset, &why);
	if (why.code)
		visit_refuse(v, &why);
}

void staff_patch_upload(struct ctl_request *req, void *data)
{
	struct visit v;
	if (!visit_begin(data, req, VISIT_CALL, &v))
		return;
	const struct own_lesson *l = visit_token(&v) ? asked_upload(&v) : NULL;
	if (l)
		take_piece(&v, l);
	visit_done(&v);
}

/* --- from a stick ------------------------------------------------------------------------------------------- */

static int from_stick(struct visit *v, struct fault *why)
{
	struct own_lesson as = { .state = OWN_WAITING };
	const struct own_lesson *made;
	const struct fields_source from = { from_form, &v->form };
	AUTO_FD int fd = -1;
	const char *path = form_get(&v->form, "path");
	int r = fields_take(&from, &as, why);
	if (r == 0)
		r = stick_open(v->s->c->conf->staff.stick, path, &fd, why);
	if (r)
		return r;
	const off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || (uint64_t)size > v->s->c->conf->staff.max_bytes)
		return fault_set(why, -EFBIG, "staff.large", "'%.100s' is too large", path);
	as.size = (uint64_t)size;
	/* Only what is made of it needs room: the film is read where it is. */
	r = staff_room(v->s, as.size / 2, why);
	if (r)
		return r;
	snprintf(as.stick, sizeof(as.stick), "%s", path);
	snprintf(as.person, sizeof(as.person), "%s", v->who->id);
	r = own_add(v->s->own, &as, &made, why);
	if (r == 0)
		staff_work_soon(v->s);
	return r;
}

void staff_post_stick(struct ctl_request *req, void *data)
{
	struct visit v;
	struct fault why = { 0 };
	if (!visit_begin(data, req, VISIT_PAGE, &v))
		return;
	if (visit_form(&v)) {
		if (from_stick(&v, &why))
			visit_sorry(&v, ctl_status_of(why.code), &why);
		else
			visit_said(&v, "/staff/", "added");
	}
	visit_done(&v);
}
