// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modems.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "netmgr/modem/apn.h"
#include "netmgr/kernel/kernel.h"
#include "netmgr/modem/modem_book.h"
#include "netmgr/modem/modem_bus.h"
#include "netmgr/net_conf.h"

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS, PIN_ROOM = 16 };

struct box_modem {
	struct modems *all;
	unsigned uplink;
	bool has;
	struct modem core;
	struct modem_object object;
	bool there, led; /* led: the kernel knows of its bearer */
	struct apn_list apns;
	char apns_of[APN_CODE_ROOM]; /* the operator that they are of */
	uint64_t saved_ms;
	bool store_failed, pin_failed;
	sd_event_source *wake;
};

struct modems {
	const struct net_conf *conf;
	struct kernel *kernel;
	struct modems_calls calls;
	struct modem_bus *bus;
	char boot[MODEM_BOOT_ROOM];
	struct box_modem list[UPLINK_MAX];
};

/* What an earlier boot did lies before the beginning of this one's clock: it has a time nevertheless. */
static uint64_t now_ms(void)
{
	return clock_mono_ms() + 2 * (uint64_t)DAY_MS;
}

static const struct uplink_conf *conf_of(const struct box_modem *b)
{
	return &b->all->conf->uplinks[b->uplink];
}

/* --- the memory --- */

static struct path book_path(const struct box_modem *b)
{
	return paths_at("/var/lib/wasl/netmgr/modem-%s.json", conf_of(b)->name);
}

static int save(struct box_modem *b)
{
	struct fault why;
	AUTO_FREE char *text = modem_book_text(&b->core.memory, b->all->boot, now_ms());
	int r = text ? fileio_replace(book_path(b).at, text, strlen(text), 0600, &why)
		     : fault_set(&why, -ENOMEM, "memory", "out of memory");
	if (r < 0 && !b->store_failed)
		log_fault(LOG_LEVEL_WARN, "modem.store", &why);
	b->store_failed = r < 0;
	b->saved_ms = now_ms();
	return r;
}

static void load(struct box_modem *b, struct modem_memory *out)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	const struct path path = book_path(b);
	int r = fileio_read(path.at, MODEM_BOOK_BYTES_MAX, &text, &len, NULL);
	if (r == 0)
		r = modem_book_parse(text, len, b->all->boot, now_ms(), out);
	if (r < 0 && r != -ENOENT)
		log_warn("event=modem.book file=%s text=\"damaged, and begun anew\"", path.at);
}

static void read_boot(char out[static MODEM_BOOT_ROOM])
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	if (fileio_read("/proc/sys/kernel/random/boot_id", MODEM_BOOT_ROOM - 1, &text, &len, NULL) <
	    0)
		len = 0;
	snprintf(out, MODEM_BOOT_ROOM, "%.*s", (int)len, len ? (const char *)text : "");
	out[strcspn(out, "\n")] = '\0';
}

/* --- the PIN --- */

static int bad_pin(struct fault *why, const char *path, const char *what)
{
	return fault_set(why, -EINVAL, "modem.pin", "'%s' %s", path, what);
}

/* 4 to 8 digits, in a file that only its owner and group may read. */
static int read_pin(const char *path, char out[static PIN_ROOM], struct fault *why)
{
	AUTO_FREE char *text = NULL;
	void *bytes = NULL;
	size_t len = 0;
	struct stat st;
	if (stat(path, &st) == 0 && st.st_mode & (S_IROTH | S_IWOTH))
		return bad_pin(why, path, "may be read by everybody; take that away: chmod o=");
	int r = fileio_read(path, PIN_ROOM - 1, &bytes, &len, why);
	text = bytes;
	if (r < 0)
		return r;
	const size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	if (digits >= 4 && digits <= 8 && (!*rest || strcmp(rest, "\n") == 0))
		snprintf(out, PIN_ROOM, "%.*s", (int)digits, text);
	else
		r = bad_pin(why, path, "does not hold a PIN: 4 to 8 digits and nothing else");
	sodium_memzero(text, len);
	return r;
}

static int pin_of(struct box_modem *b, char out[static PIN_ROOM])
{
	const char *path = conf_of(b)->modem.pin_file;
	struct fault why;
	if (!path[0])
		return -ENOENT;
	int r = read_pin(paths_at("%s", path).at, out, &why);
	if (r < 0 && !b->pin_failed)
		log_fault(LOG_LEVEL_WARN, "modem.pin", &why);
	b->pin_failed = r < 0;
	return r;
}

/* Tells one PIN from another; a SIM's PIN is not made a secret by it, as there are only ten thousand. */
static void tag_pin(const char *pin, uint8_t out[static MODEM_PIN_TAG])
{
	static const uint8_t domain[] = "wasl:modem-pin:1";
	crypto_generichash(out, MODEM_PIN_TAG, (const uint8_t *)pin, strlen(pin), domain,
			   sizeof(domain));
}

static void note_pin(struct box_modem *b, struct modem_seen *seen)
{
	char pin[PIN_ROOM] = "";
	seen->pin = pin_of(b, pin) == 0;
	if (seen->pin)
		tag_pin(pin, seen->pin_tag);
	sodium_memzero(pin, sizeof(pin));
}

/* The PIN that the memory says is sent now. */
static bool same_pin(struct box_modem *b, char out[static PIN_ROOM])
{
	uint8_t tag[MODEM_PIN_TAG];
	if (pin_of(b, out) < 0)
		return false;
	tag_pin(out, tag);
	return memcmp(tag, b->core.memory.pin_tag, sizeof(tag)) == 0;
}

/* --- access point names --- */

static void set_apn(struct box_modem *b)
{
	const struct modem_conf *m = &conf_of(b)->modem;
	b->apns.count = 1;
	memcpy(b->apns.list[0].name, m->apn, sizeof(m->apn));
	memcpy(b->apns.list[0].user, m->user, sizeof(m->user));
	memcpy(b->apns.list[0].password, m->password, sizeof(m->password));
}

/* Of the settings; else of the SIM's operator; and where nothing is known, the network chooses: the empty one. */
static void choose_apns(struct box_modem *b, const struct modem_view *view)
{
	const struct modem_object *o = view->object;
	const char *code = view->home[0]                   ? view->home
			   : o && o->net == MODEM_NET_HOME ? o->operator_code
							   : "";
	struct fault why;
	if (conf_of(b)->modem.apn[0] || strcmp(code, b->apns_of) == 0 || !code[0])
		return;
	snprintf(b->apns_of, sizeof(b->apns_of), "%s", code);
	set_apn(b);
	struct apn_list found;
	if (apn_load(b->all->conf->net.operators, code, &found, &why) < 0)
		log_fault(LOG_LEVEL_WARN, "modem.apns", &why);
	else if (found.count)
		b->apns = found;
}

/* --- actions --- */

static void step(struct box_modem *b, const struct modem_observation *seen);

/* As if ModemManager had said so. */
static void not_tried(struct box_modem *b)
{
	const struct modem_observation done = { .kind = MODEM_DONE, .error = MODEM_ERROR_STATE };
	step(b, &done);
}

static void order(struct box_modem *b, const struct modem_action *a)
{
	static const char *const said[] = { [MODEM_STEP_RECONNECT] = "modem.reconnect",
					    [MODEM_STEP_CYCLE] = "modem.restart",
					    [MODEM_STEP_RESET] = "modem.reset" };
	char pin[PIN_ROOM] = "";
	const struct modem_order order = {
		.call = a->call,
		.pin = pin,
		.apn = &b->apns.list[a->apn < b->apns.count ? a->apn : 0],
		.roaming = conf_of(b)->modem.roaming
	};
	if (a->step != MODEM_STEP_NONE) {
		const char *reason = modem_reason_name(b->core.reason);
		log_warn("event=%s uplink=%s reason=%s", said[a->step], conf_of(b)->name, reason);
		b->all->calls.said(b->all->calls.data, b->uplink, said[a->step], reason);
	}
	/* A file that is gone, or another one by now: the next look sees it. */
	if (a->call == MODEM_CALL_PIN && !same_pin(b, pin)) {
		sodium_memzero(pin, sizeof(pin));
		not_tried(b);
		return;
	}
	modem_bus_order(b->all->bus, b->uplink, &order);
	sodium_memzero(pin, sizeof(pin));
}

static int on_wake(sd_event_source *source, uint64_t usec, void *data)
{
	static const struct modem_observation nothing = { .kind = MODEM_TICK };
	(void)source;
	(void)usec;
	step(data, &nothing);
	return 0;
}

static void wake_at(struct box_modem *b, uint64_t at_ms, uint64_t now)
{
	const uint64_t wait_ms = at_ms > now ? at_ms - now : 0;
	if (at_ms == UINT64_MAX) {
		(void)sd_event_source_set_enabled(b->wake, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time_relative(b->wake, wait_ms * 1000);
	(void)sd_event_source_set_enabled(b->wake, SD_EVENT_ONESHOT);
}

static void step(struct box_modem *b, const struct modem_observation *seen)
{
	struct modem_actions actions;
	const struct modem_action *call = NULL;
	const uint64_t now = now_ms();
	int saved = 0;
	const uint64_t next = modem_step(&b->core, seen, now, &actions);
	wake_at(b, next, now);
	for (size_t i = 0; i < actions.count; i++) {
		const struct modem_action *a = &actions.list[i];
		switch (a->kind) {
		case MODEM_SAVE:
			saved = save(b);
			break;
		case MODEM_SAY:
			log_info("event=modem uplink=%s state=%s reason=%s", conf_of(b)->name,
				 modem_state_name(b->core.state),
				 modem_reason_name(b->core.reason));
			break;
		case MODEM_CALL:
			call = a;
			break;
		}
	}
	/* Last: an order that cannot even be sent comes back as the next observation. */
	if (call && call->call == MODEM_CALL_PIN && saved < 0)
		not_tried(b); /* nobody would remember that it was */
	else if (call)
		order(b, call);
}

/* --- observations --- */

/* Where its bytes go; while ModemManager is away what there was may still carry, and the line's own questions say so. */
static void lead(struct box_modem *b, const struct modem_view *view)
{
	const struct modem_bearer *bearer = view->bearer;
	const bool leads = bearer && bearer->device[0] && conf_of(b)->on;
	if (!view->manager || (!leads && !b->led))
		return;
	b->led = leads;
	if (!leads) {
		kernel_modem(b->all->kernel, b->uplink, NULL);
		return;
	}
	struct kernel_modem net = { .fixed = bearer->fixed,
				    .lease = { .address = bearer->address,
					       .gateway = bearer->gateway,
					       .resolver = bearer->resolver,
					       .prefix_len = bearer->prefix_len } };
	memcpy(net.device, bearer->device, sizeof(net.device));
	kernel_modem(b->all->kernel, b->uplink, &net);
}

static void on_seen(void *data, unsigned line, const struct modem_view *view)
{
	struct modems *m = data;
	struct box_modem *b = &m->list[line];
	const struct modem_object *o = view->object;
	struct modem_observation seen = { .kind = MODEM_SEEN };
	struct modem_seen *s = &seen.seen;
	b->there = o != NULL;
	if (o)
		b->object = *o;
	choose_apns(b, view);
	*s = (struct modem_seen){ .manager = view->manager,
				  .present = o != NULL,
				  .life = view->life,
				  .pin_tries = -1,
				  .apns = (unsigned)b->apns.count };
	if (o) {
		s->state = o->state;
		s->sim_missing = o->sim_missing;
		s->sim_broken = o->sim_broken;
		s->lock = o->lock;
		s->pin_tries = o->pin_tries;
		s->net = o->net;
	}
	if (s->lock == MODEM_LOCK_PIN)
		note_pin(b, s);
	if (view->bearer) {
		s->bearer = view->bearer->device[0] != '\0';
		s->foreign = conf_of(b)->modem.apn[0] && view->bearer->apn[0] &&
			     strcasecmp(conf_of(b)->modem.apn, view->bearer->apn) != 0;
	}
	lead(b, view);
	step(b, &seen);
}

static void on_done(void *data, unsigned line, enum modem_error error)
{
	struct modems *m = data;
	const struct modem_observation done = { .kind = MODEM_DONE, .error = error };
	step(&m->list[line], &done);
}

/* A portal answers, so bytes go both ways; a line without an address has none that do. */
static enum modem_line line_of(enum uplink_state state, enum uplink_layer layer)
{
	switch (state) {
	case UPLINK_UP:
	case UPLINK_HOLDDOWN:
	case UPLINK_CAPPED:
	case UPLINK_PORTAL:
		return MODEM_LINE_WELL;
	case UPLINK_LINK:
	case UPLINK_ADDRESSED:
		return MODEM_LINE_SILENT;
	case UPLINK_DOWN:
		return layer == UPLINK_LAYER_ISP || layer == UPLINK_LAYER_GATEWAY ||
				       layer == UPLINK_LAYER_ADDRESS
			       ? MODEM_LINE_SILENT
			       : MODEM_LINE_UNKNOWN;
	case UPLINK_ABSENT:
	case UPLINK_PROBING:
	case UPLINK_SUSPECT:
	case UPLINK_OFF:
	case UPLINK_STATES:
		break;
	}
	return MODEM_LINE_UNKNOWN;
}

void modems_line(struct modems *m, unsigned uplink, enum uplink_state state,
		 enum uplink_layer layer)
{
	const struct modem_observation seen = { .kind = MODEM_LINE, .line = line_of(state, layer) };
	if (!m || !m->list[uplink].has)
		return;
	struct box_modem *b = &m->list[uplink];
	if (seen.line != b->core.line)
		step(b, &seen);
	/* Ages grow while the box runs: what is on disk follows, seldom. */
	if (b->core.memory.steps && now_ms() > b->saved_ms + HOUR_MS &&
	    modem_steps_since(&b->core.memory, now_ms(), DAY_MS))
		save(b);
}

/* --- for people --- */

static int bars_of(int percent)
{
	return percent < 0 ? 0 : (percent + 24) / 25;
}

json_t *modems_json(const struct modems *m, unsigned uplink)
{
	static const char *const technologies[] = { "", "", "2G", "3G", "4G", "5G" };
	if (!m || !m->list[uplink].has)
		return NULL;
	const struct box_modem *b = &m->list[uplink];
	const struct modem *core = &b->core;
	const uint64_t now = now_ms();
	json_t *j = json_pack("{s:s, s:s, s:I, s:i, s:i}", "state", modem_state_name(core->state),
			      "reason", modem_reason_name(core->reason), "since_s",
			      (json_int_t)(core->since_ms ? (now - core->since_ms) / 1000 : 0),
			      "steps_hour", (int)modem_steps_since(&core->memory, now, HOUR_MS),
			      "steps_day", (int)modem_steps_since(&core->memory, now, DAY_MS));
	if (core->step_at_ms > now)
		json_object_set_new(j, "step_s",
				    json_integer(
					    (json_int_t)((core->step_at_ms - now + 999) / 1000)));
	if (!b->there)
		return j;
	json_object_set_new(j, "operator", json_string(b->object.operator_name));
	json_object_set_new(j, "technology", json_string(technologies[b->object.generation]));
	json_object_set_new(j, "roaming", json_boolean(b->object.net == MODEM_NET_ROAMING));
	if (core->state == MODEM_CONNECTED || core->state == MODEM_CONNECTING)
		json_object_set_new(
			j, "apn",
			json_string(b->apns.list[core->apn < b->apns.count ? core->apn : 0].name));
	if (b->object.signal >= 0) {
		json_object_set_new(j, "signal", json_integer(b->object.signal));
		json_object_set_new(j, "bars", json_integer(bars_of(b->object.signal)));
	}
	return j;
}

/* --- start and end --- */

void modems_free(struct modems *m)
{
	if (!m)
		return;
	modem_bus_free(m->bus);
	for (size_t i = 0; i < UPLINK_MAX; i++)
		sd_event_source_disable_unref(m->list[i].wake);
	free(m);
}

CLEAN_FN(modems, struct modems, modems_free)

static int begin(struct modems *m, struct sd_event *loop, unsigned uplink, struct fault *why)
{
	const struct uplink_conf *u = &m->conf->uplinks[uplink];
	struct box_modem *b = &m->list[uplink];
	struct modem_rules rules;
	struct modem_memory memory = { .steps = 0 };
	*b = (struct box_modem){ .all = m, .uplink = uplink, .has = modem_conf_has(u) };
	if (!b->has)
		return 0;
	modem_rules_of((uint64_t)u->modem.patience_s * 1000, &rules);
	rules.on = u->on;
	rules.roaming = u->modem.roaming;
	load(b, &memory);
	modem_init(&b->core, &rules, &memory);
	set_apn(b);
	b->saved_ms = now_ms();
	int r = sd_event_add_time(loop, &b->wake, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_wake, b);
	return r < 0 ? fault_set(why, r, "modem.loop", "no timer for the modem of '%s': %s",
				 u->name, strerror(-r))
		     : 0;
}

int modems_new(struct sd_event *loop, const struct net_conf *conf, struct kernel *kernel,
	       const struct modems_calls *calls, struct modems **out, struct fault *why)
{
	const struct modem_bus_calls bus_calls = { .seen = on_seen, .done = on_done };
	const char *plugs[UPLINK_MAX] = { NULL };
	bool any = false;
	for (size_t i = 0; i < conf->uplink_count; i++) {
		plugs[i] = conf->uplinks[i].modem.plug;
		any |= modem_conf_has(&conf->uplinks[i]);
	}
	if (!any)
		return 0;
	CLEANUP(clean_modems) struct modems *m = calloc(1, sizeof(*m));
	if (!m)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	m->conf = conf;
	m->kernel = kernel;
	m->calls = *calls;
	read_boot(m->boot);
	int r = 0;
	for (unsigned i = 0; r == 0 && i < conf->uplink_count; i++)
		r = begin(m, loop, i, why);
	if (r < 0)
		return r;
	struct modem_bus_calls mine = bus_calls;
	mine.data = m;
	r = modem_bus_new(loop, plugs, conf->uplink_count, &mine, &m->bus, why);
	if (r < 0)
		return r;
	*out = MOVE_PTR(m);
	return 0;
}
