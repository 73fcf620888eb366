// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem_bus.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/line/uplink.h"

#define MM_NAME "org.freedesktop.ModemManager1"
#define MM_PATH "/org/freedesktop/ModemManager1"
#define MM_MODEM MM_NAME ".Modem"
#define MM_SIMPLE MM_MODEM ".Simple"
#define MM_SIM MM_NAME ".Sim"
#define MM_BEARER MM_NAME ".Bearer"
#define BUS_NAME "org.freedesktop.DBus"
#define PROPERTIES BUS_NAME ".Properties"

enum {
	SECOND_US = 1000000,
	SOON_US = 100000, /* one change is many signals */
	ASK_US = 10 * SECOND_US,
	POLL_US = 30 * SECOND_US,  /* what no signal told us */
	AGAIN_US = 10 * SECOND_US, /* there is no bus at all */
};

/* One uplink's modem: what it is, and what is being asked of it. */
struct bus_line {
	struct modem_bus *bus;
	unsigned index, life;
	char plug[32];
	bool there, connected;
	struct modem_object object;
	struct modem_bearer bearer;
	char home[8], home_of[MODEM_PATH_ROOM]; /* the SIM that it is of */
	bool home_asked;                        /* in this round */
	size_t asked;                           /* bearers, in this round */
	sd_bus_slot *ask, *order;
};

struct modem_bus {
	sd_event *loop;
	sd_bus *bus;
	struct modem_bus_calls calls;
	struct bus_line lines[UPLINK_MAX];
	size_t count;
	bool manager, told, silent, again;
	char manager_at[64]; /* its own name on the bus; "": not known */
	sd_bus_slot *changes, *owner, *stock;
	sd_event_source *timer;
};

static void publish(struct bus_line *l)
{
	const struct modem_bus *b = l->bus;
	const struct modem_view view = { .manager = b->manager,
					 .life = l->life,
					 .object = l->there ? &l->object : NULL,
					 .bearer = l->there && l->connected ? &l->bearer : NULL,
					 .home = l->home };
	b->calls.seen(b->calls.data, l->index, &view);
}

static void look_in(struct modem_bus *b, uint64_t us)
{
	(void)sd_event_source_set_time_relative(b->timer, us);
	(void)sd_event_source_set_enabled(b->timer, SD_EVENT_ONESHOT);
}

/* --- one modem's SIM and bearers, one after the other --- */

static void ask_next(struct bus_line *l);

static int on_bearer(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct bus_line *l = data;
	struct modem_bearer bearer;
	(void)error;
	l->ask = sd_bus_slot_unref(l->ask);
	if (!sd_bus_message_is_method_error(m, NULL) && modem_read_bearer(m, &bearer) == 0 &&
	    bearer.connected && !l->connected) {
		l->connected = true;
		l->bearer = bearer;
	}
	ask_next(l);
	return 0;
}

static int on_home(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct bus_line *l = data;
	(void)error;
	l->ask = sd_bus_slot_unref(l->ask);
	/* One that is locked does not say yet: asked again next time. */
	if (sd_bus_message_is_method_error(m, NULL) || modem_read_code(m, l->home) < 0)
		l->home[0] = '\0';
	ask_next(l);
	return 0;
}

static int ask_home(struct bus_line *l)
{
	sd_bus *bus = l->bus->bus;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	/* This one property alone: the others are nobody's business. */
	int r = sd_bus_message_new_method_call(bus, &m, MM_NAME, l->object.sim, PROPERTIES, "Get");
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", MM_SIM, "OperatorIdentifier");
	return r < 0 ? r : sd_bus_call_async(bus, &l->ask, m, on_home, l, ASK_US);
}

static int ask_bearer(struct bus_line *l, const char *path)
{
	sd_bus *bus = l->bus->bus;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(bus, &m, MM_NAME, path, PROPERTIES, "GetAll");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", MM_BEARER);
	return r < 0 ? r : sd_bus_call_async(bus, &l->ask, m, on_bearer, l, ASK_US);
}

/* When nothing is left to be asked the line is told. */
static void ask_next(struct bus_line *l)
{
	const struct modem_object *o = &l->object;
	const bool home = o->sim[0] && !l->home[0] && !l->home_asked;
	l->home_asked = true;
	if (home && ask_home(l) >= 0)
		return;
	while (l->asked < o->bearer_count)
		if (ask_bearer(l, o->bearers[l->asked++]) >= 0)
			return;
	publish(l);
}

static void begin_asking(struct bus_line *l)
{
	if (strcmp(l->home_of, l->object.sim) != 0) {
		l->home[0] = '\0';
		memcpy(l->home_of, l->object.sim, sizeof(l->home_of));
	}
	l->home_asked = false;
	l->asked = 0;
	l->connected = false;
	ask_next(l);
}

/* --- which modem is whose --- */

static bool fits(const struct bus_line *l, const struct modem_object *o)
{
	return strcmp(l->plug, "yes") == 0 || strcmp(l->plug, o->plug) == 0;
}

/* A line keeps the modem that it has; those that name a socket come before those that take any. */
static const struct modem_object *find(const struct bus_line *l, const struct modem_stock *stock,
				       unsigned taken)
{
	for (size_t i = 0; l->there && i < stock->count; i++)
		if (!(taken & 1u << i) && strcmp(stock->list[i].path, l->object.path) == 0 &&
		    fits(l, &stock->list[i]))
			return &stock->list[i];
	for (size_t i = 0; i < stock->count; i++)
		if (!(taken & 1u << i) && fits(l, &stock->list[i]))
			return &stock->list[i];
	return NULL;
}

static void give(struct bus_line *l, const struct modem_object *o)
{
	const bool same = o && l->there && strcmp(l->object.path, o->path) == 0;
	l->ask = sd_bus_slot_unref(l->ask);
	if (!same)
		l->life++;
	l->there = o != NULL;
	if (!o) {
		l->home[0] = l->home_of[0] = '\0';
		publish(l);
		return;
	}
	l->object = *o;
	begin_asking(l);
}

static void share_out(struct modem_bus *b, const struct modem_stock *stock)
{
	const struct modem_object *of[UPLINK_MAX] = { NULL };
	unsigned taken = 0;
	for (int any = 0; any < 2; any++)
		for (size_t i = 0; i < b->count; i++) {
			const struct bus_line *l = &b->lines[i];
			if (!l->plug[0] || (strcmp(l->plug, "yes") == 0) != any)
				continue;
			of[i] = find(l, stock, taken);
			if (of[i])
				taken |= 1u << (of[i] - stock->list);
		}
	for (size_t i = 0; i < b->count; i++)
		if (b->lines[i].plug[0])
			give(&b->lines[i], of[i]);
}

/* --- the manager --- */

static void lose_manager(struct modem_bus *b)
{
	if (b->told && !b->manager)
		return;
	b->manager = false;
	b->told = true;
	for (size_t i = 0; i < b->count; i++) {
		struct bus_line *l = &b->lines[i];
		l->ask = sd_bus_slot_unref(l->ask);
		l->there = false;
		l->life++;
		if (l->plug[0])
			publish(l);
	}
}

/* The bus's own answers and those that never came have another kind of sender. */
static void know_manager(struct modem_bus *b, const char *name)
{
	if (name && name[0] == ':')
		snprintf(b->manager_at, sizeof(b->manager_at), "%s", name);
}

static int on_stock(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct modem_bus *b = data;
	struct modem_stock stock;
	(void)error;
	know_manager(b, sd_bus_message_get_sender(m));
	b->stock = sd_bus_slot_unref(b->stock);
	look_in(b, b->again ? SOON_US : POLL_US);
	b->again = false;
	const sd_bus_error *refused = sd_bus_message_get_error(m);
	int r = refused ? -EIO : modem_read_stock(m, &stock);
	if (r < 0) {
		if (!b->silent && b->manager)
			log_warn(
				"event=modem.manager text=\"ModemManager does not say which modems "
				"there are (%s)\"",
				refused ? refused->name : "an answer of another shape");
		b->silent = true;
		lose_manager(b);
		return 0;
	}
	b->manager = b->told = true;
	b->silent = false;
	share_out(b, &stock);
	return 0;
}

/* Of what is there now; what changes meanwhile is asked for once more. */
static void ask_stock(struct modem_bus *b)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	if (b->stock) {
		b->again = true;
		return;
	}
	int r = sd_bus_message_new_method_call(b->bus, &m, MM_NAME, MM_PATH,
					       BUS_NAME ".ObjectManager", "GetManagedObjects");
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, 0);
	if (r >= 0)
		r = sd_bus_call_async(b->bus, &b->stock, m, on_stock, b, ASK_US);
	if (r < 0)
		lose_manager(b);
}

/* A match is the bus's for what goes to everybody; what somebody sends to us alone comes past it. */
static bool is_from(sd_bus_message *m, const char *name)
{
	const char *sender = sd_bus_message_get_sender(m);
	return sender && strcmp(sender, name) == 0;
}

static int on_change(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct modem_bus *b = data;
	(void)error;
	if (is_from(m, b->manager_at))
		look_in(b, SOON_US);
	return 0;
}

/* Begun anew, its modems are others even where they bear the same names. */
static int on_owner(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct modem_bus *b = data;
	const char *name, *before, *now = NULL;
	(void)error;
	if (!is_from(m, BUS_NAME))
		return 0;
	b->manager_at[0] = '\0';
	if (sd_bus_message_read(m, "sss", &name, &before, &now) > 0)
		know_manager(b, now);
	b->stock = sd_bus_slot_unref(b->stock);
	lose_manager(b);
	look_in(b, SOON_US);
	return 0;
}

static void drop_bus(struct modem_bus *b)
{
	b->manager_at[0] = '\0';
	b->stock = sd_bus_slot_unref(b->stock);
	b->changes = sd_bus_slot_unref(b->changes);
	b->owner = sd_bus_slot_unref(b->owner);
	for (size_t i = 0; i < b->count; i++) {
		b->lines[i].ask = sd_bus_slot_unref(b->lines[i].ask);
		b->lines[i].order = sd_bus_slot_unref(b->lines[i].order);
	}
	if (b->bus)
		(void)sd_bus_detach_event(b->bus);
	b->bus = sd_bus_close_unref(b->bus);
}

static int open_bus(struct modem_bus *b)
{
	int r = sd_bus_open_system(&b->bus);
	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(b->bus, 0);
	if (r >= 0)
		r = sd_bus_attach_event(b->bus, b->loop, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_bus_add_match_async(b->bus, &b->changes,
					   "type='signal',sender='" MM_NAME
					   "',path_namespace='" MM_PATH "'",
					   on_change, NULL, b);
	if (r >= 0)
		r = sd_bus_add_match_async(b->bus, &b->owner,
					   "type='signal',sender='" BUS_NAME
					   "',path='/org/freedesktop/DBus',interface='" BUS_NAME
					   "',member='NameOwnerChanged',arg0='" MM_NAME "'",
					   on_owner, NULL, b);
	if (r < 0)
		drop_bus(b);
	return r;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
	struct modem_bus *b = data;
	(void)source;
	(void)usec;
	if (b->bus && sd_bus_is_open(b->bus) <= 0)
		drop_bus(b);
	if (!b->bus && open_bus(b) < 0) {
		lose_manager(b);
		look_in(b, AGAIN_US);
		return 0;
	}
	look_in(b, POLL_US);
	ask_stock(b);
	return 0;
}

/* --- orders --- */

static void answer(struct bus_line *l, enum modem_error error)
{
	l->bus->calls.done(l->bus->calls.data, l->index, error);
}

static int on_done(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct bus_line *l = data;
	const sd_bus_error *refused = sd_bus_message_get_error(m);
	(void)error;
	l->order = sd_bus_slot_unref(l->order);
	/* The name alone: what else it says may quote numbers of SIM or modem. */
	if (refused)
		log_info("event=modem.refused error=%.100s", refused->name);
	look_in(l->bus, SOON_US);
	answer(l, refused ? modem_read_error(refused->name) : MODEM_ERROR_NONE);
	return 0;
}

static int append_connect(sd_bus_message *m, const struct modem_order *o)
{
	enum { IPV4 = 1 };
	int r = sd_bus_message_open_container(m, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}{sv}", "apn", "s", o->apn->name, "ip-type",
					  "u", IPV4, "allow-roaming", "b", (int)o->roaming);
	if (r >= 0 && o->apn->user[0])
		r = sd_bus_message_append(m, "{sv}", "user", "s", o->apn->user);
	if (r >= 0 && o->apn->password[0])
		r = sd_bus_message_append(m, "{sv}", "password", "s", o->apn->password);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_order(sd_bus_message *m, const struct modem_order *o)
{
	switch (o->call) {
	case MODEM_CALL_PIN:
		(void)sd_bus_message_sensitive(m);
		return sd_bus_message_append(m, "s", o->pin);
	case MODEM_CALL_ENABLE:
		return sd_bus_message_append(m, "b", 1);
	case MODEM_CALL_DISABLE:
		return sd_bus_message_append(m, "b", 0);
	case MODEM_CALL_CONNECT:
		return append_connect(m, o);
	case MODEM_CALL_DISCONNECT:
		return sd_bus_message_append(m, "o", "/");
	case MODEM_CALL_RESET:
	case MODEM_CALL_NONE:
		break;
	}
	return 0;
}

static int send_order(struct bus_line *l, const struct modem_order *o)
{
	static const struct {
		const char *face, *member;
		unsigned seconds;
	} calls[] = {
		[MODEM_CALL_PIN] = { MM_SIM, "SendPin", 60 },
		[MODEM_CALL_ENABLE] = { MM_MODEM, "Enable", 120 },
		[MODEM_CALL_CONNECT] = { MM_SIMPLE, "Connect", 150 },
		[MODEM_CALL_DISCONNECT] = { MM_SIMPLE, "Disconnect", 60 },
		[MODEM_CALL_DISABLE] = { MM_MODEM, "Enable", 120 },
		[MODEM_CALL_RESET] = { MM_MODEM, "Reset", 60 },
	};
	sd_bus *bus = l->bus->bus;
	const char *path = o->call == MODEM_CALL_PIN ? l->object.sim : l->object.path;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	if (!bus || !l->there || !path[0] || o->call == MODEM_CALL_NONE)
		return -ENODEV;
	int r = sd_bus_message_new_method_call(bus, &m, MM_NAME, path, calls[o->call].face,
					       calls[o->call].member);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(m, 0);
	if (r >= 0)
		r = append_order(m, o);
	return r < 0 ? r
		     : sd_bus_call_async(bus, &l->order, m, on_done, l,
					 (uint64_t)calls[o->call].seconds * SECOND_US);
}

void modem_bus_order(struct modem_bus *b, unsigned line, const struct modem_order *order)
{
	struct bus_line *l = &b->lines[line];
	l->order = sd_bus_slot_unref(l->order);
	if (send_order(l, order) < 0)
		answer(l, MODEM_ERROR_GONE);
}

/* --- start and end --- */

void modem_bus_free(struct modem_bus *b)
{
	if (!b)
		return;
	drop_bus(b);
	sd_event_source_disable_unref(b->timer);
	sd_event_unref(b->loop);
	free(b);
}

CLEAN_FN(bus, struct modem_bus, modem_bus_free)

int modem_bus_new(struct sd_event *loop, const char *const plugs[], size_t count,
		  const struct modem_bus_calls *calls, struct modem_bus **out, struct fault *why)
{
	CLEANUP(clean_bus) struct modem_bus *b = calloc(1, sizeof(*b));
	if (!b)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	b->loop = sd_event_ref(loop);
	b->calls = *calls;
	b->count = count < UPLINK_MAX ? count : UPLINK_MAX;
	for (size_t i = 0; i < b->count; i++) {
		b->lines[i] = (struct bus_line){ .bus = b, .index = (unsigned)i };
		snprintf(b->lines[i].plug, sizeof(b->lines[i].plug), "%s", plugs[i]);
	}
	int r = sd_event_add_time_relative(loop, &b->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, b);
	if (r < 0)
		return fault_set(why, r, "modem.loop", "no timer for the modems: %s", strerror(-r));
	*out = MOVE_PTR(b);
	return 0;
}
