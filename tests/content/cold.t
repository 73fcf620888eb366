#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is not there yet, as a classroom asks for it: one stream over the line for everybody, cuts that nobody notices, and an
# end of patience. The real wasl-contentd and nginx, and a line that does what it is told.
# WASL_LONG=1: 200 clients on 20 MB and 1,000 on 2 MB over 20 Mbit/s, and ten cuts, with their figures.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/content/line.sh
. "$(dirname "$0")/line.sh"

full=${WASL_LONG:-}

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
	is "$(stat_of ranges)" 1 "in one request"
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

# --- a phone that asks for bytes here and there ----------------------------------------------------------
# From an address of its own, sixty places of a film; a pupil on another one plays from the beginning. The line stops when he should
# have what he plays: he would wait for more in vain.
far=60 size=6000000 plays=$((12 * 65536)) most=2400000
ctl 'hold=1&rate=1500000&reset=1' >/dev/null
paper $size
before=$(fetched)
head -c $plays "$top/$file" >"$top/head-of-it"
for n in $(seq $far); do
	at=$((size - 5000 - n * 70000))
	[ "$n" = 1 ] || echo next
	printf 'url = %s/m/papers-1/files/%s\nrange = %s-%s\ninterface = 127.0.0.2\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\n' \
		"$portal" "$file" $at $at
done >"$top/far.conf"
curl -s -Z --parallel-immediate --parallel-max $far -K "$top/far.conf" >"$top/far" 2>/dev/null & all=$!
until_so 20 are_in $far
crowd 1 "Range: bytes=0-$((plays - 1))" "$top/head-of-it" >"$top/plays" & pupil=$!
until_so 20 are_in $((far + 1))
ctl "hold=0&stop=$most" >/dev/null
wait $pupil
spent=$(($(fetched) - before))
ctl 'hold=0&stop=0&rate=0' >/dev/null
is "$(cat "$top/plays")" "good 1 busy 0 cut 0 wrong 0" "a pupil plays while a phone asks for $far bytes far from each other"
[ $spent -le $most ]
ok $? "and has every other turn on the line ($spent bytes came meanwhile for the $plays that he played)"
wait $all
is "$(sort "$top/far" | uniq -c | xargs)" "$far 206" "that phone has its bytes, too"
is "$(stat_of 'marks | (.["34"] // 0) > 0 and (keys - ["34", "8"] == [])')" true "what somebody waits for says so of itself (AF41)"
is "$(crowd 1)" "good 1 busy 0 cut 0 wrong 0" "and then somebody the whole film"
again=$(($(fetched) - before - size))
[ $again -le 131072 ]
ok $? "of which hardly a byte came twice ($again bytes)"

# --- a phone that asks for bytes here and there, and hangs up before they have come ----------------------
# Each place is given up in the middle of its chunk.
left=60 size=6000000
ctl 'hold=1&rate=1500000&reset=1' >/dev/null
paper $size
before=$(fetched)
for n in $(seq $left); do
	at=$((size - 5000 - n * 70000))
	[ "$n" = 1 ] || echo next
	printf 'url = %s/m/papers-1/files/%s\nrange = %s-%s\ninterface = 127.0.0.2\noutput = /dev/null\nmax-time = 0.05\n' \
		"$portal" "$file" $at $at
done >"$top/left.conf"
head -c $plays "$top/$file" >"$top/head-of-it"
crowd 1 "Range: bytes=0-$((plays - 1))" "$top/head-of-it" >"$top/plays" & pupil=$!
until_so 20 are_in 1
ctl "hold=0&stop=$most" >/dev/null
curl -s -K "$top/left.conf" & rude=$!
wait $pupil
end_child $rude TERM
is "$(cat "$top/plays")" "good 1 busy 0 cut 0 wrong 0" "a pupil plays while a phone hangs up on $left places"
spent=$(($(fetched) - before))
ctl 'hold=0&stop=0&rate=0' >/dev/null
[ $spent -le $most ]
ok $? "and has every other turn ($spent bytes came meanwhile for the $plays that he played)"
is "$(crowd 1)" "good 1 busy 0 cut 0 wrong 0" "and then somebody the whole film"
again=$(($(fetched) - before - size))
[ $again -le 131072 ]
ok $? "of which hardly a byte came twice ($again bytes)"

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

# --- what the line's queues tell apart -------------------------------------------------------------------
ctl 'hold=0&rate=0&reset=1' >/dev/null
before=$(fetched)
paper 100000
until_so 20 at_least /v1/status .fetch.received_bytes $((before + 100000))
is "$(stat_of 'marks | keys | join(" ")')" 8 "what nobody waits for says so of itself (CS1)"

stop_contentd TERM

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
ctl 'mode=ok&rate=300000&stop=200000&cut=1' >/dev/null
ctl 'cut=0' >/dev/null
sync_now >/dev/null
crowd 5 >"$top/went" & all=$!
until_so 10 at_least /v1/status .fetch.received_bytes 150000
ctl 'mode=silent&cut=1' >/dev/null
wait $all
is "$(cat "$top/went")" "good 0 busy 0 cut 5 wrong 0" "who had some is cut off, so that it does not look whole"
done_testing
