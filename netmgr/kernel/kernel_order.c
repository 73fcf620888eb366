// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/kernel_priv.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/kernel/house.h"
#include "netmgr/six/kernel6.h"
#include "netmgr/kernel/nft.h"
#include "netmgr/kernel/nl_net.h"
#include "netmgr/six/nl_net6.h"
#include "netmgr/kernel/nl_passive.h"

unsigned kernel_possible(const struct kernel *k, unsigned uplink)
{
	(void)k;
	(void)uplink;
	return PROBE_ALL;
}

typedef int plan_text(const struct plan_uplink *uplinks, size_t count,
		      const struct prefer_ways *ways, char out[static PLAN_NFT_ROOM]);

static int put(struct kernel *k, plan_text *write, struct fault *why)
{
	struct plan_uplink uplinks[UPLINK_MAX];
	char text[PLAN_NFT_ROOM];
	kernelpriv_uplinks(k, uplinks);
	int r = write(uplinks, k->conf->uplink_count, &k->ways, text);
	return r < 0 ? fault_set(why, r, "nftables.text", "too many uplinks for one nftables text")
		     : nft_run(k->nft, text, "nftables.run", why);
}

int kernelpriv_put_table(struct kernel *k, struct fault *why)
{
	return put(k, plan_nft, why);
}

int kernelpriv_put_sets(struct kernel *k, struct fault *why)
{
	return put(k, plan_nft_sets, why);
}

int kernel_prefer(struct kernel *k, const struct prefer_ways *ways, struct fault *why)
{
	/* Where traffic goes is what people wait for; what is refused where, only when that is another. */
	const bool refuses = ways->held != k->ways.held ||
			     memcmp(ways->barred, k->ways.barred, sizeof(ways->barred)) != 0;
	k->ways = *ways;
	int r = kernelpriv_settle(k, why);
	kernelpriv_tell_resolver(k);
	return r == 0 && refuses ? kernelpriv_put_sets(k, why) : r;
}

static int mark_fallen(struct kernel *k, unsigned uplink, bool fell, struct fault *why)
{
	k->lines[uplink].plan.fell = fell;
	return kernelpriv_put_sets(k, why);
}

/* Of whatever line: their mark says which they go over. */
static int release_own6(struct kernel *k, unsigned uplink, unsigned *count)
{
	struct in6_addr own[PLAN6_NETS];
	unsigned more;
	int r = 0;
	for (unsigned i = 0; r == 0 && i < k->conf->uplink_count; i++) {
		const size_t n = kernel6_addresses(k->six, i, own, ARRAY_LEN(own));
		for (size_t a = 0; r == 0 && a < n; a++) {
			r = nl_net6_release_own(&own[a], plan_mark(uplink), &more);
			*count += more;
		}
	}
	return r;
}

/* A class that takes another line than most has the address of that other one: the kernel asks for a route before there are marks. */
static int release_own(struct kernel *k, unsigned uplink, unsigned *count)
{
	const struct in_addr own = k->lines[uplink].plan.address;
	unsigned more;
	int r = nl_net_release_own(own, plan_mark(uplink), count);
	for (unsigned i = 0; r >= 0 && i < k->conf->uplink_count; i++) {
		const struct plan_uplink *other = &k->lines[i].plan;
		if (i == uplink || !other->addressed || other->address.s_addr == own.s_addr)
			continue;
		r = nl_net_release_own(other->address, plan_mark(uplink), &more);
		*count += more;
	}
	return r == 0 ? release_own6(k, uplink, count) : r;
}

int kernel_release(struct kernel *k, unsigned uplink, struct fault *why)
{
	unsigned sockets, flows;
	int r = release_own(k, uplink, &sockets);
	int fell = mark_fallen(k, uplink, true, why);
	int forgot = nl_net_forget_flows(plan_mark(uplink), &flows);
	log_info("event=uplink.release uplink=%s connections=%u others=%u",
		 k->conf->uplinks[uplink].name, sockets, flows);
	/* Without it the box's own connections are reset like those that are forwarded. */
	r = r == -EOPNOTSUPP || r == 0 ? forgot : r;
	if (fell < 0)
		return fell;
	return r < 0 ? fault_set(why, r, "kernel.release",
				 "connections over uplink '%s' could not be released (%s): they "
				 "end by themselves, later",
				 k->conf->uplinks[uplink].name, strerror(-r))
		     : 0;
}

int kernel_revive(struct kernel *k, unsigned uplink, struct fault *why)
{
	return mark_fallen(k, uplink, false, why);
}

static int open_socket(enum kernel_dial how, int family)
{
	const int echo = family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	switch (how) {
	case KERNEL_TCP:
		return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	case KERNEL_UDP:
		return socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	case KERNEL_ECHO:
		break;
	}
	/* The unprivileged kind where the group is allowed, else the raw one. */
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, echo);
	return fd >= 0 ? fd : socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, echo);
}

enum kernel_family kernel_family(const struct kernel *k, unsigned uplink)
{
	return !k->lines[uplink].plan.addressed && kernel6_leads(k->six, uplink) ? KERNEL_SIX
										 : KERNEL_FOUR;
}

static union host gateway_of(const struct kernel *k, unsigned uplink)
{
	const struct plan_uplink *u = &k->lines[uplink].plan;
	if (kernel_family(k, uplink) == KERNEL_FOUR)
		return host_four(u->gateway, 0);
	union host router = host_six(kernel6_router(k->six, uplink), 0);
	router.six.sin6_scope_id = (uint32_t)u->ifindex;
	return router;
}

int kernel_dial(struct kernel *k, unsigned uplink, enum kernel_dial how, const union host *to,
		int *out)
{
	const union host gateway = gateway_of(k, uplink);
	const uint32_t mark = plan_probe_mark(uplink);
	if (!to && how != KERNEL_ECHO)
		return -EOPNOTSUPP;
	if (!to)
		to = &gateway;
	const int family = to->any.sa_family;
	if (family == AF_INET6 ? !kernel6_leads(k->six, uplink) : !k->lines[uplink].plan.addressed)
		return -ENETUNREACH;
	AUTO_FD int fd = open_socket(how, family);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return -errno;
	if (connect(fd, &to->any, host_len(to)) < 0 && errno != EINPROGRESS)
		return errno == EHOSTUNREACH ? -ENETUNREACH : -errno;
	*out = MOVE_FD(fd);
	return 0;
}

/* What IPv4 brought comes first: it is there while the line is. */
int kernel_resolver(const struct kernel *k, unsigned uplink, union host *out)
{
	enum { DNS_PORT = 53 };
	const struct in_addr four = k->lines[uplink].resolver;
	union host six = { 0 };
	if (four.s_addr && kernel_family(k, uplink) == KERNEL_FOUR) {
		*out = host_four(four, DNS_PORT);
		return 0;
	}
	if (!kernel6_leads(k->six, uplink) || !kernel6_resolver(k->six, uplink, &six.six))
		return -ENOENT;
	*out = six;
	return 0;
}

int kernel_device(const struct kernel *k, unsigned uplink)
{
	return k->lines[uplink].plan.ifindex;
}

bool kernel_shared(const struct kernel *k, unsigned uplink, struct lan_net *wire)
{
	struct plan_uplink uplinks[UPLINK_MAX];
	kernelpriv_uplinks(k, uplinks);
	const struct plan_uplink *u = &uplinks[uplink];
	*wire = (struct lan_net){ .len = 0 };
	if (u->shared && u->address.s_addr)
		*wire = (struct lan_net){ .address = u->address, .len = u->prefix_len };
	return u->shared;
}

void kernel_modem(struct kernel *k, unsigned uplink, const struct kernel_modem *modem)
{
	static const struct kernel_modem none;
	struct line *l = &k->lines[uplink];
	if (!modem)
		modem = &none;
	const bool same =
		strcmp(l->modem.device, modem->device) == 0 && l->modem.fixed == modem->fixed &&
		(!modem->fixed || (l->modem.lease.address.s_addr == modem->lease.address.s_addr &&
				   l->modem.lease.gateway.s_addr == modem->lease.gateway.s_addr &&
				   l->modem.lease.resolver.s_addr == modem->lease.resolver.s_addr &&
				   l->modem.lease.prefix_len == modem->lease.prefix_len));
	l->modem = *modem;
	l->modem_news |= !same;
}

enum probe_answer kernel_neighbour(struct kernel *k, unsigned uplink)
{
	const struct plan_uplink *u = &k->lines[uplink].plan;
	const struct in6_addr router = kernel6_router(k->six, uplink);
	int state = kernel_family(k, uplink) == KERNEL_SIX
			    ? nl_net6_neighbour(u->ifindex, &router)
			    : nl_net_neighbour(k->net, u->ifindex, u->gateway);
	if (state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP))
		return PROBE_OK;
	return state & (NUD_FAILED | NUD_INCOMPLETE) ? PROBE_SILENT : PROBE_SKIPPED;
}

int kernel_flows(const struct kernel *k, const struct passive *known,
		 struct passive_flow out[static PASSIVE_FLOWS])
{
	enum { OF_A_LINE = 8 };
	struct plan_uplink uplinks[UPLINK_MAX];
	struct in6_addr six[UPLINK_MAX * OF_A_LINE];
	struct nl_passive_ends ends = { .uplinks = uplinks,
					.uplink_count = k->conf->uplink_count,
					.six = six };
	kernelpriv_uplinks(k, uplinks);
	for (unsigned i = 0; i < k->conf->uplink_count; i++)
		ends.six_count += kernel6_addresses(k->six, i, six + ends.six_count, OF_A_LINE);
	return nl_passive_take(&ends, known, out, PASSIVE_FLOWS);
}

size_t kernel_lans(const struct kernel *k, struct kernel_lan out[static LAN_MAX])
{
	return house_show(k->house, out);
}

size_t kernel_routes(struct ctl_route *out)
{
	(void)out;
	return 0;
}
