#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# A teacher's day: a PIN, a film that goes up in pieces across a kill -9, a lesson for the class without where and by what it was filmed,
# captions, hidden, shown, offered, deleted; another from a stick. Nothing of it without the PIN.
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$top/stick/DCIM" "$origin"
# A phone's film: place, maker and name of its owner in it, and captions.
printf '1\n00:00:00,500 --> 00:00:02,000\nBonjour la classe\n' >"$top/in.srt"
ffmpeg -v error -y -f lavfi -i testsrc2=s=320x180:r=10:d=3 -f lavfi -i sine=f=440:d=3 -i "$top/in.srt" -c:s mov_text -metadata:s:s:0 language=fra -c:v libx264 -preset ultrafast -b:v 900k -c:a aac \
	-metadata location=+36.8065+010.1815/ -metadata location-eng=+36.8065+010.1815/ -metadata make=Tecno -metadata com.android.model=KG5 \
	-metadata artist='Amina B.' -metadata comment=secretplace -metadata com.apple.quicktime.model=iPhone12 -movflags use_metadata_tags "$top/stick/DCIM/VID_1.mp4"
film=$top/stick/DCIM/VID_1.mp4
# and in boxes that players do not read: ©xyz and ©mak (QuickTime), XMP, a free one; and in the pictures themselves (SEI, as encoders do)
perl -e 'sub box { pack("Na4", 8 + length $_[1], $_[0]) . $_[1] }
	open F, ">>", $ARGV[0] or die; binmode F;
	print F box("free", "Exif GPSLatitude 36.7777"), box("uuid", "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac<x:xmpmeta creator=XmpAmina/>"),
		box("udta", box("\xa9xyz", pack("nn", 17, 0x15c7) . "+35.1111+009.2222/") . box("\xa9mak", pack("nn", 6, 0x15c7) . "Itel77"));' "$film"
size=$(stat -c %s "$film")
marks="Tecno KG5 Amina secretplace +36.8065 iPhone12 Exif 36.7777 XmpAmina +35.1111 Itel77 x264 Lavc"
printf '1\n00:00:01,000 --> 00:00:02,500\nالسلام عليكم\n' | iconv -f UTF-8 -t WINDOWS-1256 >"$top/stick/DCIM/vid_1.ar.srt"
printf 'no captions\n' >"$top/stick/DCIM/VID_1.en.srt"
head -c 200000 /dev/urandom >"$top/stick/noise.mp4"
ffmpeg -v error -y -f lavfi -i testsrc2=s=2000x16:r=10:d=1 -c:v libx264 -preset ultrafast "$top/stick/tiny.mp4"
ln -s /etc/passwd "$top/stick/passwd.mp4"
for word in $marks; do grep -qaF -- "$word" "$film"; ok $? "the phone's film says $word"; done
new_box
mkdir -p "$content/store" "$content/portal"
if [ -n "${WASL_LONG:-}" ]; then # a ministry whose films do not arrive
	small_lesson
	publish 1 Fractions 1 >/dev/null
	rm -rf "$origin/wasl/v1/object"
	start_origin
fi
configure "$([ -n "${WASL_LONG:-}" ] && echo "$fast" || echo 9)" "[staff]\nstick = $top/stick\n[relay]\nallow = 127.0.0.1:9\n[kitchen]\nrungs = 144p audio\n"
start_contentd
start_portal
until_so 20 test -s "$content/portal/ar/index.html"

agentd=
trap 'end_child "$agentd" TERM; cleanup' EXIT
staff() { WASL_ROOT=$box "$B/bin/wasl" --lang en staff "$@"; }
jar=$top/jar
visit() { get "$1" -b "$jar" -c "$jar" "${@:2}"; } # visit PATH [CURL ARGUMENTS…]
mark() { grep -oE 'name="mark" value="[0-9a-f]{32}"' "$top/body" | head -n 1 | grep -oE '[0-9a-f]{32}'; }
login() { visit /staff/in --data-urlencode "name=$1" --data-urlencode "pin=$2"; }
form() { visit "$1" --data-urlencode "mark=$mark" "${@:2}"; } # form PATH CURL ARGUMENTS…
piece() { # piece ID OFFSET LENGTH: status
	tail -c +$(($2 + 1)) "$film" | head -c "$3" >"$top/piece"
	visit "/staff/upload/$1" -X PATCH -H "Upload-Offset: $2" -H "X-Staff-Token: $mark" --data-binary "@$top/piece"
}
body() { jq -r "$1" "$top/body"; }
begin() { # begin NAME SIZE
	visit /staff/upload -H "X-Staff-Token: $mark" -H 'Content-Type: application/json' \
		-d "{\"file\":\"$1\",\"size\":$2,\"title_ar\":\"الكسور\",\"subject\":\"\",\"grade\":\"7\",\"language\":\"ar\"}"
}
lesson() { ask /v1/lessons | jq -r --arg id "$1" ".lessons[] | select(.id == \$id) | $2"; }
plays() { [ "$(lesson "$1" .ready)" = true ]; }
on_page() { visit /staff/ >"$top/status" && grep -q "$1" "$top/body"; } # on_page TEXT
shown() { curl -sf "$portal/" | grep -q "href=\"/l/$1\""; }

# --- the door ---------------------------------------------------------------------------------------------
is "$(staff list)" "No teacher has been added yet. The technician or the head adds you on the box." "nobody at first"
pin=$(staff add 'أمينة بن علي' | grep -oE '[0-9]{6}')
like <(echo "$pin") '^[0-9]{6}$' "a teacher gets a PIN of six digits"
other=$(staff add Omar head | grep -oE '[0-9]{6}')
staff add 'امينه بن علي' 2>"$top/err"
is "$?" 1 "the same name, typed in another way, is refused"
is "$(stat -c %a "$content/staff/people")" 600 "names and PINs are nobody else's"
grep -q 'argon2id' "$content/staff/people" && ! grep -q "$pin" "$content/staff/people"
ok $? "of a PIN only its hash is kept"
is "$(get /staff/)" 303 "without a PIN there is only the door"
is "$(get /staff/lesson/own-1 -X POST -d do=delete)" 303 "for forms, too"
is "$(get /staff/upload -X POST -d '{}')" 401 "and for calls"
is "$(login 'امينة بن علي' 000000)" 403 "a wrong PIN does not open"
is "$(login 'امينة بن علي' "$pin")" 303 "the right one does, however the name is typed"
like "$top/head" 'Set-Cookie: staff=[0-9a-f]{64}; Path=/staff; HttpOnly; SameSite=Strict' "the cookie is out of reach of scripts and other sites"
is "$(visit /staff/)" 200 "and leads to the list"
like "$top/head" '^Cache-Control: no-store' "which nobody keeps"
mark=$(mark)
for _ in 1 2 3 4 5; do get /staff/in -d name=Omar -d pin=111111 >/dev/null; done
is "$(get /staff/in -d name=Omar -d pin=111111)" 429 "who guesses must wait"
is "$(visit /staff/lesson/own-1 -d do=delete)" 403 "a form without the session's mark is refused"

# --- a film from a phone, and kill -9 in the middle -------------------------------------------------------------
is "$(begin VID_1.mp4 99999999999)" 413 "a film that is too large is refused before a byte has come"
is "$(begin VID_1.mp4 "$size")" 201 "room is made for a film"
id=$(body .id)
is "$(piece "$id" 0 100000)" 200 "a piece comes"
is "$(body .offset)" 100000 "and is counted"
is "$(piece "$id" 0 100000)" 409 "the same again is not"
stop_contentd KILL
start_contentd
is "$(visit "/staff/upload/$id")" 200 "after kill -9 the session goes on"
is "$(body .offset)" 100000 "and the film, from where it stopped"
is "$(begin VID_1.mp4 "$size")/$(body .id)" "201/$id" "the same file of the same teacher is the same upload"
is "$(piece "$id" 100000 $((size - 100000 + 1)))" 200 "the rest comes" # tail ends where the file does
is "$(body .state)" waiting "and it waits for its turn"
until_so 90 plays "$id"
ok $? "it becomes a lesson"
until_so 20 shown "$id"
ok $? "that the classroom sees"
until_so 60 curl -sf -o "$top/master" "$portal/m/$id/master.m3u8"
curl -sf "$portal/m/$id/$(grep -m 1 144p "$top/master")" >"$top/index"
ok $? "and plays"
is "$(find "$content/staff" -name '*.film' -o -name '*.part' | wc -l)" 0 "the original is gone"
for word in $marks; do ! grep -rqaF -- "$word" "$content/store" "$content/staff"; ok $? "nothing says $word any more"; done
stored() { find "$content/store" -type f -size +20k -exec sh -c 'ffprobe -v error -select_streams v -show_entries stream=codec_name -of csv=p=0 "$1" 2>&1 | grep -qx "$2"' _ {} "$1" \; -print; }
[ -n "$(stored h264)" ] && [ -z "$(stored av1)" ]
ok $? "its pictures are those that the phone took: no mezzanine was made of it"
is "$(get "/p/own/$id/film.mp4")" 404 "what it is made from is not for everybody"

is "$(get "/m/$id/captions-fr.vtt")" 200 "captions that were inside it"
like "$top/body" 'Bonjour la classe' "are the lesson's"
grep -q 'LANGUAGE="fr"' "$top/master"
ok $? "and in its playlist"

# --- what a teacher does with it -----------------------------------------------------------------------------------
printf '1\n00:00:01,000 --> 00:00:02,500\nالسلام عليكم\n' | iconv -f UTF-8 -t WINDOWS-1256 >"$top/one.srt"
is "$(visit "/staff/captions/$id?of=ar" -X POST -H "X-Staff-Token: $mark" --data-binary "@$top/one.srt")" 200 "captions come"
until_so 20 curl -sf -o "$top/vtt" "$portal/m/$id/captions-ar.vtt"
like "$top/vtt" 'السلام عليكم' "and are served as WebVTT"
is "$(form "/staff/lesson/$id" -d do=save --data-urlencode 'title_ar=الكسور العشرية' -d title_fr=Fractions -d grade=8 -d language=ar)" 303 "another title"
until_so 20 eval "curl -sf '$portal/l/$id?lang=fr' | grep -q Fractions"
ok $? "is on the page"
is "$(curl -sf -G --data-urlencode 'q=كسور عشريه' -H 'Accept: application/json' "$portal/search" | jq -r '.lessons[0].id')" "$id" "and found"
is "$(form "/staff/lesson/$id" -d do=offer)" 303 "it is offered to the ministry"
is "$(ask /v1/offers | jq -r '.offers[0].lesson')" "$id" "which may ask for it"
offer() { ask /v1/offers | jq -re '.offers[0].film.object'; }
until_so 90 offer >/dev/null
[ -n "$(stored av1)" ]
ok $? "as a mezzanine, which is made now"
jq -nc --arg lesson "$id" --arg film "$(offer)" '{answers: [{lesson: $lesson, film: $film, said: "declined", reason: "sound", published: ""}]}' >"$top/answer"
ask /v1/offers/answers -X POST -H 'Content-Type: application/json' --data-binary "@$top/answer" >/dev/null
visit '/staff/?lang=fr' >/dev/null
like "$top/body" 'Le ministère ne l.a pas retenue' "what the ministry says stands in the list"
visit "/staff/lesson/$id?lang=fr" >/dev/null
is "$(grep -c 'Le ministère ne l.a pas retenue' "$top/body")" 2 "and on top of the lesson's page, and beside the reason"
visit '/staff/?lang=ar' >/dev/null
is "$(form "/staff/lesson/$id" -d do=keep)/$(ask /v1/offers | jq '.offers | length')" 303/0 "or not"
[ -z "$(stored av1)" ]
ok $? "then the mezzanine goes"
is "$(form "/staff/lesson/$id" -d do=hide)" 303 "hidden"
until_so 20 eval "! curl -sf '$portal/l/$id'"
ok $? "it is gone from the classroom"
[ -z "${WASL_LONG:-}" ] || { stop_contentd TERM && start_contentd; }
is "$(form "/staff/lesson/$id" -d do=show)" 303 "shown again"
until_so 20 plays "$id"
ok $? "it is there as it was"
for path in /staff/ "/staff/lesson/$id" /staff/live /staff/ask; do is "$(visit "$path")" 200 "$path opens"; done
is "$(form /staff/live -d do=start -d url=http://127.0.0.1:7/a.m3u8)" 400 "a live class from inside the school that nobody allowed is refused"
like "$top/body" 'هذا البث داخل شبكة المدرسة' "in words"

# --- the head, and a stick: the long form ------------------------------------------------------------------------------
if [ -n "${WASL_LONG:-}" ]; then
	mine=$jar jar=$top/jar2
	staff reset-pin Omar 246802 >/dev/null
	stop_contentd TERM # who guessed is forgotten
	start_contentd
	is "$(login omar "$other")" 403 "an old PIN is none"
	is "$(login omar ٢٤٦٨٠٢)" 303 "digits of an Arabic keyboard are digits"
	is "$(visit "/staff/lesson/$id")" 200 "the head sees every lesson"
	staff remove Omar >/dev/null
	is "$(visit /staff/)" 303 "who was removed is out at once"
	jar=$mine

	# --- the ministry's lessons, by a day
	sync_now >/dev/null
	until_so 20 at_least /v1/lessons .catalogue_version 1
	is "$(lesson "$id" .ready)" true "a catalogue that comes takes no lesson of the school away"
	visit /staff/ask >/dev/null
	theirs=$(grep -oE '<option value="[a-z0-9-]+"' "$top/body" | head -n 1 | cut -d '"' -f 2)
	is "$(form /staff/ask -d do=ask -d "lesson=$theirs" -d "needed_by=$(date -u -d tomorrow +%F)")" 303 "a lesson is asked for by a day"
	is "$(ask /v1/requests | jq -r '.requests[0].lesson')" "$theirs" "and planned"
	visit /staff/ask >/dev/null
	like "$top/body" "href=\"/l/$theirs\"" "the page says so"
	is "$(form /staff/ask -d do=ask -d "lesson=$theirs" -d needed_by=2001-02-31)" 400 "not for a day that there is not"
	is "$(form /staff/ask -d do=withdraw -d "lesson=$theirs")/$(ask /v1/requests | jq '.requests | length')" 303/0 "and taken back"
	is "$(form /staff/live -d do=start -d title=Physics -d url=http://127.0.0.1:9/a.m3u8)" 303 "a live class begins"
	visit /staff/live >/dev/null
	like "$top/body" '<bdi>Physics</bdi>' "with its title"
	is "$(form /staff/live -d do=stop -d name=class-1)/$(ask /v1/live | jq '.classes | length')" 303/0 "and ends"

	# --- from a stick ---------------------------------------------------------------------------------------------------
	visit /staff/ >/dev/null
	like "$top/body" 'DCIM/VID_1\.mp4' "films of the stick are listed"
	! grep -q passwd "$top/body"
	ok $? "links are not"
	is "$(form /staff/stick --data-urlencode 'path=../../etc/passwd' -d title_ar=x -d language=ar)" 404 "nothing outside is opened"
	is "$(form /staff/stick -d path=noise.mp4 -d title_ar=noise -d language=ar)" 303 "a file that is no film is taken"
	until_so 60 on_page 'state-mark no'
	ok $? "and refused with a sentence"
	is "$(form /staff/stick -d path=DCIM/VID_1.mp4 --data-urlencode 'title_en=From the stick' -d language=en)" 303 "a film is taken"
	second() { ask /v1/lessons | jq -re --arg id "$id" '.lessons[] | select(.id != $id and (.id | startswith("own-"))) | .id'; }
	until_so 90 second
	until_so 60 plays "$(second)"
	ok $? "and becomes a lesson"
	[ -s "$film" ]
	ok $? "the stick keeps its film"
	until_so 20 curl -sf -o "$top/vtt" "$portal/m/$(second)/captions-ar.vtt"
	like "$top/vtt" 'السلام عليكم' "captions that lay beside it are the lesson's, in UTF-8"
	is "$(get "/m/$(second)/captions-fr.vtt")" 200 "and those inside it"
	visit "/staff/?lang=en" >/dev/null
	like "$top/body" 'no caption file that Wasl knows' "of those that cannot be read its teacher is told"
	visit "/staff/?lang=ar" >/dev/null # the page remembers its language
fi

# --- a film that can be no lesson ---
is "$(form /staff/stick -d path=tiny.mp4 -d title_ar=tiny -d language=ar)" 303 "a film that is too small is taken"
until_so 60 on_page 'الصورة صغيرة جدًا: 2000×16'
ok $? "and refused with its size, in the reader's language"
# --- an upload that nobody finishes ---
say_time() { # say_time UNIX: what agentd vouches for, from the next start on
	rm -f "$box/run/wasl/agentd.sock"
	printf '{"time_floor":%s,"time_quality":1}' "$1" >"$top/agentd.json"
	"$B/tests/content-answers" "$box/run/wasl/agentd.sock" "$top/agentd.json" &
	agentd=$!
	until_so 10 test -S "$box/run/wasl/agentd.sock"
}
noted() { grep -q "\"touched\": *$1" "$content/staff/list"; }
is "$(begin VID_2.mp4 "$size")" 201 "another film"
late=$(body .id)
is "$(piece "$late" 0 100000)" 200 "of which one piece comes"
visit /staff/ >/dev/null
like "$top/body" 'حُذف بعد 14 يومًا' "how long it stays is on the page"
stop_contentd TERM
say_time 1795564800
start_contentd
until_so 20 noted 17955648
ok $? "since when nothing has come of it is noted"
stop_contentd TERM
end_child "$agentd" TERM
say_time $((1795564800 + 15 * 86400))
start_contentd
until_so 20 eval "! grep -q '$late' '$content/staff/list'"
ok $? "then it goes"
until_so 20 [ ! -e "$content/staff/$late.film" ]
ok $? "and its room is free"
is "$(visit "/staff/upload/$late")" 404 "there is no such upload any more"
end_child "$agentd" TERM
agentd=
is "$(form "/staff/lesson/$id" -d do=delete)" 303 "deleted"
is "$(lesson "$id" .id)" "" "it is no lesson any more"
! ls "$content/staff/$id".* 2>/dev/null
ok $? "and nothing of it is left"
[ -n "${WASL_LONG:-}" ] || is "$(field /v1/store/status .renditions)" 0 "in no size either"

# --- a recording without pictures ------------------------------------------------------------------------------------
ffmpeg -v error -y -f lavfi -i sine=f=300:d=3:r=44100 -c:a aac -metadata artist='Amina B.' "$top/voice.m4a"
film=$top/voice.m4a size=$(stat -c %s "$top/voice.m4a")
is "$(begin voice.m4a "$size")" 201 "a recording is taken, too"
voice=$(body .id)
is "$(piece "$voice" 0 $((size + 1)))" 200 "it comes"
until_so 90 plays "$voice"
ok $? "and becomes a lesson"
until_so 20 eval "curl -sf -o '$top/page' '$portal/l/$voice?lang=ar' && grep -q 'class=\"player sound\"' '$top/page'"
ok $? "with a player for sound"
until_so 60 curl -sf -o "$top/down" "$portal/m/$voice/audio.m4a"
is "$(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "$top/down")" audio "and a file of it"
! grep -qa Amina "$top/down"
ok $? "that does not say whose voice it is"
is "$(form /staff/out)" 303 "out"
is "$(visit /staff/)" 303 "and the door is closed"
done_testing
