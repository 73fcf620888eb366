#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317,SC2154 # called by name; what lib.sh set
# Clients without manners: rows of odd requests, then floods. The door answers as it should, honest ones are served
# meanwhile, and afterwards nothing has grown, died or complained.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$top/portal/assets"
for lang in ar fr en; do mkdir -p "$top/portal/$lang" && echo "<p>$lang" >"$top/portal/$lang/index.html"; done
for place in "$top/outside" "$top/portal/outside" "$top/outside.html" "$top/portal/outside.html"; do echo OUTSIDE-THE-PORTAL >"$place"; done
size=4000000
stream 1 0 $size >"$top/whole"

# What befalls a request is told too, here; times are short, devices of loopback are counted as others are, and what one
# worker holds is easier to compare than what two share.
quick='s|^worker_processes .*|worker_processes 1;|; s|^\terror_log .* emerg;|\terror_log '"$run"'/requests.log warn;|; s|^client_header_timeout .*|client_header_timeout 1s;|
	s|^send_timeout .*|send_timeout 2s;|; s|^lingering_time .*|lingering_time 1s;|; s|^lingering_timeout .*|lingering_timeout 1s;|
	s|^wasl_connections 1024;|wasl_connections 1024 all;|'
configure "$quick"
start_feeder
must object whole 1 $size /p/whole.bin application/octet-stream
for i in $(seq 0 $(((size - 1) / 65536))); do must chunk whole "$i"; done
must object small 2 4000 /p/small.bin application/octet-stream
must chunk small 0
must rendition 240p 12 /m/lesson/g-1/240p/ video/mp4
must publish
must mode manual 0
echo 127.0.0.0/8 >"$top/store/neighbours"
start_nginx
until_so 20 state_has 'workers 1'
ok $? "the door is open"
stood=$(workers | sort)

# --- what is left afterwards -------------------------------------------------------------------------
pss_kb() { for w in $(workers); do sed -n 's/^Pss: *\([0-9]*\).*/\1/p' "/proc/$w/smaps_rollup"; done | awk '{ s += $1 } END { print s }'; }
peak_kb() { for w in $(workers); do sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$w/status"; done | awk '{ s += $1 } END { print s }'; }
files() { for w in $(workers); do find "/proc/$w/fd" -mindepth 1; done | wc -l; }
files_are() { [ "$(files)" -ge "$1" ]; }
files_again() { [ "$(files)" -le $((rest + 2)) ]; } # a file of the store may stay open
rest=$(files)

memory() { # memory STATUS NAME
	if [ "${FLAVOUR:-}" = asan ]; then skip "$2" "sanitizers keep back what was freed"; else ok "$1" "$2"; fi
}
honest() { # honest NAME: forty phones behind one address, while the flood stands
	is "$("$B/tests/cache-crowd" "$port" /p/whole.bin 40 "$top/whole")" "good 40 busy 0 cut 0 wrong 0" "$1"
}
exec 7<>/dev/null
flood() { # flood KIND COUNT DEVICES: stands until stop_flood
	rm -f "$top/go" && mkfifo "$top/go"
	"$B/tests/cache-hostile" flood "$port" "$@" <"$top/go" >"$top/flood" &
	flooding=$!
	exec 7>"$top/go"
	until_so 20 grep -q standing "$top/flood"
}
stop_flood() {
	echo >&7
	await_flood
}
await_flood() {
	wait $flooding
	exec 7>&-
	tail -n 1 "$top/flood"
}
figure() { sed -n "s/.*$1 \([0-9]*\).*/\1/p" "$top/flood" | tail -n 1; } # figure NAME: of the last flood

# --- a school behind one address ---------------------------------------------------------------------
kept=$(pss_kb)
flood idle 1000 200
until_so 20 files_are 1000
ok $? "a thousand phones stay connected"
each=$((($(pss_kb) - kept) * 1024 / 1000))
[ $each -lt 1500 ]
memory $? "each takes $each bytes of the workers"
stop_flood >/dev/null
is "$(figure answered) $(figure shut)" "1000 0" "all were answered, none was hung up on"

flood idle 1000 1
until_so 20 files_are 1000
ok $? "five hundred phones with two connections each, from one address"
honest "and forty more"
stop_flood >/dev/null
is "$(figure answered) $(figure shut)" "1000 0" "none was refused"

# --- rows --------------------------------------------------------------------------------------------
"$B/tests/cache-hostile" rows "$port" >"$top/rows"
grep -v '^ok\|^1\.\.' "$top/rows"
rest=$(files) # what the store has, and nobody besides
is "$(grep -c '^ok' "$top/rows")" "$(sed -n 's/^1\.\.//p' "$top/rows")" "each odd request has its answer"

# --- floods ------------------------------------------------------------------------------------------
first_round() {
	flood silent 2000 1
	honest "2,000 connections of one device that say nothing: the others are served"
	await_flood >/dev/null
	[ "$(figure shut)" = 2000 ] && [ "$(figure ms)" -lt 9000 ]
	ok $? "and all are closed ($(tail -n 1 "$top/flood"))"

	is "$(curl -s "$url/metrics" | sed -n 's/^wasl_connections_refused_total //p')" 976 "those beyond 1,024 at once"

	flood half 900 2
	honest "heads that do not end"
	await_flood >/dev/null
	is "$(figure shut)" 900 "are given up"

	flood drip 100 5
	honest "heads that come a byte at a time"
	await_flood >/dev/null
	[ "$(figure shut)" = 100 ] && [ "$(figure ms)" -lt 6000 ]
	ok $? "have no more time than others ($(tail -n 1 "$top/flood"))"

	flood body 100 5
	honest "bodies that come a byte at a time"
	await_flood >/dev/null
	[ "$(figure shut)" = 100 ] && [ "$(figure ms)" -lt 9000 ]
	ok $? "are not waited for ($(tail -n 1 "$top/flood"))"

	flood deaf 300 5
	honest "300 that do not take what they asked for"
	await_flood >/dev/null
	[ "$(figure shut)" = 300 ] && [ "$(figure ms)" -lt 15000 ]
	ok $? "are reset ($(tail -n 1 "$top/flood"))"

	flood reset 500 5
	honest "500 that reset in mid-body"
	await_flood >/dev/null
	is "$(figure answered)" 500 "all of them had begun"

	must reset
	flood waiting 300 5
	until_so 20 state_has 'open 1'
	ok $? "300 wait for a segment: asked for once"
	stop_flood >/dev/null
	until_so 20 state_has 'open 0'
	ok $? "and not any more when they are gone"
	must reset
	flood gone 300 5
	await_flood >/dev/null
	until_so 5 state_has 'wants [1-9].* open 0'
	ok $? "who hung up before they were heard are not waited for"
	until_so 20 files_again
	ok $? "no connection and no file is left open ($(files), before $rest)"
}
first_round

all_at_once() {
	local kind floods=()
	for kind in silent half drip body deaf reset waiting; do
		"$B/tests/cache-hostile" flood "$port" $kind 250 5 <"$top/hold" >/dev/null &
		floods+=($!)
	done
	honest "all of them at once"
	# those who wait would wait on
	until_so 20 state_has 'open 1'
	kill "${floods[-1]}"
	wait "${floods[@]}"
}
if [ "${FLAVOUR:-}" != asan ]; then # sanitizers keep back what was freed
	mkfifo "$top/hold" && exec 6<>"$top/hold"
	all_at_once
	peak=$(peak_kb)
	all_at_once
	grown=$(($(peak_kb) - peak))
	[ $grown -lt 6000 ]
	ok $? "a second time takes no more memory than the first (at most $peak kB, grown by $grown kB)"
	until_so 20 files_again
	ok $? "nor files"
fi

is "$(workers | sort)" "$stood" "no worker died"
! grep -vE 'access forbidden by rule|client intended to send too large|client sent invalid chunked body|public.sock failed .2: No such file' "$run/requests.log" | grep .
ok $? "no request is worth a line of the log"
! grep -E 'alert|emerg|crit|\[error\]' "$run/nginx-error.log"
ok $? "nor is the server"
finish
