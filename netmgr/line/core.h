// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/choose.h"
#include "netmgr/line/traffic.h"
#include "netmgr/line/uplink.h"
#include "netmgr/line/verdict.h"

/*
 * The decisions: what each uplink's state is, what to ask next, which uplink new flows take. Pure:
 * (state, observation, monotonic time) -> actions and the time to come back. No I/O and no clock of
 * its own, so the daemon and a trace simulator run the same code.
 */
struct core_line {
	unsigned rank;     /* smaller is preferred */
	unsigned possible; /* PROBE_BIT()s that can be asked over this uplink */
	uint32_t idle_ms
		[PROBE_TARGETS]; /* how often each is asked while all is well; 0: only on suspicion */
	bool frugal;             /* bytes cost money: bytes that came in stand for answers ... */
	uint32_t busy_ms
		[PROBE_TARGETS]; /* ... and while it is in use, questions may cost one byte in
					    a hundred, this often at most */
	uint32_t retry_ms;       /* between rounds while it is down */
	uint32_t
		limp_ms; /* questions come at least this often while a part of it does not answer */
	uint32_t
		watch_ms; /* between questions while something was lost: is it loss, or was it chance? */
	uint32_t doubt_ms; /* at least this long between two suspicions raised by silent traffic
			      that nobody's bytes have paid for */
	uint32_t stall_ms; /* a line of its kind stops for so long now and then and is well */
	uint32_t slow_ms;  /* a round trip above this is a degraded line */
};

struct core_rules {
	uint32_t burst_ms;    /* between the repeats of a burst; a round trip at most */
	uint32_t repeats;     /* of each question in a burst; unanswered to the last: down */
	uint32_t fails;       /* rounds without an answer that make a line down that was not up */
	uint32_t patience_ms; /* how long a round may take: from this ... */
	uint32_t patience_max_ms; /* ... to this, by the measured round trip */
	uint32_t silence_ms;      /* bytes leave and none return for this long: suspicion */
	uint32_t stream_ms;       /* a stream breaks off for this long: the same */
	uint32_t last_ms; /* between the last repeat and the verdict, where somebody waits */
	uint32_t hold_ms, hold_max_ms; /* hold-down doubles from and to this on each fall ... */
	uint32_t quiet_ms;             /* ... and halves for each time this long without one */
	struct choose_rules choose;
};

enum core_observation_kind {
	CORE_TICK,    /* nothing new; time has passed */
	CORE_LINK,    /* .present, .carrier */
	CORE_ADDRESS, /* .address, .gateway */
	CORE_ROUND,   /* .round: answers to the last CORE_ASK of this uplink */
	CORE_TRAFFIC, /* .rx_bytes, .tx_bytes: counters as they stand */
	CORE_SWITCH,  /* .on: switched on or off by a person or a setting */
	CORE_QUOTA,   /* .on: quota used up (on) or not */
};

struct core_observation {
	enum core_observation_kind kind;
	unsigned uplink;
	union {
		struct {
			bool present, carrier;
		};
		struct {
			bool address, gateway;
		};
		struct probe_round round;
		struct {
			uint64_t rx_bytes, tx_bytes;
		};
		bool on;
	};
};

enum core_action_kind {
	CORE_ASK, /* ask .targets over the uplink, each .repeats times .every_ms apart until it answers;
			  answer with CORE_ROUND within .within_ms */
	CORE_PREFER,   /* new flows take .uplink; -1: there is none */
	CORE_RELEASE,  /* the uplink fell: free whoever is stuck on it */
	CORE_SAY_UP,   /* event for people and reports */
	CORE_SAY_DOWN, /* the same, with .layer */
};

struct core_action {
	enum core_action_kind kind;
	int uplink;
	unsigned targets;
	uint32_t within_ms, repeats, every_ms;
	uint32_t
		dead_ms; /* nobody far away has answered at all until then: the round ends; 0: never */
	bool settle; /* far machines that are late are not waited for once another one has answered */
	enum uplink_layer layer;
};

/* Most that one step can ask for: each uplink one of each per-uplink kind, and one move. */
enum { CORE_ACTIONS_MAX = UPLINK_MAX * 4 + 1 };

struct core_actions {
	struct core_action list[CORE_ACTIONS_MAX];
	size_t count;
};

enum core_loss { CORE_LOSS_NONE, CORE_LOSS_SOME, CORE_LOSS_HEAVY };

/* Plain data; read it through the calls below. */
struct core_uplink {
	enum uplink_state state; /* never CAPPED: that is laid over it, see core_state() */
	enum uplink_grade grade;
	enum uplink_layer layer;
	uint64_t since_ms, fit_since_ms;
	enum choose_fitness fitness;
	bool seen; /* the kernel has said something about it */
	bool present, carrier, address, gateway, off, capped;

	bool asking; /* a round is out */
	uint64_t answer_by_ms;
	uint64_t due_ms[PROBE_TARGETS]; /* while UP */
	uint64_t round_due_ms;          /* in every other state that asks */
	uint32_t fails;

	bool fell; /* was down since it was last up: comes back through hold-down */
	bool said_up, said_any;
	uint32_t hold_ms;
	uint64_t hold_until_ms, fell_ms;

	struct core_rtt {
		uint32_t smooth_us, var_us, samples;
	} rtt, beyond;    /* of whoever answers first; of machines beyond the provider alone */
	uint64_t lost;    /* the last questions that were asked once, 1 = no answer */
	uint32_t lost_of; /* how many of them, at most 64 */
	enum core_loss loss;
	uint8_t silent_run
		[PROBE_TARGETS]; /* a machine that never answers says nothing about loss */
	uint32_t watch;          /* rounds of close watch to come */
	uint32_t held_rounds;
	uint64_t
		checked_ms; /* when everything that can be asked was, and the line was found well */
	uint64_t hub_bad_ms,
		hub_ok_ms; /* when the hub was silent here, since; when it last answered */
	uint64_t asked_ms[PROBE_TARGETS];
	struct traffic traffic;
	uint64_t doubted_ms;
	uint32_t vain_doubts; /* in a row, with no bytes between them */
	bool asked_once;
	bool waited_for; /* SUSPECT because bytes leave and none return: somebody waits for the verdict */
};

struct core {
	struct core_rules rules;
	struct core_line lines[UPLINK_MAX];
	struct core_uplink uplinks[UPLINK_MAX];
	size_t count;
	struct choose choose;
};

void core_init(struct core *c, const struct core_rules *rules, const struct core_line *lines,
	       size_t count, uint64_t now_ms);

/*
 * Takes one observation in; *out is overwritten. Returns the monotonic time of the next step that is
 * due without a new observation (a CORE_TICK then), UINT64_MAX for never.
 */
uint64_t core_step(struct core *c, const struct core_observation *seen, uint64_t now_ms,
		   struct core_actions *out);

enum uplink_state core_state(const struct core *c, unsigned uplink);
enum uplink_class core_class(const struct core *c,
			     unsigned uplink); /* what this second counts as */
int core_preferred(const struct core *c);
