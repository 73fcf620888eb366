# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-agentd: what the box knows about itself, on its way to the ministry. Everything but main() is a library.
AGENT := agent agent_api agent_receipt agent_seal aggregate chain collector courier courier_policy feed floor grant \
	 keyfile outbox outbox_receipt outbox_seal seal_policy
$(eval $(call lib,agent,$(AGENT:%=firmware/agent/%.c),record base))
$(eval $(call prog,wasl-agentd,firmware/agent/main.c,agent))

$(foreach u,$(AGENT),$(if $(wildcard tests/unit/agent/$(u)_test.c),$(eval $(call unit,agent_$(u),tests/unit/agent/$(u)_test.c,agent record base))))
