// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "provisioning/hub/store.h"

/*
 * What an engine fills in: the functions of store.h, in groups so that each group can live in a file of its own.
 * An engine's own struct begins with `struct store`.
 */
struct store_engine_ops {
	void (*close)(struct store *s);
	int (*begin)(struct store *s, struct fault *why);
	int (*commit)(struct store *s, struct fault *why);
	void (*rollback)(struct store *s);
	int (*generation)(struct store *s, int64_t *out, struct fault *why);
	int (*number_get)(struct store *s, const char *name, int64_t fallback, int64_t *out,
			  struct fault *why);
	int (*number_set)(struct store *s, const char *name, int64_t value, struct fault *why);
};

struct store_registry_ops {
	int (*school_put)(struct store *s, const struct school *school, enum store_change *out,
			  struct fault *why);
	int (*school_get)(struct store *s, const char *code, struct school *out, struct fault *why);
	int (*status_get)(struct store *s, const char *school, struct school_status *out,
			  struct fault *why);
	int (*status_put)(struct store *s, const char *school, const struct school_status *status,
			  struct fault *why);
	int (*schools_each)(struct store *s, store_school_fn *each, void *data, struct fault *why);
	int (*ticket_add)(struct store *s, const struct ticket *ticket, struct fault *why);
	int (*ticket_get)(struct store *s, const uint8_t id[static 16], struct ticket *out,
			  struct fault *why);
	int (*ticket_spend)(struct store *s, const uint8_t id[static 16],
			    const uint8_t device[static 16], int64_t now_s, struct fault *why);
	int (*device_add)(struct store *s, const struct device *device, struct fault *why);
	int (*device_get)(struct store *s, const uint8_t id[static 16], struct device *out,
			  struct fault *why);
	int (*device_state_set)(struct store *s, const uint8_t id[static 16],
				enum device_state state, struct fault *why);
	int (*devices_each)(struct store *s, const char *school, store_device_fn *each, void *data,
			    struct fault *why);
	int (*token_add)(struct store *s, const uint8_t hash[static 32], enum token_role role,
			 int64_t now_s, struct fault *why);
	int (*token_get)(struct store *s, const uint8_t hash[static 32], enum token_role *out,
			 struct fault *why);
};

struct store_ledger_ops {
	int (*head_get)(struct store *s, const uint8_t device[static 16], uint32_t epoch,
			struct account_head *out, struct fault *why);
	int (*head_put)(struct store *s, const uint8_t device[static 16], uint32_t epoch,
			const struct account_head *head, struct fault *why);
	int (*envelope_put)(struct store *s, const struct stored_envelope *envelope,
			    struct fault *why);
	int (*envelope_get)(struct store *s, const uint8_t device[static 16], uint32_t epoch,
			    uint64_t seq, struct stored_envelope *out, void **bytes,
			    struct fault *why);
	int (*envelope_state_set)(struct store *s, const uint8_t device[static 16], uint32_t epoch,
				  uint64_t seq, enum envelope_state state, struct fault *why);
	int (*envelope_next)(struct store *s, const uint8_t device[static 16], uint32_t epoch,
			     enum envelope_state state, uint64_t after, uint64_t *out,
			     struct fault *why);
	int (*fork_put)(struct store *s, const struct stored_envelope *envelope, struct fault *why);
	int (*fork_count)(struct store *s, const uint8_t device[static 16], int64_t *out,
			  struct fault *why);
	int (*receipt_put)(struct store *s, const struct given_receipt *receipt, struct fault *why);
	int (*receipts_each)(struct store *s, const char *school, int64_t before, int limit,
			     store_receipt_fn *each, void *data, struct fault *why);
};

struct store_rows_ops {
	int (*hour_get)(struct store *s, const char *school, int32_t day, uint8_t hour,
			const char *uplink, struct coverage_hour *out, struct fault *why);
	int (*hour_put)(struct store *s, const char *school, const struct coverage_hour *hour,
			struct fault *why);
	int (*hours_each)(struct store *s, const char *school, int32_t from, int32_t to,
			  store_hour_fn *each, void *data, struct fault *why);
	int (*hour_last)(struct store *s, const char *school, int32_t *day, uint8_t *hour,
			 struct fault *why);
	int (*use_add)(struct store *s, const char *school, const struct lesson_use *more,
		       struct fault *why);
	int (*uses_each)(struct store *s, const char *school, int32_t from, int32_t to,
			 store_use_fn *each, void *data, struct fault *why);
	int (*event_put)(struct store *s, const uint8_t device[static 16], const char *school,
			 const struct box_event *event, struct fault *why);
	int (*events_each)(struct store *s, const char *school, int limit, store_event_fn *each,
			   void *data, struct fault *why);
	int (*health_put)(struct store *s, const uint8_t device[static 16],
			  const struct box_health *health, struct fault *why);
	int (*health_get)(struct store *s, const uint8_t device[static 16], struct box_health *out,
			  struct fault *why);
	int (*day_get)(struct store *s, const char *school, int32_t day, struct coverage_s *out,
		       struct fault *why);
	int (*day_put)(struct store *s, const char *school, int32_t day,
		       const struct coverage_s *sum, struct fault *why);
	int (*days_each)(struct store *s, const char *school, int32_t from, int32_t to,
			 store_day_fn *each, void *data, struct fault *why);
	int (*region_day_add)(struct store *s, const char *country, const char *region, int32_t day,
			      const struct region_delta *delta, struct fault *why);
	int (*region_days_each)(struct store *s, const char *country, const char *region,
				int32_t from, int32_t to, store_region_day_fn *each, void *data,
				struct fault *why);
	int (*alert_put)(struct store *s, const struct alert *alert, struct fault *why);
	int (*alerts_each)(struct store *s, int limit, store_alert_fn *each, void *data,
			   struct fault *why);
};

struct store_exchange_ops {
	int (*offer_put)(struct store *s, const struct lesson_offer *offer, struct fault *why);
	int (*offers_each)(struct store *s, int limit, store_offer_fn *each, void *data,
			   struct fault *why);
	int (*offers_of)(struct store *s, const uint8_t device[static 16], store_offer_fn *each,
			 void *data, struct fault *why);
	int (*offer_say)(struct store *s, const struct lesson_offer *offer, struct fault *why);
	int (*settings_put)(struct store *s, const struct kept_settings *settings,
			    struct fault *why);
	int (*settings_get)(struct store *s, const char *scope, struct kept_settings *out,
			    void **bytes, struct fault *why);
	int (*settings_each)(struct store *s, store_settings_fn *each, void *data,
			     struct fault *why);
};

struct store {
	const struct store_engine_ops *engine;
	const struct store_registry_ops *registry;
	const struct store_ledger_ops *ledger;
	const struct store_rows_ops *rows;
	const struct store_exchange_ops *exchange;
};

/* SQLite, one file. */
int store_sqlite_open(const char *path, struct store **out, struct fault *why);
