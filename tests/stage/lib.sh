# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# TAP for shell tests of wasl-stage: sourced by tests/stage/*.t.
set -uo pipefail

count=0 failed=0
ok() { # ok STATUS NAME
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
		[ -z "${out-}" ] || [ ! -f "$out" ] || sed 's/^/# /' "$out" | tail -n 15
	fi
}
is() { # is GOT WANT NAME
	[ "$1" = "$2" ]
	local status=$?
	[ $status = 0 ] || echo "# got '$1', wanted '$2'"
	ok $status "$3"
}
has() { # has FILE TEXT NAME
	grep -qF -- "$2" "$1"
	ok $? "$3"
}
finish() {
	echo "1..$count"
	exit $failed
}

# until_so SECONDS COMMAND…: asks again until it is so, or the deadline passes
until_so() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

free_port() { # a port of loopback that nobody has now
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 1)->sockport'
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
	local killer status
	(sleep "$2" && kill -9 "$1") 2>/dev/null &
	killer=$!
	wait "$1" 2>/dev/null
	status=$?
	kill $killer 2>/dev/null
	wait $killer 2>/dev/null
	is $status "$3" "$4"
}
is_ready() { [ "$(ask GET /v1/status | jq -r .ready)" = true ]; }
pid_of() { ask GET /v1/status | jq -r ".processes[] | select(.name == \"$1\") | .pid"; }
state_of() { ask GET /v1/status | jq -r ".processes[] | select(.name == \"$1\") | .state"; }
