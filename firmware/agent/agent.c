// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include "firmware/agent/agent_priv.h"
#include "firmware/agent/keyfile.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/trust_dir.h"

#define FOLDER "/var/lib/wasl/agent"
enum { KEEP_FLOOR_MS = 3600 * 1000 };

static const struct conf_key agent_keys[] = {
	CONF_INT(struct agent_times, collect_s, "collect_interval", "60", 1, 3600,
		 "seconds between two collections of counts from the other daemons"),
	CONF_INT(struct agent_times, seal_s, "seal_interval", "14400", 1, 86400,
		 "seconds between two reports while the hub answers; below 3600 hours and days are "
		 "sent in pieces"),
	CONF_INT(struct agent_times, retry_max_s, "retry_max", "900", 1, 86400,
		 "longest wait, in seconds, between two attempts to reach the hub"),
	CONF_INT(struct agent_times, keep_days, "keep_days", "400", 1, 4000,
		 "days for which receipted reports are kept, to refill a hub that was restored "
		 "from a backup"),
	CONF_BYTES(struct agent_times, keep_bytes, "keep_bytes", "256M", 1 << 20, INT64_C(1) << 40,
		   "most that kept reports may take"),
};
static const struct conf_key hub_keys[] = {
	CONF_STR(struct agent_hub, url, "url", "",
		 "address of the hub, instead of the one that the grant names"),
};
static const struct conf_section sections[] = {
	{ "agent", agent_keys, ARRAY_LEN(agent_keys), .at = offsetof(struct agent_conf, agent),
	  .help = "Collecting, sealing and keeping of reports." },
	CONF_SETTINGS_SECTION(struct agent_conf, settings),
	{ "hub", hub_keys, ARRAY_LEN(hub_keys), .at = offsetof(struct agent_conf, hub),
	  .help = "The ministry's hub." },
	BOX_CONF_SECTION(struct agent_conf, box),
};
const struct conf_schema agent_schema = { "wasl-agentd", sections, ARRAY_LEN(sections) };

int agent_check(const void *conf, struct fault *why)
{
	const struct agent_conf *c = conf;
	char url[300];
	return c->hub.url[0] ? courier_url(c->hub.url, url, sizeof(url), why) : 0;
}

/* --- time ------------------------------------------------------------------------------------- */

uint64_t agent_now_ms(void)
{
	return clock_mono_ms();
}

int64_t agent_guess_s(const struct agent *a)
{
	return floor_guess(&a->floor, clock_wall_s(), agent_now_ms());
}

void agent_keep_floor(struct agent *a)
{
	uint64_t now_ms = agent_now_ms();
	struct fault why = { 0 };
	int r = outbox_begin(a->outbox, &why);
	if (!r)
		r = outbox_number_set(a->outbox, "floor", floor_now(&a->floor, now_ms), &why);
	if (!r)
		r = outbox_number_set(a->outbox, "floor_budget", floor_budget(&a->floor, now_ms),
				      &why);
	if (!r)
		r = outbox_commit(a->outbox, &why);
	outbox_rollback(a->outbox);
	if (!r)
		a->floor_kept_ms = now_ms;
	else if (!a->store_trouble.code)
		log_fault(LOG_LEVEL_WARN, "time.keep", &why);
}

static void ask_ntp(struct agent *a)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);
	/* A refused question leaves `t` empty, which must not look like a disciplined clock. */
	if (state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC))
		floor_see_ntp(&a->floor, clock_wall_s(), agent_now_ms());
}

static int begin_time(struct agent *a, struct fault *why)
{
	int64_t kept = INT64_MIN, budget = INT64_MIN, boot = 0, boots = 0;
	int r = outbox_number(a->outbox, "floor", INT64_MIN, &kept, why);
	if (!r)
		r = outbox_number(a->outbox, "floor_budget", INT64_MIN, &budget, why);
	if (!r)
		r = outbox_number(a->outbox, "boot", 0, &boot, why);
	if (!r)
		r = outbox_number(a->outbox, "boot_count", 0, &boots, why);
	if (r)
		return r;
	floor_begin(&a->floor, kept, budget, agent_now_ms());
	/* A new start of the program is no new boot. */
	AUTO_FREE void *id = NULL;
	size_t len = 0;
	int64_t now_boot = 0;
	if (fileio_read("/proc/sys/kernel/random/boot_id", 64, &id, &len, NULL) == 0) {
		uint8_t hash[16];
		crypto_generichash(hash, sizeof(hash), id, len, NULL, 0);
		memcpy(&now_boot, hash, sizeof(now_boot));
	}
	if (boots == 0 || now_boot != boot) {
		boots++;
		r = outbox_number_set(a->outbox, "boot", now_boot, why);
		if (!r)
			r = outbox_number_set(a->outbox, "boot_count", boots, why);
	}
	a->boot_count = (uint32_t)boots;
	return r;
}

/* --- what was there before -------------------------------------------------------------------- */

static int open_keys(struct agent *a, const char *outbox_path, struct fault *why)
{
	struct path path = paths_at(FOLDER "/device.key");
	struct stat st;
	int r = keyfile_read(path.at, &a->keys, why);
	if (r == -ENOENT && stat(outbox_path, &st) == 0)
		return fault_set(why, r, "key.lost",
				 "'%s', this box's keys, is gone, but '%s' is there; restore the "
				 "keys from a backup, or move that file "
				 "away too, and the ministry enrols this box as a new one",
				 path.at, outbox_path);
	if (r == -ENOENT) {
		r = keyfile_make(path.at, &a->keys, why);
		if (!r)
			log_info("event=key.made");
	}
	if (r)
		return r;
	sodium_mlock(&a->keys, sizeof(a->keys));
	device_id(a->keys.sign.public_key, a->keys.box_public, a->device);
	text_hex(a->device, sizeof(a->device), a->device_hex);
	device_claim_code(a->keys.sign.public_key, a->keys.box_public, a->claim_code);
	return 0;
}

static int load_grant(struct agent *a, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int r = outbox_blob(a->outbox, "grant", &bytes, &len, why);
	if (r == -ENOENT)
		return 0;
	if (!r)
		r = grant_reread(bytes, len, &a->grant, why);
	/* An epoch may have begun since the grant came. */
	if (!r)
		r = outbox_epoch(a->outbox, &a->grant.epoch, why);
	a->enrolled = r == 0;
	return r;
}

int agent_trust(struct agent *a, struct fault *why)
{
	return a->trust ? 0 : trust_dir_open(&a->trust, why);
}

static int open_state(struct agent *a, struct fault *why)
{
	struct path folder = paths_at(FOLDER), outbox = paths_at(FOLDER "/outbox.db");
	struct fault later = { 0 };
	int r = paths_mkdir(folder.at, 0700, why);
	if (!r && fileio_sync_parent(folder.at))
		r = fault_set(why, -EIO, "agent.folder",
			      "'%s' cannot be written to the disk; look at it", folder.at);
	if (!r)
		r = open_keys(a, outbox.at, why);
	if (!r)
		r = outbox_open(outbox.at, a->device, &a->outbox, why);
	if (!r)
		r = begin_time(a, why);
	if (!r)
		r = load_grant(a, why);
	if (!r)
		r = agent_offers_begin(a, why);
	/* Without roots counts are collected all the same. */
	if (!r && agent_trust(a, &later))
		log_fault(LOG_LEVEL_WARN, "root", &later);
	return r;
}

/* --- the round: collect, seal, send ----------------------------------------------------------- */

static void wake_at(sd_event_source *timer, uint64_t ms)
{
	sd_event_source_set_time(timer, ms * 1000);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void flush_over(struct agent *a, const struct fault *why)
{
	a->flush = FLUSH_NONE;
	agent_flush_reply(a, why);
}

const char *agent_hub_url(const struct agent *a)
{
	return a->conf->hub.url[0] ? a->conf->hub.url : a->grant.hub_url;
}

const char *agent_pin_text(const struct agent *a, const char *url, char out[static AGENT_PIN_TEXT])
{
	const uint8_t(*pins)[32];
	size_t count = a->trust ? trust_tls_pins(a->trust, &pins) : 0, at = 0;
	if (!count || strncmp(url, "https:", 6) != 0)
		return NULL;
	for (size_t i = 0; i < count && at < AGENT_PIN_TEXT; i++) {
		AUTO_FREE char *text = text_base64(pins[i], 32);
		at += (size_t)snprintf(out + at, AGENT_PIN_TEXT - at, "%ssha256//%s", i ? ";" : "",
				       text ? text : "");
	}
	return out;
}

static void send_now(struct agent *a)
{
	const char *url = agent_hub_url(a);
	char pins[AGENT_PIN_TEXT];
	struct fault why = { 0 };
	size_t sent = 0;
	if (!a->enrolled || courier_busy(a->courier))
		return;
	int r = courier_send(a->courier, url, agent_pin_text(a, url, pins), &sent, &why);
	if (r && strcmp(why.id, a->trouble.id) != 0)
		log_fault(LOG_LEVEL_ERROR, "send", &why);
	if (r)
		a->trouble = why;
	if (a->flush == FLUSH_SENDING && (r || !sent))
		flush_over(a, &why);
}

void agent_send_soon(struct agent *a)
{
	uint64_t now_ms = agent_now_ms(), at_ms = courier_not_before_ms(a->courier);
	if (!courier_busy(a->courier))
		wake_at(a->send_timer, at_ms > now_ms ? at_ms : now_ms);
}

static int send_timer_rang(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s;
	(void)usec;
	send_now(data);
	return 0;
}

static void courier_done(void *data, enum courier_meaning meaning, const struct fault *why)
{
	struct agent *a = data;
	if (meaning == COURIER_DELIVERED) {
		if (a->trouble.code)
			log_info("event=hub.back");
		a->trouble = (struct fault){ 0 };
	} else {
		if (strcmp(a->trouble.id, why->id) != 0)
			log_fault(LOG_LEVEL_WARN, "send", why);
		a->trouble = *why;
		if (a->flush == FLUSH_SENDING)
			flush_over(a, why);
	}
	agent_send_soon(a);
}

static void collected(void *data)
{
	struct agent *a = data;
	uint64_t now_ms = agent_now_ms();
	struct fault why = { 0 };
	ask_ntp(a);
	agent_tell_echo(a);
	agent_settings_tell(a);
	agent_offers_tell(a);
	agent_offers_carry(a);
	if (now_ms - a->floor_kept_ms >= KEEP_FLOOR_MS)
		agent_keep_floor(a);
	if (a->flush == FLUSH_COLLECTING) {
		uint64_t made = 0;
		int r = agent_seal(a, OUTBOX_ALL, &made, &why);
		a->flush_sealed += made;
		a->store_trouble = r ? why : (struct fault){ 0 };
		a->flush = FLUSH_SENDING;
		courier_hurry(a->courier);
		if (r) {
			log_fault(LOG_LEVEL_ERROR, "seal", &why);
			flush_over(a, &why);
		}
	} else {
		agent_seal_if_due(a);
	}
	agent_send_soon(a);
	wake_at(a->collect_timer, now_ms + (uint64_t)a->conf->agent.collect_s * 1000);
}

static void healthy(void *data, const struct feed_health *h)
{
	struct agent *a = data;
	a->health = *h;
}

static int collect_timer_rang(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s;
	(void)usec;
	struct agent *a = data;
	collector_run(a->collector);
	return 0;
}

void agent_flush_begin(struct agent *a)
{
	if (a->flush == FLUSH_NONE) {
		struct chain_state chain = { 0 };
		outbox_chain(a->outbox, a->grant.epoch, &chain, NULL);
		a->flush_sealed = 0;
		a->flush_through = chain.through_seq;
	}
	a->flush = FLUSH_COLLECTING;
	collector_run(a->collector);
}

/* --- life ------------------------------------------------------------------------------------- */

static int start_work(struct agent *a, struct fault *why)
{
	struct collector_calls collects = { .health = healthy, .done = collected, .data = a };
	struct courier_calls carries = { .record = agent_take_record,
					 .done = courier_done,
					 .data = a };
	int r = http_new(a->loop, &a->http, why);
	if (!r)
		r = collector_new(a->http, a->outbox, &collects, &a->collector, why);
	if (!r)
		r = courier_new(a->http, a->outbox, &carries,
				(uint64_t)a->conf->agent.retry_max_s * 1000, &a->courier, why);
	if (r)
		return r;
	r = sd_event_add_time(a->loop, &a->collect_timer, CLOCK_BOOTTIME, agent_now_ms() * 1000, 0,
			      collect_timer_rang, a);
	if (r >= 0)
		r = sd_event_add_time(a->loop, &a->send_timer, CLOCK_BOOTTIME, 0, 0,
				      send_timer_rang, a);
	if (r < 0)
		return fault_set(why, r, "daemon.loop", "no timer: %s", strerror(-r));
	sd_event_source_set_enabled(a->send_timer, SD_EVENT_OFF);
	return agent_listen(a, why);
}

int agent_new(struct sd_event *loop, struct agent_conf *conf, const struct conf_source *source,
	      struct agent **out, struct fault *why)
{
	struct agent *a = calloc(1, sizeof(*a));
	if (!a || sodium_init() < 0) {
		free(a);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	/* A file that may not grow is an error to be told, not a reason to die. */
	signal(SIGXFSZ, SIG_IGN);
	a->conf = conf;
	a->source = source;
	a->loop = sd_event_ref(loop);
	a->start_ms = agent_now_ms();
	a->sealed_ms = seal_policy_begin(a->start_ms, (uint64_t)conf->agent.seal_s * 1000);
	int r = open_state(a, why);
	if (!r)
		r = start_work(a, why);
	if (!r)
		agent_settings_begin(a);
	if (r) {
		agent_free(a);
		return r;
	}
	*out = a;
	return 0;
}

void agent_free(struct agent *a)
{
	if (!a)
		return;
	if (a->outbox)
		agent_keep_floor(a);
	ctl_close(a->ctl);
	collector_free(a->collector);
	courier_free(a->courier);
	http_free(a->http);
	agent_offers_end(a);
	outbox_close(a->outbox);
	trust_free(a->trust);
	sd_event_source_disable_unref(a->collect_timer);
	sd_event_source_disable_unref(a->send_timer);
	sd_event_unref(a->loop);
	device_keys_wipe(&a->keys);
	sodium_munlock(&a->keys, sizeof(a->keys));
	free(a);
}
