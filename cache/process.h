// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Who a process is: its number, and when it began, since numbers come again (proc(5), starttime of /proc/PID/stat). The lower
 * half is the number. Never 0 for a process that is there.
 */
uint64_t process_who(int32_t pid);
static inline int32_t process_pid(uint64_t who)
{
	return (int32_t)who;
}
/*
 * It lives: not one that was given its number later, nor one that ended and is still to be waited for. Where nobody may look when
 * it began, its number tells, and that another user's process is none of ours.
 */
bool process_alive(uint64_t who);
