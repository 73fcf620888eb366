// SPDX-License-Identifier: GPL-2.0-or-later
#include "board/board.h"

#include <errno.h>
#include <linux/watchdog.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "board/board_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

CLEAN_FN(bus, sd_bus, sd_bus_flush_close_unref)
CLEAN_FN(message, sd_bus_message, sd_bus_message_unref)

/* "7e9b4af3-6e0d-4eef-91f0-67f30ec529d4" */
static int parse_id(const char *text, uint8_t id[static 16])
{
	char digits[33];
	size_t n = 0;
	for (; *text && n < 32; text++)
		if (*text != '-')
			digits[n++] = *text;
	digits[n] = '\0';
	return text_unhex(digits, id, 16);
}

int board_boot(const struct board *b, struct board_boot *out, struct fault *why)
{
	char text[64];
	struct board_boot boot = { .uptime_ms = clock_mono_ms() };
	int r = board_read(b, text, sizeof(text), "/proc/sys/kernel/random/boot_id");
	if (r == 0)
		r = parse_id(text, boot.id);
	if (r < 0)
		return fault_set(why, r, "board.boot",
				 "the kernel does not tell its boot id "
				 "('%s/proc/sys/kernel/random/boot_id'): %s",
				 b->root, strerror(-r));
	if (board_read(b, text, sizeof(text), "/sys/class/watchdog/watchdog0/bootstatus") == 0 &&
	    strtol(text, NULL, 10) & WDIOF_CARDRESET)
		boot.cause = BOARD_CAUSE_WATCHDOG;
	*out = boot;
	return 0;
}

/* Which of the end targets systemd is starting: a job for it exists from the moment somebody asks. */
static enum board_ending by_jobs(sd_bus *bus)
{
	CLEANUP(clean_message) sd_bus_message *jobs = NULL;
	if (sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
			       "org.freedesktop.systemd1.Manager", "ListJobs", NULL, &jobs,
			       NULL) < 0 ||
	    sd_bus_message_enter_container(jobs, 'a', "(usssoo)") < 0)
		return BOARD_RUNS_ON;
	const char *unit;
	enum board_ending ending = BOARD_RUNS_ON;
	while (sd_bus_message_read(jobs, "(usssoo)", NULL, &unit, NULL, NULL, NULL, NULL) > 0) {
		if (strcmp(unit, "reboot.target") == 0 || strcmp(unit, "kexec.target") == 0 ||
		    strcmp(unit, "soft-reboot.target") == 0)
			return BOARD_REBOOT;
		if (strcmp(unit, "poweroff.target") == 0 || strcmp(unit, "halt.target") == 0)
			ending = BOARD_POWEROFF;
	}
	return ending;
}

enum board_ending board_ending(const struct board *b)
{
	enum { ASK_US = 500000 };
	(void)b;
	CLEANUP(clean_bus) sd_bus *bus = NULL;
	if (sd_bus_open_system(&bus) < 0)
		return BOARD_RUNS_ON;
	sd_bus_set_method_call_timeout(bus, ASK_US);
	return by_jobs(bus);
}
