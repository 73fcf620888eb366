// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/agent/players.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/ctl.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/bytes.h"
#include "firmware/record/envelope.h"
#include "firmware/record/manage.pb.h"
#include "firmware/record/report.pb.h"
#include "tests/agent/kit_box.h"

#define REQUEST_LIMIT (2u << 20)

/* The hub's books; only its one thread touches them. */
static struct here {
	struct players *stage;
	uint8_t device[16];
	uint8_t head[32];
	uint64_t sent_up_to; /* highest number seen in the request */
	unsigned turn;
	uint32_t ledger;
} here;

/* --- netmgrd and contentd --------------------------------------------------------------------- */

static void reply_rows(struct ctl_request *req, int64_t have, json_t *(*row)(int64_t cursor))
{
	int64_t after = ctl_arg_int(req, "after", 0), limit = ctl_arg_int(req, "limit", 1000);
	json_t *rows = json_array();
	int64_t next = after < have ? after : have; /* lower than asked: the list began again */
	for (int64_t cursor = after + 1; cursor <= have && cursor <= after + limit; cursor++) {
		json_array_append_new(rows, row(cursor));
		next = cursor;
	}
	ctl_reply_json(req, 200, json_pack("{s:o, s:I}", "rows", rows, "next", (json_int_t)next));
}

static json_t *minute_row(int64_t cursor)
{
	return json_pack("{s:I, s:I, s:s, s:s, s:i, s:i, s:i, s:i, s:I, s:i, s:i}", "cursor",
			 (json_int_t)cursor, "minute", (json_int_t)(PLAY_MINUTE0 + cursor / 2),
			 "uplink", cursor % 2 ? "adsl" : "4g", "kind",
			 cursor % 2 ? "dsl" : "mobile", "up_s", (int)play_up_s(cursor), "down_s",
			 60 - (int)play_up_s(cursor), "unpowered_s", 0, "unknown_s", 0, "rx_bytes",
			 (json_int_t)play_rx_bytes(cursor), "tx_bytes", 1, "rtt_us", 20000);
}

static json_t *use_row(int64_t cursor)
{
	return json_pack("{s:I, s:i, s:s, s:s, s:i, s:i, s:i, s:i, s:i}", "cursor",
			 (json_int_t)cursor, "day", PLAY_DAY, "lesson", "waves", "rung",
			 cursor % 2 ? "240p" : "audio", "starts", 1, "completions", 0, "watched_s",
			 30, "sent_bytes", 1000, "devices", 1);
}

static json_t *event_row(int64_t cursor)
{
	return json_pack("{s:I, s:I, s:s, s:s, s:s}", "cursor", (json_int_t)cursor, "at",
			 (json_int_t)PLAY_MINUTE0 * 60 + cursor, "kind", "uplink.down", "subject",
			 "adsl", "reason", "cable");
}

static void echo_key(struct ctl_request *req, void *data)
{
	size_t len = 0;
	const void *body = ctl_body(req, &len);
	(void)data;
	snprintf(here.stage->telling, sizeof(here.stage->telling), "%.*s", (int)len,
		 (const char *)body);
	ctl_reply_json(req, ++here.stage->tellings == 1 ? 503 : 200, json_object());
	sem_post(&here.stage->told);
}

static void minutes(struct ctl_request *req, void *data)
{
	(void)data;
	reply_rows(req, here.stage->minutes, minute_row);
}

/* A chain as long as the list of minutes. */
static void chain(struct ctl_request *req, void *data)
{
	char head[65];
	(void)data;
	int n = here.stage->minutes;
	snprintf(head, sizeof(head), "%064x", (unsigned)n);
	ctl_reply_json(req, 200, json_pack("{s:i, s:s}", "through", n, "head", head));
}

static void uses(struct ctl_request *req, void *data)
{
	(void)data;
	reply_rows(req, here.stage->uses, use_row);
}

static void events(struct ctl_request *req, void *data)
{
	(void)data;
	reply_rows(req, here.stage->events, event_row);
}

static void no_events(struct ctl_request *req, void *data)
{
	(void)data;
	reply_rows(req, 0, event_row);
}

static void offers(struct ctl_request *req, void *data)
{
	(void)data;
	json_t *list = json_array();
	char film[65], lesson[24];
	memset(film, '5', 64);
	film[64] = '\0';
	for (int i = 0; i < here.stage->offers; i++) {
		snprintf(lesson, sizeof(lesson), "own-%d", i);
		json_array_append_new(
			list,
			json_pack("{s:I, s:s, s:{s:s}, s:s, s:i, s:s, s:i, s:{s:s, s:i}}", "at",
				  (json_int_t)PLAY_MINUTE0 * 60, "lesson", lesson, "title", "ar",
				  "بركان", "subject", "science", "grade", 7, "language", "ar",
				  "duration_ms", 61000, "film", "object", film, "bytes", 4711));
	}
	ctl_reply_json(req, 200, json_pack("{s:o}", "offers", list));
}

static void health(struct ctl_request *req, void *data)
{
	(void)data;
	ctl_reply_json(req, 200,
		       json_pack("{s:I, s:i, s:i, s:i}", "disk_free_bytes", (json_int_t)1 << 40,
				 "lessons_ready", 1, "lessons_total", 2, "catalogue_version", 3));
}

/* --- the hub's books -------------------------------------------------------------------------- */

static void add_up(const wasl_Report *r, const struct envelope_header *h)
{
	struct players *p = here.stage;
	for (size_t i = 0; i < r->uplink_hours_count; i++) {
		p->up_s += r->uplink_hours[i].up_s;
		p->down_s += r->uplink_hours[i].down_s;
		p->rx_bytes += r->uplink_hours[i].rx_bytes;
		assert_in_range(r->uplink_hours[i].day, h->first_day, h->last_day);
	}
	for (size_t i = 0; i < r->lesson_use_count; i++) {
		p->starts += r->lesson_use[i].starts;
		/* No small number of devices leaves the box. */
		assert_true(r->lesson_use[i].devices_small ? r->lesson_use[i].devices == 1
							   : r->lesson_use[i].devices > 4);
	}
	p->got_events += r->events_count;
	for (size_t i = 0; i < r->offers_count; i++) {
		const wasl_LessonOffer *f = &r->offers[i];
		p->withdrawn += f->withdrawn;
		p->offered += !f->withdrawn;
		assert_true(f->withdrawn || (strcmp(f->title_ar, "بركان") == 0 &&
					     f->film_bytes == 4711 && f->film[31] == 0x55));
	}
	assert_true(r->has_health && r->health.lessons_total == 2);
}

/*
 * One envelope, as DESIGN has it: next in line is counted, known is known, another one under a
 * known number is a fork.
 */
static void count_one(const uint8_t *bytes, size_t len)
{
	struct players *p = here.stage;
	struct envelope_header h;
	struct signed_key sealing = kit_sealing();
	uint8_t hash[32];
	AUTO_FREE void *rows = NULL;
	size_t rows_len = 0;
	assert_int_equal(envelope_verify(bytes, len, p->device_public, &h, NULL), 0);
	memcpy(here.device, h.device, 16);
	if (p->epoch == 0)
		p->epoch = h.epoch;
	if (h.epoch != p->epoch) {
		p->refused++;
		return;
	}
	if (h.seq > here.sent_up_to)
		here.sent_up_to = h.seq;
	envelope_hash(bytes, len, hash);
	if (h.seq == p->through && memcmp(hash, here.head, 32) != 0)
		p->forks++;
	if (h.seq != p->through + 1)
		return;
	if (memcmp(h.previous, here.head, 32) != 0)
		p->forks++;
	assert_int_equal(envelope_open(bytes, len, sealing.public_key, sealing.secret_key, &rows,
				       &rows_len, NULL),
			 0);
	wasl_Report report;
	assert_int_equal(codec_decode(wasl_Report_fields, rows, rows_len, &report, NULL), 0);
	add_up(&report, &h);
	pb_release(wasl_Report_fields, &report);
	memcpy(here.head, hash, 32);
	p->through++;
	p->envelopes++;
}

/* Every frame of a request; `count` 0: look, but count nothing. */
static void take_all(const uint8_t *body, size_t len, int count)
{
	here.sent_up_to = 0;
	for (size_t at = 0; at < len;) {
		uint32_t n = bytes_get_u32(body + at);
		struct envelope_header h;
		size_t total = 0;
		assert_true(n <= len - at - 4);
		assert_int_equal(envelope_peek(body + at + 4, n, &h, &total, NULL), 0);
		memcpy(here.device, h.device, 16);
		if (count)
			count_one(body + at + 4, n);
		else if (h.seq > here.sent_up_to)
			here.sent_up_to = h.seq;
		at += 4 + n;
	}
}

/* --- the hub's answers ------------------------------------------------------------------------ */

struct answer {
	uint8_t bytes[4096];
	size_t len;
};

static void append(struct answer *a, enum signed_kind kind, const pb_msgdesc_t *fields,
		   const void *message, unsigned key)
{
	AUTO_FREE void *body = NULL, *record = NULL;
	size_t body_len = 0, len = 0;
	assert_int_equal(codec_encode(fields, message, &body, &body_len, NULL), 0);
	kit_sign(kind, body, body_len, (const unsigned[]){ key, 0 }, &record, &len);
	assert_true(a->len + 4 + len <= sizeof(a->bytes));
	bytes_put_u32(a->bytes + a->len, (uint32_t)len);
	memcpy(a->bytes + a->len + 4, record, len);
	a->len += 4 + len;
}

static wasl_Receipt receipt(const char *nonce_hex)
{
	wasl_Receipt r = { .epoch = here.stage->epoch,
			   .through_seq = here.stage->through,
			   .ledger = here.ledger,
			   .root_version = 1 };
	r.hub_unix_s = (PLAY_MINUTE0 + here.stage->minutes / 2) * 60 + 120;
	memcpy(r.device, here.device, 16);
	memcpy(r.head_hash, here.head, 32);
	r.nonce.size = 32;
	if (!nonce_hex || text_unhex(nonce_hex, r.nonce.bytes, 32))
		r.nonce.size = 0;
	return r;
}

static void close_epoch(struct answer *a)
{
	struct players *p = here.stage;
	wasl_Close c = { .epoch = p->epoch, .through_seq = p->through, .new_epoch = p->epoch + 1 };
	memcpy(c.device, here.device, 16);
	memcpy(c.head_hash, here.head, 32);
	append(a, SIGNED_CLOSE, wasl_Close_fields, &c, kit_role_key(TRUST_RECEIPT, 0));
	p->epoch++;
	p->through = 0;
	memset(here.head, 0, sizeof(here.head));
	p->hub = HUB_COUNTS;
}

static void make_answer(int does, const char *nonce, struct answer *a)
{
	wasl_Receipt r = receipt(nonce);
	unsigned key = kit_role_key(TRUST_RECEIPT, 0);
	if (does == HUB_CLOSES) {
		close_epoch(a);
		return;
	}
	if (does == HUB_FORGED || does == HUB_WRONG_ROLE || does == HUB_REPLAYS ||
	    does == HUB_OTHER_BOX)
		r.through_seq = here.sent_up_to;
	if (does == HUB_TOO_FAR)
		r.through_seq = here.sent_up_to + 5;
	r.nonce.bytes[5] ^= does == HUB_REPLAYS;
	r.device[3] ^= does == HUB_OTHER_BOX;
	r.head_hash[3] ^= does == HUB_OTHER_PAST;
	if (does == HUB_FORGED)
		key = 99;
	if (does == HUB_WRONG_ROLE)
		key = kit_role_key(TRUST_ENROL, 0);
	if (does == HUB_NEW_KEY)
		key = NEW_KEY;
	append(a, SIGNED_RECEIPT, wasl_Receipt_fields, &r, key);
	if (does == HUB_TWICE)
		append(a, SIGNED_RECEIPT, wasl_Receipt_fields, &r, key);
	if (here.stage->settings_version) {
		wasl_Settings set = { .version = here.stage->settings_version };
		append(a, SIGNED_SETTINGS, wasl_Settings_fields, &set, here.stage->settings_key);
	}
	if (does == HUB_CUT)
		a->len -= 9;
	if (does == HUB_FLIPPED)
		a->bytes[a->len / 2] ^= 1;
}

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const void *bytes,
			     size_t len)
{
	void *copy = malloc(len + 1);
	memcpy(copy, bytes, len);
	struct MHD_Response *r = MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE);
	if (status == 503)
		MHD_add_response_header(r, "Retry-After", "1");
	enum MHD_Result done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result reply_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	return reply(c, status, text, strlen(text));
}

static int counts_first(int does)
{
	switch ((enum hub_does)does) {
	case HUB_DROPS:
	case HUB_FORGED:
	case HUB_WRONG_ROLE:
	case HUB_REPLAYS:
	case HUB_OTHER_BOX:
	case HUB_BUSY:
	case HUB_REFUSES:
	case HUB_LOGIN_PAGE:
	case HUB_CLOSES:
		return 0;
	case HUB_COUNTS:
	case HUB_LOSES_ANSWER:
	case HUB_TWICE:
	case HUB_CUT:
	case HUB_FLIPPED:
	case HUB_MISBEHAVES:
	case HUB_HOLDS:
	case HUB_TOO_FAR:
	case HUB_OTHER_PAST:
	case HUB_NEW_KEY:
	case HUB_RESTORED:
		break;
	}
	return 1;
}

static void forget_all(void)
{
	struct players *p = here.stage;
	p->up_s = p->down_s = p->rx_bytes = p->starts = p->got_events = 0;
	p->through = 0;
	memset(here.head, 0, sizeof(here.head));
	here.ledger++;
	p->hub = HUB_COUNTS;
}

static enum MHD_Result answer(struct MHD_Connection *c, const uint8_t *body, size_t len)
{
	int does = here.stage->hub;
	if (does == HUB_MISBEHAVES)
		does = (int)(here.turn++ % HUB_MISBEHAVES);
	here.stage->requests++;
	if (does == HUB_RESTORED)
		forget_all();
	take_all(body, len, counts_first(does));
	sem_post(&here.stage->asked);
	if (does == HUB_HOLDS)
		sem_wait(&here.stage->hold);
	if (does == HUB_DROPS || does == HUB_LOSES_ANSWER)
		return MHD_NO;
	if (does == HUB_BUSY)
		return reply_text(c, 503, "{\"error\":\"db.busy\",\"text\":\"come back later\"}");
	if (does == HUB_REFUSES)
		return reply_text(
			c, 403,
			"{\"error\":\"ingest.device\",\"text\":\"this box is not enrolled here\"}");
	if (does == HUB_LOGIN_PAGE)
		return reply_text(c, 200, "<html>Please log in</html>");
	struct answer a = { .len = 0 };
	make_answer(does, MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Wasl-Nonce"), &a);
	return reply(c, 200, a.bytes, a.len);
}

struct upload {
	uint8_t bytes[REQUEST_LIMIT];
	size_t len;
};

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *bytes,
				  size_t *len, void **held)
{
	(void)cls;
	(void)version;
	if (!*held) {
		*held = calloc(1, sizeof(struct upload));
		return MHD_YES;
	}
	struct upload *u = *held;
	if (*len) {
		assert_true(*len <= sizeof(u->bytes) - u->len);
		memcpy(u->bytes + u->len, bytes, *len);
		u->len += *len;
		*len = 0;
		return MHD_YES;
	}
	assert_string_equal(method, "POST");
	assert_string_equal(url, "/v1/envelopes");
	return answer(c, u->bytes, u->len);
}

static void on_end(void *cls, struct MHD_Connection *c, void **held,
		   enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)c;
	(void)code;
	free(*held);
}

void players_run(struct players *stage)
{
	static const struct ctl_route netmgrd[] = { { "GET", "/v1/minutes", minutes, 0 },
						    { "GET", "/v1/chain", chain, 0 },
						    { "GET", "/v1/events", events, 0 },
						    { "POST", "/v1/echo", echo_key, 1024 } };
	static const struct ctl_route contentd[] = {
		{ "GET", "/v1/usage", uses, 0 },
		{ "GET", "/v1/events", no_events, 0 },
		{ "GET", "/v1/offers", offers, 0 },
		{ "GET", "/v1/health", health, 0 },
	};
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fault why = { 0 };
	sd_event *loop = NULL;
	struct ctl *ctl = NULL;
	here = (struct here){ .stage = stage, .ledger = 1 };
	if (sd_event_new(&loop) < 0 ||
	    ctl_listen(loop, paths_at("/run/wasl/netmgrd.sock").at, 0600, netmgrd,
		       ARRAY_LEN(netmgrd), NULL, &ctl, &why) < 0 ||
	    ctl_listen(loop, paths_at("/run/wasl/contentd.sock").at, 0600, contentd,
		       ARRAY_LEN(contentd), NULL, &ctl, &why) < 0) {
		fprintf(stderr, "# players: %s\n", why.text);
		_exit(3);
	}
	struct MHD_Daemon *hub =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL,
				 on_request, NULL, MHD_OPTION_SOCK_ADDR, &sa,
				 MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
	assert_non_null(hub);
	stage->port = MHD_get_daemon_info(hub, MHD_DAEMON_INFO_BIND_PORT)->port;
	sem_post(&stage->ready);
	sd_event_loop(loop);
	_exit(0);
}
