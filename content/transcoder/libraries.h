// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* One line on standard output: the versions of everything that decides what is decoded and encoded. An exit status. */
int libraries_print(void);
