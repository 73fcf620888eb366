// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define BASE "http://stream.example:8080/a/b.m3u8?x=1"

static const struct {
	const char *reference, *want; /* NULL: refused */
} rows[] = {
	{ "c.ts", "http://stream.example:8080/a/c.ts" },
	{ "/c.ts", "http://stream.example:8080/c.ts" },
	{ "../../../c.ts", "http://stream.example:8080/c.ts" },
	{ "//cdn.example/c.ts", "http://cdn.example/c.ts" },
	{ "https://cdn.example/c.ts?k=v#here", "https://cdn.example/c.ts?k=v" },
	{ "?y=2", "http://stream.example:8080/a/b.m3u8?y=2" },
	{ "file:///etc/passwd", NULL },
	{ "FILE:/etc/passwd", NULL },
	{ "gopher://127.0.0.1:6379/_x", NULL },
	{ "ftp://a/b", NULL },
	{ "data:video/mp2t,x", NULL },
	{ "http://user:word@cdn.example/c.ts", NULL },
	{ "http://", NULL },
	{ "", NULL },
};

static void references_mean_what_rfc_3986_says(void **state)
{
	(void)state;
	char out[LIVE_URL_BYTES];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int r = live_url_resolve(BASE, rows[i].reference, out, NULL);
		if ((r == 0) != (rows[i].want != NULL))
			fail_msg("'%s': %d %s", rows[i].reference, r, r ? "" : out);
		if (rows[i].want)
			assert_string_equal(out, rows[i].want);
	}
	char longest[LIVE_URL_BYTES + 9];
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(live_url_resolve(BASE, longest, out, NULL), -EINVAL);
}

static void a_host_is_written_as_the_configuration_has_it(void **state)
{
	(void)state;
	static const struct {
		const char *url, *want;
	} hosts[] = {
		{ BASE, "stream.example:8080" },
		{ "http://10.0.0.7/a", "10.0.0.7" },
		{ "https://stream.example:443", "stream.example:443" },
		{ "http://[fd00::7]:81/a", "[fd00::7]:81" },
	};
	char out[LIVE_URL_BYTES];
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		assert_int_equal(live_url_host(hosts[i].url, out), 0);
		assert_string_equal(out, hosts[i].want);
	}
	assert_int_equal(live_url_host("no address", out), -EINVAL);
}

static void one_host_is_scheme_name_and_port(void **state)
{
	(void)state;
	assert_true(live_url_same_host(BASE, "http://STREAM.example:8080/other"));
	assert_true(live_url_same_host("http://a/x", "http://a:80/y"));
	assert_false(live_url_same_host(BASE, "http://stream.example/a"));
	assert_false(live_url_same_host("http://a/", "https://a/"));
	assert_false(live_url_same_host("http://a/", "http://a.b/"));
}

static const struct {
	const char *address;
	bool open;
} addresses[] = {
	{ "8.8.8.8", true },
	{ "93.184.216.34", true },
	{ "0.0.0.0", false },
	{ "10.1.2.3", false },
	{ "100.64.0.1", false },
	{ "100.128.0.1", true },
	{ "127.0.0.1", false },
	{ "127.255.255.254", false },
	{ "169.254.169.254", false },
	{ "172.16.0.1", false },
	{ "172.32.0.1", true },
	{ "192.168.1.1", false },
	{ "198.19.0.1", false },
	{ "224.0.0.1", false },
	{ "255.255.255.255", false },
	{ "2600::1", true },
	{ "::", false },
	{ "::1", false },
	{ "::ffff:127.0.0.1", false },
	{ "::ffff:8.8.8.8", false },
	{ "64:ff9b::8.8.8.8", true },
	{ "64:ff9b::127.0.0.1", false },
	{ "2002:7f00:1::", false },
	{ "2001::1", false },
	{ "2001:db8::1", false },
	{ "fc00::1", false },
	{ "fe80::1", false },
	{ "ff02::1", false },
};

static void only_the_public_internet_is_admitted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct sockaddr_in v4 = { .sin_family = AF_INET };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
		bool four = inet_pton(AF_INET, addresses[i].address, &v4.sin_addr) == 1;
		assert_true(four || inet_pton(AF_INET6, addresses[i].address, &v6.sin6_addr) == 1);
		const struct sockaddr *to =
			four ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
		if (live_url_public(to) != addresses[i].open)
			fail_msg("%s", addresses[i].address);
		/* No machine of ours has a public address of the table. */
		if (live_url_admit(to) != addresses[i].open)
			fail_msg("%s: admitted", addresses[i].address);
	}
	struct sockaddr local = { .sa_family = AF_UNIX };
	assert_false(live_url_public(&local));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_mean_what_rfc_3986_says),
		cmocka_unit_test(a_host_is_written_as_the_configuration_has_it),
		cmocka_unit_test(one_host_is_scheme_name_and_port),
		cmocka_unit_test(only_the_public_internet_is_admitted),
	};
	return cmocka_run_group_tests_name("content/live_url", tests, NULL, NULL);
}
