#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is not there yet, as a classroom asks for it: one stream over the line for everybody, cuts that nobody notices, and
# origins that are dishonest in every way. The real wasl-contentd and nginx, and a line that does what it is told.
# COLD_FULL=1: 200 clients on 20 MB and 1,000 on 2 MB over 20 Mbit/s, and ten cuts, with their figures.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

full=${COLD_FULL:-}
line_pid='' mirror_pid='' mirror=$(free_port)
trap 'end_child "$line_pid" TERM; end_child "$mirror_pid" TERM; cleanup' EXIT
mkdir -p "$origin"
"$B/tests/content-line" "$fast" "$origin" & line_pid=$!
ctl() { curl -s "http://127.0.0.1:$fast/ctl?$1"; }
stat_of() { ctl x=x | jq -r ".$1"; }
until_so 10 ctl x=x || skip_all "the line cannot be made here"

version=0
paper() { # paper BYTES: a new catalogue that names one new file, /m/papers-1/files/NAME; `file` is its NAME
	version=$((version + 1)) file=paper-$version.bin
	head -c "$1" /dev/urandom >"$top/$file"
	ministry papers "$origin" $version "$top/$file" >"$top/id"
	[ -z "$contentd_pid" ] || until_so 10 synced
	[ -z "$portal_pid" ] || until_so 10 named
}
synced() { [ "$(sync_now | jq -r .version)" = $version ]; } # a look that was under way may have seen the one before
named() { [ "$(curl -s -o /dev/null -w '%{http_code}' -I "$portal/m/papers-1/files/$file")" = 200 ]; }
crowd() { # crowd CLIENTS [HEADER [FILE]]: how it went
	CROWD_TIMES=1 "$B/tests/cache-crowd" "$portal_port" "/m/papers-1/files/$file" "$1" "${3:-$top/$file}" ${2:+"$2"} >"$top/crowd-$1"
	head -n 1 "$top/crowd-$1"
}
readers() { ss -Htn state established "dport = :$portal_port" | wc -l; }
are_in() { [ "$(readers)" -ge "$1" ]; }
fetched() { field /v1/status .fetch.received_bytes; }
reason() { ask '/v1/events?limit=1000' | jq -r --arg k "$1" '[.rows[] | select(.kind == $k) | .reason] | unique | join(" ")'; }

# --- one stream for everybody ---------------------------------------------------------------------------
cold() { # cold CLIENTS BYTES RATE
	local before middle first
	ctl "hold=1&rate=$3&reset=1" >/dev/null
	paper "$2"
	crowd "$1" >"$top/went" & local all=$!
	until_so 20 are_in "$1"
	before=$(fetched)
	ctl 'hold=0' >/dev/null
	wait $all
	is "$(cat "$top/went")" "good $1 busy 0 cut 0 wrong 0" "$1 clients of one cold file"
	is $(($(fetched) - before)) "$2" "each byte crossed the line once"
	is "$(stat_of ranges)" 1 "in one request" || true
	is "$(stat_of most_streams)" 1 "in one stream"
	read -r _ _ _ middle _ last <<<"$(tail -n 1 "$top/crowd-$1")"
	first=$((middle - $(stat_of first_chunk_ms)))
	echo "# median first byte $first ms after the first chunk had left; the last byte $((last - $(stat_of last_byte_ms))) ms after the line's; line busy $(($(stat_of last_byte_ms) - $(stat_of first_byte_ms))) ms of $(($2 * 1000 / $3))"
	[ $first -le "${4:-2000}" ]
	ok $? "the first byte comes with the first chunk, not with the last ($first ms after it)"
}
new_box
configure "$fast" '[origin]\nstall = 60\n[store]\nkeep_free = 0\n'
paper 1000
start_contentd
until_so 10 is_field /v1/lessons .catalogue_version 1
start_portal
until_so 10 named
ok $? "a paper has its address"
if [ -n "$full" ]; then
	cold 200 20000000 2500000 150
	cold 1000 2000000 2500000 150
else
	cold 200 1500000 1500000
fi

# --- a reader far ahead of the others --------------------------------------------------------------------
ctl 'rate=300000&reset=1' >/dev/null
before=$(fetched)
paper 1500000
crowd 20 >"$top/slow" & all=$!
until_so 20 are_in 20
until_so 10 at_least /v1/status .fetch.received_bytes $((before + 200000))
tail -c 100000 "$top/$file" >"$top/tail"
from=$((1500000 - 100000))
SECONDS=0
is "$(crowd 3 "Range: bytes=$from-" "$top/tail")" "good 3 busy 0 cut 0 wrong 0" "three who ask for the end"
[ $(($(fetched) - before)) -lt 1400000 ]
ok $? "have it before the others are through (${SECONDS} s, $(($(fetched) - before)) bytes)"
ctl rate=0 >/dev/null
wait $all
is "$(cat "$top/slow")" "good 20 busy 0 cut 0 wrong 0" "who were not disturbed"
[ $(($(fetched) - before)) -le $((1500000 + 65536)) ]
ok $? "and still each byte crossed once ($(($(fetched) - before)) of 1500000)"

# --- the line fails in mid-fill ---------------------------------------------------------------------------
cuts=${full:+10}
cuts=${cuts:-4}
ctl 'rate=1000000&reset=1' >/dev/null
before=$(fetched)
paper 2000000
crowd 50 >"$top/went" & all=$!
for n in $(seq "$cuts"); do
	until_so 20 at_least /v1/status .fetch.received_bytes $((before + n * 2000000 / (cuts + 1)))
	ctl cut=1 >/dev/null
	sleep 0.1 # it is away for a moment
	ctl cut=0 >/dev/null
done
wait $all
is "$(cat "$top/went")" "good 50 busy 0 cut 0 wrong 0" "$cuts cuts: nobody noticed"
again=$(($(fetched) - before - 2000000))
[ $again -le 65536 ]
ok $? "nothing that had come was fetched again ($again bytes)"
ctl rate=0 >/dev/null
is "$(events chunk.refused)" 0 "and nothing was damaged by going on where it broke off"

# --- dishonest origins, and a mirror ----------------------------------------------------------------------
"$B/tests/content-line" "$mirror" "$origin" & mirror_pid=$!
stop_contentd TERM
configure "$fast" "[origin]\nstall = 1\n[store]\nkeep_free = 0\n[source far]\nkind = mirror\nurl = http://127.0.0.1:$mirror\n"
start_contentd
for mode in wrong short whole other elsewhere endless drip silent none; do
	ctl "mode=$mode" >/dev/null
	paper 300000
	is "$(crowd 5)" "good 5 busy 0 cut 0 wrong 0" "the origin's bodies are '$mode': bytes come from a mirror, and are right"
	ctl 'mode=ok' >/dev/null
done
is "$(reason source.lies)" origin "wrong bytes are told, of the layer origin"
is "$(reason chunk.refused)" origin "each damaged chunk, too"
is "$(reason object.missing)" origin "and what it does not have"
is "$(field /v1/health .origin.ok)" true "the origin that tells the truth again is believed again"

stop_contentd TERM

# --- a disk that is full, and nothing may go ----------------------------------------------------------------
passes() { # passes CLIENTS BYTES: the crowd has it, and the disk has nothing of it
	paper "$2"
	is "$(crowd "$1")" "good $1 busy 0 cut 0 wrong 0" "$1 clients of $2 bytes that the disk has no room for"
	is "$(find "/proc/$contentd_pid/root$content/store/obj" -name "$(cat "$top/id")" | wc -l)" 0 "nothing of it is on the disk"
}
configure "$fast" '[store]\nkeep_free = 0\nmax = 400000\npass = 1M\n'
start_contentd
until_so 10 is_field /v1/lessons .catalogue_version $version
passes 60 3000000
tail -c 100000 "$top/$file" >"$top/tail"
is "$(crowd 2 "Range: bytes=2900000-" "$top/tail")" "good 2 busy 0 cut 0 wrong 0" "a range of it, too"
is "$(events store.full)" 1 "told once"
paper 200000
is "$(crowd 3)" "good 3 busy 0 cut 0 wrong 0" "what has room is stored"
stop_contentd TERM
if unshare -rm true 2>/dev/null; then
	end_child "$portal_pid" QUIT
	portal_pid=
	new_box
	mkdir -p "$box/var"
	configure "$fast" '[store]\nkeep_free = 0\n'
	runner=(unshare -rm "$here/in-tmpfs" "$box/var" 3M)
	start_contentd
	until_so 10 is_field /v1/lessons .catalogue_version $version
	portal_runner=(nsenter -t "$contentd_pid" -U --preserve-credentials -m)
	start_portal
	passes 100 12000000
	stop_contentd TERM
	runner=() portal_runner=()
else
	skip "a disk that is really full" "no namespaces of one's own here: a small disk cannot be made"
fi

# --- a lesson whose film has no room, either ------------------------------------------------------------------
[ -z "$portal_pid" ] || end_child "$portal_pid" QUIT
portal_pid=
new_box
if make_lesson; then
	publish 100 Film 1 >"$top/id"
	configure "$fast" '[store]\nkeep_free = 0\nmax = 20000\n'
	start_contentd
	until_so 10 is_field /v1/lessons .catalogue_version 100
	start_portal
	until_so 10 curl -sf -o /dev/null "$portal/m/fractions-1/master.m3u8"
	get /m/fractions-1/master.m3u8 >"$top/out"
	rung=/m/fractions-1/$(sed -nE 's|^(g-[0-9a-f]+/240p)/.*|\1|p' "$top/body")
	: >"$top/film"
	for part in init.mp4 1.m4s 3.m4s; do
		is "$(get "$rung/$part")" 200 "$part is made of what passes by, and passed on"
		cat "$top/body" >>"$top/film"
	done
	ffmpeg -v error -i "$top/film" -f null - >"$top/out" 2>&1 && [ ! -s "$top/out" ]
	ok $? "and plays"
	is "$(find "$content/store/obj" "$content/store/rend" -size +64k | wc -l)" 0 "nothing of it is on the disk"
	stop_contentd TERM
else
	skip "a lesson on a full disk" "no film could be made here"
fi

# --- patience ----------------------------------------------------------------------------------------------
end_child "$portal_pid" QUIT
portal_pid=
new_box
configure "$fast" '[content]\npatience = 2\n'
version=200
paper 300000
ctl 'mode=silent' >/dev/null
start_contentd
until_so 10 is_field /v1/lessons .catalogue_version $version
start_portal
until_so 10 named
is "$(crowd 5)" "good 0 busy 5 cut 0 wrong 0" "who had no byte in [content] patience is told to come back"
is "$(get "/m/papers-1/files/$file")" 503 "with a 503"
like "$top/head" '^Retry-After: ' "that says when"
ctl 'mode=ok&rate=300000&cut=1' >/dev/null
ctl 'cut=0' >/dev/null
sync_now >/dev/null
crowd 5 >"$top/went" & all=$!
until_so 10 at_least /v1/status .fetch.received_bytes 150000
ctl 'mode=silent&cut=1' >/dev/null
wait $all
is "$(cat "$top/went")" "good 0 busy 0 cut 5 wrong 0" "who had some is cut off, so that it does not look whole"
done_testing
