// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <pb.h>
#include <stddef.h>

struct fault;

/*
 * Protocol Buffers in and out of memory. Repeated and long fields are pointers (nanopb FT_POINTER), so a
 * decoded message is released with pb_release() (pb_decode.h). Limits are in the .options files beside the .proto files.
 */
int codec_encode(const pb_msgdesc_t *fields, const void *message, void **out, size_t *len, struct fault *why);
int codec_decode(const pb_msgdesc_t *fields, const void *bytes, size_t len, void *message, struct fault *why);
