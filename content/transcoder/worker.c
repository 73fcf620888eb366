// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pb_decode.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "content/transcoder/cook.h"
#include "content/transcoder/foresee.h"
#include "content/transcoder/job.h"
#include "content/transcoder/libav.h"
#include "content/transcoder/preview.h"
#include "content/transcoder/words.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/sandbox.h"
#include "firmware/record/codec.h"

union control { /* room for one descriptor, aligned */
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

/* 0, -ECONNRESET when the kitchen is gone, or -EBADMSG. */
static int take_order(int fd, struct job_order *order, int *source_fd)
{
	union control control = { 0 };
	struct iovec part = { order, sizeof(*order) };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t got;
	do
		got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return -ECONNRESET;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EBADMSG;
	memcpy(source_fd, CMSG_DATA(c), sizeof(int));
	return (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ? -EBADMSG
							  : job_order_check(order, (size_t)got);
}

static int answer(int fd, const struct job_reply *reply, int passed)
{
	union control control = { 0 };
	struct iovec part = { (void *)(uintptr_t)reply, sizeof(*reply) };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	if (passed >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS,
						 .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(int));
	}
	ssize_t sent;
	do
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof(*reply) ? 0 : -EPIPE;
}

static int serve(int fd, uint32_t rung, uint32_t segment, uint64_t lost_us,
		 const struct box_out *bytes, struct fault *why)
{
	AUTO_FD int dish = memfd_create("dish", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (dish < 0)
		return fault_set(why, -errno, "worker.memfd", "no memory file for a result (%s)",
				 strerror(errno));
	int rc = fileio_write_all(dish, bytes->bytes, bytes->len);
	/* Sealed: what the kitchen has checked cannot change under it. */
	if (!rc &&
	    fcntl(dish, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		rc = -errno;
	if (rc)
		return fault_set(why, rc, "worker.memfd",
				 "a result of %zu bytes cannot be kept (%s)", bytes->len,
				 strerror(-rc));
	struct job_reply reply = { .magic = JOB_MAGIC,
				   .kind = JOB_DISH,
				   .rung = rung,
				   .segment = segment,
				   .length = bytes->len,
				   .lost_us = lost_us };
	rc = answer(fd, &reply, dish);
	return rc ? fault_set(why, rc, "worker.gone", "the kitchen is gone") : 0;
}

/* A look at the whole file: the survey is the dish. */
static int look(int fd, const struct job_order *order, int source_fd, struct fault *why)
{
	wasl_Survey found = wasl_Survey_init_zero;
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int rc = foresee(source_fd, order->source_size, &found, why);
	if (rc)
		return rc;
	rc = codec_encode(wasl_Survey_fields, &found, &bytes, &len, why);
	pb_release(wasl_Survey_fields, &found);
	const struct box_out dish = { .bytes = bytes, .len = len };
	return rc ? rc : serve(fd, 0, 0, 0, &dish, why);
}

static int preview(int fd, const struct job_order *order, int source_fd, struct fault *why)
{
	struct box_out dish = { 0 };
	int rc = preview_make(source_fd, order->source_size, order->segment, &dish, why);
	if (!rc)
		rc = serve(fd, 0, 0, 0, &dish, why);
	box_done(&dish);
	return rc;
}

static int words(int fd, const struct job_order *order, int source_fd, struct fault *why)
{
	struct box_out dish = { 0 };
	int rc = words_take(source_fd, order->source_size, order->foreign.start_us, &dish, why);
	if (!rc && dish.len)
		rc = serve(fd, 0, 0, 0, &dish, why);
	box_done(&dish);
	return rc;
}

static int work(int fd, const struct job_order *order, int source_fd, struct fault *why)
{
	struct cook_dish dishes[JOB_RUNGS_MAX] = { 0 };
	int rc = cook_segment(source_fd, order, dishes, why);
	for (uint32_t i = 0; i < order->rung_count && !rc; i++) {
		rc = serve(fd, dishes[i].rung, 0, 0, &dishes[i].init, why);
		if (!rc)
			rc = serve(fd, dishes[i].rung, order->segment, dishes[i].lost_us,
				   &dishes[i].media, why);
	}
	cook_done(dishes, order->rung_count);
	return rc;
}

static int close_walls(const struct job_order *order, unsigned *missing, struct fault *why)
{
	const struct sandbox_spec spec = {
		.memory_bytes = order->memory_bytes,
		.cpu_s = order->cpu_s,
		.file_bytes = JOB_DISH_MAX,
	};
	return sandbox_enter(&spec, missing, why);
}

int worker_run(int fd)
{
	struct job_order order;
	AUTO_FD int source_fd = -1;
	struct fault why = { 0 };
	unsigned missing = 0;
	av_log_set_level(AV_LOG_QUIET);
	int rc = take_order(fd, &order, &source_fd);
	if (rc == -ECONNRESET)
		return 1;
	if (rc)
		fault_set(&why, rc, "worker.order",
			  "the order is not one of this version; restart wasl-contentd");
	else
		rc = close_walls(&order, &missing, &why);
	if (!rc) {
		struct job_reply walls = { .magic = JOB_MAGIC,
					   .kind = JOB_WALLS,
					   .walls = missing };
		if (answer(fd, &walls, -1))
			return 1;
		static int (*const tasks[])(int, const struct job_order *, int,
					    struct fault *) = { [JOB_COOK] = work,
								[JOB_SURVEY] = look,
								[JOB_PREVIEW] = preview,
								[JOB_WORDS] = words };
		rc = tasks[order.task](fd, &order, source_fd, &why);
	}
	struct job_reply last = { .magic = JOB_MAGIC,
				  .kind = rc ? JOB_FAILED : JOB_DONE,
				  .code = rc };
	memcpy(last.id, why.id, sizeof(last.id));
	memcpy(last.text, why.text, sizeof(last.text));
	return answer(fd, &last, -1) ? 1 : 0;
}
