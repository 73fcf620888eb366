#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# What a classroom gets from wasl-contentd through the real web server: pages in three languages, a lesson that plays while it
# arrives over a slow line, downloads, search, counted use; and what stays when contentd is away.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

make_lesson || skip_all "no film could be made here"
object=$origin/wasl/v1/object/$(publish 3 'Fractions' 1)
# One chunk in the middle is good when we say so: however long this machine cooks, the lesson is on its way until then.
middle=$(($(stat -c %s "$top/mezz.mp4") / 65536 / 2))
spoil "$object" $((middle * 65536))
start_origin
new_box
configure "$slow"
start_contentd
until_so 20 test -s "$content/store/names.idx"
start_portal
ok $? "the web server starts beside contentd"
lesson=/m/fractions-1

# --- while it arrives ---
until_so 20 is_field /v1/lessons .catalogue_version 3
is_get() { [ "$(get "$1")" = 200 ]; }
until_so 20 is_get $lesson/master.m3u8
ok $? "the playlist is there before the lesson"
like "$top/body" 'RESOLUTION=426x240' "and names its sizes"
generation=$(sed -nE 's|^(g-[0-9a-f]+)/240p/.*|\1|p' "$top/body")
is "$(get "$lesson/$generation/240p/index.m3u8")" 200 "so is each size's own"
last=$(grep -c m4s "$top/body")
like "$top/body" '^#EXT-X-ENDLIST' "with every planned segment"
curl -s -m 100 -o "$top/second" -w '%{http_code}' "$portal$lesson/$generation/360p/$last.m4s" >"$top/second.code" &
one=$!
is "$(get "$lesson/$generation/360p/$last.m4s")" 200 "the last segment comes while the lesson is on its way"
wait $one
is "$(cat "$top/second.code")" 200 "to a second pupil too"
cmp -s "$top/second" "$top/body"
ok $? "the same bytes"
have=$(field /v1/lessons '.lessons[0].mezzanine_have') size=$(field /v1/lessons '.lessons[0].mezzanine_size')
[ "$have" -lt "$size" ]
ok $? "long before the lesson is whole ($have of $size bytes)"
is "$(get $lesson/download-360p.mp4)" 404 "no download before it is whole"
spoil "$object" $((middle * 65536))
sync_now >"$top/out"
until_so 120 complete
ok $? "then it is whole"

# --- pages ---
until_so 10 grep -q 'download-360p.mp4' "$content/portal/ar/l/fractions-1.html"
is "$(get /)" 200 "home"
like "$top/body" '<html lang="ar" dir="rtl">' "in Arabic, right to left, where nobody chose"
is "$(get '/?lang=fr')" 200 "in French by choice"
like "$top/body" '<html lang="fr" dir="ltr">' "from left to right"
like "$top/head" '^Set-Cookie: lang=fr' "and the choice is kept"
is "$(get /l/fractions-1 -H 'Cookie: lang=en')" 200 "a lesson in the language kept"
like "$top/body" '<html lang="en"' "English"
for page in /s/mathematics /status /help; do is "$(get $page)" 200 "$page"; done
is "$(get /l/no-such-lesson)" 404 "no such lesson"
like "$top/body" 'class="error"' "has a page of the house"
is "$(get '/search?q=%D8%A7%D9%84%D9%83%D8%B3%D9%88%D8%B1')" 200 "search by what is said"
like "$top/body" '/l/fractions-1' "finds the lesson"
is "$(get '/search?q=fractions&lang=fr')" 200 "search in French"
like "$top/body" '<html lang="fr"' "answers in French"
is "$(get /api/v1/status | cat)" 200 "the reading view"
is "$(jq -r '.lessons_work' "$top/body")" true "says that lessons work"
bytes=$(get / -H 'Accept-Encoding: gzip' >/dev/null && stat -c %s "$top/body")
while read -r asset; do
	is "$(get "$asset" -H 'Accept-Encoding: gzip')" 200 "${asset%%\?*}"
	bytes=$((bytes + $(stat -c %s "$top/body")))
done < <(grep -oE '/assets/[a-z.]+\?v=[0-9a-f]+' "$content/portal/ar/index.html" | sort -u)
[ "$bytes" -le 30720 ]
ok $? "home with all it needs is $bytes bytes (30 KiB at most)"

# --- our linter, over what the web server says ---
keeps_rules() {
	get "$lesson/master.m3u8" >/dev/null && grep -q I-FRAME "$top/body" && "$B/tests/hlslint" "$portal$lesson/master.m3u8" >"$top/said"
}
until_so 20 keeps_rules
is "$(tail -n 1 "$top/said" | cut -d, -f2)" " 0 findings" "playlists, key frames and segments keep their rules"
is "$(get $lesson/manifest.mpd)" 200 "so is the manifest for players of DASH"
like "$top/head" '^Content-Type: application/dash.xml' "by its type"
is "$(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "$portal$lesson/manifest.mpd" | sort -u | xargs)" "audio subtitle video" "which an independent reader reads"

# --- an independent reader ---
rungs=$(ffprobe -v error -show_entries stream=height -of csv=p=0 "$portal$lesson/master.m3u8" | grep -E '^[0-9]+' | sort -nu | tr -d ',' | xargs)
is "$rungs" "240 360" "ffprobe lists the sizes"
for file in download-240p.mp4 download-360p.mp4 audio.m4a; do
	is "$(get "$lesson/$file")" 200 "$file"
	seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$top/body" | cut -d. -f1)
	is "$seconds" 22 "lasts 22 s"
done
like "$top/head" '^Content-Disposition: attachment' "is offered to be kept"
is "$(get $lesson/captions-ar.vtt)" 200 "captions"
cmp -s "$top/body" "$house/content/sample/fractions.ar.vtt"
ok $? "as published"
is "$(get $lesson/captions-ar.m3u8)" 200 "and their playlist"
is "$(get $lesson/poster.jpg)" 200 "poster"

# --- use ---
until_so 30 at_least /v1/usage '[.rows[].sent_bytes] | add // 0' 100000
ok $? "use is counted"
is "$(ask /v1/usage | jq -r '[.rows[].lesson] | unique | join(" ")')" fractions-1 "by lesson"
ask /v1/usage | jq -r '.rows[] | keys[]' | sort -u >"$top/out"
is "$(xargs <"$top/out")" "completions cursor day devices lesson rung sent_bytes starts watched_s" "and nothing else"

is "$(get /metrics/content)" 200 "numbers of contentd for the box itself"
is "$(awk '$1 == "wasl_content_lessons_ready" { print $2 }' "$top/body")" 1 "say what plays"
like "$top/head" '^Content-Type: text/plain; version=0.0.4' "as Prometheus reads them"

# --- contentd is away ---
stop_contentd KILL
is "$(get "$lesson/$generation/360p/1.m4s")" 200 "with contentd killed, a finished lesson plays"
is "$(get /)" 200 "pages are there"
is "$(get '/search?q=x')" 503 "search says that it is away"
like "$top/body" 'lang="ar"' "with a page"
is "$(get /metrics/content) $(get /metrics)" "503 200" "its numbers are away with it, the web server's are not"
start_contentd
is "$(get '/search?q=fractions')" 200 "and is back when contentd is"
stop_origin
is "$(get "$lesson/$generation/240p/$last.m4s")" 200 "with the origin away, too"

# --- a class on a small access point ---
stop_contentd TERM
configure "$slow" '[classroom main]\nair_kbps = 1500\n'
start_contentd
watched() { get "$lesson/master.m3u8" >/dev/null && grep -qi '^Cache-Control: no-cache' "$top/head"; }
until_so 10 watched
like "$top/body" '/360p/index.m3u8' "one phone is offered every size"
for phone in 2 3 4 5; do get "$lesson/master.m3u8" --interface "127.0.0.$phone" >/dev/null; done
grep -q /360p/ "$top/body"
is $? 1 "of a class each is offered what the air carries"
heights=$(ffprobe -v error -show_entries stream=height -of csv=p=0 "$portal$lesson/master.m3u8" | grep -E '^[0-9]+' | sort -nu | tr -d ',' | xargs)
is "$heights" 240 "which plays"
while read -r named; do
	[ "$(get "$lesson/$named")" = 200 ]
	ok $? "it names $named, which is there"
done < <(get "$lesson/master.m3u8" >/dev/null; sed -nE 's/.*URI="([^"]*)".*/\1/p; /^[^#]/p' "$top/body" | sort -u)
done_testing
