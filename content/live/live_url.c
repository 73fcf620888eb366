// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

CLEAN_FN(url, CURLU, curl_url_cleanup)

static int refuse(const char *url, const char *what, struct fault *why)
{
	return fault_set(why, -EINVAL, "live.url", "'%.200s': %s", url, what);
}

/* One part of an address; NULL when it has none. Freed with curl_free(). */
static char *part(CURLU *u, CURLUPart which, unsigned flags)
{
	char *text = NULL;
	return curl_url_get(u, which, &text, flags) == CURLUE_OK ? text : NULL;
}

static void clean_part(char **held)
{
	curl_free(*held);
}

static int judge(CURLU *u, const char *url, struct fault *why)
{
	CLEANUP(clean_part) char *scheme = part(u, CURLUPART_SCHEME, 0);
	CLEANUP(clean_part) char *host = part(u, CURLUPART_HOST, 0);
	CLEANUP(clean_part) char *user = part(u, CURLUPART_USER, 0);
	CLEANUP(clean_part) char *word = part(u, CURLUPART_PASSWORD, 0);
	if (!scheme || (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
		return refuse(url, "only http:// and https:// are followed", why);
	if (!host || !*host)
		return refuse(url, "it names no host", why);
	if (user || word)
		return refuse(url, "it carries a user or a password", why);
	return 0;
}

/* libcurl's own reading of addresses: what is checked here is what it will ask. */
static int parse(const char *url, CURLU **out, struct fault *why)
{
	CLEANUP(clean_url) CURLU *u = curl_url();
	if (!u)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (strlen(url) >= LIVE_URL_BYTES ||
	    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return refuse(url, "this is no address of the web", why);
	*out = MOVE_PTR(u);
	return 0;
}

int live_url_check(const char *url, struct fault *why)
{
	CLEANUP(clean_url) CURLU *u = NULL;
	int r = parse(url, &u, why);
	return r ? r : judge(u, url, why);
}

int live_url_resolve(const char *base, const char *reference, char out[static LIVE_URL_BYTES],
		     struct fault *why)
{
	CLEANUP(clean_url) CURLU *u = NULL;
	int r = parse(base, &u, why);
	if (r)
		return r;
	if (!*reference || strlen(reference) >= LIVE_URL_BYTES ||
	    curl_url_set(u, CURLUPART_URL, reference, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return refuse(reference, "this is no address of the web", why);
	r = judge(u, reference, why);
	if (r)
		return r;
	curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	CLEANUP(clean_part) char *whole = part(u, CURLUPART_URL, 0);
	if (!whole || strlen(whole) >= LIVE_URL_BYTES)
		return refuse(reference, "the address is too long", why);
	memcpy(out, whole, strlen(whole) + 1);
	return 0;
}

int live_url_host(const char *url, char out[static LIVE_URL_BYTES])
{
	CLEANUP(clean_url) CURLU *u = NULL;
	int r = parse(url, &u, NULL);
	if (r)
		return r;
	CLEANUP(clean_part) char *host = part(u, CURLUPART_HOST, 0);
	CLEANUP(clean_part) char *port = part(u, CURLUPART_PORT, 0);
	if (!host)
		return -EINVAL;
	snprintf(out, LIVE_URL_BYTES, "%s%s%s", host, port ? ":" : "", port ? port : "");
	return 0;
}

static bool same(CURLU *a, CURLU *b, CURLUPart which)
{
	CLEANUP(clean_part) char *x = part(a, which, CURLU_DEFAULT_PORT);
	CLEANUP(clean_part) char *y = part(b, which, CURLU_DEFAULT_PORT);
	return x && y && strcasecmp(x, y) == 0;
}

bool live_url_same_host(const char *a, const char *b)
{
	CLEANUP(clean_url) CURLU *x = NULL;
	CLEANUP(clean_url) CURLU *y = NULL;
	return parse(a, &x, NULL) == 0 && parse(b, &y, NULL) == 0 && same(x, y, CURLUPART_SCHEME) &&
	       same(x, y, CURLUPART_HOST) && same(x, y, CURLUPART_PORT);
}

/* --- addresses -------------------------------------------------------------------------------------- */

/* What is not the public Internet (IANA's registries of special-purpose addresses). */
static const struct {
	uint32_t net;
	unsigned bits;
} closed4[] = {
	{ 0x00000000, 8 },  /* this network */
	{ 0x0a000000, 8 },  /* private */
	{ 0x64400000, 10 }, /* shared, behind a provider's NAT */
	{ 0x7f000000, 8 },  /* the box itself */
	{ 0xa9fe0000, 16 }, /* link-local */
	{ 0xac100000, 12 }, /* private */
	{ 0xc0000000, 24 }, /* protocol assignments */
	{ 0xc0000200, 24 }, /* documentation */
	{ 0xc0586300, 24 }, /* 6to4 relays */
	{ 0xc0a80000, 16 }, /* private */
	{ 0xc6120000, 15 }, /* benchmarks */
	{ 0xc6336400, 24 }, /* documentation */
	{ 0xcb007100, 24 }, /* documentation */
	{ 0xe0000000, 3 },  /* multicast, reserved, broadcast */
};

static bool public4(uint32_t address)
{
	for (size_t i = 0; i < ARRAY_LEN(closed4); i++)
		if ((address ^ closed4[i].net) >> (32 - closed4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t inner4(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static bool public6(const uint8_t a[16])
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	if (memcmp(a, nat64, sizeof(nat64)) == 0)
		return public4(inner4(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
		return public4(inner4(a + 2));
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] < 2) /* Teredo and other assignments */
		return false;
	if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8) /* documentation */
		return false;
	/* Global unicast; an IPv4 address written as IPv6 is outside of it. */
	return (a[0] & 0xe0) == 0x20;
}

bool live_url_public(const struct sockaddr *to)
{
	if (to->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, to, sizeof(v4));
		return public4(ntohl(v4.sin_addr.s_addr));
	}
	if (to->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, to, sizeof(v6));
		return public6(v6.sin6_addr.s6_addr);
	}
	return false;
}

/* A socket can be bound to an address of this machine and to no other; a list of them would need netlink. */
static bool is_own(const struct sockaddr *to)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	AUTO_FD int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	if (to->sa_family == AF_INET) {
		memcpy(&v4, to, sizeof(v4));
		v4.sin_port = 0;
		return bind(fd, (const struct sockaddr *)&v4, sizeof(v4)) == 0;
	}
	memcpy(&v6, to, sizeof(v6));
	v6.sin6_port = 0;
	return bind(fd, (const struct sockaddr *)&v6, sizeof(v6)) == 0;
}

bool live_url_admit(const struct sockaddr *to)
{
	return live_url_public(to) && !is_own(to);
}
