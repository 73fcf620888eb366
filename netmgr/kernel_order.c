// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel_priv.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/house.h"
#include "netmgr/nft.h"
#include "netmgr/nl_net.h"

unsigned kernel_possible(const struct kernel *k, unsigned uplink)
{
	(void)k;
	(void)uplink;
	return PROBE_ALL;
}

static int put_sets(struct kernel *k, struct fault *why)
{
	struct plan_uplink uplinks[UPLINK_MAX];
	kernelpriv_uplinks(k, uplinks);
	return nft_put_sets(k->nft, uplinks, k->conf->uplink_count, &k->ways, why);
}

int kernel_prefer(struct kernel *k, const struct prefer_ways *ways, struct fault *why)
{
	/* Where traffic goes is what people wait for; what is refused where, only when that is another. */
	const bool refuses = ways->held != k->ways.held ||
			     memcmp(ways->barred, k->ways.barred, sizeof(ways->barred)) != 0;
	k->ways = *ways;
	int r = kernelpriv_settle(k, why);
	kernelpriv_tell_resolver(k);
	return r == 0 && refuses ? put_sets(k, why) : r;
}

static int mark_fallen(struct kernel *k, unsigned uplink, bool fell, struct fault *why)
{
	k->lines[uplink].plan.fell = fell;
	return put_sets(k, why);
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
	return r;
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

static int open_socket(enum kernel_dial how)
{
	switch (how) {
	case KERNEL_TCP:
		return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	case KERNEL_UDP:
		return socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	case KERNEL_ECHO:
		break;
	}
	/* The unprivileged kind where the group is allowed, else the raw one. */
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
	return fd >= 0 ? fd
		       : socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
}

int kernel_dial(struct kernel *k, unsigned uplink, enum kernel_dial how,
		const struct sockaddr_in *to, int *out)
{
	const struct plan_uplink *u = &k->lines[uplink].plan;
	struct sockaddr_in gateway = { .sin_family = AF_INET, .sin_addr = u->gateway };
	const uint32_t mark = plan_probe_mark(uplink);
	if (!u->addressed)
		return -ENETUNREACH;
	if (!to && how != KERNEL_ECHO)
		return -EOPNOTSUPP;
	if (!to)
		to = &gateway;
	AUTO_FD int fd = open_socket(how);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 && errno != EINPROGRESS)
		return errno == EHOSTUNREACH ? -ENETUNREACH : -errno;
	*out = MOVE_FD(fd);
	return 0;
}

int kernel_resolver(const struct kernel *k, unsigned uplink, struct sockaddr_in *out)
{
	enum { DNS_PORT = 53 };
	if (!k->lines[uplink].resolver.s_addr)
		return -ENOENT;
	*out = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(DNS_PORT),
				     .sin_addr = k->lines[uplink].resolver };
	return 0;
}

int kernel_device(const struct kernel *k, unsigned uplink)
{
	return k->lines[uplink].plan.ifindex;
}

enum probe_answer kernel_neighbour(struct kernel *k, unsigned uplink)
{
	const struct plan_uplink *u = &k->lines[uplink].plan;
	int state = nl_net_neighbour(k->net, u->ifindex, u->gateway);
	if (state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP))
		return PROBE_OK;
	return state & (NUD_FAILED | NUD_INCOMPLETE) ? PROBE_SILENT : PROBE_SKIPPED;
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
