# SPDX-License-Identifier: GPL-2.0-or-later
# The machine under a box, real or played by a folder.
$(eval $(call lib,board,board/board_sys.c board/board_linux.c,base,libsystemd))
$(eval $(call lib,board_sim,board/board_sys.c board/board_sim.c,base,libsodium))
$(foreach u,linux sim,$(eval $(call unit,board_$(u),tests/unit/board/$(u)_test.c,board$(if $(filter sim,$(u)),_sim))))
