# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of wasl-stage share. Sourced by tests/stage/*.t.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
explain() { [ -z "${out-}" ] || [ ! -f "$out" ] || sed 's/^/# /' "$out" | tail -n 15; }
has() { # has FILE TEXT NAME
	grep -qF -- "$2" "$1"
	ok $? "$3"
}

# Every process that was started with this WASL_ROOT, wherever it hid.
survivors() {
	grep -lazxF "WASL_ROOT=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
}
nobody_left() { [ -z "$(survivors "$1")" ]; }

root= # of the stage that is tried
ask() { # ask METHOD TARGET: the stage's socket, by a short name because curl knows no way around long ones
	(cd "$root" && curl -s -m 20 -X "$1" --unix-socket stage.sock "http://x$2")
}
ends() { # ends PID SECONDS WANT NAME: it ends in time, with that status
	local status
	until_so "$2" gone "$1" || kill -9 "$1"
	wait "$1" 2>/dev/null
	status=$?
	is $status "$3" "$4"
}
is_ready() { [ "$(ask GET /v1/status | jq -r .ready)" = true ]; }
pid_of() { ask GET /v1/status | jq -r ".processes[] | select(.name == \"$1\") | .pid"; }
state_of() { ask GET /v1/status | jq -r ".processes[] | select(.name == \"$1\") | .state"; }
