// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fault;

/*
 * The machine under a box: boot and power, storage, heat. board_linux.c reads what the kernel and systemd
 * tell; board_sim.c (in programs that end in -sim) plays a machine that lives in WASL_ROOT: removing
 * its /run while everything is killed is a power cut.
 */
struct board;

/* `root` is put before /sys and /proc ("" on a real machine), for tests. */
int board_open(const char *root, struct board **out, struct fault *why);
void board_close(struct board *b); /* NULL is fine */

enum board_cause {
	BOARD_CAUSE_UNKNOWN,  /* power came, or somebody restarted it: the machine does not say */
	BOARD_CAUSE_WATCHDOG, /* the hardware watchdog reset a hanging machine */
};

struct board_boot {
	uint8_t id[16];     /* differs at each boot */
	uint64_t uptime_ms; /* since the kernel started */
	enum board_cause cause;
};

int board_boot(const struct board *b, struct board_boot *out, struct fault *why);

/* What the machine is about to do; asked when a daemon is told to end. */
enum board_ending { BOARD_RUNS_ON, BOARD_POWEROFF, BOARD_REBOOT };
enum board_ending board_ending(const struct board *b);

/* True while the kernel's clock is disciplined (NTP, GPS). */
bool board_clock_synced(const struct board *b);

/* "Raspberry Pi 4 Model B Rev 1.4", "" when the machine does not say. */
void board_model(const struct board *b, char out[static 64]);

struct board_storage {
	uint64_t total_bytes,
		free_bytes; /* of the file system that holds the path; free for our user */
	int wear_percent;   /* of the flash's rated life that is used, -1 when it does not say */
};

int board_storage(const struct board *b, const char *path, struct board_storage *out,
		  struct fault *why);

/* The hottest sensor in thousandths of a degree Celsius; -ENODATA when there is none. */
int board_heat(const struct board *b, int *milli_celsius);
