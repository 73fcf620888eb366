#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
exec node "$(dirname "$0")/outage.mjs"
