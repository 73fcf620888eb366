#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The real wasl-contentd: from a signed catalogue to finished renditions, and everything that a line, an origin, a disk and a
# power cut can do to it.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

make_lesson || skip_all "no film could be made here"
size=$(stat -c %s "$top/mezz.mp4")
mkdir -p "$origin/wasl/v1/root"
id=$(publish 3 'Fractions & "halves" <b>' 1)
object=$origin/wasl/v1/object/$id
start_origin
configure "$fast"

# --- configuration and beginning ---
new_box
WASL_ROOT=$box "$B/bin/wasl-contentd" -n -c "$top/site.conf" >"$top/out" 2>&1
is $? 0 "-n is content with the configuration"
printf '[kitchen]\nrungs = 4k\n' >"$top/bad.conf"
WASL_ROOT=$box "$B/bin/wasl-contentd" -n -c "$top/bad.conf" 2>"$top/out"
is $? 1 "-n refuses a size that is none"
like "$top/out" "'4k' is none of" "and names it"
rm "$box/etc/wasl/root.1"
WASL_ROOT=$box "$B/bin/wasl-contentd" -c "$top/site.conf" 2>"$top/out"
is $? 1 "without the ministry's root it does not start"
like "$top/out" 'root\.1.*install the image again' "and says what to do"

# --- the whole way ---
new_box
start_contentd
ok $? "starts, on sockets deeper than 108 bytes"
until_so 120 complete
ok $? "fetches the lesson and makes every size of it"
is "$(field /v1/lessons '[.lessons[0].rungs[] | select(.done == .of) | .rung] | sort | join(" ")')" "240p 360p audio" "240p, 360p and sound; never larger than the film"
is "$(field /v1/health '.lessons_ready')" 1 "health counts it"
until_so 10 grep -q 'download-360p.mp4' "$content/portal/ar/l/fractions-1.html"
ok $? "its page offers the download"
like "$content/portal/fr/l/fractions-1.html" 'Fractions &amp; &quot;halves&quot; &lt;b&gt;' "a title is text, never markup"
like "$content/portal/en/s/mathematics.html" '/l/fractions-1' "the subject's page has it"
is "$(stat -c %a "$content/content.db")" 600 "counts are for contentd alone"
is "$(public '/search?q=halves&lang=en' -H 'Accept: application/json' | jq -r '.lessons[0].id')" fractions-1 "search finds its title"
is "$(public '/search?q=%D8%B1%D8%BA%D9%8A%D9%81' -H 'Accept: application/json' | jq -r '.lessons[0].id')" fractions-1 "and what is said in it"
public '/search?q=%22%3E%3Cscript%3E&lang=ar' >"$top/out"
like "$top/out" 'value="&quot;&gt;&lt;script&gt;"' "a question is text, never markup"
is "$(public /api/v1/lessons/fractions-1 | jq -r '.downloads | length')" 3 "the reading view lists what there is"
is "$(public /v1/sync -X POST -o /dev/null -w '%{http_code}')" 404 "nothing on the public socket changes anything"
WASL_ROOT=$box "$B/bin/wasl-contentd" -c "$top/site.conf" 2>"$top/out"
is $? 1 "a second one is refused"
like "$top/out" "$contentd_pid" "and told the first one's process id"

# --- what must not replace the catalogue ---
good=$origin/wasl/v1/catalogue
refused() { # refused NAME TEXT: the origin now has something that must be refused
	local before answer
	before=$(events catalogue.refused)
	answer=$(sync_now)
	grep -qE "$2" <<<"$answer"
	ok $? "$1: refused with a sentence"
	sync_now >"$top/out"
	is "$(field /v1/lessons .catalogue_version)" 3 "$1: the old one stays in force"
	is "$(($(events catalogue.refused) - before))" 1 "$1: one event, not one at each look"
}
cp "$good/latest" "$top/latest"
head -c 300 "$top/latest" >"$good/latest"
refused "truncated" 'signed\.|bytes|short|length'
cp "$top/latest" "$good/latest" && spoil "$good/latest" 200
refused "one bit flipped" 'signature|signed'
publish 4 'Strangers' 0 >"$top/out"
refused "signed by a stranger" 'signature|signed|key'
publish 2 'Old' 1 >"$top/out"
refused "older" 'catalogue 2 offered, 3 is in force'
publish 3 'Other' 1 >"$top/out"
refused "another with the same number" 'two different catalogues'
head -c 17000000 /dev/zero >"$good/latest"
refused "larger than 16 MiB" '16 MiB'
is "$(ask '/v1/events?limit=1000' | jq -r '[.rows[] | select(.kind == "catalogue.refused") | .reason] | unique | join(" ")')" origin "their layer is the origin"

# --- what may ---
publish 5 'Fractions again' 1 >"$top/out"
is "$(sync_now | jq -r .version)" 5 "a newer one is taken"
until_so 10 grep -q 'Fractions again' "$content/portal/ar/index.html"
ok $? "pages follow"
until_so 20 complete
is "$(field /v1/status .fetch.chunks)" "$(((size + 65535) / 65536 + 2))" "what was here is not fetched again"
ministry root 2 "$origin/wasl/v1/root/2"
publish 6 'New keys' 2 >"$top/out"
is "$(sync_now | jq -r .version)" 6 "new keys come by a new root"
publish 7 'Old keys' 1 >"$top/out"
sync_now >"$top/out"
is "$(field /v1/lessons .catalogue_version)" 6 "and the old ones sign nothing any more"
told=$(events catalogue.refused)
stop_contentd TERM
spoil "$content/catalogue" 200
publish 6 'New keys' 2 >"$top/out"
start_contentd
until_so 20 is_field /v1/lessons .catalogue_version 6
ok $? "a kept catalogue that rotted is refused and fetched again"
is "$(($(events catalogue.refused) - told))" 1 "and told once"
stop_contentd TERM

# --- damaged bytes on the way ---
rm -f "$origin/wasl/v1/root/2"
publish 3 'Fractions' 1 >"$top/out"
new_box
last=$((size / 65536)) middle=$((size / 65536 / 2))
spoil "$object" $((middle * 65536 + 7))
spoil "$object" $((last * 65536 + 1))
start_contentd
chunks=$(((size + 65535) / 65536 + 2))
until_so 30 at_least /v1/status .fetch.chunks $((chunks - 2))
until_so 20 at_least /v1/status .fetch.bad_chunks 4
ok $? "damaged chunks are asked again and again"
is "$(field /v1/status .fetch.chunks)" $((chunks - 2)) "and all others are kept"
is "$(events chunk.refused)" 2 "each is told once"
is "$(field /v1/lessons '.lessons[0].complete')" false "nothing is made from damaged bytes"
spoil "$object" $((middle * 65536 + 7))
spoil "$object" $((last * 65536 + 1))
sync_now >"$top/out"
until_so 90 complete
ok $? "mended at the origin, the lesson becomes whole"
stop_contentd TERM
new_box
spoil "$origin/wasl/v1/map/$id" 40
start_contentd
until_so 20 is_field "/v1/events?limit=1000" '[.rows[] | select(.kind == "map.refused")] | length' 1
ok $? "a damaged map is refused"
spoil "$origin/wasl/v1/map/$id" 40
sync_now >"$top/out"
until_so 60 at_least /v1/status .fetch.chunks "$chunks"
ok $? "and taken when it is mended"
stop_contentd TERM

# --- a line that is cut, an origin that is away, kill -9 ---
new_box
configure "$slow"
start_contentd
until_so 20 at_least /v1/status .fetch.chunks 6
stop_origin
until_so 20 is_field /v1/health .origin.ok false
ok $? "an origin that went away is seen"
until_so 20 is_field "/v1/events?limit=1000" '[.rows[] | select(.kind == "origin.down")] | length' 1
ok $? "and told"
like "$content/portal/ar/index.html" '/l/fractions-1' "pages stay"
start_origin
until_so 60 at_least /v1/status .fetch.chunks 12
ok $? "it goes on when the origin is back"
had=$(field /v1/status .fetch.chunks) # verified and told; more may follow before the kill
stop_contentd KILL
start_contentd
until_so 90 complete
ok $? "killed, started again, the lesson becomes whole"
whole=$((size + $(stat -c %s "$top/poster.jpg") + $(stat -c %s "$house/content/sample/fractions.ar.vtt")))
crossed=$(field /v1/status .fetch.received_bytes)
# two small objects may be among those it had: a chunk of theirs is shorter than 64 KiB
[ "$had" -ge 12 ] && [ "$crossed" -le $((whole - (had - 2) * 65536)) ]
ok $? "what was verified before the kill does not cross the line again ($had chunks, then $crossed bytes of $whole)"
stop_contentd TERM

# --- kill -9 while cooking ---
new_box
configure "$fast" '[kitchen]\nworkers = 1\n'
start_contentd
until_so 60 at_least /v1/status .cook.segments 3
stop_contentd KILL
start_contentd
before=$(field /v1/lessons '[.lessons[0].rungs[].done] | add')
[ "$before" -ge 3 ]
ok $? "segments made before a kill are there after it ($before)"
until_so 90 complete
total=$(field /v1/lessons '[.lessons[0].rungs[].of] | add')
[ "$(field /v1/status .cook.segments)" -le $((total - 3)) ]
ok $? "and are not made again"
stop_contentd TERM

# --- a lesson that is taken out again while it comes ---
new_box
configure "$slow"
start_contentd
until_so 20 at_least /v1/status .fetch.chunks 6
until_so 10 test -s "$content/portal/ar/l/fractions-1.html"
captions=$house/content/sample/fractions.ar.vtt
ministry papers "$origin" 4 "$captions" >"$top/id"
shared=$(cat "$top/id")
body() { find "$content/store/obj" -name "*${1#??}*"; }
until_so 20 test -n "$(body "$id")"
ok $? "a film is under way"
sync_now >"$top/out"
until_so 10 is_field /v1/lessons .catalogue_version 4
ok $? "the next catalogue has another lesson, which names the same captions"
until_so 10 test ! -e "$content/portal/ar/l/fractions-1.html"
ok $? "its page is gone"
is "$(public '/search?q=Fractions&lang=en' -H 'Accept: application/json' | jq -r '[.lessons[].id] | join(" ")')" "" "and nobody finds it"
is "$(body "$id")" "" "what had come of its film is given back"
# shellcheck disable=SC2317 # asked by until_so
sleeps() { local was; was=$(field /v1/status .fetch.received_bytes); never 2 grew "$was"; }
# shellcheck disable=SC2317 # asked by never
grew() { [ "$(field /v1/status .fetch.received_bytes)" != "$1" ]; }
until_so 10 sleeps
ok $? "and no more of it comes"
[ -n "$(body "$shared")" ]
ok $? "what the other lesson names is here"
stop_contentd TERM
publish 3 'Fractions' 1 >"$top/out"

# --- no room ---
new_box
configure "$fast" '[store]\nmax = 300000\n'
start_contentd
until_so 20 is_field "/v1/events?limit=1000" '[.rows[] | select(.kind == "store.full")] | length' 1
ok $? "a full disk is told"
until_so 10 test -s "$content/portal/ar/l/fractions-1.html"
ok $? "pages are there nevertheless"
is "$(events store.full)" 1 "once"
is "$(field "/v1/events?limit=1000" '.rows[] | select(.kind == "store.full") | .reason')" store "as the store's own limit"
is "$(field /v1/health .origin.ok)" true "the origin is not blamed"
stop_contentd TERM
full_before=$(grep -c 'event=store.full' "$top/contentd.log")

# --- a disk that is really full, then has room again ---
if unshare -rm true 2>/dev/null; then
	new_box
	mkdir -p "$box/var"
	configure "$fast" '[store]\nkeep_free = 0\n'
	runner=(unshare -rm "$here/in-tmpfs" "$box/var" 4M)
	start_contentd
	until_so 60 at_least "/v1/events?limit=1000" '[.rows[] | select(.kind == "store.full" and .reason == "disk")] | length' 1
	ok $? "a disk that refuses: told, as the disk's fault"
	# the little that was too little for a version of the lesson goes, too
	nsenter -t "$contentd_pid" -U --preserve-credentials -m sh -c "cat /dev/zero >'$box/var/filler'" 2>/dev/null
	until_so 20 is_field "/v1/health" .disk_free_bytes 0
	ok $? "no byte is left"
	is "$(grep -c 'event=store.full' "$top/contentd.log")" "$((full_before + 1))" "in one line"
	is "$(field /v1/health .catalogue_version)" 3 "and it goes on"
	nsenter -t "$contentd_pid" -U --preserve-credentials -m mount -o remount,size=40M none "$box/var"
	sync_now >"$top/out"
	until_so 120 complete
	ok $? "with room again, the lesson becomes whole"
	stop_contentd TERM
else
	skip "a disk that is really full" "no namespaces of one's own here: a small disk cannot be made"
fi
done_testing
