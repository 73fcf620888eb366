// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

/*
 * Reading mapped files without dying of them. A page that cannot be had (the file was cut short by other hands, the disk
 * gives an error) arrives as SIGBUS; inside a guard it becomes -EIO, outside of one it does what it did before.
 *
 * guard_read() calls `read(arg)` and returns what it returned, or -EIO. `read` is left in the middle then: it must hold
 * nothing that wants releasing, take no lock, and change nothing but what `arg` leads to. Guards may be nested. No system
 * call is made; the handler is set at the first call in a process.
 */
int guard_read(int (*read)(void *arg), void *arg);

/* Sets the handler again, where something else (a test kit) took the signal after the first guard. */
void guard_arm(void);

/* Copies out of a mapped file: 0 or -EIO. */
int guard_copy(void *to, const void *from, size_t len);
