# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-door writes the web server's configuration from the box's.
$(eval $(call lib,door,cache/door/door.c,base))
$(eval $(call prog,wasl-door,cache/door/main.c,door))
$(eval $(call unit,cache_door,tests/unit/cache/door_test.c,door))
