// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/origin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content/fetch/backoff.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"

#define FIRST_WAIT_MS 1000u
#define MOST_WAIT_MS 60000u
#define URGENT_WAIT_MS 2000u
/* A line that was cut is often there again at once. */
static const unsigned urgent_wait_ms[] = { 100, 500 };
#define LIED_WAIT_MS 120000u
#define LIED_URGENT_MS 15000u

int origin_set(struct origin *o, const char *url, unsigned stall_s, uint64_t salt,
	       struct fault *why)
{
	size_t len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	if (len >= sizeof(o->url) ||
	    (len && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return fault_set(why, -EINVAL, "origin.url",
				 "[origin] url = '%s': must begin with http:// or https:// and "
				 "have at most 500 bytes",
				 url);
	*o = (struct origin){ .stall_s = stall_s, .salt = salt };
	memcpy(o->url, url, len);
	snprintf(o->reason, sizeof(o->reason), "%s",
		 len ? "not asked yet" : "no origin is configured");
	return 0;
}

bool origin_worked(struct origin *o)
{
	bool news = o->told;
	o->ok = true;
	o->told = false;
	o->tries = 0;
	o->not_before_ms = o->urgent_ms = 0;
	o->reason[0] = '\0';
	return news;
}

bool origin_failed(struct origin *o, const char *reason, uint64_t now_ms)
{
	bool news = ++o->tries == 2;
	o->ok = false;
	o->told |= news;
	o->not_before_ms =
		now_ms + backoff_ms(o->tries, FIRST_WAIT_MS, MOST_WAIT_MS, o->salt + o->tries);
	const uint64_t urgent = o->tries > ARRAY_LEN(urgent_wait_ms) ? URGENT_WAIT_MS
								     : urgent_wait_ms[o->tries - 1];
	o->urgent_ms = now_ms + urgent < o->not_before_ms ? now_ms + urgent : o->not_before_ms;
	snprintf(o->reason, sizeof(o->reason), "%s", reason);
	return news;
}

void origin_lied(struct origin *o, const char *reason, uint64_t now_ms)
{
	o->ok = false;
	o->told = true;
	o->tries++;
	o->not_before_ms = now_ms + LIED_WAIT_MS;
	o->urgent_ms = now_ms + LIED_URGENT_MS;
	snprintf(o->reason, sizeof(o->reason), "%s", reason);
}

void origin_hurry(struct origin *o)
{
	o->not_before_ms = o->urgent_ms = 0;
}

uint64_t origin_until(const struct origin *o, enum origin_for who)
{
	if (!o->url[0])
		return UINT64_MAX;
	return who == ORIGIN_FOR_PUPIL ? o->urgent_ms : o->not_before_ms;
}

bool origin_waits(const struct origin *o, uint64_t now_ms)
{
	return !o->url[0] || o->not_before_ms > now_ms;
}

int origin_judge(const struct http_result *r, char reason[static 200])
{
	if (r->status == 404 || r->status == 410) {
		snprintf(reason, 200, "HTTP status %ld", r->status);
		return -ENOENT;
	}
	if (r->code) {
		snprintf(reason, 200, "%s", r->error && *r->error ? r->error : strerror(-r->code));
		return -EIO;
	}
	if (r->status != 200 && r->status != 206) {
		snprintf(reason, 200, "HTTP status %ld", r->status);
		return -EIO;
	}
	return 0;
}

static struct origin_url of_id(const struct origin *o, const char *what, const struct objmap_id *id)
{
	struct origin_url url;
	char hex[65];
	objmap_id_hex(id, hex);
	snprintf(url.at, sizeof(url.at), "%s/wasl/v1/%s/%s", o->url, what, hex);
	return url;
}

struct origin_url origin_object(const struct origin *o, const struct objmap_id *id)
{
	return of_id(o, "object", id);
}

struct origin_url origin_map(const struct origin *o, const struct objmap_id *id)
{
	return of_id(o, "map", id);
}

struct origin_url origin_root(const struct origin *o, uint32_t version)
{
	struct origin_url url;
	snprintf(url.at, sizeof(url.at), "%s/wasl/v1/root/%u", o->url, version);
	return url;
}

struct origin_url origin_catalogue(const struct origin *o)
{
	struct origin_url url;
	snprintf(url.at, sizeof(url.at), "%s/wasl/v1/catalogue/latest", o->url);
	return url;
}
