// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

struct fault;

/*
 * Whether an address ("192.168.3.7", "fd00::7", "::ffff:10.0.0.1") lies in one of the networks that `words` lists ("192.168.3.0/24
 * fd00::/8"). No words: everywhere. The box itself is always near. Pure.
 */
bool near_is(const char *words, const char *address);
int near_check(const char *words, struct fault *why); /* -EINVAL names the word */
