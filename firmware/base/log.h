// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct fault;

/*
 * Four verbs. A line is one event: `log_warn("event=uplink.down uplink=%s reason=%s", …)`.
 * Goes to the journal with its priority when the program runs under systemd, else to standard error
 * as "NAME: text". Libraries never log above debug; a daemon logs each failure once.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* `name` is copied (39 bytes). WASL_LOG=debug in the environment lowers the threshold. */
void log_open(const char *name);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "event=WHAT fault=ID text=\"SENTENCE\"" at `level`. */
void log_fault(enum log_level level, const char *what, const struct fault *why);
