# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-stage: a whole hub and box in one folder.
STAGE := control front notify plan port proc progress qr restart spawn stage stage_loop sweep tail term vars
$(eval $(call lib,stage,$(STAGE:%=firmware/stage/%.c),base,libqrencode))

# The machinery with fake programs, for tests/stage/*.t
$(eval $(call prog,stage-fake,tests/stage/stage-fake.c,stage base,tests))
$(eval $(call prog,fake-daemon,tests/stage/fake-daemon.c,base,tests))
TEST_PROGS += $(B)/tests/stage-fake $(B)/tests/fake-daemon

$(foreach u,$(STAGE),$(if $(wildcard tests/unit/stage/$(u)_test.c),$(eval $(call unit,stage_$(u),tests/unit/stage/$(u)_test.c,stage base))))
$(eval $(call fuzzer,stage_notify,tests/fuzz/stage_notify_fuzz.c,stage base))
