// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/* TCP ports of this machine. Addresses are numeric IPv4. */

/* 0 when a server could listen on address:port now, -EADDRINUSE and so on otherwise (the sentence says what to do). */
int port_is_free(const char *address, uint16_t port, struct fault *why);

/* 1 when somebody takes connections at "127.0.0.1:8080", 0 when not, negative for an address that is none. */
int port_answers(const char *address_port);

/* A port of 127.0.0.1 that is free now. */
int port_find(uint16_t *out, struct fault *why);

/* This machine's address on its local network, for LISTEN=lan: the one that would be used to go out. */
int port_lan_address(char out[static 16], struct fault *why);
