// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/house.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "netmgr/kernel/nl_net.h"
#include "tests/unit/netmgr/namespace.h"

#define BOOK "/var/lib/wasl/netmgr/networks.json"

/* On a network of the test's own, in a namespace; its loopback plays the classroom's device. */
struct world {
	struct nl_net *net;
	struct net_conf conf;
	struct house *house;
	char root[32];
	unsigned moved, collided;
	char lan[32], to[LAN_NET_ROOM], uplink[32];
};

enum { WAN, USB, CLASSROOM = 0, STAFF = 1 };

static void on_moved(void *data, const char *lan, const struct lan_net *to)
{
	struct world *w = data;
	w->moved++;
	snprintf(w->lan, sizeof(w->lan), "%s", lan);
	lan_write(to, w->to);
}

static void on_collides(void *data, const char *lan, const char *uplink)
{
	struct world *w = data;
	w->collided++;
	snprintf(w->lan, sizeof(w->lan), "%s", lan);
	snprintf(w->uplink, sizeof(w->uplink), "%s", uplink);
}

static void wish_on(struct world *w, const char *device, const char *networks)
{
	char text[512];
	snprintf(text, sizeof(text),
		 "[net]\ncheck_url = http://192.168.7.7/v1/check/\n[uplink wan]\n[uplink usb]\n"
		 "[lan classroom]\ndevice = %s\nnetworks = %s\n"
		 "[lan staff]\ndevice = none0\nnetworks = %s\n",
		 device, networks, networks);
	memset(&w->conf, 0, sizeof(w->conf));
	conf_defaults(&net_conf_schema, &w->conf);
	assert_int_equal(conf_parse(&net_conf_schema, "test", text, strlen(text), &w->conf, NULL),
			 0);
	assert_int_equal(net_conf_check(&w->conf, NULL), 0);
}

static void wish(struct world *w, const char *networks)
{
	wish_on(w, "lo", networks);
}

static void open_house(struct world *w)
{
	static struct kernel_calls calls = { .lan_moved = on_moved, .lan_collides = on_collides };
	calls.data = w;
	house_close(w->house);
	assert_int_equal(house_open(&w->conf, w->net, &calls, &w->house, NULL), 0);
	house_look(w->house);
}

static int begin(void **state)
{
	static struct world world;
	struct fault why;
	*state = NULL;
	if (!namespace_enter())
		return 0;
	memset(&world, 0, sizeof(world));
	snprintf(world.root, sizeof(world.root), "/tmp/wasl-house.XXXXXX");
	assert_non_null(mkdtemp(world.root));
	assert_int_equal(setenv("WASL_ROOT", world.root, 1), 0);
	assert_int_equal(paths_mkdir(paths_at("/var/lib/wasl/netmgr").at, 0755, &why), 0);
	assert_int_equal(nl_net_open(&world.net, &why), 0);
	wish(&world, "192.168.1.1/24 10.9.0.1/24");
	open_house(&world);
	*state = &world;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	if (!w)
		return 0;
	house_close(w->house);
	nl_net_close(w->net);
	(void)unlink(paths_at(BOOK).at);
	static const char *const folders[] = { "/var/lib/wasl/netmgr", "/var/lib/wasl", "/var/lib",
					       "/var", "" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		char folder[64];
		snprintf(folder, sizeof(folder), "%s%s", w->root, folders[i]);
		(void)rmdir(folder);
	}
	return 0;
}

/* The addresses of the classroom's device, without its own. */
static const char *on_device(char out[static 128])
{
	struct ifaddrs *all, *a;
	size_t used = 0;
	out[0] = '\0';
	assert_int_equal(getifaddrs(&all), 0);
	for (a = all; a; a = a->ifa_next) {
		char text[INET_ADDRSTRLEN];
		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET)
			continue;
		const struct sockaddr_in *in = (const void *)a->ifa_addr;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		if (strcmp(text, "127.0.0.1") != 0)
			used += (size_t)snprintf(out + used, 128 - used, "%s%s", used ? " " : "",
						 text);
	}
	freeifaddrs(all);
	return out;
}

static struct kernel_lan show(const struct world *w, unsigned i)
{
	struct kernel_lan lans[LAN_MAX];
	assert_int_equal(house_show(w->house, lans), 2);
	return lans[i];
}

static void assert_is(const struct world *w, unsigned i, const char *want)
{
	char text[128];
	struct kernel_lan lan = show(w, i);
	lan_write(&lan.net, text);
	assert_string_equal(text, want);
	*strchr(text, '/') = '\0';
	char there[128];
	if (i == CLASSROOM)
		assert_string_equal(on_device(there), text);
}

/* A line as DHCP gives it: address, router. "" the lease is gone. */
static void line(struct world *w, unsigned i, const char *address, const char *router)
{
	struct lan_net nets[] = { { .len = 24 }, { .len = 32 } };
	if (address[0]) {
		assert_int_equal(inet_pton(AF_INET, address, &nets[0].address), 1);
		assert_int_equal(inet_pton(AF_INET, router, &nets[1].address), 1);
	}
	house_line(w->house, i, nets, address[0] ? 2 : 0);
}

static void moves_once_and_stays(void **state)
{
	struct world *w = *state;
	if (!w)
		skip();
	assert_is(w, CLASSROOM, "192.168.1.1/24");
	assert_is(w, STAFF, "10.9.0.1/24"); /* two of the house's own do not meet, either */
	assert_true(show(w, CLASSROOM).here);
	assert_false(show(w, STAFF).here);
	assert_int_equal(w->moved, 0); /* nobody was there before */

	line(w, WAN, "192.168.1.7", "192.168.1.1");
	assert_int_equal(w->moved, 1);
	assert_string_equal(w->lan, "classroom");
	assert_string_equal(w->to, "172.31.255.1/24");
	assert_is(w, CLASSROOM, "172.31.255.1/24");
	assert_is(w, STAFF, "10.9.0.1/24");
	assert_string_equal(show(w, CLASSROOM).moved_for, "wan");

	line(w, WAN, "", "");
	assert_is(w, CLASSROOM, "172.31.255.1/24");
	open_house(w); /* a later life, before there is any lease */
	assert_is(w, CLASSROOM, "172.31.255.1/24");
	assert_string_equal(show(w, CLASSROOM).moved_for, "wan");

	/* Only the router is in it; and what the other line had last is avoided. */
	line(w, USB, "100.64.0.9", "172.31.255.9");
	assert_is(w, CLASSROOM, "172.31.254.1/24");
	assert_int_equal(w->moved, 2);
}

static void is_put_back(void **state)
{
	struct world *w = *state;
	if (!w)
		skip();
	struct kernel_lan lan = show(w, CLASSROOM);
	assert_int_equal(nl_net_address(w->net, NL_REMOVE, 1, lan.net.address, lan.net.len, NULL),
			 0);
	house_put(w->house);
	assert_is(w, CLASSROOM, "172.31.254.1/24");
}

/* A router that gives out whatever the classroom has. */
static void is_not_driven_on(void **state)
{
	struct world *w = *state;
	if (!w)
		skip();
	w->moved = w->collided = 0;
	open_house(w);
	line(w, USB, "", "");
	for (unsigned i = 0; i < LAN_PACE + 2; i++) {
		char address[INET_ADDRSTRLEN];
		struct kernel_lan lan = show(w, CLASSROOM);
		inet_ntop(AF_INET, &lan.net.address, address, sizeof(address));
		line(w, WAN, address, address);
	}
	assert_int_equal(w->moved, LAN_PACE);
	assert_int_equal(w->collided, 1);
	assert_string_equal(w->uplink, "wan");
	assert_int_equal(show(w, CLASSROOM).collides, WAN);
	house_look(w->house);
	assert_int_equal(w->collided, 1); /* said once */
	line(w, WAN, "192.168.55.2", "192.168.55.1");
	assert_int_equal(show(w, CLASSROOM).collides, -1);
}

static void follows_another_wish(void **state)
{
	struct world *w = *state;
	if (!w)
		skip();
	wish(w, "192.168.7.1/24 10.20.0.1/16");
	open_house(w);
	assert_is(w, CLASSROOM, "10.20.0.1/16"); /* the first has the hub in it */
	open_house(w);
	assert_is(w, CLASSROOM, "10.20.0.1/16");
}

static void begins_anew_with_a_damaged_book(void **state)
{
	struct world *w = *state;
	if (!w)
		skip();
	house_remove(w->house);
	assert_int_equal(fileio_replace(paths_at(BOOK).at, "{\"lans", 6, 0644, NULL), 0);
	open_house(w);
	assert_is(w, CLASSROOM, "10.20.0.1/16");
}

/* An access point in the place of a socket: the socket does not keep the address. */
static void takes_another_device(void **state)
{
	struct world *w = *state;
	char there[128];
	if (!w)
		skip();
	wish_on(w, "wlan9", "192.168.7.1/24 10.20.0.1/16");
	open_house(w);
	assert_string_equal(on_device(there), "");
	wish(w, "192.168.7.1/24 10.20.0.1/16");
	open_house(w);
	assert_is(w, CLASSROOM, "10.20.0.1/16");
	w->conf.lan_count = 0;
	open_house(w);
	assert_string_equal(on_device(there), "");
	/* What somebody else puts there later is not taken off. */
	struct lan_net other;
	assert_int_equal(inet_pton(AF_INET, "10.20.0.1", &other.address), 1);
	assert_int_equal(nl_net_address(w->net, NL_PUT_NEAR, 1, other.address, 16, NULL), 0);
	open_house(w);
	assert_string_equal(on_device(there), "10.20.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_once_and_stays),
		cmocka_unit_test(is_put_back),
		cmocka_unit_test(is_not_driven_on),
		cmocka_unit_test(follows_another_wish),
		cmocka_unit_test(begins_anew_with_a_damaged_book),
		cmocka_unit_test(takes_another_device),
	};
	return cmocka_run_group_tests_name("netmgr/house", tests, begin, end);
}
