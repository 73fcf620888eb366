// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is to be done with one modem that ModemManager looks after. Pure: (state, observation, monotonic time) -> actions
 * and the time to come back. modem_bus.h brings the observations and carries the actions out, modems.h has both.
 *
 * The ladder: a line that is silent although its modem says that it is connected is reconnected; then the modem is switched
 * off and on; then it is reset. Each step waits twice as long as the one before, and so many an hour and a day
 * are all there ever are, across restarts: a modem that is reset for ever costs credit and cures nothing. What no reset cures
 * (no SIM, a wrong PIN, no credit) is only said.
 */
enum modem_state {
	MODEM_ABSENT, /* ModemManager does not run, or has no such modem */
	MODEM_OFF,    /* the line is switched off */
	MODEM_FAILED, /* the modem is there and of no use, as with no SIM */
	MODEM_LOCKED,
	MODEM_DISABLED,
	MODEM_SEARCHING,
	MODEM_REGISTERED,
	MODEM_CONNECTING,
	MODEM_CONNECTED,
	MODEM_STATES
};

/* Why it is not connected, or of no use: what a technician has to look at. */
enum modem_reason {
	MODEM_WELL,
	MODEM_NO_MANAGER,
	MODEM_NO_MODEM,
	MODEM_NO_SIM,
	MODEM_SIM_BROKEN,
	MODEM_PIN_WANTED, /* none is set */
	MODEM_PIN_WRONG,
	MODEM_PIN_SPARED, /* fewer than three tries are left, or nobody knows how many: none of them is ours */
	MODEM_PUK,
	MODEM_BARRED, /* locked to another operator or in another way */
	MODEM_NO_NETWORK,
	MODEM_DENIED,
	MODEM_ROAMS, /* only a foreign operator is there */
	MODEM_APN,   /* the operator does not know this access point name */
	MODEM_LOGIN, /* its name or password */
	MODEM_CREDIT,
	MODEM_REFUSED,     /* for another reason */
	MODEM_UNPERMITTED, /* ModemManager does not obey us */
	MODEM_SILENT,      /* connected, and no byte comes back */
	MODEM_STUCK,       /* it, or ModemManager, does not get on */
	MODEM_REASONS
};

const char *modem_state_name(enum modem_state state);    /* "searching" */
const char *modem_reason_name(enum modem_reason reason); /* "no_sim"; "" for none */

/* As ModemManager numbers them. */
enum modem_mm {
	MODEM_MM_FAILED = -1,
	MODEM_MM_LOCKED = 2,
	MODEM_MM_DISABLED = 3,
	MODEM_MM_ENABLED = 6,
	MODEM_MM_SEARCHING = 7,
	MODEM_MM_REGISTERED = 8,
	MODEM_MM_CONNECTED = 11,
};
enum modem_lock { MODEM_LOCK_NONE, MODEM_LOCK_PIN, MODEM_LOCK_PUK, MODEM_LOCK_OTHER };
enum modem_net { MODEM_NET_NONE, MODEM_NET_HOME, MODEM_NET_DENIED, MODEM_NET_ROAMING };

enum { MODEM_PIN_TAG = 16 };

/* Everything that is known of the modem, as it stands. */
struct modem_seen {
	bool manager, present;
	unsigned life; /* another number: another modem, or the same one plugged in anew */
	int state;     /* enum modem_mm and what lies between */
	bool sim_missing, sim_broken;
	enum modem_lock lock;
	int pin_tries;                  /* -1: not known */
	bool pin;                       /* one is set ... */
	uint8_t pin_tag[MODEM_PIN_TAG]; /* ... and this tells it from another one */
	enum modem_net net;
	bool bearer;   /* connected, with a device and an address or a way to one */
	bool foreign;  /* it is connected with another access point name than is set */
	unsigned apns; /* how many access point names there are to try; at least 1 */
};

/* What the uplink's own questions say of it. */
enum modem_line { MODEM_LINE_UNKNOWN, MODEM_LINE_WELL, MODEM_LINE_SILENT };

enum modem_error {
	MODEM_ERROR_NONE,
	MODEM_ERROR_LATE,
	MODEM_ERROR_GONE,  /* nobody is there any more who could have done it */
	MODEM_ERROR_STATE, /* not now: it was not tried */
	MODEM_ERROR_UNPERMITTED,
	MODEM_ERROR_PIN,
	MODEM_ERROR_NETWORK,
	MODEM_ERROR_DENIED,
	MODEM_ERROR_ROAMS,
	MODEM_ERROR_APN,
	MODEM_ERROR_LOGIN,
	MODEM_ERROR_CREDIT,
	MODEM_ERROR_OTHER,
	MODEM_ERRORS
};

enum modem_call {
	MODEM_CALL_NONE,
	MODEM_CALL_PIN,
	MODEM_CALL_ENABLE,
	MODEM_CALL_CONNECT,
	MODEM_CALL_DISCONNECT,
	MODEM_CALL_DISABLE,
	MODEM_CALL_RESET,
};

enum modem_observation_kind { MODEM_TICK, MODEM_SEEN, MODEM_DONE, MODEM_LINE };

struct modem_observation {
	enum modem_observation_kind kind;
	struct modem_seen seen; /* MODEM_SEEN */
	enum modem_error error; /* MODEM_DONE: of the last call */
	enum modem_line line;   /* MODEM_LINE */
};

/* What the ladder did, and what is not to be done again: kept across restarts. */
enum { MODEM_PER_DAY_MAX = 24, MODEM_PIN_TIMES = 2 };
struct modem_memory {
	uint64_t step_ms[MODEM_PER_DAY_MAX]; /* when a step was taken, oldest first; monotonic */
	size_t steps;
	unsigned climbed;   /* steps since the line was last well for long */
	bool pin_tried;     /* this PIN was sent, and the SIM was not seen unlocked by it since */
	bool pin_wrong;     /* and the SIM said that it is wrong */
	unsigned pin_times; /* how often it was sent without an answer; MODEM_PIN_TIMES at most */
	uint8_t pin_tag[MODEM_PIN_TAG];
};

enum modem_action_kind { MODEM_SAVE /* the memory, before what follows */, MODEM_CALL, MODEM_SAY };
enum modem_step { MODEM_STEP_NONE, MODEM_STEP_RECONNECT, MODEM_STEP_CYCLE, MODEM_STEP_RESET };

struct modem_action {
	enum modem_action_kind kind;
	enum modem_call call; /* MODEM_CALL; one is out at a time */
	unsigned apn;         /* which of the access point names, with MODEM_CALL_CONNECT */
	enum modem_step step; /* the call is one of the ladder */
};

enum { MODEM_ACTIONS_MAX = 6 };
struct modem_actions {
	struct modem_action list[MODEM_ACTIONS_MAX];
	size_t count;
};

struct modem_rules {
	bool on, roaming;
	uint64_t
		patience_ms; /* of silence before the first step; then twice as long each time ... */
	uint64_t patience_max_ms;        /* ... to this */
	uint64_t search_ms;              /* without a network before that counts as trouble */
	uint64_t quiet_ms;               /* well for so long: the ladder begins at its foot again */
	uint64_t retry_ms, retry_max_ms; /* between two tries to connect, doubling */
	uint64_t call_ms;                /* a call that was not answered by then never will be */
	unsigned per_hour, per_day;      /* steps of the ladder, at most MODEM_PER_DAY_MAX */
};

/* Plain data; read it. */
struct modem {
	struct modem_rules rules;
	struct modem_memory memory;
	struct modem_seen seen;
	enum modem_line line;
	enum modem_state state;
	enum modem_reason reason;
	uint64_t since_ms;    /* in this state, for this reason */
	uint64_t mm_since_ms; /* ModemManager has said so since */

	bool pin_sent;        /* in this life of the modem */
	enum modem_call call; /* is out, until ... */
	uint64_t call_until_ms;
	unsigned fails;         /* tries that failed, in a row */
	enum modem_error error; /* of the last one */
	uint64_t retry_at_ms;
	unsigned apn, apns_tried;
	uint64_t trouble_ms; /* since when there is trouble that a step may cure; 0: none */
	uint64_t well_ms;    /* well since; 0: it is not */
	uint64_t step_at_ms; /* when the next step is due; 0: none is */
};

void modem_init(struct modem *m, const struct modem_rules *rules,
		const struct modem_memory *memory);

/* As [uplink] modem_patience_s says; everything else is fixed. */
void modem_rules_of(uint64_t patience_ms, struct modem_rules *out);

uint64_t modem_step(struct modem *m, const struct modem_observation *seen, uint64_t now_ms,
		    struct modem_actions *out);

/* modem_ladder.c: steps taken in the last hour and day. */
unsigned modem_steps_since(const struct modem_memory *memory, uint64_t now_ms, uint64_t within_ms);
