// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * What a program did to the files below one folder, in order: written by recorder.c (preloaded into the program), read by replay.c.
 * The log is a row of records, each followed by `path_len` bytes of path, `other_len` bytes of a second path and
 * `data_len` bytes of data. Paths are relative to the folder. A file keeps its number whatever its name is.
 */
enum log_type {
	LOG_MKDIR = 1, /* path */
	LOG_CREATE,    /* path, file: a new empty file */
	LOG_FOUND,     /* path, file: one that was there before */
	LOG_WRITE, /* file, offset, data: by a call, or a page that changed in a shared mapping */
	LOG_TRUNCATE, /* file, offset: the new length */
	LOG_ALLOCATE, /* file, offset: at least so long */
	LOG_RENAME,   /* path to other */
	LOG_UNLINK,   /* path */
	LOG_SYNC,     /* file: its bytes and length are durable now */
	LOG_SYNC_DIR, /* path: the names in this folder are durable now */
	LOG_MARK,     /* data: what the program says of itself */
};

struct log_record {
	uint32_t type, file;
	uint64_t offset;
	uint32_t path_len, other_len;
	uint64_t data_len;
};

/* The recorded program says something: found by dlsym(), because it also runs without the recorder. */
typedef void log_mark_fn(const void *bytes, uint64_t len);
#define LOG_MARK_SYMBOL "wasl_crash_mark"

/* The environment of the recorder. */
#define LOG_ENV_FOLDER "WASL_CRASH_FOLDER" /* absolute; what is below it is recorded */
#define LOG_ENV_FILE "WASL_CRASH_LOG"
