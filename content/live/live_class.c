// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/live/live_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/base/log.h"
#include "firmware/base/text.h"

/* One live class: what its stream has, which version the line carries, whether anybody watches, what nginx is shown of it. */

#define LOOK_S 10u
#define LOOK_FRESH_MS 10000u /* what a look found is believed this long */
#define OVER_MS 60000u       /* for phones to play to the end */
#define TELL_AGAIN_MS 600000u

const char *live_state_name(enum live_state state)
{
	static const char *const names[] = { "idle", "looking", "live", "stale", "off", "over" };
	return names[state];
}

static void end_keeping(struct live_class *c)
{
	if (c->keep && c->live->calls.kept_all)
		c->live->calls.kept_all(c->live->calls.data, c->conf.name);
	c->keep = false;
}

void live_set_state(struct live_class *c, enum live_state state)
{
	if (c->state == state)
		return;
	log_info("event=live.state class=%s state=%s reason=\"%s\"", c->conf.name,
		 live_state_name(state), state == LIVE_ON ? "" : c->reason);
	c->state = state;
	c->dirty = true;
	if (state == LIVE_OFF)
		end_keeping(c); /* what began with nothing ends with nothing */
	if (state == LIVE_STALE && (!c->told_ms || clock_mono_ms() - c->told_ms > TELL_AGAIN_MS)) {
		c->told_ms = clock_mono_ms();
		c->live->report.tell(c->live->report.data, "live.stale", c->conf.name, "origin",
				     c->reason);
	}
	live_changed(c->live);
}

void live_fault(struct live_class *c, const struct fault *why)
{
	snprintf(c->reason, sizeof(c->reason), "%s", why->text);
}

static bool running(const struct live_class *c)
{
	return c->main.on || c->sound.on;
}

/* --- what the stream has -------------------------------------------------------------------------------- */

/* Of c->master; `sound`: where sound alone is, "" for none. */
static int put_versions(struct live_class *c, char sound[LIVE_URL_BYTES], struct fault *why)
{
	const struct live_list *m = &c->master;
	bool any_picture = false;
	c->versions = 0;
	for (size_t i = 0; i < m->variant_count; i++)
		any_picture |= m->variants[i].picture;
	for (size_t i = 0; i < m->variant_count; i++) {
		if (m->variants[i].picture != any_picture)
			continue;
		c->need_kbps[c->versions] = m->variants[i].kbps;
		c->variant_of[c->versions++] = i;
	}
	c->apart = false;
	sound[0] = '\0';
	if (!m->is_master) {
		c->versions = 1;
		c->need_kbps[0] = 1;
		return 0;
	}
	if (c->versions == 0)
		return fault_set(why, -EBADMSG, "live.playlist", "the stream has no version");
	/* Its sound: the group that goes with the pictures, else a version of sound alone. */
	const struct live_sound *apart = live_list_sound(m, c->variant_of[0]);
	c->apart = apart && any_picture;
	if (c->apart)
		return live_url_resolve(c->conf.url, apart->url, sound, why);
	if (any_picture && !m->variants[0].picture)
		return live_url_resolve(c->conf.url, m->variants[0].url, sound, why);
	return 0;
}

/* Points the main track at the version that the line carries. */
static int use_version(struct live_class *c, struct fault *why)
{
	char url[LIVE_URL_BYTES];
	int at = c->rate.at < 0 ? 0 : c->rate.at;
	if (!c->master.is_master) {
		live_track_use(&c->main, c->conf.url, 0);
		return 0;
	}
	const struct live_variant *v = &c->master.variants[c->variant_of[at]];
	int r = live_url_resolve(c->conf.url, v->url, url, why);
	if (r == 0)
		live_track_use(&c->main, url, at);
	return r;
}

static void choose(struct live_class *c)
{
	struct fault why = { 0 };
	const struct live_rate_ask ask = { .need_kbps = c->need_kbps,
					   .count = c->versions,
					   .has_sound = c->sound.url[0] != '\0',
					   .line_kbps = c->live->line_kbps,
					   .most_kbps = (uint32_t)c->conf.most_kbps,
					   .settle_ms = c->live->options.settle_s * 1000,
					   .now_ms = clock_mono_ms() };
	if (!c->known)
		return;
	int before = c->rate.chosen ? c->rate.at : -2;
	int at = live_rate_choose(&c->rate, &ask);
	if (at == before)
		return;
	if (use_version(c, &why))
		live_fault(c, &why);
	bool sound_only = at == LIVE_RATE_SOUND;
	log_info("event=live.version class=%s version=%d of=%zu kbps=%u line_kbps=%u seen_kbps=%u",
		 c->conf.name, at, c->versions, at < 0 ? 0 : c->need_kbps[at], ask.line_kbps,
		 c->rate.seen_kbps);
	if (sound_only == c->sound_only)
		return;
	c->sound_only = sound_only;
	c->dirty = true;
	uint64_t wanted =
		c->main.wanted_ms > c->sound.wanted_ms ? c->main.wanted_ms : c->sound.wanted_ms;
	if (sound_only) {
		live_track_stop(&c->main);
		c->sound.wanted_ms = wanted;
	} else {
		/* What phones had of the picture is long past. */
		live_track_clear(&c->main);
		c->main.window.begun = false;
		c->main.wanted_ms = wanted;
		c->main.published = false;
		live_files_drop(c->live->files, c->conf.name, "main.m3u8");
	}
}

static int read_master(const struct http_result *result, struct live_list *out, struct fault *why)
{
	if (result->code || result->status != 200)
		return fault_set(why, -EIO, "live.playlist", "the stream does not answer: %s",
				 http_said(result).text);
	return live_list_parse(result->body, result->body_len, out, why);
}

static int take_master(struct live_class *c, const struct http_result *result, struct fault *why)
{
	struct live_list next = { 0 };
	char sound[LIVE_URL_BYTES];
	int r = read_master(result, &next, why);
	if (r)
		return r;
	live_list_done(&c->master);
	c->master = next;
	r = put_versions(c, sound, why);
	c->known = r == 0;
	if (r)
		return r;
	live_track_use(&c->sound, sound, 0);
	c->rate.chosen = false;
	choose(c);
	return 0;
}

static void master_came(void *data, const struct http_result *result)
{
	struct live_class *c = data;
	struct fault why = { 0 };
	c->asks = NULL;
	if (take_master(c, result, &why)) {
		live_fault(c, &why);
		c->looked_ms = clock_mono_ms();
		live_set_state(c, LIVE_OFF);
	}
	live_review(c);
	live_touch(c->live);
}

/* Where a version of `kbps` is now: the best that asks for no more. */
static int same_version(const struct live_class *c, int at, uint32_t kbps)
{
	if (at == LIVE_RATE_SOUND || ((size_t)at < c->versions && c->need_kbps[at] == kbps))
		return at;
	for (at = (int)c->versions - 1; at > 0 && c->need_kbps[at] > kbps;)
		at--;
	return at;
}

/* The stream's addresses as they are now. What phones have stays, so pictures and sound must come as they did. */
static int take_addresses(struct live_class *c, const struct http_result *result, struct fault *why)
{
	struct live_list next = { 0 }, before = c->master;
	char sound[LIVE_URL_BYTES];
	const bool apart = c->apart, has_sound = c->sound.url[0];
	const uint32_t kbps = c->rate.at >= 0 ? c->need_kbps[c->rate.at] : 0;
	int r = read_master(result, &next, why);
	if (r)
		return r;
	c->master = next;
	r = put_versions(c, sound, why);
	if (r == 0 && (!next.is_master || c->apart != apart || (sound[0] != '\0') != has_sound))
		r = fault_set(why, -EBADMSG, "live.playlist",
			      "the stream is another one now: picture and sound come differently");
	if (r) {
		live_list_done(&c->master);
		c->master = before;
		(void)put_versions(c, sound, NULL); /* as it did before */
		return r;
	}
	live_list_done(&before);
	c->dirty = true;
	live_track_use(&c->sound, sound, 0);
	c->rate.at = same_version(c, c->rate.at, kbps);
	return use_version(c, why);
}

static void addresses_came(void *data, const struct http_result *result)
{
	struct live_class *c = data;
	struct fault why = { 0 };
	c->asks = NULL;
	if (take_addresses(c, result, &why))
		live_fault(c, &why);
	live_review(c);
	live_touch(c->live);
}

/* A playlist that does not come any more may have moved: once for each time that it failed. */
static void look_for_tracks(struct live_class *c)
{
	struct fault why = { 0 };
	const bool lost = (c->main.on && c->main.lost) || (c->sound.on && c->sound.lost);
	c->main.lost = c->sound.lost = false;
	if (!lost || c->asks || !c->master.is_master)
		return;
	c->playlists++;
	if (live_ask(c, c->conf.url, NULL, LIVE_LIST_BYTES, LOOK_S, addresses_came, c, &c->asks,
		     &why))
		live_fault(c, &why);
}

static void look(struct live_class *c)
{
	struct fault why = { 0 };
	if (c->asks)
		return;
	live_track_stop(&c->main);
	live_track_stop(&c->sound);
	live_set_state(c, LIVE_LOOKING);
	c->playlists++;
	if (live_ask(c, c->conf.url, NULL, LIVE_LIST_BYTES, LOOK_S, master_came, c, &c->asks,
		     &why)) {
		live_fault(c, &why);
		c->looked_ms = clock_mono_ms();
		live_set_state(c, LIVE_OFF);
	}
}

/* --- one class, as it is now ------------------------------------------------------------------------------ */

void live_new_session(struct live_class *c)
{
	uint8_t salt[8];
	randombytes_buf(salt, sizeof(salt));
	text_hex(salt, sizeof(salt), c->session);
}

/* Nothing of it is left, in memory or in files. */
void live_end_session(struct live_class *c)
{
	struct live_track *const tracks[] = { &c->main, &c->sound };
	http_cancel(MOVE_PTR(c->asks));
	for (size_t i = 0; i < ARRAY_LEN(tracks); i++) {
		char name = tracks[i]->window.track;
		live_track_stop(tracks[i]);
		free(tracks[i]->init_bytes);
		*tracks[i] = (struct live_track){ 0 };
		live_track_init(tracks[i], c, name);
	}
	live_files_clear(c->live->files, c->conf.name);
	live_list_done(&c->master);
	c->known = c->sound_only = c->apart = c->dirty = false;
	c->rate = (struct live_rate){ 0 };
	c->stale_ms = c->over_ms = 0;
	end_keeping(c);
	live_new_session(c);
}

bool live_ready(const struct live_class *c)
{
	if (c->sound_only)
		return c->sound.window.count > 0;
	return c->main.window.count > 0 && (!c->apart || c->sound.window.count > 0);
}

/* This long after the last knock a class goes on. */
static uint64_t lease_ms(const struct live_track *t)
{
	uint64_t linger = (uint64_t)t->class->live->options.linger_s * 1000;
	uint64_t polls = 4 * (uint64_t)t->window.target_ms;
	return linger > polls ? linger : polls;
}

static bool leased(const struct live_track *t, uint64_t now)
{
	return t->wanted_ms && now - t->wanted_ms < lease_ms(t);
}

/* The door is ajar in the second half of a lease: who still watches must knock. */
static bool ajar(const struct live_track *t, uint64_t now)
{
	return !leased(t, now) || now - t->wanted_ms > lease_ms(t) / 2;
}

static void put_text(struct live_class *c, const char *name, const char *text, size_t len)
{
	struct fault why = { 0 };
	if (text && live_files_put(c->live->files, c->conf.name, name, text, len, &why))
		live_fault(c, &why);
}

static void publish_track(struct live_track *t, const char *name, uint64_t now)
{
	struct live_class *c = t->class;
	if (t->window.count == 0)
		return;
	if (ajar(t, now)) {
		if (t->published)
			live_files_drop(c->live->files, c->conf.name, name);
		t->published = false;
		return;
	}
	if (t->published && !t->dirty)
		return;
	size_t len = 0;
	AUTO_FREE char *text = live_window_text(&t->window, c->session, &len);
	put_text(c, name, text, len);
	t->published = text != NULL;
	t->dirty = false;
}

/* Playlists and state as nginx shows them. */
static void publish(struct live_class *c, uint64_t now)
{
	size_t len = 0;
	if (!live_ready(c))
		return;
	publish_track(&c->main, "main.m3u8", now);
	publish_track(&c->sound, "sound.m3u8", now);
	if (!c->dirty)
		return;
	c->dirty = false;
	AUTO_FREE char *master = live_master_text(c, &len);
	put_text(c, "master.m3u8", master, len);
	json_t *state = live_state_json(c);
	AUTO_FREE char *text = json_dumps(state, JSON_COMPACT);
	json_decref(state);
	put_text(c, "state.json", text, text ? strlen(text) : 0);
}

/* Who is asked for pieces: what phones want, and the sound that belongs to a picture. */
static void turn_tracks(struct live_class *c, uint64_t now)
{
	bool over = c->state == LIVE_OVER;
	bool main = (leased(&c->main, now) || c->keep) && !c->sound_only && !over;
	bool sound = (leased(&c->sound, now) || (c->keep && c->sound_only) || (main && c->apart)) &&
		     c->sound.url[0] && !over;
	if (c->main.on && !main)
		live_track_stop(&c->main);
	if (c->sound.on && !sound)
		live_track_stop(&c->sound);
	c->main.on = main;
	c->sound.on = sound;
	/* A look: one playlist tells whether there is anything in it. */
	struct live_track *seen = c->sound_only ? &c->sound : &c->main;
	live_track_step(seen, now);
	if (main)
		live_track_step(&c->main, now);
	if (sound)
		live_track_step(&c->sound, now);
}

/* The track that something is wrong with, or the one that is watched. */
static const struct live_track *worst(const struct live_class *c, uint64_t now)
{
	const struct live_track *t = c->main.on ? &c->main : &c->sound;
	return c->apart && live_track_ill(t, now) == LIVE_WELL ? &c->sound : t;
}

static void judge_running(struct live_class *c, uint64_t now)
{
	if (c->over_ms)
		return;
	if (live_track_over(&c->main) || live_track_over(&c->sound)) {
		c->main.window.ended = c->sound.window.ended = true;
		c->main.dirty = c->sound.dirty = true;
		c->over_ms = now;
		end_keeping(c);
		live_set_state(c, LIVE_OVER);
		return;
	}
	const struct live_track *t = worst(c, now);
	const enum live_ill what = live_track_ill(t, now);
	c->empty |= what == LIVE_STARVED;
	if (!live_ready(c) && (what != LIVE_STARVED || c->state == LIVE_OFF))
		return;
	if (what == LIVE_STARVED)
		snprintf(c->reason, sizeof(c->reason), "%s", t->starved_why);
	if (what == LIVE_STILL)
		snprintf(c->reason, sizeof(c->reason), "the stream stands still");
	if (what == LIVE_WELL) {
		c->stale_ms = 0;
		live_set_state(c, LIVE_ON);
	} else {
		if (!c->stale_ms)
			c->stale_ms = now;
		live_set_state(c, LIVE_STALE);
	}
}

/* A class that nobody watches, but whose page asked: is there anything? */
static void judge_look(struct live_class *c, uint64_t now)
{
	struct live_track *t = c->sound_only ? &c->sound : &c->main;
	if (!c->known || c->state != LIVE_LOOKING)
		return;
	if (t->listed && t->list.ended) {
		snprintf(c->reason, sizeof(c->reason), "the class is over");
		c->looked_ms = now;
		live_set_state(c, LIVE_OVER);
	} else if (t->listed && t->list.segment_count) {
		c->looked_ms = now;
		live_set_state(c, c->empty ? LIVE_STALE : LIVE_ON);
	} else if (t->listed || t->tries > 0) {
		if (t->listed)
			snprintf(c->reason, sizeof(c->reason), "nothing is sent yet");
		c->looked_ms = now;
		live_set_state(c, LIVE_OFF);
	}
}

/* Something has changed, or time has passed. */
void live_review(struct live_class *c)
{
	uint64_t now = clock_mono_ms();
	if (c->main.brings)
		live_rate_waits(&c->rate, c->need_kbps[c->main.piece_version],
				now - c->main.piece_asked_ms, c->main.piece.duration_ms, now);
	if (c->known) {
		look_for_tracks(c);
		choose(c);
		judge_look(c, now);
		turn_tracks(c, now);
	}
	if (running(c) || c->over_ms)
		judge_running(c, now);
	bool lost = c->stale_ms && now - c->stale_ms > (uint64_t)c->live->options.stale_s * 1000;
	bool done = c->over_ms && now - c->over_ms > OVER_MS;
	bool left =
		c->known && !running(c) && !c->over_ms && now - c->touched_ms > lease_ms(&c->main);
	if (lost || done || left) {
		enum live_state then = lost ? LIVE_OFF : done ? LIVE_OVER : LIVE_IDLE;
		live_end_session(c);
		c->looked_ms = now;
		live_set_state(c, then);
	} else {
		publish(c, now);
	}
	live_hold_settle(c->live);
}

/* Somebody asks for something of the class: the beginning of everything. */
void live_wake(struct live_class *c)
{
	uint64_t now = clock_mono_ms();
	c->touched_ms = now;
	bool fresh = c->looked_ms && now - c->looked_ms < LOOK_FRESH_MS;
	if (c->stopped || c->asks || running(c) || c->over_ms || (c->known && fresh))
		return;
	if (fresh && (c->state == LIVE_OFF || c->state == LIVE_OVER))
		return;
	look(c);
	live_touch(c->live);
}

/* The first wish of many turns the tracks; the others find them turned. */
void live_wish(struct live_class *c, struct live_track *t)
{
	uint64_t now = clock_mono_ms();
	bool news = !t->on || ajar(t, now);
	t->wanted_ms = now;
	if (news && c->known)
		live_review(c);
}
