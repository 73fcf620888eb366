# SPDX-License-Identifier: GPL-2.0-or-later
BASE := fault fileio log paths sheet text clock conf conf_value conf_man box_conf wall_conf conf_settings settings_rules daemon
BASE += vars crc32c db unixsock ctl ctl_reply ctl_call http http_code http_order http_redirect sandbox sandbox_calls
$(eval $(call lib,base,$(BASE:%=firmware/base/%.c),,libsystemd sqlite3 libmicrohttpd libcurl jansson libsodium))

$(foreach u,$(BASE),$(if $(wildcard tests/unit/base/$(u)_test.c),$(eval $(call unit,base_$(u),tests/unit/base/$(u)_test.c,base))))
$(eval $(call fuzzer,conf,tests/fuzz/conf_fuzz.c,base))
