// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/net/link/line.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "firmware/base/clean.h"

static int enter(const char *namespace, const char **what)
{
	char path[128];
	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	*what = "the network namespace (ip netns add NAME)";
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

static int make_device(const char *name, const char **what)
{
	struct ifreq want = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	*what = "/dev/net/tun";
	AUTO_FD int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*what = "the device's name";
	if (strlen(name) >= sizeof(want.ifr_name))
		return -ENAMETOOLONG;
	memcpy(want.ifr_name, name, strlen(name) + 1);
	*what = "the device";
	return ioctl(fd, TUNSETIFF, &want) < 0 ? -errno : MOVE_FD(fd);
}

/* A device stays in the namespace that it was made in, whatever its maker does later. */
static int open_end(const char *end, const char **what)
{
	const char *colon = strchr(end, ':');
	char namespace[64];
	*what = "an end that is not NAMESPACE:DEVICE";
	if (!colon || colon == end || (size_t)(colon - end) >= sizeof(namespace))
		return -EINVAL;
	memcpy(namespace, end, (size_t)(colon - end));
	namespace[colon - end] = '\0';
	if (!strcmp(namespace, "-"))
		return make_device(colon + 1, what);
	*what = "our own network namespace";
	AUTO_FD int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	int fd = enter(namespace, what);
	if (fd == 0)
		fd = make_device(colon + 1, what);
	if (setns(home, CLONE_NEWNET) < 0)
		return -errno;
	return fd;
}

int line_open(struct line *l, const char *name, const char *school_end, const char *provider_end,
	      const char **what)
{
	const char *ends[DIRECTIONS] = { [UP] = school_end, [DOWN] = provider_end };
	*l = (struct line){ .name = name, .fd = { -1, -1 } };
	for (enum direction way = UP; way < DIRECTIONS; way++) {
		l->fd[way] = open_end(ends[way], what);
		if (l->fd[way] < 0)
			return l->fd[way];
		*what = "memory";
		if (ring_init(&l->way[way].ring, LINE_RING) < 0)
			return -ENOMEM;
		l->way[way].shape.random = 88172645463325252u + way;
		l->way[way].shape.queue_bytes = 100000;
	}
	return 0;
}

void line_done(struct line *l)
{
	for (enum direction way = UP; way < DIRECTIONS; way++) {
		if (l->fd[way] >= 0)
			close(l->fd[way]);
		ring_done(&l->way[way].ring);
	}
}

void line_take(struct line *l, enum direction way, uint64_t now_ns)
{
	enum { AT_ONCE = 64 };
	struct line_way *w = &l->way[way];
	uint8_t frame[LINE_FRAME_MAX];
	for (int i = 0; i < AT_ONCE; i++) {
		uint64_t due_ns;
		const ssize_t n = read(l->fd[way], frame, sizeof(frame));
		if (n <= 0)
			return;
		if (!faults_pass(&l->faults, way, frame, (size_t)n)) {
			w->stopped++;
			continue;
		}
		switch (shape_take(&w->shape, (size_t)n, now_ns, &due_ns)) {
		case SHAPE_COMES:
			if (ring_put(&w->ring, due_ns, frame, (size_t)n) < 0)
				w->no_room++;
			break;
		case SHAPE_LOST:
			w->lost++;
			break;
		case SHAPE_NO_ROOM:
			w->no_room++;
			break;
		}
	}
}

static void note_late(struct line_way *w, uint64_t late_ns)
{
	const uint64_t slot = late_ns / LINE_LATE_SLOT_NS;
	w->late[slot < LINE_LATE_SLOTS ? slot : LINE_LATE_SLOTS - 1]++;
}

uint64_t line_late_us(const struct line_way *w, double quantile)
{
	uint64_t seen = 0;
	const double wanted = (double)w->frames * quantile;
	for (uint64_t i = 0; i < LINE_LATE_SLOTS; i++) {
		seen += w->late[i];
		if (seen && (double)seen >= wanted)
			return (i + 1) * LINE_LATE_SLOT_NS / 1000;
	}
	return 0;
}

static uint64_t let_out(struct line *l, enum direction way, uint64_t now_ns)
{
	struct line_way *w = &l->way[way];
	const int to = l->fd[way == UP ? DOWN : UP];
	const void *frame;
	uint64_t due_ns;
	size_t len;
	while ((frame = ring_first(&w->ring, &due_ns, &len))) {
		if (due_ns > now_ns)
			return due_ns;
		/* A device that is down takes nothing; that is as good as a lost frame. */
		if (write(to, frame, len) == (ssize_t)len) {
			w->frames++;
			w->bytes += len;
			note_late(w, now_ns - due_ns);
		} else {
			w->lost++;
		}
		ring_drop(&w->ring);
	}
	return UINT64_MAX;
}

void line_plug(struct line *l, enum line_plug plug)
{
	const int carrier = plug == LINE_IN;
	l->faults.unplugged = plug == LINE_OUT;
	(void)ioctl(l->fd[UP], TUNSETCARRIER, &carrier);
	if (plug == LINE_IN)
		return;
	for (enum direction way = UP; way < DIRECTIONS; way++) {
		ring_empty(&l->way[way].ring);
		l->way[way].shape.busy_ns = l->way[way].shape.last_ns = 0;
	}
}

static uint64_t flap(struct line *l, uint64_t now_ns)
{
	while (l->flaps && l->flap_at_ns <= now_ns) {
		const enum line_plug plug = l->faults.unplugged ? LINE_IN : LINE_OUT;
		line_plug(l, plug);
		l->flap_at_ns += plug == LINE_OUT ? l->flap_down_ns : l->flap_up_ns;
		l->flaps--;
	}
	return l->flaps ? l->flap_at_ns : UINT64_MAX;
}

uint64_t line_run(struct line *l, uint64_t now_ns)
{
	uint64_t next = flap(l, now_ns);
	for (enum direction way = UP; way < DIRECTIONS; way++) {
		const uint64_t due = let_out(l, way, now_ns);
		next = due < next ? due : next;
	}
	return next;
}
