#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The running wasl-hubd among boxes, officers and kill -9 (hubd_test.c).
exec "${B:?set B to the build folder}/tests/hub-hubd"
