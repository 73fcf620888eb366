// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem_read.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "firmware/base/clean.h"
#include "firmware/base/text.h"
#include "netmgr/net_conf.h"

#define MODEM_FACE "org.freedesktop.ModemManager1.Modem"
#define GPP_FACE "org.freedesktop.ModemManager1.Modem.Modem3gpp"

enum { OBJECTS_SEEN_MAX = 64, FACES_MAX = 32, FIELDS_MAX = 256, LIST_MAX = 64 };

/* A property that we want, of this type alone; the reader takes all of its value. */
struct field {
	const char *name, *type;
	int (*take)(sd_bus_message *m, void *into);
};

/* "sv" of which the name is read: the wanted one is taken, everything else passed over. */
static int take_variant(sd_bus_message *m, const struct field *f, void *into)
{
	char kind;
	const char *type;
	int r = sd_bus_message_peek_type(m, &kind, &type);
	if (r <= 0 || kind != SD_BUS_TYPE_VARIANT)
		return -EBADMSG;
	if (!f || strcmp(f->type, type) != 0)
		return sd_bus_message_skip(m, "v");
	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, f->type);
	if (r >= 0)
		r = f->take(m, into);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* a{sv} */
static int read_fields(sd_bus_message *m, const struct field *fields, size_t count, void *into)
{
	int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
	for (int n = 0; r >= 0; n++) {
		const struct field *wanted = NULL;
		const char *name;
		r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
		if (r <= 0)
			break;
		if (n == FIELDS_MAX)
			return -E2BIG;
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
		if (r < 0)
			break;
		for (size_t i = 0; i < count && !wanted; i++)
			if (strcmp(fields[i].name, name) == 0)
				wanted = &fields[i];
		r = take_variant(m, wanted, into);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Another program's text: whole or not at all, and nothing in it that steers a terminal. */
static int take_text(sd_bus_message *m, char type, char *out, size_t room)
{
	const char *text;
	int r = sd_bus_message_read_basic(m, type, &text);
	if (r < 0 || strlen(text) >= room)
		return r;
	snprintf(out, room, "%s", text);
	text_mend_utf8(out);
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return 0;
}

/* --- a modem --- */

static int take_state(sd_bus_message *m, void *into)
{
	return sd_bus_message_read_basic(m, SD_BUS_TYPE_INT32,
					 &((struct modem_object *)into)->state);
}

static int take_failed(sd_bus_message *m, void *into)
{
	enum { SIM_MISSING = 2, SIM_ERROR = 3 };
	struct modem_object *o = into;
	uint32_t why;
	int r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &why);
	if (r < 0)
		return r;
	o->sim_missing = why == SIM_MISSING;
	o->sim_broken = why == SIM_ERROR;
	return 0;
}

static enum modem_lock lock_of(uint32_t lock)
{
	enum { UNKNOWN, NONE, PIN, PIN2, PUK, PUK2 };
	switch (lock) {
	case UNKNOWN:
	case NONE:
	case PIN2: /* keeps nobody from the network */
	case PUK2:
		return MODEM_LOCK_NONE;
	case PIN:
		return MODEM_LOCK_PIN;
	case PUK:
		return MODEM_LOCK_PUK;
	default:
		return MODEM_LOCK_OTHER;
	}
}

static int take_lock(sd_bus_message *m, void *into)
{
	uint32_t lock;
	int r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &lock);
	if (r >= 0)
		((struct modem_object *)into)->lock = lock_of(lock);
	return r;
}

static int take_tries(sd_bus_message *m, void *into)
{
	enum { SIM_PIN = 2, TRIES_MAX = 20 };
	int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{uu}");
	uint32_t lock, tries;
	for (int n = 0; r >= 0; n++) {
		r = sd_bus_message_read(m, "{uu}", &lock, &tries);
		if (r <= 0)
			break;
		if (n == LIST_MAX)
			return -E2BIG;
		if (lock == SIM_PIN && tries <= TRIES_MAX)
			((struct modem_object *)into)->pin_tries = (int)tries;
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int take_device(sd_bus_message *m, void *into)
{
	struct modem_object *o = into;
	const char *path;
	int r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &path);
	if (r < 0)
		return r;
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	if (strlen(last) < sizeof(o->plug))
		snprintf(o->plug, sizeof(o->plug), "%s", last);
	return 0;
}

static int take_sim(sd_bus_message *m, void *into)
{
	struct modem_object *o = into;
	int r = take_text(m, SD_BUS_TYPE_OBJECT_PATH, o->sim, sizeof(o->sim));
	if (strcmp(o->sim, "/") == 0)
		o->sim[0] = '\0';
	return r;
}

static int take_bearers(sd_bus_message *m, void *into)
{
	struct modem_object *o = into;
	int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "o");
	const char *path;
	for (int n = 0; r >= 0; n++) {
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_OBJECT_PATH, &path);
		if (r <= 0)
			break;
		if (n == LIST_MAX)
			return -E2BIG;
		if (o->bearer_count < MODEM_BEARERS_MAX && strlen(path) < MODEM_PATH_ROOM)
			snprintf(o->bearers[o->bearer_count++], MODEM_PATH_ROOM, "%s", path);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int take_signal(sd_bus_message *m, void *into)
{
	uint32_t percent;
	int recent;
	int r = sd_bus_message_read(m, "(ub)", &percent, &recent);
	if (r >= 0 && percent <= 100)
		((struct modem_object *)into)->signal = (int)percent;
	return r < 0 ? r : 0;
}

static int take_technologies(sd_bus_message *m, void *into)
{
	enum { G2 = 0x1e, G3 = 0x3fe0, G4 = 0x34000, G5 = 0x8000 };
	uint32_t set;
	int r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &set);
	if (r >= 0)
		((struct modem_object *)into)->generation = set & G5   ? 5
							    : set & G4 ? 4
							    : set & G3 ? 3
							    : set & G2 ? 2
								       : 0;
	return r;
}

static int take_operator_name(sd_bus_message *m, void *into)
{
	struct modem_object *o = into;
	return take_text(m, SD_BUS_TYPE_STRING, o->operator_name, sizeof(o->operator_name));
}

static int take_operator_code(sd_bus_message *m, void *into)
{
	struct modem_object *o = into;
	return take_text(m, SD_BUS_TYPE_STRING, o->operator_code, sizeof(o->operator_code));
}

static int take_registration(sd_bus_message *m, void *into)
{
	enum { IDLE, HOME, SEARCHING, DENIED, UNKNOWN, ROAMING };
	enum { HOME_SMS = 6, ROAMING_SMS, EMERGENCY, HOME_CSFB, ROAMING_CSFB };
	struct modem_object *o = into;
	uint32_t state;
	int r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &state);
	if (r < 0)
		return r;
	o->net = state == HOME || state == HOME_CSFB         ? MODEM_NET_HOME
		 : state == ROAMING || state == ROAMING_CSFB ? MODEM_NET_ROAMING
		 : state == DENIED || state == EMERGENCY     ? MODEM_NET_DENIED
							     : MODEM_NET_NONE;
	return 0;
}

static const struct field modem_fields[] = {
	{ "State", "i", take_state },
	{ "StateFailedReason", "u", take_failed },
	{ "UnlockRequired", "u", take_lock },
	{ "UnlockRetries", "a{uu}", take_tries },
	{ "Device", "s", take_device },
	{ "Sim", "o", take_sim },
	{ "Bearers", "ao", take_bearers },
	{ "SignalQuality", "(ub)", take_signal },
	{ "AccessTechnologies", "u", take_technologies },
};

static const struct field gpp_fields[] = {
	{ "OperatorName", "s", take_operator_name },
	{ "OperatorCode", "s", take_operator_code },
	{ "RegistrationState", "u", take_registration },
};

/* a{sa{sv}} of one object; 1 where it is a modem. */
static int read_faces(sd_bus_message *m, struct modem_object *o)
{
	bool modem = false;
	int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sa{sv}}");
	for (int n = 0; r >= 0; n++) {
		const char *face;
		r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sa{sv}");
		if (r <= 0)
			break;
		if (n == FACES_MAX)
			return -E2BIG;
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &face);
		if (r < 0)
			break;
		if (strcmp(face, MODEM_FACE) == 0) {
			modem = true;
			r = read_fields(m, modem_fields, ARRAY_LEN(modem_fields), o);
		} else if (strcmp(face, GPP_FACE) == 0) {
			r = read_fields(m, gpp_fields, ARRAY_LEN(gpp_fields), o);
		} else {
			r = sd_bus_message_skip(m, "a{sv}");
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	return r < 0 ? r : modem;
}

int modem_read_stock(sd_bus_message *m, struct modem_stock *out)
{
	struct modem_stock stock = { .count = 0 };
	int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{oa{sa{sv}}}");
	for (int n = 0; r >= 0; n++) {
		struct modem_object o = { .pin_tries = -1, .signal = -1 };
		const char *path;
		r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "oa{sa{sv}}");
		if (r <= 0)
			break;
		if (n == OBJECTS_SEEN_MAX)
			return -EBADMSG;
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_OBJECT_PATH, &path);
		if (r >= 0)
			r = read_faces(m, &o);
		if (r < 0)
			break;
		const bool wanted =
			r == 1 && strlen(path) < sizeof(o.path) && stock.count < MODEM_OBJECTS_MAX;
		snprintf(o.path, sizeof(o.path), "%s", wanted ? path : "");
		if (wanted)
			stock.list[stock.count++] = o;
		r = sd_bus_message_exit_container(m);
	}
	if (r < 0)
		return -EBADMSG;
	*out = stock;
	return 0;
}

/* --- a bearer --- */

/* What its Ip4Config says, before it is judged. */
struct config {
	struct modem_bearer bearer;
	uint32_t method;
	bool address, gateway;
};

static int take_connected(sd_bus_message *m, void *into)
{
	int yes;
	int r = sd_bus_message_read_basic(m, SD_BUS_TYPE_BOOLEAN, &yes);
	if (r >= 0)
		((struct config *)into)->bearer.connected = yes;
	return r;
}

static int take_interface(sd_bus_message *m, void *into)
{
	struct config *c = into;
	char name[sizeof(c->bearer.device)] = "";
	int r = take_text(m, SD_BUS_TYPE_STRING, name, sizeof(name));
	if (r >= 0 && net_conf_good_device(name))
		memcpy(c->bearer.device, name, sizeof(name));
	return r;
}

static int take_method(sd_bus_message *m, void *into)
{
	return sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &((struct config *)into)->method);
}

static int take_prefix(sd_bus_message *m, void *into)
{
	return sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32,
					 &((struct config *)into)->bearer.prefix_len);
}

/* An address that a machine may have: of this house, of nobody and of everybody are none. */
static int take_ip(sd_bus_message *m, struct in_addr *out, bool *there)
{
	char text[INET_ADDRSTRLEN] = "";
	struct in_addr ip;
	int r = take_text(m, SD_BUS_TYPE_STRING, text, sizeof(text));
	if (r < 0 || inet_pton(AF_INET, text, &ip) != 1)
		return r;
	const uint32_t host = ntohl(ip.s_addr);
	if (host >> 24 == 0 || host >> 24 == 127 || host >> 28 >= 14)
		return 0;
	*out = ip;
	*there = true;
	return 0;
}

static int take_address(sd_bus_message *m, void *into)
{
	struct config *c = into;
	return take_ip(m, &c->bearer.address, &c->address);
}

static int take_gateway(sd_bus_message *m, void *into)
{
	struct config *c = into;
	return take_ip(m, &c->bearer.gateway, &c->gateway);
}

static int take_dns(sd_bus_message *m, void *into)
{
	bool there;
	return take_ip(m, &((struct config *)into)->bearer.resolver, &there);
}

static int take_ip4(sd_bus_message *m, void *into)
{
	static const struct field fields[] = {
		{ "method", "u", take_method }, { "address", "s", take_address },
		{ "prefix", "u", take_prefix }, { "gateway", "s", take_gateway },
		{ "dns1", "s", take_dns },
	};
	return read_fields(m, fields, ARRAY_LEN(fields), into);
}

static int take_apn(sd_bus_message *m, void *into)
{
	struct config *c = into;
	return take_text(m, SD_BUS_TYPE_STRING, c->bearer.apn, sizeof(c->bearer.apn));
}

static int take_properties(sd_bus_message *m, void *into)
{
	static const struct field fields[] = { { "apn", "s", take_apn } };
	return read_fields(m, fields, ARRAY_LEN(fields), into);
}

/* A line that has only two ends: who is at the other one does not matter, but the plan wants a name for him. */
static void invent_gateway(struct modem_bearer *b)
{
	enum { PAIR = 30 };
	const uint32_t own = ntohl(b->address.s_addr);
	if (b->prefix_len > PAIR)
		b->prefix_len = PAIR;
	const uint32_t last = own & 3;
	b->gateway.s_addr = htonl((own & ~3u) | (last == 1 ? 2 : 1));
}

/* The kernel knows no other network of an address than one that has room for a second machine. */
static void judge(struct config *c)
{
	enum { PPP = 1, FIXED = 2, DHCP = 3 };
	struct modem_bearer *b = &c->bearer;
	const bool prefix = b->prefix_len >= 1 && b->prefix_len <= 32;
	b->fixed = c->method == FIXED;
	if ((c->method != FIXED && c->method != DHCP) || (b->fixed && (!c->address || !prefix)))
		b->device[0] = '\0';
	else if (b->fixed && (!c->gateway || b->gateway.s_addr == b->address.s_addr))
		invent_gateway(b);
}

int modem_read_bearer(sd_bus_message *m, struct modem_bearer *out)
{
	static const struct field fields[] = {
		{ "Connected", "b", take_connected },
		{ "Interface", "s", take_interface },
		{ "Ip4Config", "a{sv}", take_ip4 },
		{ "Properties", "a{sv}", take_properties },
	};
	struct config c = { .method = 0 };
	if (read_fields(m, fields, ARRAY_LEN(fields), &c) < 0)
		return -EBADMSG;
	judge(&c);
	*out = c.bearer;
	return 0;
}

int modem_read_code(sd_bus_message *m, char out[static 8])
{
	enum { ROOM = 8 };
	char code[ROOM] = "";
	int r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, "s");
	if (r > 0)
		r = take_text(m, SD_BUS_TYPE_STRING, code, sizeof(code));
	if (r < 0)
		return -EBADMSG;
	if (code[strspn(code, "0123456789")])
		code[0] = '\0';
	memcpy(out, code, ROOM);
	return 0;
}

/* --- errors --- */

/* The last word of the name; versions before 1.18 write Gprs before some of them. */
enum modem_error modem_read_error(const char *name)
{
	static const struct {
		const char *word;
		enum modem_error error;
	} words[] = {
		{ "IncorrectPassword", MODEM_ERROR_PIN },
		{ "SimPuk", MODEM_ERROR_PIN },
		{ "Unauthorized", MODEM_ERROR_UNPERMITTED },
		{ "AccessDenied", MODEM_ERROR_UNPERMITTED },
		{ "WrongState", MODEM_ERROR_STATE },
		{ "InProgress", MODEM_ERROR_STATE },
		{ "Retry", MODEM_ERROR_STATE },
		{ "Throttled", MODEM_ERROR_STATE },
		{ "ServiceUnknown", MODEM_ERROR_GONE },
		{ "NameHasNoOwner", MODEM_ERROR_GONE },
		{ "UnknownObject", MODEM_ERROR_GONE },
		{ "NoReply", MODEM_ERROR_LATE },
		{ "Timeout", MODEM_ERROR_LATE },
		{ "NoNetwork", MODEM_ERROR_NETWORK },
		{ "NetworkTimeout", MODEM_ERROR_NETWORK },
		{ "NoCarrier", MODEM_ERROR_NETWORK },
		{ "NetworkNotAllowed", MODEM_ERROR_DENIED },
		{ "PlmnNotAllowed", MODEM_ERROR_DENIED },
		{ "LocationNotAllowed", MODEM_ERROR_DENIED },
		{ "AreaNotAllowed", MODEM_ERROR_DENIED },
		{ "IllegalMs", MODEM_ERROR_DENIED },
		{ "IllegalMe", MODEM_ERROR_DENIED },
		{ "RoamingNotAllowed", MODEM_ERROR_ROAMS },
		{ "MissingOrUnknownApn", MODEM_ERROR_APN },
		{ "ServiceOptionNotSupported", MODEM_ERROR_APN },
		{ "UserAuthenticationFailed", MODEM_ERROR_LOGIN },
		{ "ServiceOptionNotSubscribed", MODEM_ERROR_CREDIT },
		{ "ServicesNotAllowed", MODEM_ERROR_CREDIT },
		{ "GprsNotAllowed", MODEM_ERROR_CREDIT },
		{ "OperatorDeterminedBarring", MODEM_ERROR_CREDIT },
		{ "PsAttachFailure", MODEM_ERROR_CREDIT },
	};
	const char *dot = name ? strrchr(name, '.') : NULL;
	const char *word = dot ? dot + 1 : name ? name : "";
	for (int older = 0; older < 2; older++) {
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (strcmp(words[i].word, word) == 0)
				return words[i].error;
		if (strncmp(word, "Gprs", 4) == 0)
			word += 4;
	}
	return MODEM_ERROR_OTHER;
}
