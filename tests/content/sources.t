#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where bytes come from: an origin that is dishonest in every way, with a mirror beside it, and the boxes of neighbour schools.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/content/line.sh
. "$(dirname "$0")/line.sh"

new_box
configure "$fast" '[store]\nkeep_free = 0\n'
paper 1000
start_contentd
until_so 10 is_field /v1/lessons .catalogue_version 1
start_portal
until_so 10 named
ok $? "a paper has its address"

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
is "$(field /v1/status '[.sources[] | .kind] | join(" ")')" "origin mirror" "status names them in the order of asking"

stop_contentd TERM

# --- a neighbour at the end of a bad line: the origin is asked before pupils have waited long
configure "$fast" "[store]\nkeep_free = 0\n[source slow]\nkind = neighbour\nurl = http://127.0.0.1:$mirror\n"
start_contentd
curl -s "http://127.0.0.1:$mirror/ctl?mode=ok&rate=2000" >/dev/null
paper 200000
is "$(crowd 3)" "good 3 busy 0 cut 0 wrong 0" "a neighbour brings 2 kB a second: pupils get theirs from the origin"
like "$top/contentd.log" 'event=source.slow source=slow' "for a minute"
stop_contentd TERM

# --- two boxes ------------------------------------------------------------------------------------------------
end_child "$portal_pid" QUIT
portal_pid=
ctl 'mode=ok&rate=0&reset=1' >/dev/null
use_box() { # use_box NAME: what follows is about the box of that name
	eval "${now:-a}_state=\"\${contentd_pid:-0} \${portal_pid:-0} \$portal_port\""
	now=$1
	local state=${1}_state
	read -r contentd_pid portal_pid portal_port <<<"${!state:-0 0 $(free_port)}"
	[ "$contentd_pid" != 0 ] || contentd_pid=''
	[ "$portal_pid" != 0 ] || portal_pid=''
	box=$top/$1/box content=$top/$1/box/var/lib/wasl/content portal=http://127.0.0.1:$portal_port
}
trap 'use_box b; end_child "$contentd_pid" TERM; end_child "$portal_pid" QUIT; use_box a
	end_child "$line_pid" TERM; end_child "$mirror_pid" TERM; cleanup' EXIT
# shellcheck disable=SC2317 # until_so calls it
here_whole() { [ "$(find "$content/store/obj" -name "$(cat "$top/id")" | wc -l)" = 1 ] && at_least /v1/status .fetch.chunks "$1"; }
use_box b
new_box
configure "$fast" '[content]\nneighbours = 127.0.0.0/8\n[store]\nkeep_free = 0\n'
start_contentd
start_portal
paper 1500000
until_so 20 here_whole 23
ok $? "one box has a paper"
neighbour=$portal_port
at="$portal/wasl/v1/object/$(cat "$top/id")"
is "$(curl -s -o "$top/whole" -w '%{http_code}' "$at")" 200 "it gives it to a neighbour"
cmp -s "$top/whole" "$top/$file"
ok $? "as it is"
is "$(curl -s -o "$top/part" -w '%{http_code}' -r 65536-131071 "$at")" 206 "a range, too"
is "$(curl -s -o "$top/part" -w '%{http_code}' "${at/object/map}")" 200 "and its map"
is "$(stat -c %s "$top/part")" $((8 + 23 * 32)) "of 23 chunks"
is "$(curl -s -o /dev/null -w '%{http_code}' "$portal/wasl/v1/object/$(printf '%064d' 0)")" 404 "what it has not is not there"
is "$(curl -s -o /dev/null -w '%{http_code}' "$portal/wasl/v1/object/../../store.db")" 404 "nor is anything that is no object"
use_box a
crossed=$(stat_of bytes)
new_box
configure "$fast" "[store]\nkeep_free = 0\n[source box-b]\nurl = http://127.0.0.1:$neighbour\n"
start_contentd
start_portal
until_so 10 is_field /v1/lessons .catalogue_version $version
until_so 10 named
is "$(crowd 5)" "good 5 busy 0 cut 0 wrong 0" "the other box has it"
[ $(($(stat_of bytes) - crossed)) -lt 100000 ]
ok $? "from its neighbour: over the line came a catalogue"
is "$(field /v1/status '.sources[] | select(.name == "box-b") | .received_bytes')" 1500000 "all of it"
is "$(curl -s -o /dev/null -w '%{http_code}' "$portal/wasl/v1/object/$(cat "$top/id")")" 404 "who names no neighbours gives nothing"

ctl 'rate=200000&reset=1' >/dev/null
use_box b
paper 1500000
until_so 10 at_least /v1/status .fetch.received_bytes 1900000 # of 1500000 before, and 400000 now
ctl 'rate=20000' >/dev/null # so that it is not whole before we have looked
is "$(curl -s -o /dev/null -w '%{http_code}' "$portal/wasl/v1/object/$(cat "$top/id")")" 404 "what is not whole is not given as a whole"
is "$(curl -s -o "$top/part" -w '%{http_code}' -r 0-1499999 "$portal/wasl/v1/object/$(cat "$top/id")")" 206 "but as far as it goes"
part=$(stat -c %s "$top/part")
[ $((part % 65536)) = 0 ] && cmp -s -n "$part" "$top/part" "$top/$file"
ok $? "in verified chunks ($part bytes)"
ctl 'rate=600000' >/dev/null
use_box a
until_so 10 synced
until_so 10 named
is "$(crowd 5)" "good 5 busy 0 cut 0 wrong 0" "what the neighbour has in part comes from both"
[ "$(field /v1/status '.sources[] | select(.name == "box-b") | .received_bytes')" -ge $((1500000 + part)) ]
ok $? "the beginning from the neighbour"

ctl 'rate=0' >/dev/null
use_box b
stop_contentd KILL
end_child "$portal_pid" TERM
portal_pid=
use_box a
paper 300000
is "$(crowd 5)" "good 5 busy 0 cut 0 wrong 0" "with the neighbour away, the origin"
is "$(events source.down)" 0 "one silence is no news"
end_child "$portal_pid" QUIT
portal_pid=
done_testing
