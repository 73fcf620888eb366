// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another program in ModemManager's place, for tests/net/modem.t: modem-fake, on the bus that DBUS_SYSTEM_BUS_ADDRESS names.
 * Standard input takes orders, a line each; standard output says which calls came, a line each.
 *
 *	plug NUMBER SOCKET		a modem is there, under this number
 *	unplug				it is gone
 *	bearer DEVICE dhcp		where its connections lead
 *	bearer DEVICE ADDRESS LENGTH GATEWAY RESOLVER
 *	pin DIGITS TRIES		the SIM is locked with them ("-" TRIES: it is not)
 *	apn NAME			connects with no other ("-": with any)
 *	refuse ERROR			does not connect ("-": does)
 *	net home|roaming|denied|none	what the radio finds
 *	drop				the network ends the connection
 *	sim no|yes			whether there is one
 *	leave, join			ModemManager ends, and is begun anew
 *	hostile KIND			its answers are of another shape, of other types, many, or long ("-": they are not)
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/clean.h"

#define MM "org.freedesktop.ModemManager1"
#define ROOT "/org/freedesktop/ModemManager1"

/* Numbers of persons: none of them may be found anywhere afterwards. */
#define IMEI "356938035643809"
#define IMSI "605029876543210"
#define PHONE "+21698765432"

enum { WORD = 128 };
enum { FAILED = -1, LOCKED = 2, DISABLED = 3, SEARCHING = 7, REGISTERED = 8, CONNECTED = 11 };

struct fake {
	sd_event *loop;
	sd_bus *bus;
	sd_event_source *back;
	bool plugged, connected, no_sim;
	int number, bearer, state, tries;
	unsigned registration;
	char socket[WORD], device[WORD], address[WORD], gateway[WORD], resolver[WORD], pin[WORD],
		apn[WORD], refuse[WORD], used[WORD], hostile[WORD];
	unsigned length;
};

static void modem_path(const struct fake *f, char out[static 80])
{
	snprintf(out, 80, ROOT "/Modem/%d", f->number);
}

static void bearer_path(const struct fake *f, char out[static 80])
{
	snprintf(out, 80, ROOT "/Bearer/%d", f->bearer);
}

/* That something is another way now: whoever wants to know what asks. */
static void changed(const struct fake *f)
{
	char path[80];
	modem_path(f, path);
	(void)sd_bus_emit_signal(f->bus, path, "org.freedesktop.DBus.Properties",
				 "PropertiesChanged", "sa{sv}as", MM ".Modem", 0, 0);
}

static void say(const char *what, const char *more)
{
	printf("%s %s\n", what, more);
	fflush(stdout);
}

/* After it was switched on, and whenever the radio finds another network. */
static void find_network(struct fake *f)
{
	if (f->state < SEARCHING)
		return;
	if (f->registration == 1 || f->registration == 5)
		f->state = f->connected ? CONNECTED : REGISTERED;
	else
		f->state = SEARCHING;
}

static void power_up(struct fake *f)
{
	f->connected = false;
	f->state = f->no_sim ? FAILED : f->pin[0] && f->tries >= 0 ? LOCKED : DISABLED;
}

/* --- what is asked --- */

static int add_modem(const struct fake *f, sd_bus_message *m)
{
	char sim[80], bearer[80], plug[WORD + 40];
	const bool types = strcmp(f->hostile, "types") == 0;
	snprintf(sim, sizeof(sim), f->no_sim ? "/" : ROOT "/SIM/%d", f->number);
	snprintf(plug, sizeof(plug), "/sys/devices/pci0000:00/usb1/%s", f->socket);
	bearer_path(f, bearer);
	int r = types ? sd_bus_message_append(m, "{sv}", "State", "s", "connected")
		      : sd_bus_message_append(m, "{sv}", "State", "i", f->state);
	if (r < 0)
		return r;
	r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "StateFailedReason", "u",
				  f->no_sim ? 2 : 0, "UnlockRequired", "u",
				  f->state == LOCKED ? f->tries ? 2 : 4 : 1, "UnlockRetries",
				  "a{uu}", 2, 2, f->tries < 0 ? 3 : f->tries, 4, 10, "Device", "s",
				  plug, "EquipmentIdentifier", "s", IMEI, "OwnNumbers", "as", 1,
				  PHONE, "SignalQuality", "(ub)", 61, 1, "AccessTechnologies", "u",
				  0x4000);
	if (r >= 0 && types)
		r = sd_bus_message_append(m, "{sv}{sv}", "Sim", "u", 7, "Bearers", "a{sv}", 0);
	else if (r >= 0)
		r = sd_bus_message_append(m, "{sv}{sv}", "Sim", "o", sim, "Bearers", "ao",
					  f->connected ? 1 : 0, bearer);
	return r;
}

static int add_object(const struct fake *f, sd_bus_message *m, const char *path)
{
	int r = sd_bus_message_open_container(m, 'e', "oa{sa{sv}}");
	if (r >= 0)
		r = sd_bus_message_append(m, "o", path);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "{sa{sv}}");
	if (r >= 0)
		r = sd_bus_message_append(m, "{sa{sv}}", MM ".Modem.Modem3gpp", 4, "OperatorName",
					  "s", "Zitouna", "OperatorCode", "s", "60502",
					  "RegistrationState", "u", f->registration, "Imei", "s",
					  IMEI);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'e', "sa{sv}");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", MM ".Modem");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "{sv}");
	if (r >= 0)
		r = add_modem(f, m);
	for (int open = 0; r >= 0 && open < 4; open++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int say_stock(const struct fake *f, sd_bus_message *m)
{
	enum { MANY = 300 };
	const int count = strcmp(f->hostile, "many") == 0 ? MANY : f->plugged ? 1 : 0;
	char path[80];
	int r = sd_bus_message_open_container(m, 'a', "{oa{sa{sv}}}");
	modem_path(f, path);
	for (int i = 0; r >= 0 && i < count; i++) {
		if (count > 1)
			snprintf(path, sizeof(path), ROOT "/Modem/%d", i);
		r = add_object(f, m, path);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* An answer of another type than it is of. */
static int say_shape(sd_bus_message *m)
{
	return sd_bus_message_append(m, "sa{us}", "modems", 1, 7, "a modem");
}

/* A property as long as a message may be. */
static int say_long(sd_bus_message *m)
{
	enum { LONG = 8 << 20 };
	AUTO_FREE char *text = malloc(LONG);
	if (!text)
		return -ENOMEM;
	memset(text, 'x', LONG);
	text[LONG - 1] = '\0';
	return sd_bus_message_append(m, "a{oa{sa{sv}}}", 1, ROOT "/Modem/0", 1, MM ".Modem", 2,
				     "Device", "s", text, "OperatorName", "s", text);
}

static int say_bearer(const struct fake *f, sd_bus_message *m)
{
	const bool fixed = f->address[0] != '\0';
	int r = sd_bus_message_append(m, "a{sv}", 4, "Interface", "s", f->device, "Connected", "b",
				      f->connected, "Properties", "a{sv}", 1, "apn", "s", f->used,
				      "Ip4Config", "a{sv}", fixed ? 5 : 1, "method", "u",
				      fixed ? 2 : 3, "address", "s", f->address, "prefix", "u",
				      f->length, "gateway", "s", f->gateway, "dns1", "s",
				      f->resolver);
	return r;
}

static int say_sim(sd_bus_message *m, const char *property)
{
	const char *value = strcmp(property, "OperatorIdentifier") == 0 ? "60502" : IMSI;
	return sd_bus_message_append(m, "v", "s", value);
}

/* --- what is ordered --- */

static int refuse(sd_bus_message *call, const char *name)
{
	/* As ModemManager does, whose sentences quote numbers now and then. */
	return sd_bus_reply_method_errorf(call, name, "refused for %s", IMSI);
}

static int take_pin(struct fake *f, sd_bus_message *call)
{
	const char *pin;
	int r = sd_bus_message_read(call, "s", &pin);
	if (r < 0)
		return r;
	say("SendPin", pin);
	if (strcmp(pin, f->pin) == 0 && f->tries > 0) {
		f->tries = -1;
		f->state = DISABLED;
		changed(f);
		return sd_bus_reply_method_return(call, NULL);
	}
	f->tries -= f->tries > 0;
	changed(f);
	return refuse(call, MM ".Error.MobileEquipment.IncorrectPassword");
}

static int take_enable(struct fake *f, sd_bus_message *call)
{
	int on;
	int r = sd_bus_message_read(call, "b", &on);
	if (r < 0)
		return r;
	say("Enable", on ? "true" : "false");
	f->connected = false;
	f->state = on ? SEARCHING : DISABLED;
	find_network(f);
	changed(f);
	return sd_bus_reply_method_return(call, NULL);
}

static int take_connect(struct fake *f, sd_bus_message *call)
{
	char path[80], apn[64] = "", user[64] = "", both[160];
	const char *name, *type, *text;
	int r = sd_bus_message_enter_container(call, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
		r = sd_bus_message_read(call, "s", &name);
		if (r >= 0 && sd_bus_message_peek_type(call, NULL, &type) >= 0 &&
		    strcmp(type, "s") == 0) {
			r = sd_bus_message_read(call, "v", "s", &text);
			snprintf(strcmp(name, "apn") == 0    ? apn
				 : strcmp(name, "user") == 0 ? user
							     : both,
				 sizeof(apn), "%s", r < 0 ? "" : text);
		} else if (r >= 0) {
			r = sd_bus_message_skip(call, "v");
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(call);
	}
	if (r < 0)
		return r;
	snprintf(both, sizeof(both), "apn=%s user=%s", apn, user);
	say("Connect", both);
	if (f->state < REGISTERED)
		return refuse(call, MM ".Error.Core.WrongState");
	if (f->refuse[0])
		return refuse(call, f->refuse);
	if (f->apn[0] && strcmp(f->apn, apn) != 0)
		return refuse(call, MM ".Error.MobileEquipment.GprsMissingOrUnknownApn");
	snprintf(f->used, sizeof(f->used), "%s", apn);
	f->connected = true;
	f->bearer++;
	f->state = CONNECTED;
	bearer_path(f, path);
	changed(f);
	return sd_bus_reply_method_return(call, "o", path);
}

static int take_disconnect(struct fake *f, sd_bus_message *call)
{
	say("Disconnect", "");
	f->connected = false;
	find_network(f);
	changed(f);
	return sd_bus_reply_method_return(call, NULL);
}

static int on_back(sd_event_source *source, uint64_t usec, void *data)
{
	struct fake *f = data;
	(void)source;
	(void)usec;
	f->plugged = true;
	f->number++;
	power_up(f);
	changed(f);
	return 0;
}

/* Gone for a moment, then there under another number. */
static int take_reset(struct fake *f, sd_bus_message *call)
{
	enum { AWAY_US = 200000 };
	say("Reset", "");
	f->plugged = false;
	changed(f);
	(void)sd_event_source_set_time_relative(f->back, AWAY_US);
	(void)sd_event_source_set_enabled(f->back, SD_EVENT_ONESHOT);
	return sd_bus_reply_method_return(call, NULL);
}

static int reply_with(struct fake *f, sd_bus_message *call, const char *member)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	const char *face, *property = "";
	int r = sd_bus_message_new_method_return(call, &m);
	if (r >= 0 && strcmp(member, "Get") == 0)
		r = sd_bus_message_read(call, "ss", &face, &property);
	if (r < 0)
		return r;
	if (strcmp(member, "Get") == 0)
		r = say_sim(m, property);
	else if (strcmp(member, "GetAll") == 0)
		r = say_bearer(f, m);
	else if (strcmp(f->hostile, "shape") == 0)
		r = say_shape(m);
	else if (strcmp(f->hostile, "long") == 0)
		r = say_long(m);
	else
		r = say_stock(f, m);
	return r < 0 ? r : sd_bus_send(f->bus, m, NULL);
}

static int on_message(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct fake *f = data;
	const char *member = sd_bus_message_get_member(m);
	(void)error;
	if (!sd_bus_message_is_method_call(m, NULL, NULL) || !member)
		return 0;
	static const struct {
		const char *name;
		int (*take)(struct fake *f, sd_bus_message *call);
	} calls[] = {
		{ "SendPin", take_pin },     { "Enable", take_enable },
		{ "Connect", take_connect }, { "Disconnect", take_disconnect },
		{ "Reset", take_reset },
	};
	int r = -ENOENT;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (strcmp(calls[i].name, member) == 0)
			r = calls[i].take(f, m);
	if (r == -ENOENT)
		r = reply_with(f, m, member);
	if (r < 0)
		fprintf(stderr, "modem-fake: %s: %s\n", member, strerror(-r));
	return 1;
}

/* --- orders of the test --- */

static void set(char out[static WORD], const char *word)
{
	snprintf(out, WORD, "%s", strcmp(word, "-") == 0 ? "" : word);
}

static unsigned network(const char *word)
{
	return strcmp(word, "home") == 0      ? 1
	       : strcmp(word, "roaming") == 0 ? 5
	       : strcmp(word, "denied") == 0  ? 3
					      : 2;
}

static void obey_name(struct fake *f, const char *what)
{
	if (strcmp(what, "leave") == 0) {
		(void)sd_bus_release_name(f->bus, MM);
	} else {
		power_up(f);
		(void)sd_bus_request_name(f->bus, MM, 0);
	}
}

static void obey(struct fake *f, char *line)
{
	char w[6][WORD] = { "", "", "", "", "", "" };
	(void)sscanf(line, "%127s %127s %127s %127s %127s %127s", w[0], w[1], w[2], w[3], w[4],
		     w[5]);
	if (strcmp(w[0], "plug") == 0) {
		f->plugged = true;
		f->number = atoi(w[1]);
		set(f->socket, w[2]);
		power_up(f);
	} else if (strcmp(w[0], "unplug") == 0) {
		f->plugged = false;
	} else if (strcmp(w[0], "bearer") == 0) {
		const bool dhcp = strcmp(w[2], "dhcp") == 0;
		set(f->device, w[1]);
		set(f->address, dhcp ? "-" : w[2]);
		f->length = (unsigned)atoi(w[3]);
		set(f->gateway, w[4]);
		set(f->resolver, w[5]);
	} else if (strcmp(w[0], "pin") == 0) {
		set(f->pin, w[1]);
		f->tries = f->pin[0] ? atoi(w[2]) : -1;
		power_up(f);
	} else if (strcmp(w[0], "apn") == 0) {
		set(f->apn, w[1]);
	} else if (strcmp(w[0], "refuse") == 0) {
		set(f->refuse, w[1]);
	} else if (strcmp(w[0], "net") == 0) {
		f->registration = network(w[1]);
		find_network(f);
	} else if (strcmp(w[0], "drop") == 0) {
		f->connected = false;
		find_network(f);
	} else if (strcmp(w[0], "sim") == 0) {
		f->no_sim = strcmp(w[1], "no") == 0;
		power_up(f);
	} else if (strcmp(w[0], "hostile") == 0) {
		set(f->hostile, w[1]);
	} else {
		obey_name(f, w[0]);
	}
	changed(f);
}

static int on_order(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct fake *f = data;
	char bytes[4096], *rest = NULL;
	(void)source;
	(void)events;
	const ssize_t got = read(fd, bytes, sizeof(bytes) - 1);
	if (got <= 0)
		return sd_event_exit(f->loop, 0);
	bytes[got] = '\0';
	for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		obey(f, line);
	return 0;
}

int main(void)
{
	static struct fake f = { .tries = -1, .registration = 1, .state = DISABLED };
	int r = sd_event_default(&f.loop);
	if (r >= 0)
		r = sd_bus_open_system(&f.bus);
	if (r >= 0)
		r = sd_bus_attach_event(f.bus, f.loop, 0);
	if (r >= 0)
		r = sd_bus_add_filter(f.bus, NULL, on_message, &f);
	if (r >= 0)
		r = sd_bus_request_name(f.bus, MM, 0);
	if (r >= 0)
		r = sd_event_add_io(f.loop, NULL, STDIN_FILENO, EPOLLIN, on_order, &f);
	if (r >= 0)
		r = sd_event_add_time(f.loop, &f.back, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_back,
				      &f);
	if (r >= 0)
		r = sd_event_source_set_enabled(f.back, SD_EVENT_OFF);
	if (r < 0) {
		fprintf(stderr, "modem-fake: no bus: %s\n", strerror(-r));
		return 1;
	}
	say("ready", "");
	r = sd_event_loop(f.loop);
	sd_event_source_unref(f.back);
	sd_bus_flush_close_unref(f.bus);
	sd_event_unref(f.loop);
	return r < 0;
}
