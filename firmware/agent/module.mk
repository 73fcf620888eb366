# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-agentd: what the box knows about itself, on its way to the ministry. Everything but main() is a library.
AGENT := aggregate chain courier_policy feed floor keyfile outbox outbox_receipt outbox_seal
$(eval $(call lib,agent,$(AGENT:%=firmware/agent/%.c),record base))

$(foreach u,$(AGENT),$(if $(wildcard tests/unit/agent/$(u)_test.c),$(eval $(call unit,agent_$(u),tests/unit/agent/$(u)_test.c,agent record base))))
