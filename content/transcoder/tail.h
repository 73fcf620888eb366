// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A recording that was interrupted ends in the middle of a box, and libavformat then reads none of an MP4 whose pieces each have an
 * index of their own (fragments). Where does the last box end that is there as a whole? Up to there it is a file. Equal to `size` when
 * nothing is cut or only media data is (ISO/IEC 14496-12, 4.2: size and type of each box); 0 when this is no MP4.
 */
uint64_t tail_whole(int fd, uint64_t size);

/* Does the media data of the last fragment end with the file, before its time? libavformat reads what is there, and says nothing. */
bool tail_lacks_media(int fd, uint64_t size);
