// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/boxtime.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/base/paths.h"

#define UNTIL_TRUSTED_MS 10000u
#define EVERY_MS 300000u
#define LIMIT_BYTES 65536u
#define LAST_S INT64_C(253402300799) /* the year 9999 */

struct boxtime {
	struct sd_event_source *timer;
	struct http *http;
	struct http_transfer *transfer;
	void (*changed)(void *data);
	void *data;
	bool trusted;
	int64_t unix_s; /* when the monotonic clock showed mono_ms */
	uint64_t mono_ms;
};

int boxtime_parse(const char *json, size_t len, bool *trusted, int64_t *unix_s)
{
	json_auto_t *all = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *floor = json_object_get(all, "time_floor"),
		     *quality = json_object_get(all, "time_quality");
	if (!json_is_integer(floor) || !json_is_integer(quality))
		return -EBADMSG;
	*trusted = json_integer_value(quality) >= CLOCK_HUB && json_integer_value(floor) > 0 &&
		   json_integer_value(floor) <= LAST_S;
	*unix_s = json_integer_value(floor);
	return 0;
}

struct boxtime_now boxtime_now(const struct boxtime *b)
{
	if (b->trusted)
		return (struct boxtime_now){
			true, b->unix_s + (int64_t)(clock_mono_ms() - b->mono_ms) / 1000
		};
	return (struct boxtime_now){ false, clock_wall_s() };
}

int64_t boxtime_zone(int64_t unix_s)
{
	struct tm local;
	time_t t = (time_t)unix_s;
	return localtime_r(&t, &local) ? (int64_t)local.tm_gmtoff : 0;
}

static void answered(void *data, const struct http_result *result)
{
	struct boxtime *b = data;
	bool trusted = false;
	int64_t unix_s = 0;
	b->transfer = NULL;
	/* Who vouched once and does not answer now still did: the monotonic clock goes on from there. */
	if (result->code == 0 && result->status == 200 &&
	    boxtime_parse(result->body, result->body_len, &trusted, &unix_s) == 0 && trusted) {
		const bool news = !b->trusted;
		b->trusted = true;
		b->unix_s = unix_s;
		b->mono_ms = clock_mono_ms();
		if (news)
			b->changed(b->data);
	}
	const uint64_t wait = b->trusted ? EVERY_MS : UNTIL_TRUSTED_MS;
	sd_event_source_set_time(b->timer, (clock_mono_ms() + wait) * 1000);
	sd_event_source_set_enabled(b->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s;
	(void)usec;
	struct boxtime *b = data;
	struct path socket = paths_at("/run/wasl/agentd.sock");
	const struct http_order order = { .url = "http://agentd/v1/status",
					  .socket = socket.at,
					  .limit_bytes = LIMIT_BYTES,
					  .stall_s = 5,
					  .total_s = 10 };
	const struct http_calls calls = { NULL, answered, b };
	const struct http_result nothing = { .code = -EIO };
	if (http_start(b->http, &order, &calls, &b->transfer, NULL))
		answered(b, &nothing);
	return 0;
}

void boxtime_free(struct boxtime *b)
{
	if (!b)
		return;
	http_cancel(b->transfer);
	sd_event_source_disable_unref(b->timer);
	free(b);
}

int boxtime_new(struct sd_event *loop, struct http *http, void (*changed)(void *data), void *data,
		struct boxtime **out, struct fault *why)
{
	AUTO_FREE struct boxtime *b = calloc(1, sizeof(*b));
	if (!b)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	b->http = http;
	b->changed = changed;
	b->data = data;
	if (sd_event_add_time(loop, &b->timer, CLOCK_BOOTTIME, 0, 100000, on_timer, b) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(b);
	return 0;
}
