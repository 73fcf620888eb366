// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/ndtd/ndtd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "provisioning/ndtd/ndt7.h"
#include "provisioning/ndtd/reply.h"
#include "provisioning/ndtd/seats.h"

/* At most this many in one turn of the loop, so that control socket and watchdog get theirs. */
enum { AT_ONCE = 256, SECRET_FILE_LIMIT = 128 };

static const char *const whom_words[] = { "boxes", "anybody", NULL };

static const struct conf_key ndtd_keys[] = {
	CONF_STR(struct ndtd_conf, ndtd.address, "address", "",
		 "IPv4 or IPv6 address to listen on; empty: all of both"),
	CONF_INT(struct ndtd_conf, ndtd.port, "port", "4607", 0, 65535,
		 "UDP port of the echo; 0: whichever is free, as /v1/status says"),
	CONF_STR(struct ndtd_conf, ndtd.secret, "secret", "",
		 "file with the hub's secret for echoes; empty: the credential echo.secret of the "
		 "service, or /var/lib/wasl/hub/keys/echo.secret"),
	CONF_INT(struct ndtd_conf, ndtd.per_box, "per-box", "20", 1, 10000,
		 "answers a second to one box; twice as many at once after a rest"),
	CONF_INT(struct ndtd_conf, ndtd.ndt_port, "ndt-port", "4607", 0, 65535,
		 "TCP port of ndt7, to which a web server may also pass /ndt/v7/; 0: whichever is "
		 "free, as /v1/status says"),
	CONF_INT(struct ndtd_conf, ndtd.ndt_at_once, "ndt-at-once", "16", 0, SEATS_MOST,
		 "measurements by ndt7 at once, as they share this machine's line; 0: no ndt7"),
	CONF_INT(struct ndtd_conf, ndtd.ndt_per_address, "ndt-per-address", "4", 1, SEATS_MOST,
		 "of these, from one IPv4 address or one IPv6 network of 64 bits"),
	CONF_INT(struct ndtd_conf, ndtd.ndt_per_minute, "ndt-per-minute", "6", 1, 1000,
		 "measurements that one box begins a minute, a direction each; an address five "
		 "times as many"),
	CONF_WORD(struct ndtd_conf, ndtd.ndt_whom, "ndt-whom", "boxes", whom_words,
		  "whom ndt7 serves: boxes of this hub, or anybody"),
	CONF_INT(struct ndtd_conf, ndtd.per_address, "per-address", "500", 1, 100000,
		 "the same to one IPv4 address or one IPv6 network of 64 bits; many schools may "
		 "share one"),
};

static const struct conf_section sections[] = {
	{ .name = "ndtd",
	  .keys = ndtd_keys,
	  .key_count = ARRAY_LEN(ndtd_keys),
	  .help = "What boxes measure against, beside the hub." },
};

const struct conf_schema ndtd_schema = { "wasl-ndtd", sections, ARRAY_LEN(sections) };

struct ndtd {
	const struct ndtd_conf *conf;
	sd_event *loop;
	sd_event_source *source;
	struct ctl *ctl;
	int fd;
	uint16_t port;
	uint64_t start_ms;
	uint64_t ends[REPLY_ENDS], unsent;
	struct reply reply;
	struct ndt7 *ndt7; /* NULL: switched off */
};

/* --- the socket --- */

/* IPv4 goes as ::ffff:a.b.c.d where the machine has IPv6. */
static int address_of(const char *text, uint16_t port, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
		memcpy(out, &four, *len = sizeof(four));
		return 0;
	}
	if (*text && inet_pton(AF_INET6, text, &six.sin6_addr) != 1)
		return -EINVAL;
	memcpy(out, &six, *len = sizeof(six));
	return 0;
}

int ndtd_check(const void *conf, struct fault *why)
{
	const struct ndtd_conf *c = conf;
	struct sockaddr_storage at;
	socklen_t len;
	if (address_of(c->ndtd.address, 0, &at, &len))
		return fault_set(why, -EINVAL, "ndtd.address",
				 "[ndtd] address '%s' is no IPv4 or IPv6 address", c->ndtd.address);
	return 0;
}

static int bind_at(const char *address, uint16_t port, int *out)
{
	static const int on = 1, off = 0;
	struct sockaddr_storage at;
	socklen_t len;
	int r = address_of(address, port, &at, &len);
	if (r)
		return r;
	AUTO_FD int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* An answer leaves from the address that was asked: a box hears nobody else. */
	if (at.ss_family == AF_INET)
		r = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	else
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) |
		    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (r || bind(fd, (struct sockaddr *)&at, len))
		return -errno;
	*out = MOVE_FD(fd);
	return 0;
}

static int open_socket(struct ndtd *n, struct fault *why)
{
	const char *address = n->conf->ndtd.address;
	uint16_t port = (uint16_t)n->conf->ndtd.port;
	int r = bind_at(address, port, &n->fd);
	if (r == -EAFNOSUPPORT && !*address)
		r = bind_at("0.0.0.0", port, &n->fd);
	if (r)
		return fault_set(why, r, "ndtd.listen",
				 "cannot listen on UDP port %u of '%s': %s; choose another in "
				 "[ndtd]",
				 port, *address ? address : "all addresses", strerror(-r));
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof(at);
	(void)getsockname(n->fd, (struct sockaddr *)&at, &len);
	/* Both have the port in the same place. */
	n->port = ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return 0;
}

/* Of the packet's information only the address goes back: the route decides about the interface, where there is a choice. */
static void keep_address_only(struct msghdr *message)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	if (!c)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
		((struct in_pktinfo *)CMSG_DATA(c))->ipi_ifindex = 0;
	struct in6_pktinfo *six = (struct in6_pktinfo *)CMSG_DATA(c);
	if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
	    !IN6_IS_ADDR_LINKLOCAL(&six->ipi6_addr))
		six->ipi6_ifindex = 0;
}

/* One datagram; false when there is none. */
static bool answer_one(struct ndtd *n, uint64_t now_ms)
{
	uint8_t bytes[HUBECHO_ASK + 1], out[HUBECHO_ANSWER];
	struct sockaddr_storage from;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_name = &from,
				  .msg_namelen = sizeof(from),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(n->fd, &message, 0);
	if (got < 0)
		return errno != EAGAIN; /* an answer of before that did not arrive */
	struct in6_addr who = reply_asker(&from);
	enum reply_end end = reply_to(&n->reply, bytes, (size_t)got, &who, now_ms, out);
	n->ends[end]++;
	if (end != REPLY_SEND)
		return true;
	part = (struct iovec){ out, sizeof(out) };
	keep_address_only(&message);
	if (sendmsg(n->fd, &message, 0) < 0)
		n->unsent++;
	return true;
}

static int on_datagrams(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct ndtd *n = data;
	uint64_t now_ms = clock_mono_ms();
	(void)source;
	(void)fd;
	(void)events;
	for (unsigned i = 0; i < AT_ONCE && answer_one(n, now_ms); i++)
		;
	return 0;
}

/* --- the control socket --- */

static void serve_status(struct ctl_request *req, void *data)
{
	const struct ndtd *n = data;
	json_t *body =
		json_pack("{s:s, s:s, s:I, s:i, s:I}", "name", "ndtd", "version", WASL_VERSION,
			  "since_s", (json_int_t)((clock_mono_ms() - n->start_ms) / 1000), "port",
			  (int)n->port, "unsent", (json_int_t)n->unsent);
	for (int e = 0; body && e < REPLY_ENDS; e++)
		json_object_set_new(body, reply_end_name((enum reply_end)e),
				    json_integer((json_int_t)n->ends[e]));
	if (n->ndt7)
		json_object_set_new(body, "ndt7", ndt7_json(n->ndt7));
	ctl_reply_json(req, 200, body);
}

/* --- life --- */

static int read_secret(const struct ndtd_conf *conf, uint8_t out[static HUBECHO_KEY],
		       struct fault *why)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	struct path path = *conf->ndtd.secret ? paths_given("%s", conf->ndtd.secret)
			   : credentials      ? paths_given("%s/echo.secret", credentials)
					      : paths_at("/var/lib/wasl/hub/keys/echo.secret");
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	int r = fileio_read(path.at, SECRET_FILE_LIMIT, &text, &len, why);
	if (r == -ENOENT)
		return fault_set(why, r, "ndtd.secret",
				 "'%s', the hub's secret for echoes, is not there; waslhub init or "
				 "the next start of wasl-hubd makes it",
				 path.at);
	if (r)
		return r;
	if (len == 2 * HUBECHO_KEY + 1 && ((char *)text)[len - 1] == '\n')
		((char *)text)[len - 1] = '\0';
	if (text_unhex(text, out, HUBECHO_KEY))
		r = fault_set(why, -EBADMSG, "ndtd.secret",
			      "'%s' is no secret of %d bytes in hexadecimal; put back the copy "
			      "from the ministry's safe",
			      path.at, HUBECHO_KEY);
	sodium_memzero(text, len);
	return r;
}

static int start_ndt7(struct ndtd *n, struct fault *why)
{
	enum { BOXES_OF_AN_ADDRESS = 5 };
	const struct ndt7_spec spec = {
		.address = n->conf->ndtd.address,
		.port = (uint16_t)n->conf->ndtd.ndt_port,
		.in_all = (uint32_t)n->conf->ndtd.ndt_at_once,
		.per_address = (uint32_t)n->conf->ndtd.ndt_per_address,
		.per_box = (uint32_t)n->conf->ndtd.ndt_per_minute,
		.per_net = (uint32_t)n->conf->ndtd.ndt_per_minute * BOXES_OF_AN_ADDRESS,
		.whom = n->conf->ndtd.ndt_whom ? NDT7_ANYBODY : NDT7_BOXES,
		.secret = n->reply.secret,
	};
	return spec.in_all ? ndt7_open(&spec, &n->ndt7, why) : 0;
}

static int start(struct ndtd *n, struct fault *why)
{
	static const struct ctl_route routes[] = { { "GET", "/v1/status", serve_status, 0 } };
	uint8_t secret[HUBECHO_KEY];
	struct reply_seeds seeds;
	int r = read_secret(n->conf, secret, why);
	if (r)
		return r;
	randombytes_buf(&seeds, sizeof(seeds));
	reply_init(&n->reply, secret, (uint32_t)n->conf->ndtd.per_box,
		   (uint32_t)n->conf->ndtd.per_address, &seeds);
	sodium_memzero(secret, sizeof(secret));
	r = open_socket(n, why);
	if (r)
		return r;
	r = sd_event_add_io(n->loop, &n->source, n->fd, EPOLLIN, on_datagrams, n);
	if (r < 0)
		return fault_set(why, r, "daemon.loop", "no event source: %s", strerror(-r));
	r = start_ndt7(n, why);
	if (r)
		return r;
	log_info("event=listening port=%u ndt_port=%u", n->port, n->ndt7 ? ndt7_port(n->ndt7) : 0);
	return ctl_listen(n->loop, paths_at("/run/wasl/ndtd.sock").at, 0660, routes,
			  ARRAY_LEN(routes), n, &n->ctl, why);
}

int ndtd_new(struct sd_event *loop, const struct ndtd_conf *conf, struct ndtd **out,
	     struct fault *why)
{
	struct ndtd *n = calloc(1, sizeof(*n));
	if (!n || sodium_init() < 0) {
		free(n);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	sodium_mlock(n->reply.secret, sizeof(n->reply.secret));
	n->fd = -1;
	n->conf = conf;
	n->loop = sd_event_ref(loop);
	n->start_ms = clock_mono_ms();
	int r = start(n, why);
	if (r) {
		ndtd_free(n);
		return r;
	}
	*out = n;
	return 0;
}

void ndtd_free(struct ndtd *n)
{
	if (!n)
		return;
	ctl_close(n->ctl);
	ndt7_close(n->ndt7);
	sd_event_source_disable_unref(n->source);
	sd_event_unref(n->loop);
	if (n->fd >= 0)
		close(n->fd);
	sodium_munlock(n->reply.secret, sizeof(n->reply.secret));
	free(n);
}
