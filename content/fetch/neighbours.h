// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct fault;

/*
 * Writes who may fetch what is here to `path`, beside the store, where the web server's workers read it when they have said hello;
 * only where it is another. `words` as [content] neighbours. On a disk without a byte nobody is let in, and all else
 * goes on: 0.
 */
int neighbours_write(const char *path, const char *words, struct fault *why);
