#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that forgets: found by itself while nobody waits, found when asked, mended from the origin or made again, told.
# shellcheck source=tests/content/lib.sh disable=SC2317
. "$(dirname "$0")/lib.sh"

wasl() { WASL_ROOT=$box "$B/bin/wasl" --lang en "$@" >"$top/out" 2>&1; }
explain() { sed 's/^/# out: /' "$top/out" 2>/dev/null; tail -n 12 "$top/contentd.log" | sed 's/^/# log: /'; }
small_lesson || skip_all "no film could be made here"
mkdir -p "$origin/wasl/v1/root"
ministry lessons "$origin" 3 "$top/mezz.mp4" "$top/plan.pb" one-1
start_origin
configure "$fast" "[kitchen]\nrungs = 240p\n"
new_box
start_contentd
until_so 60 complete
ok $? "a lesson in full"
start_portal
head -c 300000 /dev/urandom >"$top/file"
wasl store add "$top/file" --path /p/own.bin
is $? 0 "and a file of the school"
path_of() { echo "$content/store/obj/${1:0:2}/$1"; } # path_of ID
film=$(path_of "$(basename "$origin"/wasl/v1/object/*)")
own=$(path_of "$(field /v1/store/files '.files[0].id')")
rung=$content/store/rend/$(sqlite3 "$content/store/store.db" "SELECT number FROM renditions WHERE rung='240p' AND number IN (SELECT rendition FROM segments)").mp4

# --- found by itself ---
stop_contentd TERM
spoil "$film" 70000 && sync "$film"
export WASL_CLOCK_OFFSET_S=$((8 * 86400))
start_contentd
until_so 40 is_field '/v1/events?limit=1000' '[.rows[] | select(.kind == "disk.rot")] | length' 1
ok $? "rot is found while nobody waits"
is "$(field '/v1/events?limit=1000' '.rows[] | select(.kind == "disk.rot") | "\(.subject) \(.reason)"')" "one-1/film disk" "told, as the disk's fault"
until_so 20 is_field /v1/lessons '.lessons[0].mezzanine_have == .lessons[0].mezzanine_size' true
ok $? "and fetched again"
cmp -s "$film" "$(ls "$origin"/wasl/v1/object/*)"
ok $? "as it was"
is "$(field /v1/health .disk.bad)" 1 "health counts it"

# --- found when asked ---
# by itself no more: the pass that goes on would find it first
until_so 60 at_least /v1/health .disk.last_pass_s 1 && until_so 60 is_field /v1/store/status .disk.running false
ok $? "all has been read once"
wasl store verify one-1
is $? 0 "a lesson is read when asked"
like "$top/out" 'read: all of it is sound' "and is sound"
spoil "$rung" 9000 && sync "$rung"
wasl store verify one-1/240p
like "$top/out" 'read: 1 damaged' "a segment that rotted is found"
until_so 60 complete
ok $? "and made again"
wasl store verify one-1/240p
like "$top/out" 'all of it is sound' "then it is sound"
get /m/one-1/master.m3u8 >"$top/out"
part=/m/one-1/$(grep -o '[^"]*240p/index.m3u8' "$top/body" | head -n 1 | sed 's/index.m3u8//')1.m4s
is "$(get "$part")" 200 "a segment"
mv "$top/body" "$top/part"
truncate -s 50 "$rung"
segment_back() { # what was just sent is believed for a second
	rm -f "$top/body"
	[ "$(get "$part")" = 200 ] && cmp -s "$top/part" "$top/body"
}
until_so 30 segment_back
ok $? "its file is cut short under nginx: who asks for it gets it, made again"
spoil "$own" 100 && sync "$own"
wasl store verify /p/own.bin --json
is $? 1 "the school's own file rotted: who asks is told that it stays so"
is "$(jq -c '[.bad, .mended, .lost, .damaged]' "$top/out")" '[1,0,1,[{"what":"/p/own.bin","state":"lost"}]]' "by its address"
is "$(field '/v1/events?limit=1000' '[.rows[] | select(.kind == "disk.rot")][-1].subject')" /p/own.bin "so is the ministry"
like "$top/contentd.log" 'event=disk.rot layer=disk .*nobody else has it: add it again' "nobody can fetch that again, which is said"
wasl store add "$top/file" --path /p/own.bin
is "$?$(get /p/own.bin)" 0200 "added again it is whole again"
cmp -s "$top/file" "$top/body"
ok $? "byte for byte"
truncate -s 100000 "$own"
wasl store verify /p/own.bin
is $? 1 "cut short it is damaged"
like "$top/out" '/p/own.bin is damaged and nobody else has it' "which is said"
wasl store verify /p/own.bin
is $? 1 "and stays so, though it is known now what is missing"
wasl store verify --all
is $? 1 "also when everything is read"
like "$top/out" '/p/own.bin is damaged' "and named"
wasl store add "$top/file" --path /p/own.bin
wasl store verify /p/own.bin
is $? 0 "added again it is sound"
name=$(grep -laF /p/own.bin "$content/store/own/"*)
spoil "$name" 30 && sync "$name"
wasl store verify /p/own.bin
like "$top/out" '/p/own.bin was damaged, and is mended' "the name beside its bytes rotted: it is written anew"
like "$top/contentd.log" 'event=disk.rot layer=disk subject=/p/own.bin .*the name of /p/own.bin' "which is said"
wasl store verify /p/own.bin
is $? 0 "and is sound"
truncate -s 70000 "$film"
wasl store verify one-1/film
is $? 0 "a film that was cut short comes again"
like "$top/out" 'one-1/film is damaged; it is fetched or made again' "which is said"
until_so 60 is_field /v1/lessons '.lessons[0].mezzanine_have == .lessons[0].mezzanine_size' true
ok $? "and so it does"
until_so 60 complete
wasl store verify --all
is $? 0 "everything is read"
like "$top/out" ' [1-9][0-9.]* [KM]B read: all of it is sound' "and is sound"
wasl store status
like "$top/out" 'Disk: read in full last on 20.* found damaged: [1-9]' "status says when, and what was found"
[ "$(field /v1/health .disk.last_pass_s)" -gt 0 ]
ok $? "so does health"
wasl store verify nothing-1
is $? 1 "what nobody knows is not read"
wasl store verify one-1 --all
is $? 2 "nor two things at once"
# --- nobody vouches for a large file any more ---
head -c 9000000 /dev/urandom >"$top/large"
wasl store add "$top/large" --path /p/large.bin
is $? 0 "a large file"
large=$(path_of "$(field /v1/store/files '.files[] | select(.path == "/p/large.bin") | .id')")
bad=$(field /v1/health '.disk.bad')
stop_contentd KILL
rm "$large.bits"
start_contentd
is "$(get /p/large.bin)" 200 "without its bitmap it is searched, and sent while that goes on"
cmp -s "$top/large" "$top/body"
ok $? "byte for byte"
wasl store verify /p/large.bin
is $? 0 "and it is sound"
is "$(field /v1/health '.disk.bad')" "$bad" "killed: the health of the disk is remembered"

# --- the index of names, under the nginx that uses it ---
index=$content/store/names.idx
bytes=$(stat -c %s "$index")
whole_index() { [ "$(stat -c %s "$index")" -gt $((bytes / 2)) ]; }
index_events() { is_field '/v1/events?limit=1000' '[.rows[] | select(.subject == "names.idx") | "\(.kind) \(.reason)"] | unique | join(",")' "disk.rot disk"; }
cut_and_told() { # one that was to be written anyway may take the place of the one that is cut: again then
	index_events || { ! whole_index || truncate -s $((bytes / 2)) "$index"; return 1; }
}
until_so 30 cut_and_told
ok $? "the index is cut short under nginx: the ministry hears of it"
written_again() { whole_index && [ "$(get /p/own.bin)" = 200 ]; }
until_so 30 written_again
ok $? "and it is written again"
done_testing
