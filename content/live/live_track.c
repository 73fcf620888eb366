// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/fetch/backoff.h"
#include "content/live/live_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/base/log.h"

#define LIST_S 10u
#define PIECE_S 30u
#define PIECE_TRIES 3u
#define AGAIN_MS 500u
#define AGAIN_MOST_MS 8000u
#define LOST_TRIES 2u
#define LOST_MS 10000u  /* a stream of which nothing came for this long is stale */
#define BACK_TARGETS 3u /* a class begins this many target durations before the end */
#define KEEP_MS 30000u

void live_track_init(struct live_track *t, struct live_class *c, char name)
{
	t->class = c;
	t->window.track = name;
	t->version = t->last_version = -1;
}

static void forget_list(struct live_track *t)
{
	http_cancel(MOVE_PTR(t->asks));
	live_list_done(&t->list);
	t->listed = t->lost = false;
	t->tries = 0;
	t->next_list_ms = 0;
	t->changed_ms = 0;
}

static void drop_piece(struct live_track *t)
{
	http_cancel(MOVE_PTR(t->brings));
	t->piece_tries = 0;
	t->piece_next_ms = 0;
}

void live_track_use(struct live_track *t, const char *url, int version)
{
	if (t->version == version && strcmp(t->url, url) == 0)
		return;
	/* The same at another address is no reason to ask faster. */
	const unsigned tries = t->version == version ? t->tries : 0;
	forget_list(t);
	drop_piece(t);
	live_window_elsewhere(&t->window);
	t->tries = tries;
	t->version = version;
	snprintf(t->url, sizeof(t->url), "%s", url);
}

void live_track_stop(struct live_track *t)
{
	forget_list(t);
	drop_piece(t);
	t->on = false;
	t->seen_ms = t->starved_ms = 0;
}

static void drop_file(struct live_track *t, const char *name)
{
	char path[LIVE_NAME_BYTES + sizeof(t->class->session) + 1];
	snprintf(path, sizeof(path), "%s/%s", t->class->session, name);
	live_files_drop(t->class->live->files, t->class->conf.name, path);
}

/* One that is not in force any more, and that no piece needs. */
static void drop_init(struct live_track *t, uint32_t init)
{
	char name[LIVE_NAME_BYTES];
	bool used = init == 0 || init == t->init_number;
	for (size_t i = 0; i < t->window.count && !used; i++)
		used = t->window.pieces[i].init == init;
	if (used)
		return;
	live_window_init_name(&t->window, init, name);
	drop_file(t, name);
}

static void drop_pieces(struct live_track *t, const struct live_piece *gone, size_t count)
{
	char name[LIVE_NAME_BYTES];
	for (size_t i = 0; i < count; i++) {
		live_window_name(&t->window, &gone[i], name);
		drop_file(t, name);
		drop_init(t, gone[i].init);
	}
}

void live_track_clear(struct live_track *t)
{
	struct live_window *w = &t->window;
	struct live_piece gone[LIVE_WINDOW_PIECES];
	size_t count = w->count;
	memcpy(gone, w->pieces, sizeof(gone));
	w->count = 0;
	/* Picture and sound apart are put together by their stretches, which must be the stream's own. */
	if (count && !t->class->apart)
		w->stretch = gone[count - 1].stretch + 1;
	w->ended = false;
	t->dirty = true;
	drop_pieces(t, gone, count);
}

/* What happened within this turn of the loop may be later than `now`. */
static bool longer(uint64_t since, uint64_t now, uint64_t ms)
{
	return since && now > since && now - since > ms;
}

enum live_ill live_track_ill(const struct live_track *t, uint64_t now)
{
	const uint64_t target = t->window.target_ms ? t->window.target_ms : 1000;
	const uint64_t patience = 3 * target > LOST_MS ? 3 * target : LOST_MS;
	if (t->seen_ms ? longer(t->seen_ms, now, patience) : t->tries > 2)
		return LIVE_LOST;
	if (longer(t->starved_ms, now, patience))
		return LIVE_STARVED;
	if (longer(t->changed_ms, now, patience + target))
		return LIVE_STILL;
	return LIVE_WELL;
}

bool live_track_over(const struct live_track *t)
{
	if (!t->listed || !t->list.ended || t->brings)
		return false;
	return t->list.segment_count == 0 ||
	       (t->window.begun &&
		t->window.place == t->list.segments[t->list.segment_count - 1].number);
}

bool live_track_has(const struct live_track *t, const char *name)
{
	char own[LIVE_NAME_BYTES];
	for (size_t i = 0; i < t->window.count; i++) {
		live_window_name(&t->window, &t->window.pieces[i], own);
		if (strcmp(own, name) == 0)
			return true;
		live_window_init_name(&t->window, t->window.pieces[i].init, own);
		if (t->window.pieces[i].init && strcmp(own, name) == 0)
			return true;
	}
	return false;
}

/* --- the playlist ------------------------------------------------------------------------------------- */

static void list_failed(struct live_track *t, const struct fault *why)
{
	t->tries++;
	t->lost = t->tries >= LOST_TRIES;
	t->next_list_ms = clock_mono_ms() + backoff_ms(t->tries, AGAIN_MS, AGAIN_MOST_MS, t->tries);
	live_fault(t->class, why);
}

static void take_list(struct live_track *t, struct live_list *next)
{
	const struct live_class *c = t->class;
	const struct live_track *other = t == &c->main ? &c->sound : &c->main;
	uint64_t now = clock_mono_ms();
	const uint32_t begins = t->window.begins;
	bool news = live_window_look(&t->window, next, c->apart ? other->window.begins : 0);
	bool changed = !t->listed || news || next->ended;
	/* What is under way is of the stream that was there before. */
	if (t->window.rewind && t->window.begins != begins)
		drop_piece(t);
	live_list_done(&t->list);
	t->list = *next;
	t->listed = true;
	t->lost = false;
	t->tries = 0;
	t->seen_ms = now;
	if (changed)
		t->changed_ms = now;
	/* RFC 8216, section 6.3.4: a target duration after the last look, half of one when nothing was new. */
	uint32_t wait = changed ? t->list.target_ms : t->list.target_ms / 2;
	t->next_list_ms = t->asked_ms + (wait > AGAIN_MS ? wait : AGAIN_MS);
	if (t->list.target_ms > t->window.target_ms)
		t->window.target_ms = t->list.target_ms;
}

static void list_came(void *data, const struct http_result *result)
{
	struct live_track *t = data;
	struct live_class *c = t->class;
	struct live_list next = { 0 };
	struct fault why = { 0 };
	int r = 0;
	t->asks = NULL;
	if (result->code || result->status != 200)
		r = fault_set(&why, -EIO, "live.playlist", "the stream does not answer: %s",
			      http_said(result).text);
	else
		r = live_list_parse(result->body, result->body_len, &next, &why);
	if (r == 0 && next.is_master) {
		live_list_done(&next);
		r = fault_set(&why, -EBADMSG, "live.playlist",
			      "the stream's playlist names versions where it must name segments");
	}
	if (r)
		list_failed(t, &why);
	else
		take_list(t, &next);
	live_track_step(t, clock_mono_ms());
	live_review(c);
}

static void ask_list(struct live_track *t, uint64_t now)
{
	struct fault why = { 0 };
	t->asked_ms = now;
	t->class->playlists++;
	if (live_ask(t->class, t->url, NULL, LIVE_LIST_BYTES, LIST_S, list_came, t, &t->asks, &why))
		list_failed(t, &why);
}

/* --- the pieces ----------------------------------------------------------------------------------------- */

static void bring(struct live_track *t, uint64_t now);

/* A piece that is listed does not come; a reason of its own, as playlists that fail meanwhile have theirs. */
static void starves(struct live_track *t, const struct fault *why, uint64_t now)
{
	if (!t->starved_ms)
		t->starved_ms = now;
	snprintf(t->starved_why, sizeof(t->starved_why), "%s", why->text);
}

static void pass_over(struct live_track *t, const struct live_segment *s, uint64_t now)
{
	struct fault why = { 0 };
	fault_set(&why, -ENODATA, "live.segment", "the stream lists segments that are missing");
	live_window_skip(&t->window, s);
	starves(t, &why, now);
}

/* Where it may not lead today it may not lead in a second. */
static bool is_final(int code)
{
	return code == -EINVAL || code == -EACCES || code == -EPERM || code == -EFBIG;
}

/* A piece that does not come is asked again while it is worth it, then passed over. */
static void piece_failed(struct live_track *t, const struct fault *why)
{
	uint64_t now = clock_mono_ms();
	starves(t, why, now);
	t->piece_tries = is_final(why->code) ? PIECE_TRIES : t->piece_tries + 1;
	log_debug("event=live.piece_failed class=%s number=%llu text=\"%s\"", t->class->conf.name,
		  (unsigned long long)t->taking.number, why->text);
	if (t->piece_tries < PIECE_TRIES) {
		t->piece_next_ms = now + backoff_ms(t->piece_tries, AGAIN_MS, AGAIN_MOST_MS, now);
		return;
	}
	t->piece_tries = 0;
	t->piece_next_ms = 0;
	live_window_skip(&t->window, &t->taking);
	live_fault(t->class, why);
}

static void give(struct live_track *t, const struct live_piece *p, const void *bytes, size_t len)
{
	const struct live_calls *calls = &t->class->live->calls;
	struct live_bytes b = { .class = t->class->conf.name,
				.track = t->window.track,
				.kind = 'i',
				.stretch = p->stretch,
				.bytes = t->init_bytes,
				.len = t->init_len };
	if (!t->class->keep)
		return;
	if (p->init && t->init_kept != p->init)
		calls->kept(calls->data, &b);
	t->init_kept = p->init;
	b.kind = p->kind;
	b.ms = p->duration_ms;
	b.bytes = bytes;
	b.len = len;
	calls->kept(calls->data, &b);
}

static void piece_here(struct live_track *t, const struct http_result *result)
{
	struct live_class *c = t->class;
	struct live_window *w = &t->window;
	struct live_piece gone[LIVE_WINDOW_PIECES], p = t->piece;
	char name[LIVE_NAME_BYTES], path[LIVE_NAME_BYTES + sizeof(c->session) + 1];
	struct fault why = { 0 };
	uint64_t now = clock_mono_ms();
	/* Where picture and sound come apart, they part where the stream does, and where it began anew. */
	bool breaks = !c->apart && (w->broken || t->last_version != t->piece_version);
	struct live_window before = *w;
	p.bytes = result->body_len;
	p.init = t->taking.init.url ? t->init_number : 0;
	size_t left = live_window_add(w, &t->taking, &p, breaks, KEEP_MS, gone);
	live_window_name(w, &p, name);
	snprintf(path, sizeof(path), "%s/%s", c->session, name);
	if (live_files_put(c->live->files, c->conf.name, path, result->body, result->body_len,
			   &why)) {
		*w = before;
		piece_failed(t, &why);
		return;
	}
	drop_pieces(t, gone, left);
	t->dirty = true;
	t->last_version = t->piece_version;
	t->piece_tries = 0;
	t->piece_next_ms = t->starved_ms = 0;
	c->empty = false;
	c->segments++;
	c->bytes += result->body_len;
	give(t, &p, result->body, result->body_len);
	live_rate_saw(&c->rate, result->body_len, now - t->piece_asked_ms, p.duration_ms, now);
}

static int init_here(struct live_track *t, const struct http_result *result, struct fault *why)
{
	struct live_class *c = t->class;
	char name[LIVE_NAME_BYTES], path[LIVE_NAME_BYTES + sizeof(c->session) + 1];
	live_window_init_name(&t->window, t->init_number + 1, name);
	snprintf(path, sizeof(path), "%s/%s", c->session, name);
	int r = live_files_put(c->live->files, c->conf.name, path, result->body, result->body_len,
			       why);
	void *bytes = r == 0 ? malloc(result->body_len) : NULL;
	if (r == 0 && !bytes)
		r = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (r)
		return r;
	memcpy(bytes, result->body, result->body_len);
	free(t->init_bytes);
	t->init_bytes = bytes;
	t->init_len = result->body_len;
	drop_init(t, t->init_number++); /* the one before, unless a piece here is of it */
	t->init_from = t->taking.init.from;
	memcpy(t->init_known, t->init_url, sizeof(t->init_known));
	return 0;
}

static void body_came(void *data, const struct http_result *result)
{
	struct live_track *t = data;
	struct live_class *c = t->class;
	struct fault why = { 0 };
	int r = 0;
	t->brings = NULL;
	if (result->code || (result->status != 200 && result->status != 206) ||
	    result->body_len == 0)
		r = fault_set(&why, is_final(result->code) ? result->code : -EIO, "live.segment",
			      "a segment does not come: %s", http_said(result).text);
	if (r == 0 && t->wants_init)
		r = init_here(t, result, &why);
	else if (r == 0)
		piece_here(t, result);
	if (r)
		piece_failed(t, &why);
	else if (t->wants_init)
		bring(t, clock_mono_ms());
	live_track_step(t, clock_mono_ms());
	live_review(c);
}

/* The init section first, where it is another than the last one's. */
static void bring(struct live_track *t, uint64_t now)
{
	struct fault why = { 0 };
	const struct live_part *part = &t->taking.body;
	const char *url = t->body_url;
	t->wants_init = t->taking.init.url && (strcmp(t->init_known, t->init_url) != 0 ||
					       t->init_from != t->taking.init.from);
	if (t->wants_init) {
		part = &t->taking.init;
		url = t->init_url;
	}
	t->piece_asked_ms = now;
	if (live_ask(t->class, url, part, LIVE_PIECE_BYTES, PIECE_S, body_came, t, &t->brings,
		     &why))
		piece_failed(t, &why);
}

/* Copies what is needed of the segment: the list may be another one before the bytes are here. */
static void take(struct live_track *t, const struct live_segment *s, uint64_t now)
{
	struct fault why = { 0 };
	t->taking = *s;
	t->piece =
		(struct live_piece){ .duration_ms = s->duration_ms, .kind = live_window_kind(s) };
	t->piece_version = t->version;
	int r = live_url_resolve(t->url, s->body.url, t->body_url, &why);
	if (r == 0 && s->init.url)
		r = live_url_resolve(t->url, s->init.url, t->init_url, &why);
	t->taking.body.url = "";
	if (t->taking.init.url)
		t->taking.init.url = "";
	if (r)
		piece_failed(t, &why);
	else
		bring(t, now);
}

void live_track_step(struct live_track *t, uint64_t now)
{
	if (!t->url[0])
		return;
	if (!t->asks && now >= t->next_list_ms && (t->on || !t->listed) &&
	    !(t->listed && t->list.ended))
		ask_list(t, now);
	while (t->on && t->listed && !t->brings && now >= t->piece_next_ms) {
		const struct live_segment *s =
			live_window_next(&t->window, &t->list, BACK_TARGETS * t->list.target_ms);
		if (!s)
			break;
		if (s->missing) {
			pass_over(t, s, now);
			continue;
		}
		take(t, s, now);
	}
}
