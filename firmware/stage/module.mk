# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-stage: a whole hub and box in one folder. Everything but main() is a library that program and tests link.
STAGE := control front helper helper_await hls house house_facts house_files house_vars notify plan port proc progress qr \
	 restart run spawn stage stage_loop sweep tail term
$(eval $(call lib,stage,$(STAGE:%=firmware/stage/%.c),base,libqrencode))
$(eval $(call prog,wasl-stage,firmware/stage/main.c,stage base))

run: deps-run ## hub and box on this machine: PORT= HUB_PORT= LISTEN=lan LESSON=video SCHOOLS=10000
	$(Q)$(MAKE) --no-print-directory $(if $(findstring j,$(firstword -$(MAKEFLAGS))),,-j$$(nproc)) all
	$(Q)exec $(B)/bin/wasl-stage run --root build/run --bin $(B) --port "$(PORT)" --hub-port "$(HUB_PORT)" \
		--listen "$(LISTEN)" --lesson "$(LESSON)" --schools "$(SCHOOLS)"
.PHONY: run

# The machinery with fake programs, for tests/stage/*.t
$(eval $(call prog,stage-fake,tests/stage/stage-fake.c,stage base,tests))
$(eval $(call prog,fake-daemon,tests/stage/fake-daemon.c,base,tests))
TEST_PROGS += $(B)/tests/stage-fake $(B)/tests/fake-daemon

$(foreach u,$(STAGE),$(if $(wildcard tests/unit/stage/$(u)_test.c),$(eval $(call unit,stage_$(u),tests/unit/stage/$(u)_test.c,stage base))))
$(eval $(call fuzzer,stage_notify,tests/fuzz/stage_notify_fuzz.c,stage base))
$(eval $(call fuzzer,hls,tests/fuzz/hls_fuzz.c,stage base))
