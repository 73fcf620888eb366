#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# wasl-ndtd: answers boxes of this hub and nobody else.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
: "${B:?set B to the build folder}"
# shellcheck source=tests/tap.sh
. tests/tap.sh
work=$(mktemp -d)
ndtd=
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	[ -z "$ndtd" ] || { kill "$ndtd" && wait "$ndtd"; } 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
# shellcheck disable=SC2317 # called by ok
explain() { sed 's/^/# /' "$work/ndtd.log" 2>/dev/null; }
export WASL_ROOT=$work/root
secret=$work/root/var/lib/wasl/hub/keys/echo.secret
status() { (cd "$work" && curl -s --max-time 60 --unix-socket root/run/wasl/ndtd.sock http://x/v1/status); }
counts() { status | jq -r "[.$1] | join(\" \")"; }
asks() { "$B/tests/ndtd-ask" "$@" 2>>"$work/ndtd.log"; }
start() {
	"$B/bin/wasl-ndtd" -c "$work/ndtd.conf" 2>>"$work/ndtd.log" &
	ndtd=$!
	until_so 60 status
}

printf '[ndtd]\naddress = 127.0.0.1\nport = 0\nndt-port = 0\nper-box = 4\n' >"$work/ndtd.conf"
"$B/bin/wasl-ndtd" -c "$work/ndtd.conf" 2>"$work/none"
is $? 1 "without a secret it does not start"
like "$work/none" "echo.secret'.*waslhub init" "and says who makes it"
"$B/bin/waslhub" init --country TN >"$work/said" 2>&1
is "$(stat -c %a "$secret" 2>/dev/null)" 600 "waslhub init does, for its owner alone"
cp "$secret" "$work/first"
"$B/bin/waslhub" init --country TN >"$work/said" 2>&1
cmp -s "$secret" "$work/first"
ok $? "once"

start
ok $? "it starts"
port=$(counts port)
is "$(asks 127.0.0.1 "$port" "$secret" good)" answered "a box of this hub is answered"
is "$(asks 127.0.0.1 "$port" "$secret" wrong short long good)" answered "a wrong key, a byte less and a byte more are not: the next thing that comes is a right answer"
is "$(counts 'answered, .without_key, .no_question')" "2 1 2" "each is counted"
asks 127.0.0.1 "$port" "$secret" 100
# shellcheck disable=SC2317 # called by until_so
limited() { [ "$(counts 'answered + .box_too_often')" -ge 102 ]; }
until_so 60 limited
ok $? "a hundred questions of one box at once are all seen"
[ "$(counts box_too_often)" -ge 20 ]
ok $? "and most of them get no answer"
kill $ndtd
wait $ndtd
is $? 0 "it ends regularly"

# A credential, as systemd hands it over; every address, IPv4 and IPv6 where there is one.
printf '[ndtd]\nport = 0\nndt-port = 0\n' >"$work/ndtd.conf"
mkdir "$work/credentials"
mv "$secret" "$work/credentials/"
export CREDENTIALS_DIRECTORY=$work/credentials
start
port=$(counts port)
is "$(asks 127.0.0.1 "$port" "$work/first" good)" answered "the secret as a credential, all addresses: by IPv4"
is "$(asks 127.0.0.2 "$port" "$work/first" good)" answered "and the answer comes from the address that was asked"
if [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6; then
	is "$(asks ::1 "$port" "$work/first" good)" answered "and by IPv6"
else
	skip "and by IPv6" "this kernel has none"
fi
kill $ndtd
wait $ndtd
ndtd=
echo rubbish >"$work/credentials/echo.secret"
"$B/bin/wasl-ndtd" -c "$work/ndtd.conf" 2>"$work/rubbish"
is $? 1 "a file that is no secret is refused"
like "$work/rubbish" "echo.secret' is no secret of 32 bytes" "and named"
printf '[ndtd]\naddress = here\n' >"$work/ndtd.conf"
"$B/bin/wasl-ndtd" -n -c "$work/ndtd.conf" >"$work/rubbish" 2>&1
is $? 1 "-n refuses an address that is none"
finish
