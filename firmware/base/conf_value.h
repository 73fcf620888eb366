// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct conf_key;
struct fault;

/*
 * One value of a configuration file: text to field and limits to text. For conf.c and conf_man.c.
 */

/* Checks `value` and writes it into the field of `item`, which is untouched on failure. */
int conf_value_set(const struct conf_key *key, const char *value, void *item, struct fault *why);

/* "1 to 600", "64M to 2T", "auto, on, off"; "" where anything goes. */
void conf_value_range(const struct conf_key *key, char *out, size_t room);

/* "20G", "1500K", "77": the shortest exact way to write a size; out has 24 bytes. */
void conf_value_size(uint64_t bytes, char out[static 24]);

/* The field's value as one would write it in the file. */
void conf_value_print(const struct conf_key *key, const void *item, FILE *to);
