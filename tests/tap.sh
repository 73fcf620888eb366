# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # used by who sources it
# TAP for shell tests. Sourced by the lib.sh of an area, or by a test that needs no more than this.

count=0 failed=0
# Of a failure all is said on stderr, too: prove shows nothing else of a test.
explain() { :; } # what else to say of a failure, on lines that begin with #; an area may say it in its own way
ok() { # ok STATUS NAME
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
		echo "# $0: not ok $count - $2" >&2
		explain >&2
	fi
}
is() { # is GOT WANT NAME
	[ "$1" = "$2" ]
	local status=$?
	[ $status = 0 ] || echo "# got '$1', wanted '$2'" >&2
	ok $status "$3"
}
like() { # like FILE REGEX NAME
	grep -qE -- "$2" "$1"
	local status=$?
	[ $status = 0 ] || { echo "# no /$2/ in:"; sed 's/^/# /' "$1" | tail -n 20; } >&2
	ok $status "$3"
}
skip() { # skip NAME REASON
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}
skip_all() { # skip_all REASON
	echo "1..0 # SKIP $1"
	exit 0
}
finish() {
	echo "1..$count"
	exit $failed
}

# until_so SECONDS COMMAND…: asks again until it is so, or the deadline passes: SECONDS are a quiet machine's, one that is busy with
# others may take five times as long. How fast something must be is no matter of this; what must not become so, of never().
until_so() {
	local end=$((SECONDS + 5 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}
never() { # never SECONDS COMMAND…: it does not become so, for that long
	local end=$((SECONDS + $1))
	shift
	while [ $SECONDS -le $end ]; do
		! "$@" >/dev/null 2>&1 || return 1
		sleep 0.05
	done
}
gone() { ! kill -0 "$1" 2>/dev/null; } # gone PID
free_port() { # a port of loopback that nobody has now
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 1)->sockport'
}
