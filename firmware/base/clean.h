// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdlib.h>
#include <unistd.h>

/*
 * Release declared where a thing is acquired.
 *
 *	AUTO_FREE char *text = NULL;			freed with free()
 *	AUTO_FD int fd = -1;				closed unless -1
 *	CLEANUP(clean_meter) struct meter *m = NULL;	clean_meter(struct meter **) is called
 *
 * A value handed over leaves with MOVE_PTR(p) or MOVE_FD(fd).
 */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define AUTO_FREE CLEANUP(clean_free)
#define AUTO_FD CLEANUP(clean_fd)

/* Defines clean_NAME(T **) that calls `release`, which must accept NULL. */
#define CLEAN_FN(name, type, release)                \
	static inline void clean_##name(type **held) \
	{                                            \
		release(*held);                      \
	}

static inline void clean_free(void *held)
{
	free(*(void **)held);
}

static inline void clean_fd(int *held)
{
	if (*held >= 0)
		close(*held);
}

#define MOVE_PTR(p)                        \
	({                                 \
		__typeof__(p) moved = (p); \
		(p) = NULL;                \
		moved;                     \
	})

#define MOVE_FD(fd)               \
	({                        \
		int moved = (fd); \
		(fd) = -1;        \
		moved;            \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
