#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-stage run: what it refuses, each with one sentence that says what to do, before anything was started.
# shellcheck source=tests/stage/lib.sh
. "$(dirname "$0")/lib.sh"

top=$(mktemp -d)
root=$top/run
out=$top/out
holder=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	[ -z "$holder" ] || kill "$holder" 2>/dev/null
	rm -rf "$top"
}
trap cleanup EXIT
port=$(free_port)
hub_port=$(free_port)
stage() { timeout 30 "$B/bin/wasl-stage" run --root "$root" --bin "$B" --port "$port" --hub-port "$hub_port" "$@" >"$out" 2>&1; }

"$B/bin/wasl-stage" --help >"$out"
is $? 0 "it helps"
"$B/bin/wasl-stage" >"$out" 2>&1
is $? 2 "without a command it says how"
"$B/bin/wasl-stage" dance >"$out" 2>&1
is $? 2 "a command that is none"
stage --port 0
is $? 2 "a port that is none"
has "$out" "--port (PORT=) takes a number from 1 to 65535, not '0'" "is named, with what it takes"
stage --schools many
is $? 2 "a number that is none"
has "$out" "--schools (SCHOOLS=) takes a number from 0 to 1000000, not 'many'" "is named, with what it takes"
stage --listen everywhere
is $? 2 "a place to listen that is none"
has "$out" "--listen (LISTEN=) takes loopback or lan, not 'everywhere'" "is named, with what it takes"
stage --lesson "$top/film.mp4"
is $? 1 "a lesson that is not there"
has "$out" "the lesson '$top/film.mp4' cannot be read (No such file or directory); name a video" "is named, with a remedy"
"$B/bin/wasl-stage" run --root "$root" --bin "$top" >"$out" 2>&1
is $? 1 "a folder that is no build"
has "$out" "is no build of this tree" "is named"
"$B/bin/wasl-stage" status --root "$root" >"$out" 2>&1
is $? 1 "no stage to ask"
has "$out" "no stage runs in '$root'" "is said"

# the tree around the build, without the build
mkdir -p "$top/tree/build/dev/bin" "$top/tree/content/sample"
cp -r --parents provisioning/hub/sample content/sample "$top/tree/"
"$B/bin/wasl-stage" run --root "$root" --bin "$top/tree/build/dev" --port "$port" --hub-port "$hub_port" >"$out" 2>&1
is $? 1 "a build with a program missing"
has "$out" "the program '$top/tree/build/dev/bin/waslhub' is missing (No such file or directory); build it: make" "is named, with a remedy"

perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], Listen => 1, ReuseAddr => 1) or die; print "x"; $| = 1; print "\n"; sleep 60' "$port" >"$top/held" &
holder=$!
until_so 10 test -s "$top/held"
stage
is $? 1 "a port in use"
has "$out" "port $port is in use by another program; end it" "is named"
has "$out" "make run PORT=$((port < 65000 ? port + 10 : port - 10))" "and another one is offered"
[ ! -d "$root/hub/var" ]
ok $? "nothing was begun"
finish
