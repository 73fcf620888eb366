#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A store that is too small: what goes, what never does, what comes back, and what `wasl store` says of it.
# shellcheck source=tests/content/lib.sh disable=SC2317
. "$(dirname "$0")/lib.sh"

wasl() { WASL_ROOT=$box "$B/bin/wasl" --lang en "$@" >"$top/out" 2>&1; }
explain() { sed "s/^/# out: /" "$top/out" 2>/dev/null; tail -n 12 "$top/contentd.log" | sed "s/^/# log: /"; }
small_lesson || skip_all "no film could be made here"
mkdir -p "$origin/wasl/v1/root"
lessons() { ministry lessons "$origin" "$1" "$top/mezz.mp4" "$top/plan.pb" "${@:2}"; }
small() { configure "$fast" "${1:-}[kitchen]\nrungs = 240p\n"; }
store() { field /v1/store/status ".$1"; }
why() { wasl --json store why "$1" && jq -r '.things[0] | "\(.state) \(.reason)"' "$top/out"; }
all_done() { [ "$(field /v1/lessons '[.lessons[] | select(.complete)] | length')" = "$1" ]; }
went() { ask '/v1/events?limit=1000' | jq -r '[.rows[] | select(.kind == "store.evicted") | .subject] | join(" ")'; }
work() { field /v1/status '"\(.fetch.chunks) \(.fetch.maps) \(.cook.segments)"'; }
at_work() { pgrep -P "$contentd_pid" -f 'wasl-transcoder worker'; }
rests() { # nothing is fetched or cooked any more, for a second
	local was
	was=$(work)
	never 1 at_work || return 1
	[ "$(work)" = "$was" ]
}
quiet() { # quiet NAME: what was begun ends, and nothing new begins
	until_so 60 rests
	ok $? "$1"
}
segment() { # segment LESSON RUNG N: status of that segment, by the lesson's playlist
	get "/m/$1/master.m3u8" >"$top/out"
	get "/m/$1/$(grep -o "[^\"]*$2/index.m3u8" "$top/body" | head -n 1 | sed 's/index.m3u8//')$3.m4s"
}

lessons 3 old-1 pinned-1=0
start_origin
small
new_box
start_contentd
in_full() { all_done 2 && is_field /v1/status .cook.previews 2; }
until_so 150 in_full
ok $? "two lessons in full, with all the room they want"
full=$(store bytes)
stop_contentd TERM

# --- a person adds a file to a store that is full ---
small "[store]\nmax = $((full + 60000))\n"
start_contentd
start_portal
is "$(why pinned-1/film)" "stays programme" "why: a programme names it"
is "$(why old-1/240p)" "stays busy" "why: made a moment ago"
head -c 70000 /dev/urandom >"$top/file"
wasl store add "$top/file" --path /p/first.bin
is $? 1 "nothing goes that was used a moment ago: no room"
like "$top/out" 'bytes do not fit: [0-9]+ are free, 0 may go, the other [0-9]+ stay' "and the numbers are said"
is "$(store bytes)" "$full" "nothing was evicted for it"
stop_contentd TERM
export WASL_CLOCK_OFFSET_S=$((3 * 86400))
start_contentd
is "$(why old-1/240p)" "may-go derived" "three days later: it can be made again"
is "$(why old-1/film)" "may-go fetched" "the film would have to be fetched"
wasl store why old-1
like "$top/out" 'old-1/240p goes when room is needed, after .*: it can be made again here. Last used 20' "in words"
WASL_ROOT=$box "$B/bin/wasl" --lang ar store why pinned-1 >"$top/out"
like "$top/out" 'pinned-1/240p .* يبقى: هو في برنامج للوزارة' "in Arabic"
wasl store add "$top/file" --path /p/first.bin
is $? 0 "a person's file makes room"
is "$(went)" "old-1/240p" "by what can be made again, and by no more than it takes"
is "$(get /p/first.bin)" 200 "and is served"
is "$(why old-1/240p)" "gone made-room" "why: gone"
wasl store why old-1/240p
like "$top/out" 'went on 20.* to make room for /p/first.bin' "when, and for what"
is "$(why /p/first.bin)" "stays local" "the school's own file stays"
like "$top/contentd.log" 'event=store.evicted layer=store subject=old-1/240p .*last used 20' "a line in the log"
quiet "nothing is cooked after that in the background"
is "$(why old-1/240p)" "gone made-room" "least of all what made room"
is "$(segment old-1 240p 1)" 200 "it stays in the playlist, and is made for who asks"
is "$(why old-1/240p)" "stays busy" "then it is in use"

# --- kill -9 and on ---
stop_contentd KILL
start_contentd
is "$(went)" "old-1/240p" "killed: what went is remembered"
is "$(get /p/first.bin)" 200 "and nothing else went"

# --- pins ---
wasl store pin old-1
is $? 0 "a lesson is pinned"
like "$top/out" 'old-1 stays here' "and told so"
is "$(why /l/old-1)" "stays pinned" "why: pinned"
head -c 900000 /dev/urandom >"$top/file2"
wasl store add "$top/file2" --path /p/second.bin
is $? 1 "nothing pinned goes, nor a programme's"
wasl store status
like "$top/out" 'Pinned: old-1' "status shows the pin"
like "$top/out" 'May go when room is needed: 0 B' "and that nothing may go"
stop_contentd TERM
start_contentd
is "$(why old-1)" "stays pinned" "a pin lasts"
wasl store evict old-1
is $? 1 "what is pinned is not sent away by hand"
like "$top/out" "is pinned; 'wasl store unpin' it first" "and says why"
wasl store unpin old-1
is $? 0 "unpinned"
wasl store unpin old-1
is $? 1 "twice is once too often"
wasl store evict pinned-1
is $? 1 "nor a programme's lesson"
wasl store evict nothing-1
is $? 1 "nor what nobody knows"
like "$top/out" "knows nothing called 'nothing-1'" "which it says"
wasl store evict
is $? 2 "nor nothing"
wasl store evict old-1 --bytes 9
is $? 2 "nor two things at once"
wasl store evict --bytes 9x
is $? 2 "nor what is no size"
wasl store evict --bytes 900G
is $? 1 "nor more than there is"
wasl store evict old-1/film
is $? 0 "a film is sent away by hand"
is "$(why old-1/film)" "gone sent-away" "why: by hand"
quiet "then there is rest"
is "$(why old-1/film)" "gone sent-away" "it is not fetched again in the background, though there is room"
wasl store evict /p/first.bin
is "$?$(get /p/first.bin)" 0404 "a file of the school goes when a person says so"
is "$(store files)" 0 "with its address"
stop_contentd TERM

# --- more lessons than fit ---
end_child "$portal_pid" QUIT
new_box
small "[store]\nmax = $((full * 3 / 5))\n"
lessons 4 one two three four
unset WASL_CLOCK_OFFSET_S
start_contentd
start_portal
until_so 60 all_done 1
ok $? "of four lessons one fits"
quiet "and no more is tried than fits"
is "$(went)" "" "nothing came to go again"
is "$(why four/film)" "absent no-room" "why: no room"
[ "$(store bytes)" -le $((full * 3 / 5)) ]
ok $? "the limit holds"
stop_contentd TERM
export WASL_CLOCK_OFFSET_S=$((2 * 86400))
start_contentd
until_so 5 is_field /v1/lessons .catalogue_version 4
quiet "two days later, too"
is "$(segment four 240p 2)" 200 "who asks for one that is not here gets it"
is "$(segment four 240p 1)" 200 "in each size"
went | grep -q '^one/'
ok $? "the longest unused made room"
quiet "and nobody takes turns with it"
[ "$(store bytes)" -le $((full * 3 / 5)) ]
ok $? "the limit holds"
before=$(went | wc -w)
stop_contentd TERM
export WASL_CLOCK_OFFSET_S=$((30 * 86400))
start_contentd
until_so 10 at_least /v1/status .cook.segments 2
quiet "a month later what nobody wants any more may be replaced, once"
[ "$(($(went | wc -w) - before))" -le 16 ]
ok $? "and then there is rest"

# --- a programme comes ---
stop_contentd TERM
export WASL_CLOCK_OFFSET_S=$((31 * 86400))
start_contentd
lessons 5 one two three four=0
sync_now >"$top/out"
until_so 60 is_field /v1/lessons '.lessons[] | select(.id == "four") | .complete' true
ok $? "a programme's lesson makes room for itself"
is "$(why four/film)" "stays programme" "and stays"

# --- lessons are taken out ---
wasl store pin two
is $? 0 "a lesson is pinned by hand"
# shellcheck disable=SC2046 # ids, one a word
set -- $(field /v1/lessons '.lessons[].id')
is "$*" "one two three four" "four lessons are in the catalogue"
is "$(get /m/four/master.m3u8)" 200 "one of them plays"
rm -rf "$origin/wasl/v1/object" "$origin/wasl/v1/map"
lessons 6 one
sync_now >"$top/out"
until_so 5 is_field /v1/lessons .catalogue_version 6
is "$(field /v1/lessons '[.lessons[].id] | join(" ")')" one "the next catalogue names one"
gives_404() { [ "$(get "$1")" = 404 ]; }
until_so 10 gives_404 /l/four
ok $? "the page of one that is out is gone"
until_so 10 gives_404 /m/four/master.m3u8
ok $? "and so is what played it"
wasl --json store why four
is $? 1 "the store knows nothing called that"
unnamed() { # objects that the origin has not: it was made anew, for this catalogue
	find "$content/store/obj" -type f -printf '%f\n' | cut -c 1-64 | sort -u | while read -r id; do
		[ -e "$origin/wasl/v1/object/$id" ] || echo "$id"
	done
}
is "$(unnamed)" "" "its bytes are given back at once, pinned or not"
like "$top/contentd.log" 'event=catalogue.left objects=[1-9][0-9]* renditions=[1-9]' "and so are its sizes"
lessons 5 one two three four=0
like <(sync_now) 'catalogue 5 offered, 6 is in force' "the catalogue before is not taken again"
done_testing
