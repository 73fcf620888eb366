#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-agentd among a played netmgrd, contentd and hub: lost, late, doubled and forged answers, kills at every write, a full disk.
export CMOCKA_MESSAGE_OUTPUT=TAP
exec "$B/tests/agent-daemon"
