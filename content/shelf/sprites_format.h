// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * What wasl-transcoder hands over for a preview, in host byte order: the head, a u16 for each tile (blocks that changed since the
 * key frame before, in thousandths), padding to 4, a u32 for each sheet (its bytes), then the sheets, JPEG files, and
 * the poster, another: the key frame with most to see.
 * Tiles lie in rows from the left; every sheet but the last is full.
 */
#define SPRITES_MAGIC 0x31525053u
#define SPRITES_TILE_SIDE 160u /* the long side of a tile */
#define SPRITES_COLUMNS 10u
#define SPRITES_ROWS 10u /* of a full sheet */
#define SPRITES_TILES_MAX 600u
#define SPRITES_SHEETS_MAX (SPRITES_TILES_MAX / (SPRITES_COLUMNS * SPRITES_ROWS))

struct sprites_head {
	uint32_t magic;
	uint32_t tile_width, tile_height;
	uint32_t tiles;
	uint32_t stride; /* key frames for each tile: its picture is the first of them */
	uint32_t sheets;
	uint32_t poster_bytes; /* 0: none */
};
