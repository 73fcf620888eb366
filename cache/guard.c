// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/guard.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

struct frame {
	sigjmp_buf at;
	struct frame *outer;
};

/*
 * A signal handler is given nothing of ours: where to go back to can only be found in the thread, and what was there before
 * only in the process. The model spares the handler an allocation in a module that was loaded late.
 */
static _Thread_local struct frame *innermost __attribute__((tls_model("initial-exec")));
static struct sigaction before;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (innermost && info->si_code > 0) /* <= 0: a person sent it */
		siglongjmp(innermost->at, 1);
	sigaction(sig, &before, NULL);
	if (info->si_code <= 0)
		raise(sig);
	/* Else the same instruction meets the same page again, and whoever was here before us. */
}

void guard_arm(void)
{
	struct sigaction ours = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction was;
	sigemptyset(&ours.sa_mask);
	if (!sigaction(SIGBUS, &ours, &was) && was.sa_sigaction != on_bus)
		before = was;
}

int guard_read(int (*read)(void *arg), void *arg)
{
	struct frame own;
	pthread_once(&once, guard_arm);
	own.outer = innermost;
	/* The mask is not saved, which would be a system call; the handler blocks nothing. */
	if (sigsetjmp(own.at, 0)) {
		innermost = own.outer;
		return -EIO;
	}
	innermost = &own;
	atomic_signal_fence(memory_order_seq_cst);
	int rc = read(arg);
	atomic_signal_fence(memory_order_seq_cst);
	innermost = own.outer;
	return rc;
}

struct copy {
	void *to;
	const void *from;
	size_t len;
};

static int copy(void *arg)
{
	const struct copy *c = arg;
	memcpy(c->to, c->from, c->len);
	return 0;
}

int guard_copy(void *to, const void *from, size_t len)
{
	return guard_read(copy, &(struct copy){ to, from, len });
}
