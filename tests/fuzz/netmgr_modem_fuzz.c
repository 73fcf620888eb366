// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "netmgr/modem/modem_read.h"
#include "netmgr/net_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What the bytes still have to say. */
struct feed {
	const uint8_t *at;
	size_t left;
};

static unsigned next(struct feed *f)
{
	if (!f->left)
		return 0;
	f->left--;
	return *f->at++;
}

static const char *const words[] = {
	"org.freedesktop.ModemManager1.Modem",
	"org.freedesktop.ModemManager1.Modem.Modem3gpp",
	"State",
	"StateFailedReason",
	"UnlockRequired",
	"UnlockRetries",
	"Device",
	"Sim",
	"Bearers",
	"SignalQuality",
	"AccessTechnologies",
	"OperatorName",
	"OperatorCode",
	"RegistrationState",
	"Connected",
	"Interface",
	"Ip4Config",
	"Properties",
	"method",
	"address",
	"prefix",
	"gateway",
	"dns1",
	"apn",
	"10.1.2.3",
	"wwan0",
	"/sys/devices/usb1/1-1.2",
	"60502",
};
static const char *const kinds[] = { "s",  "u",  "i",     "b",     "o", "(ub)",
				     "as", "ao", "a{uu}", "a{sv}", "v", "t" };
enum {
	WORDS = sizeof(words) / sizeof(words[0]),
	KINDS = sizeof(kinds) / sizeof(kinds[0]),
	DEEP = 6
};

/* One of the words that matter, or a few letters of the bytes' own. */
static const char *word(struct feed *f, char room[static 16])
{
	const unsigned which = next(f);
	if (which < WORDS)
		return words[which];
	size_t n = which % 15;
	for (size_t i = 0; i < n; i++)
		room[i] = (char)(' ' + next(f) % 95);
	room[n] = '\0';
	return room;
}

static uint32_t number(struct feed *f)
{
	const uint32_t n = next(f);
	return n < 200 ? n : (n << 24) | (next(f) << 16) | (next(f) << 8) | next(f);
}

static int put_fields(struct feed *f, sd_bus_message *m, int depth);

static int put(struct feed *f, sd_bus_message *m, const char *kind, int depth)
{
	char room[16], path[20];
	int r = 0;
	if (strcmp(kind, "s") == 0)
		return sd_bus_message_append(m, "s", word(f, room));
	if (strcmp(kind, "o") == 0) {
		snprintf(path, sizeof(path), "/m/%u", next(f));
		return sd_bus_message_append(m, "o", path);
	}
	if (strcmp(kind, "b") == 0)
		return sd_bus_message_append(m, "b", (int)(next(f) & 1));
	if (strcmp(kind, "u") == 0 || strcmp(kind, "i") == 0)
		return sd_bus_message_append(m, kind, number(f));
	if (strcmp(kind, "t") == 0)
		return sd_bus_message_append(m, "t", (uint64_t)number(f));
	if (strcmp(kind, "(ub)") == 0)
		return sd_bus_message_append(m, "(ub)", number(f), (int)(next(f) & 1));
	if (strcmp(kind, "a{sv}") == 0)
		return put_fields(f, m, depth + 1);
	if (strcmp(kind, "v") == 0)
		return sd_bus_message_append(m, "v", "u", number(f));
	r = sd_bus_message_open_container(m, 'a', kind + 1);
	for (unsigned n = next(f) % 80; r >= 0 && n && f->left; n--)
		r = kind[1] == '{' ? sd_bus_message_append(m, "{uu}", number(f), number(f))
				   : put(f, m, kind + 1, depth);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_fields(struct feed *f, sd_bus_message *m, int depth)
{
	char room[16];
	int r = sd_bus_message_open_container(m, 'a', "{sv}");
	while (r >= 0 && f->left && next(f) % 16) {
		const char *kind = kinds[next(f) % KINDS];
		if (depth >= DEEP)
			kind = "u";
		r = sd_bus_message_open_container(m, 'e', "sv");
		if (r >= 0)
			r = sd_bus_message_append(m, "s", word(f, room));
		if (r >= 0)
			r = sd_bus_message_open_container(m, 'v', kind);
		if (r >= 0)
			r = put(f, m, kind, depth);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int put_stock(struct feed *f, sd_bus_message *m)
{
	char room[16], path[20];
	int r = sd_bus_message_open_container(m, 'a', "{oa{sa{sv}}}");
	while (r >= 0 && f->left && next(f) % 8) {
		snprintf(path, sizeof(path), "/m/%u", next(f));
		r = sd_bus_message_open_container(m, 'e', "oa{sa{sv}}");
		if (r >= 0)
			r = sd_bus_message_append(m, "o", path);
		if (r >= 0)
			r = sd_bus_message_open_container(m, 'a', "{sa{sv}}");
		for (unsigned n = next(f) % 4; r >= 0 && n; n--) {
			r = sd_bus_message_open_container(m, 'e', "sa{sv}");
			if (r >= 0)
				r = sd_bus_message_append(m, "s", word(f, room));
			if (r >= 0)
				r = put_fields(f, m, 0);
			if (r >= 0)
				r = sd_bus_message_close_container(m);
		}
		if (r >= 0)
			r = sd_bus_message_close_container(m);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static void look_at_modems(sd_bus_message *m)
{
	struct modem_stock stock;
	if (modem_read_stock(m, &stock) < 0)
		return;
	if (stock.count > MODEM_OBJECTS_MAX)
		abort();
	for (size_t i = 0; i < stock.count; i++) {
		const struct modem_object *o = &stock.list[i];
		if (o->bearer_count > MODEM_BEARERS_MAX || o->signal > 100 || o->signal < -1 ||
		    o->generation > 5 || strlen(o->operator_code) >= sizeof(o->operator_code))
			abort();
	}
}

/* A device leads somewhere, or is none. */
static void look_at_bearer(sd_bus_message *m)
{
	struct modem_bearer b;
	if (modem_read_bearer(m, &b) < 0 || !b.device[0])
		return;
	if (!net_conf_good_device(b.device) ||
	    (b.fixed && (!b.address.s_addr || !b.gateway.s_addr || b.prefix_len < 1 ||
			 b.prefix_len > 32 || b.gateway.s_addr == b.address.s_addr)))
		abort();
}

static sd_bus *nobody(void)
{
	static sd_bus *bus; /* for the whole run */
	int pair[2];
	if (bus)
		return bus;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
	    sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, pair[0], pair[0]) < 0 ||
	    sd_bus_start(bus) < 0)
		abort();
	return bus;
}

/* An answer of ModemManager's that says what the bytes say, in D-Bus's own order: of any types, names and lengths. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len < 8192 ? len : 8192 };
	sd_bus_message *m = NULL;
	char code[8], room[16];
	const unsigned what = next(&f) % 3;
	if (sd_bus_message_new_signal(nobody(), &m, "/x", "x.y", "z") < 0)
		abort();
	int r = what == 0   ? put_stock(&f, m)
		: what == 1 ? put_fields(&f, m, 0)
			    : sd_bus_message_append(m, "v", "s", word(&f, room));
	if (r >= 0 && sd_bus_message_seal(m, 1, 0) >= 0) {
		look_at_modems(m);
		(void)sd_bus_message_rewind(m, 1);
		look_at_bearer(m);
		(void)sd_bus_message_rewind(m, 1);
		if (modem_read_code(m, code) == 0 && code[strspn(code, "0123456789")])
			abort();
	}
	sd_bus_message_unref(m);
	return 0;
}
