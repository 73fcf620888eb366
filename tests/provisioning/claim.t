#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-provisiond among a played agentd and a played hub.
export CMOCKA_MESSAGE_OUTPUT=TAP
exec "$B/tests/provisioning-claim"
