// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem_read.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define MODEM "org.freedesktop.ModemManager1.Modem"
#define GPP MODEM ".Modem3gpp"

/* A bus with nobody at its other end: enough to make messages. */
struct nobody {
	sd_bus *bus;
	int far;
};

static int begin(void **state)
{
	static struct nobody n;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
			 0);
	assert_return_code(sd_bus_new(&n.bus), 0);
	assert_return_code(sd_bus_set_fd(n.bus, pair[0], pair[0]), 0);
	assert_return_code(sd_bus_start(n.bus), 0);
	n.far = pair[1];
	*state = &n;
	return 0;
}

static int end(void **state)
{
	struct nobody *n = *state;
	sd_bus_close(n->bus);
	sd_bus_unref(n->bus);
	close(n->far);
	return 0;
}

static sd_bus_message *message(void **state)
{
	const struct nobody *n = *state;
	sd_bus_message *m = NULL;
	assert_return_code(sd_bus_message_new_signal(n->bus, &m, "/x", "x.y", "z"), 0);
	return m;
}

static void done(sd_bus_message *m)
{
	assert_return_code(sd_bus_message_seal(m, 1, 0), 0);
	assert_return_code(sd_bus_message_rewind(m, 1), 0);
}

static void reads_a_modem(void **state)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = message(state);
	struct modem_stock s;
	assert_return_code(sd_bus_message_append(m, "a{oa{sa{sv}}}", 2, "/sim", 1, "some.Sim", 1,
						 "Imsi", "s", "605029876543210", "/modem", 2, MODEM,
						 10, "State", "i", 11, "StateFailedReason", "u", 3,
						 "UnlockRequired", "u", 2, "UnlockRetries", "a{uu}",
						 2, 4, 10, 2, 3, "Device", "s",
						 "/sys/devices/usb1/1-1.2", "Sim", "o", "/sim/0",
						 "Bearers", "ao", 6, "/b/1", "/b/2", "/b/3", "/b/4",
						 "/b/5", "/b/6", "SignalQuality", "(ub)", 61, 1,
						 "AccessTechnologies", "u", 0x4020, "Unheard",
						 "a{sv}", 1, "of", "v", "s", "this", GPP, 3,
						 "OperatorName", "s", "Zit\x1bouna", "OperatorCode",
						 "s", "60502", "RegistrationState", "u", 5),
			   0);
	done(m);
	assert_int_equal(modem_read_stock(m, &s), 0);
	assert_int_equal(s.count, 1);
	const struct modem_object *o = &s.list[0];
	assert_string_equal(o->path, "/modem");
	assert_string_equal(o->sim, "/sim/0");
	assert_string_equal(o->plug, "1-1.2");
	assert_string_equal(o->operator_name, "Zit?ouna");
	assert_string_equal(o->operator_code, "60502");
	assert_string_equal(o->bearers[3], "/b/4");
	assert_int_equal(o->bearer_count, MODEM_BEARERS_MAX);
	assert_int_equal(o->state, MODEM_MM_CONNECTED);
	assert_true(o->sim_broken && !o->sim_missing);
	assert_int_equal(o->lock, MODEM_LOCK_PIN);
	assert_int_equal(o->pin_tries, 3);
	assert_int_equal(o->net, MODEM_NET_ROAMING);
	assert_int_equal(o->generation, 4);
	assert_int_equal(o->signal, 61);
}

/* Nothing that is missing or of another type is made up. */
static void leaves_out_what_is_odd(void **state)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = message(state);
	struct modem_stock s;
	char text[200];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_return_code(sd_bus_message_append(m, "a{oa{sa{sv}}}", 1, "/modem", 2, MODEM, 8,
						 "State", "s", "11", "UnlockRetries", "a{ss}", 1,
						 "2", "3", "Device", "s", text, "Sim", "o", "/",
						 "Bearers", "as", 1, "/b", "SignalQuality", "(ub)",
						 101, 1, "AccessTechnologies", "t", (uint64_t)7,
						 "UnlockRequired", "u", 3, GPP, 2, "OperatorName",
						 "s", text, "OperatorCode", "i", 60502),
			   0);
	done(m);
	assert_int_equal(modem_read_stock(m, &s), 0);
	const struct modem_object *o = &s.list[0];
	assert_int_equal(o->state, 0);
	assert_int_equal(o->pin_tries, -1);
	assert_int_equal(o->signal, -1);
	assert_int_equal(o->bearer_count, 0);
	assert_int_equal(o->generation, 0);
	assert_int_equal(o->lock, MODEM_LOCK_NONE);
	assert_string_equal(o->sim, "");
	assert_string_equal(o->plug, "");
	assert_string_equal(o->operator_name, "");
	assert_string_equal(o->operator_code, "");
}

static void refuses_other_shapes(void **state)
{
	static const char *const types[] = { "s", "as", "a{sv}", "" };
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = message(state);
		struct modem_stock s = { .count = 7 };
		struct modem_bearer b;
		char code[8];
		if (types[i][0] == 's')
			assert_return_code(sd_bus_message_append(m, "s", "x"), 0);
		else if (types[i][0])
			assert_return_code(sd_bus_message_append(m, types[i], 0), 0);
		done(m);
		assert_int_equal(modem_read_stock(m, &s), -EBADMSG);
		assert_int_equal(s.count, 7);
		assert_return_code(sd_bus_message_rewind(m, 1), 0);
		assert_int_equal(modem_read_code(m, code), -EBADMSG);
		assert_return_code(sd_bus_message_rewind(m, 1), 0);
		assert_int_equal(modem_read_bearer(m, &b),
				 strcmp(types[i], "a{sv}") ? -EBADMSG : 0);
	}
}

static void refuses_too_many(void **state)
{
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = message(state);
	struct modem_stock s;
	assert_return_code(sd_bus_message_open_container(m, 'a', "{oa{sa{sv}}}"), 0);
	for (int i = 0; i < 65; i++)
		assert_return_code(sd_bus_message_append(m, "{oa{sa{sv}}}", "/m", 0), 0);
	assert_return_code(sd_bus_message_close_container(m), 0);
	done(m);
	assert_int_equal(modem_read_stock(m, &s), -EBADMSG);
}

static const char *ip(struct in_addr a, char out[static INET_ADDRSTRLEN])
{
	return inet_ntop(AF_INET, &a, out, INET_ADDRSTRLEN);
}

/* What a bearer says, and where it leads: DEVICE ADDRESS/LENGTH GATEWAY RESOLVER; "" leads nowhere. */
static void reads_a_bearer(void **state)
{
	static const struct {
		const char *device;
		unsigned method;
		const char *address;
		unsigned prefix;
		const char *gateway, *resolver, *want;
	} rows[] = {
		{ "wwan0", 2, "10.1.2.3", 24, "10.1.2.1", "9.9.9.9",
		  "wwan0 10.1.2.3/24 10.1.2.1 9.9.9.9" },
		{ "wwan0", 2, "10.1.2.5", 30, "10.1.2.6", "",
		  "wwan0 10.1.2.5/30 10.1.2.6 0.0.0.0" },
		{ "wwan0", 2, "10.1.2.5", 32, "", "", "wwan0 10.1.2.5/30 10.1.2.6 0.0.0.0" },
		{ "wwan0", 2, "10.1.2.6", 30, "0.0.0.0", "", "wwan0 10.1.2.6/30 10.1.2.5 0.0.0.0" },
		{ "wwan0", 2, "10.1.2.6", 24, "10.1.2.6", "",
		  "wwan0 10.1.2.6/24 10.1.2.5 0.0.0.0" },
		{ "wwan0", 3, "", 0, "", "", "wwan0 dhcp" },
		{ "ttyUSB0", 1, "10.1.2.3", 24, "10.1.2.1", "", "" }, /* PPP is pppd's */
		{ "wwan0", 0, "10.1.2.3", 24, "10.1.2.1", "", "" },
		{ "wwan0", 2, "127.0.0.1", 8, "10.1.2.1", "", "" },
		{ "wwan0", 2, "224.0.0.1", 24, "", "", "" },
		{ "wwan0", 2, "0.0.0.0", 24, "10.1.2.1", "", "" },
		{ "wwan0", 2, "fe80::1", 24, "10.1.2.1", "", "" },
		{ "wwan0", 2, "10.1.2.3", 33, "10.1.2.1", "", "" },
		{ "wwan0", 2, "10.1.2.3", 0, "10.1.2.1", "", "" },
		{ "../../etc", 3, "", 0, "", "", "" },
		{ "a name that is far too long", 3, "", 0, "", "", "" },
		{ "", 3, "", 0, "", "", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = message(state);
		struct modem_bearer b;
		char got[120] = "", own[INET_ADDRSTRLEN], via[INET_ADDRSTRLEN],
		     dns[INET_ADDRSTRLEN];
		assert_return_code(
			sd_bus_message_append(m, "a{sv}", 4, "Connected", "b", 1, "Interface", "s",
					      rows[i].device, "Properties", "a{sv}", 1, "apn", "s",
					      "web", "Ip4Config", "a{sv}", 5, "method", "u",
					      rows[i].method, "address", "s", rows[i].address,
					      "prefix", "u", rows[i].prefix, "gateway", "s",
					      rows[i].gateway, "dns1", "s", rows[i].resolver),
			0);
		done(m);
		assert_int_equal(modem_read_bearer(m, &b), 0);
		assert_true(b.connected);
		assert_string_equal(b.apn, "web");
		if (b.device[0] && b.fixed)
			snprintf(got, sizeof(got), "%s %s/%u %s %s", b.device, ip(b.address, own),
				 b.prefix_len, ip(b.gateway, via), ip(b.resolver, dns));
		else if (b.device[0])
			snprintf(got, sizeof(got), "%s dhcp", b.device);
		assert_string_equal(got, rows[i].want);
	}
}

static void reads_codes(void **state)
{
	static const char *const rows[][2] = {
		{ "60502", "60502" }, { "605002", "605002" }, { "", "" },
		{ "60x", "" },        { "605020000", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(sd_bus_message_unrefp) sd_bus_message *m = message(state);
		char code[8];
		assert_return_code(sd_bus_message_append(m, "v", "s", rows[i][0]), 0);
		done(m);
		assert_int_equal(modem_read_code(m, code), 0);
		assert_string_equal(code, rows[i][1]);
	}
}

static void knows_errors(void **state)
{
	(void)state;
#define E "org.freedesktop.ModemManager1.Error."
	static const struct {
		const char *name;
		enum modem_error want;
	} rows[] = {
		{ E "MobileEquipment.IncorrectPassword", MODEM_ERROR_PIN },
		{ E "MobileEquipment.GprsMissingOrUnknownApn", MODEM_ERROR_APN },
		{ E "MobileEquipment.MissingOrUnknownApn", MODEM_ERROR_APN },
		{ E "MobileEquipment.Gprs.ServiceOptionNotSubscribed", MODEM_ERROR_CREDIT },
		{ E "MobileEquipment.GprsUserAuthenticationFailed", MODEM_ERROR_LOGIN },
		{ E "MobileEquipment.GprsNotAllowed", MODEM_ERROR_CREDIT },
		{ E "Core.Unauthorized", MODEM_ERROR_UNPERMITTED },
		{ E "Core.WrongState", MODEM_ERROR_STATE },
		{ "org.freedesktop.DBus.Error.NoReply", MODEM_ERROR_LATE },
		{ "org.freedesktop.DBus.Error.ServiceUnknown", MODEM_ERROR_GONE },
		{ E "Core.Failed", MODEM_ERROR_OTHER },
		{ "", MODEM_ERROR_OTHER },
		{ NULL, MODEM_ERROR_OTHER },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(modem_read_error(rows[i].name), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_modem),        cmocka_unit_test(leaves_out_what_is_odd),
		cmocka_unit_test(refuses_other_shapes), cmocka_unit_test(refuses_too_many),
		cmocka_unit_test(reads_a_bearer),       cmocka_unit_test(reads_codes),
		cmocka_unit_test(knows_errors),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
