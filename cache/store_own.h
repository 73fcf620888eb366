// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

#include "cache/store_local.h"

/*
 * What a file of the school is called, a second time, in a small file of its own: own/HASH-OF-ADDRESS. Nobody else has these
 * files, and their names are nowhere but in store.db: when that is lost or damaged, they are read from here. Host byte order.
 */
struct store_own_file {
	char magic[8];
	uint32_t check; /* CRC-32C of all that follows */
	uint32_t path_len, type_len;
	uint32_t reserved;
	uint64_t size;
	int64_t added_s;
	struct objmap_id id;
	/* the address, then the media type, neither terminated; then nothing */
};

enum { STORE_OWN_MOST = sizeof(struct store_own_file) + NAMES_MAX_PATH + 128 };

/* Into `out`, of STORE_OWN_MOST bytes; how many it takes. */
size_t store_own_pack(const struct store_local *file, void *out);
/* 0, or -EBADMSG: damaged, or no such file. Pure. */
int store_own_parse(const void *bytes, size_t len, struct store_local *out);
