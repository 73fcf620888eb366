// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is wrong with a line, apart from being slow. Pure. UP is from the school to the provider. The router is the machine
 * at the far end of the cable: unless everything is silent it stays reachable whatever fails beyond it.
 */
enum direction { UP, DOWN, DIRECTIONS };

enum faults_silent { SILENT_NO, SILENT_BEYOND, SILENT_ALL };

enum { FAULTS_BLOCKED_MAX = 8, FAULTS_VISITORS = 1024 };

struct faults {
	struct in_addr router;
	bool unplugged;
	enum faults_silent silent[DIRECTIONS];
	bool resolver_dead; /* port 53, whoever is asked */
	struct in_addr blocked[FAULTS_BLOCKED_MAX];
	size_t blocked_count;
	/* A login page in everybody's place: names are resolved, port 80 leads there, the rest leads nowhere. */
	struct in_addr portal; /* 0: none */
	struct {
		struct in_addr client, wanted;
		uint16_t port;
	} visitors[FAULTS_VISITORS];
};

/* May this frame pass? A portal readdresses it in place. */
bool faults_pass(struct faults *f, enum direction way, uint8_t *bytes, size_t len);
