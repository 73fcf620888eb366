// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/book/checks.h"

struct fault;
struct ledger;

/* All checks of the day that `c` was begun for, from the minutes of its chain. 0 or -errno. */
int checks_book_read(struct ledger *ledger, struct checks *c, struct fault *why);
