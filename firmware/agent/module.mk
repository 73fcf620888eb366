# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-agentd: what the box knows about itself, on its way to the ministry. Everything but main() is a library.
AGENT := agent agent_api agent_echo agent_offers agent_receipt agent_seal agent_settings aggregate chain collector courier courier_policy feed film_course floor grant \
	 keyfile outbox outbox_minutes outbox_offer outbox_receipt outbox_seal seal_policy
$(eval $(call lib,agent,$(AGENT:%=firmware/agent/%.c),record board base))
$(eval $(call prog,wasl-agentd,firmware/agent/main.c,agent))

$(foreach u,$(AGENT),$(if $(wildcard tests/unit/agent/$(u)_test.c),$(eval $(call unit,agent_$(u),tests/unit/agent/$(u)_test.c,agent record base))))

# The real daemon among played others; built by `make check` only, as it needs cmocka.
AGENT_PLAY := tests/agent/agent_daemon.c tests/agent/box.c tests/agent/players.c
SRCS += $(AGENT_PLAY)
TEST_PROGS += $(B)/tests/agent-daemon
$(B)/tests/agent-daemon: private OURS := agent
$(B)/tests/agent-daemon: private EXTRA := -lcmocka
$(B)/tests/agent-daemon: $(call obj,$(AGENT_PLAY)) $$(foreach l,$$(sort $$(call closure,agent)),$(B)/lib/lib$$(l).a)
$(foreach f,feed hub_answer,$(eval $(call fuzzer,$(f),tests/fuzz/$(f)_fuzz.c,agent record base)))

LONG += tests/agent/settings_flow.t

# What settings records may carry, as a configuration file for tests/agent/settings.t.
SRCS += tests/agent/settings_conf.c
TEST_PROGS += $(B)/tests/settings-conf
$(B)/tests/settings-conf: private OURS := record
$(B)/tests/settings-conf: $(call obj,tests/agent/settings_conf.c) $$(foreach l,$$(sort $$(call closure,record)),$(B)/lib/lib$$(l).a)
