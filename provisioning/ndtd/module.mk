# SPDX-License-Identifier: GPL-2.0-or-later
# What boxes measure against, at the ministry. Everything but main() is a library that program, tests and fuzzers link.
NDTD := limit reply door seats ndt7 ndtd
$(eval $(call lib,ndtd,$(NDTD:%=provisioning/ndtd/%.c),record base,libwebsockets))
$(eval $(call prog,wasl-ndtd,provisioning/ndtd/main.c,ndtd))
$(eval $(call unit,ndtd_reply,tests/unit/ndtd/reply_test.c,ndtd))
$(eval $(call unit,ndtd_door,tests/unit/ndtd/door_test.c,ndtd))
$(eval $(call fuzzer,hubecho,tests/fuzz/hubecho_fuzz.c,ndtd))

# Asks as a box does: tests/hub/ndtd.t and tests/net
$(eval $(call prog,ndtd-ask,tests/hub/ndtd_ask.c,record base,tests))
TEST_PROGS += $(B)/tests/ndtd-ask
