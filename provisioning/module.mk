# SPDX-License-Identifier: GPL-2.0-or-later
# The box's side of enrolment. Everything but main() is a library that program, tests and fuzzers link.
PROVISIONING := enrol claim claim_file provisiond provisiond_serve provisiond_steps
$(eval $(call lib,provisioning,$(PROVISIONING:%=provisioning/%.c),record base))
$(eval $(call prog,wasl-provisiond,provisioning/main.c,provisioning))

$(foreach u,$(PROVISIONING),$(if $(wildcard tests/unit/provisioning/$(u)_test.c),$(eval $(call unit,provisioning_$(u),tests/unit/provisioning/$(u)_test.c,provisioning record base))))
$(eval $(call fuzzer,enrol,tests/fuzz/enrol_fuzz.c,provisioning record base))

# The real daemon among played others; built by `make check` only, as it needs cmocka.
PROVISIONING_PLAY := tests/provisioning/claim_daemon.c tests/provisioning/players.c
SRCS += $(PROVISIONING_PLAY)
TEST_PROGS += $(B)/tests/provisioning-claim
$(B)/tests/provisioning-claim: private OURS := provisioning
$(B)/tests/provisioning-claim: private EXTRA := -lcmocka
$(B)/tests/provisioning-claim: $(call obj,$(PROVISIONING_PLAY)) $$(foreach l,$$(sort $$(call closure,provisioning)),$(B)/lib/lib$$(l).a)
