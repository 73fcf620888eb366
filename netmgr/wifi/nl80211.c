// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/nl80211.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/kernel/nl_priv.h"
#include "netmgr/wifi/nl80211_read.h"
#include "netmgr/wifi/radio.h"

struct radio {
	struct nl_sock *orders;
	int family; /* 0: not known yet; the kernel's part may be loaded with the first radio */
	uint8_t key[crypto_shorthash_KEYBYTES];
};

void radio_close(struct radio *r)
{
	if (!r)
		return;
	nl_socket_free(r->orders);
	sodium_memzero(r->key, sizeof(r->key));
	free(r);
}

CLEAN_FN(radio, struct radio, radio_close)

int radio_open(struct radio **out, struct fault *why)
{
	CLEANUP(clean_radio) struct radio *r = calloc(1, sizeof(*r));
	if (!r || !(r->orders = nl_socket_alloc()))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int n = genl_connect(r->orders);
	if (n < 0)
		return fault_set(why, -EIO, "wifi.open", "cannot speak to the kernel's Wi-Fi: %s",
				 nl_geterror(n));
	randombytes_buf(r->key, sizeof(r->key));
	*out = MOVE_PTR(r);
	return 0;
}

static bool is_there(struct radio *r)
{
	if (r->family == 0) {
		int n = genl_ctrl_resolve(r->orders, NL80211_GENL_NAME);
		r->family = n > 0 ? n : 0;
	}
	return r->family != 0;
}

/* A question of a device; ifindex 0: of none. */
static struct nl_msg *question(const struct radio *r, uint8_t command, int ifindex, int flags)
{
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc();
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, r->family, 0, flags, command, 0) ||
	    (ifindex && nla_put_u32(msg, NL80211_ATTR_IFINDEX, (uint32_t)ifindex) < 0))
		return NULL;
	return MOVE_PTR(msg);
}

static int dump(struct radio *r, uint8_t command, int ifindex, uint16_t flag,
		const struct nlpriv_reader *reader)
{
	if (!is_there(r))
		return -EOPNOTSUPP;
	CLEANUP(clean_msg) struct nl_msg *msg = question(r, command, ifindex, NLM_F_DUMP);
	if (!msg || (flag && nla_put_flag(msg, flag) < 0))
		return -ENOMEM;
	return nlpriv_dump(NETLINK_GENERIC, msg, reader);
}

/* --- what is said of one device --- */

static int each_look(struct nl_msg *msg, void *data)
{
	(void)nl80211_read_interface(nlmsg_hdr(msg), data);
	return NL_OK;
}

/* One question that is no dump; the answer goes to `each`, and its acknowledgement comes after it. */
static int ask(struct radio *r, struct nl_msg *msg, nl_recvmsg_msg_cb_t each, void *data)
{
	if (!msg)
		return -ENOMEM;
	int n = nl_socket_modify_cb(r->orders, NL_CB_VALID, NL_CB_CUSTOM, each, data);
	if (n >= 0)
		n = nl_send_auto(r->orders, msg);
	if (n >= 0)
		n = nl_recvmsgs_default(r->orders);
	if (n >= 0)
		n = nl_wait_for_ack(r->orders);
	return nlpriv_errno(n);
}

int radio_look(struct radio *r, const char *device, struct phy_look *out)
{
	struct phy_look look = { 0 };
	const unsigned ifindex = if_nametoindex(device);
	if (!ifindex)
		return -ENODEV;
	if (!is_there(r))
		return -EOPNOTSUPP;
	CLEANUP(clean_msg)
	struct nl_msg *msg = question(r, NL80211_CMD_GET_INTERFACE, (int)ifindex, 0);
	int n = ask(r, msg, each_look, &look);
	if (n < 0) {
		r->family = 0; /* another number, once its module was loaded anew */
		return n == -ENODEV ? -EOPNOTSUPP : n;
	}
	if (look.ifindex != (int)ifindex)
		return -EIO;
	*out = look;
	return 0;
}

static void begin_phy(void *data)
{
	memset(data, 0, sizeof(struct phy));
}

static int each_phy(struct nl_msg *msg, void *data)
{
	(void)nl80211_read_phy(nlmsg_hdr(msg), data);
	return NL_OK;
}

int radio_phy(struct radio *r, const struct phy_look *look, struct phy *out)
{
	const struct nlpriv_reader reader = { each_phy, begin_phy, out };
	return dump(r, NL80211_CMD_GET_WIPHY, look->ifindex, NL80211_ATTR_SPLIT_WIPHY_DUMP,
		    &reader);
}

/* --- machines, channels --- */

struct stations {
	const struct radio *radio;
	struct wifi_book *book;
};

static void begin_stations(void *data)
{
	const struct stations *s = data;
	wifi_begin(s->book);
}

static int each_station(struct nl_msg *msg, void *data)
{
	const struct stations *s = data;
	struct wifi_station station;
	if (nl80211_read_station(nlmsg_hdr(msg), s->radio->key, &station))
		wifi_station(s->book, &station);
	return NL_OK;
}

int radio_stations(struct radio *r, const struct phy_look *look, struct wifi_book *book)
{
	struct stations s = { r, book };
	const struct nlpriv_reader reader = { each_station, begin_stations, &s };
	return dump(r, NL80211_CMD_GET_STATION, look->ifindex, 0, &reader);
}

struct heard {
	struct phy_survey *list;
	size_t count;
};

static void begin_heard(void *data)
{
	struct heard *h = data;
	h->count = 0;
}

static struct phy_survey *survey_of(struct heard *h, uint16_t mhz)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->list[i].mhz == mhz)
			return &h->list[i];
	if (h->count == PHY_CHANNELS)
		return NULL;
	h->list[h->count] = (struct phy_survey){ .mhz = mhz };
	return &h->list[h->count++];
}

static int each_survey(struct nl_msg *msg, void *data)
{
	struct heard *h = data;
	struct phy_survey said, *at;
	if (nl80211_read_survey(nlmsg_hdr(msg), &said) && (at = survey_of(h, said.mhz)))
		*at = said;
	return NL_OK;
}

static void begin_others(void *data)
{
	struct heard *h = data;
	for (size_t i = 0; i < h->count; i++)
		h->list[i].others = 0;
}

static int each_other(struct nl_msg *msg, void *data)
{
	struct heard *h = data;
	struct phy_survey *at;
	uint16_t mhz;
	if (nl80211_read_heard(nlmsg_hdr(msg), &mhz) && (at = survey_of(h, mhz)) &&
	    at->others < UINT16_MAX)
		at->others++;
	return NL_OK;
}

static int surveys(struct radio *r, const struct phy_look *look, struct heard *h)
{
	const struct nlpriv_reader reader = { each_survey, begin_heard, h };
	return dump(r, NL80211_CMD_GET_SURVEY, look->ifindex, 0, &reader);
}

int radio_heard(struct radio *r, const struct phy_look *look,
		struct phy_survey out[static PHY_CHANNELS], size_t *count)
{
	struct heard h = { out, 0 };
	const struct nlpriv_reader others = { each_other, begin_others, &h };
	/* Some drivers tell the one and some the other. */
	int n = surveys(r, look, &h);
	if (n < 0)
		h.count = 0;
	int m = dump(r, NL80211_CMD_GET_SCAN, look->ifindex, 0, &others);
	if (n < 0 && m < 0)
		return n;
	*count = h.count;
	return 0;
}

int radio_survey(struct radio *r, const struct phy_look *look, struct phy_survey *out)
{
	struct phy_survey list[PHY_CHANNELS];
	struct heard h = { list, 0 };
	int n = surveys(r, look, &h);
	if (n < 0)
		return n;
	/* Not every driver says which one is in use. */
	for (size_t i = 0; i < h.count; i++) {
		if (!list[i].in_use && list[i].mhz != look->mhz)
			continue;
		*out = list[i];
		return 0;
	}
	return -ENOENT;
}

/* --- orders --- */

/* What is down hears nothing; hostapd brings it up anyway. */
static int bring_up(int ifindex)
{
	struct ifreq device = { 0 };
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !if_indextoname((unsigned)ifindex, device.ifr_name) ||
	    ioctl(fd, SIOCGIFFLAGS, &device) < 0)
		return -errno;
	if (device.ifr_flags & IFF_UP)
		return 0;
	device.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &device) < 0 ? -errno : 0;
}

int radio_listen(struct radio *r, const struct phy_look *look)
{
	if (!is_there(r))
		return -EOPNOTSUPP;
	int n = bring_up(look->ifindex);
	if (n < 0)
		return n;
	CLEANUP(clean_msg)
	struct nl_msg *msg = question(r, NL80211_CMD_TRIGGER_SCAN, look->ifindex, 0);
	if (!msg ||
	    (look->ap && nla_put_u32(msg, NL80211_ATTR_SCAN_FLAGS, NL80211_SCAN_FLAG_AP) < 0))
		return -ENOMEM;
	return nlpriv_ask(r->orders, msg);
}

static int each_country(struct nl_msg *msg, void *data)
{
	(void)nl80211_read_country(nlmsg_hdr(msg), data);
	return NL_OK;
}

int radio_country(struct radio *r, char out[static 3])
{
	out[0] = '\0';
	if (!is_there(r))
		return -EOPNOTSUPP;
	CLEANUP(clean_msg) struct nl_msg *msg = question(r, NL80211_CMD_GET_REG, 0, 0);
	return ask(r, msg, each_country, out);
}

int radio_set_country(struct radio *r, const char *country)
{
	if (!is_there(r))
		return -EOPNOTSUPP;
	CLEANUP(clean_msg) struct nl_msg *msg = question(r, NL80211_CMD_REQ_SET_REG, 0, 0);
	if (!msg || nla_put_string(msg, NL80211_ATTR_REG_ALPHA2, country) < 0)
		return -ENOMEM;
	return nlpriv_ask(r->orders, msg);
}
