// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

int feed_open(const json_t *answer, int64_t after, struct feed_page *out, struct fault *why)
{
	const json_t *rows = json_object_get(answer, "rows"),
		     *next = json_object_get(answer, "next");
	if (!json_is_array(rows) || !json_is_integer(next) || json_array_size(rows) > FEED_LIMIT)
		return fault_set(why, -EBADMSG, "feed.shape",
				 "the answer is no list of rows with a cursor");
	struct feed_page page = { .rows = rows,
				  .count = json_array_size(rows),
				  .next = json_integer_value(next) };
	int64_t last = after;
	for (size_t i = 0; i < page.count; i++) {
		const json_t *cursor = json_object_get(json_array_get(rows, i), "cursor");
		if (!json_is_integer(cursor) || json_integer_value(cursor) <= last)
			return fault_set(why, -EBADMSG, "feed.cursor",
					 "row %zu of the answer has no cursor beyond %lld", i,
					 (long long)last);
		last = json_integer_value(cursor);
	}
	if (!page.count && page.next >= 0 && page.next < after)
		page.began_again = true;
	else if (page.next < last)
		return fault_set(why, -EBADMSG, "feed.cursor",
				 "the answer ends at cursor %lld but goes on at %lld",
				 (long long)last, (long long)page.next);
	*out = page;
	return 0;
}

static int row_fault(struct fault *why, const char *name)
{
	return fault_set(why, -EBADMSG, "feed.row", "'%s' is missing or makes no sense", name);
}

/* A whole number from 0 to `max`; a missing one is 0 unless `needed`. */
enum need { OPTIONAL, NEEDED };
static int number(const json_t *row, const char *name, enum need need, uint64_t max, uint64_t *out,
		  struct fault *why)
{
	const json_t *value = json_object_get(row, name);
	if (!value && need == OPTIONAL) {
		*out = 0;
		return 0;
	}
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > max)
		return row_fault(why, name);
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

static int number32(const json_t *row, const char *name, enum need need, uint32_t *out,
		    struct fault *why)
{
	uint64_t wide = 0;
	int r = number(row, name, need, UINT32_MAX, &wide, why);
	if (!r)
		*out = (uint32_t)wide;
	return r;
}

static int text(const json_t *row, const char *name, enum need need, char *out, size_t room,
		struct fault *why)
{
	const json_t *value = json_object_get(row, name);
	const char *s = json_is_string(value) ? json_string_value(value) : "";
	size_t len = strlen(s);
	if ((need == NEEDED && !len) || (value && !json_is_string(value) && !json_is_null(value)) ||
	    len >= room)
		return row_fault(why, name);
	for (const char *c = s; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return row_fault(why, name);
	}
	memcpy(out, s, len + 1);
	return 0;
}

/* "dsl" or 2; a kind of the future is "other". */
static uint32_t kind_of(const json_t *value)
{
	static const char *const words[] = { "fibre", "dsl", "mobile", "satellite", "other" };
	if (json_is_integer(value) && json_integer_value(value) >= 1 &&
	    json_integer_value(value) <= (int)ARRAY_LEN(words))
		return (uint32_t)json_integer_value(value);
	for (uint32_t i = 0; json_is_string(value) && i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], json_string_value(value)) == 0)
			return i + 1;
	}
	return ARRAY_LEN(words);
}

int feed_minute(const json_t *row, struct aggregate_minute *out, struct fault *why)
{
	struct aggregate_minute m = { .kind = kind_of(json_object_get(row, "kind")) };
	uint64_t minute = 0;
	int r = number(row, "minute", NEEDED, INT64_MAX, &minute, why);
	m.minute = (int64_t)minute;
	if (!r)
		r = text(row, "uplink", NEEDED, m.uplink, sizeof(m.uplink), why);
	if (!r)
		r = number32(row, "up_s", NEEDED, &m.up_s, why);
	if (!r)
		r = number32(row, "down_s", NEEDED, &m.down_s, why);
	if (!r)
		r = number32(row, "unpowered_s", NEEDED, &m.unpowered_s, why);
	if (!r)
		r = number32(row, "unknown_s", NEEDED, &m.unknown_s, why);
	if (!r)
		r = number(row, "rx_bytes", OPTIONAL, INT64_MAX, &m.rx_bytes, why);
	if (!r)
		r = number(row, "tx_bytes", OPTIONAL, INT64_MAX, &m.tx_bytes, why);
	if (!r)
		r = number32(row, "rtt_us", OPTIONAL, &m.rtt_us, why);
	if (!r)
		r = number32(row, "down_kbps", OPTIONAL, &m.down_kbps, why);
	if (!r && !aggregate_minute_ok(&m))
		r = fault_set(why, -EBADMSG, "feed.row",
			      "the seconds of a minute of '%s' do not add up to 60", m.uplink);
	if (!r)
		*out = m;
	return r;
}

static int whole_day(const json_t *row, int32_t *out, struct fault *why)
{
	const json_t *day = json_object_get(row, "day");
	if (!json_is_integer(day) || json_integer_value(day) < INT32_MIN ||
	    json_integer_value(day) > INT32_MAX)
		return row_fault(why, "day");
	*out = (int32_t)json_integer_value(day);
	return 0;
}

int feed_use(const json_t *row, struct aggregate_use *out, struct fault *why)
{
	struct aggregate_use u = { 0 };
	int r = whole_day(row, &u.day, why);
	if (!r)
		r = text(row, "lesson", NEEDED, u.lesson, sizeof(u.lesson), why);
	if (!r)
		r = text(row, "rung", NEEDED, u.rung, sizeof(u.rung), why);
	if (!r)
		r = number(row, "starts", OPTIONAL, INT64_MAX, &u.starts, why);
	if (!r)
		r = number(row, "completions", OPTIONAL, INT64_MAX, &u.completions, why);
	if (!r)
		r = number(row, "watched_s", OPTIONAL, INT64_MAX, &u.watched_s, why);
	if (!r)
		r = number(row, "sent_bytes", OPTIONAL, INT64_MAX, &u.sent_bytes, why);
	if (!r)
		r = number(row, "devices", OPTIONAL, INT64_MAX, &u.devices, why);
	if (!r)
		*out = u;
	return r;
}

int feed_event(const json_t *row, struct outbox_event *out, struct fault *why)
{
	struct outbox_event e = { 0 };
	const json_t *at = json_object_get(row, "at");
	int r = json_is_integer(at) ? 0 : row_fault(why, "at");
	e.at_s = json_integer_value(at);
	if (!r)
		r = text(row, "kind", NEEDED, e.kind, sizeof(e.kind), why);
	if (!r)
		r = text(row, "subject", OPTIONAL, e.subject, sizeof(e.subject), why);
	if (!r)
		r = text(row, "reason", OPTIONAL, e.reason, sizeof(e.reason), why);
	if (!r)
		*out = e;
	return r;
}

static int one_offer(const json_t *row, struct outbox_offer *out, struct fault *why)
{
	static const char *const langs[] = { "ar", "fr", "en" };
	struct outbox_offer f = { .lesson = "" };
	const json_t *film = json_object_get(row, "film"), *titles = json_object_get(row, "title");
	const char *object = json_string_value(json_object_get(film, "object"));
	int r = text(row, "lesson", NEEDED, f.lesson, sizeof(f.lesson), why);
	for (size_t i = 0; !r && i < ARRAY_LEN(langs); i++)
		r = text(titles, langs[i], OPTIONAL, f.title[i], sizeof(f.title[i]), why);
	if (!r)
		r = text(row, "language", OPTIONAL, f.language, sizeof(f.language), why);
	if (!r)
		r = text(row, "subject", OPTIONAL, f.subject, sizeof(f.subject), why);
	if (!r)
		r = number32(row, "grade", OPTIONAL, &f.grade, why);
	if (!r)
		r = number(row, "duration_ms", NEEDED, INT64_MAX, &f.duration_ms, why);
	if (!r)
		r = number(film, "bytes", NEEDED, INT64_MAX, &f.film_bytes, why);
	if (!r && (!object || text_unhex(object, f.film, sizeof(f.film))))
		r = row_fault(why, "object");
	if (!r)
		*out = f;
	return r;
}

int feed_offers(const json_t *answer, struct outbox_offer *out, size_t *count, struct fault *why)
{
	const json_t *offers = json_object_get(answer, "offers");
	if (!json_is_array(offers) || json_array_size(offers) > OUTBOX_OFFERS)
		return fault_set(why, -EBADMSG, "feed.shape",
				 "the answer is no list of at most %d offered lessons",
				 (int)OUTBOX_OFFERS);
	size_t n = 0;
	for (size_t i = 0; i < json_array_size(offers); i++) {
		struct fault passed_over;
		n += one_offer(json_array_get(offers, i), &out[n], &passed_over) == 0;
	}
	*count = n;
	return 0;
}

int feed_chain(const json_t *answer, struct outbox_minutes *out, struct fault *why)
{
	static const uint8_t zero[sizeof(out->head)];
	struct outbox_minutes m = { 0 };
	const char *head = json_string_value(json_object_get(answer, "head"));
	int r = number(answer, "through", NEEDED, INT64_MAX, &m.through, why);
	if (!r && (!head || text_unhex(head, m.head, sizeof(m.head))))
		r = row_fault(why, "head");
	/* Half of the two would be refused in a header. */
	if (!r && (m.through == 0) != (memcmp(m.head, zero, sizeof(zero)) == 0))
		r = row_fault(why, "head");
	if (!r)
		*out = m;
	return r;
}

void feed_health(const json_t *answer, struct feed_health *out)
{
	*out = (struct feed_health){ 0 };
	struct fault ignored;
	number(answer, "disk_free_bytes", OPTIONAL, INT64_MAX, &out->disk_free_bytes, &ignored);
	number32(answer, "lessons_ready", OPTIONAL, &out->lessons_ready, &ignored);
	number32(answer, "lessons_total", OPTIONAL, &out->lessons_total, &ignored);
	number32(answer, "catalogue_version", OPTIONAL, &out->catalogue_version, &ignored);
	number32(answer, "settings_version", OPTIONAL, &out->settings_version, &ignored);
	const json_t *disk = json_object_get(answer, "disk");
	number(disk, "bad", OPTIONAL, INT64_MAX, &out->disk_bad, &ignored);
	number(disk, "unreadable", OPTIONAL, INT64_MAX, &out->disk_unreadable, &ignored);
	number(disk, "bytes", OPTIONAL, INT64_MAX, &out->disk_read_bytes, &ignored);
	number(disk, "last_pass_s", OPTIONAL, INT64_MAX, &out->disk_read_s, &ignored);
}
