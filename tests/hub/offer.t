#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A teacher's lesson from one school to another, with every daemon on the way: offered, listed, declined, offered again, kept back, asked for,
# sent, published, and played from the box of another school. Nothing that leaves says who, where or by what. The long form ends
# the agent and the hub by kill -9 in the middle of a film, and has another school offer the same one.
# shellcheck disable=SC2317,SC1112 # until_so calls them; French is written with its own apostrophe
set -uo pipefail
: "${B:?set B to the build folder}"
tree=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$tree/tests/tap.sh"
top=$(mktemp -d)
chmod 755 "$top"
hub=$top/hub
declare -A pid=()
explain() { tail -qn 8 "$top"/*.log | sed 's/^/# log: /'; }
end() { # end NAME [SIGNAL]
	[ -z "${pid[$1]:-}" ] || { kill "-${2:-TERM}" "${pid[$1]}" && wait "${pid[$1]}"; } 2>/dev/null
	unset "pid[$1]"
}
clean_up() {
	local one
	for one in "${!pid[@]}"; do end "$one"; done
	rm -rf "$top"
}
trap clean_up EXIT
user=
[ "$(id -u)" != 0 ] || user="user root;"

# A phone's film, with its owner's name, where it was filmed and by what.
marks="Tecno Amina secretplace +36.8065 iPhone12"
phone_film() { # phone_film FILE SECONDS FILTER
	ffmpeg -v error -y -f lavfi -i "testsrc2=s=320x180:r=10:d=$2$3" -f lavfi -i "sine=f=440:d=$2" -c:v libx264 -preset ultrafast -b:v 900k -c:a aac -shortest \
		-metadata location=+36.8065+010.1815/ -metadata make=Tecno -metadata artist='Amina B.' -metadata comment=secretplace \
		-metadata com.apple.quicktime.model=iPhone12 -movflags use_metadata_tags "$1"
}
phone_film "$top/film.mp4" 3 ''

# --- a ministry -----------------------------------------------------------------------------------------
port=$(free_port)
mkdir -p "$hub/run/wasl" "$hub/var/cache/wasl/hub-nginx" "$hub/var/lib/wasl/conf"
origin=$hub/var/lib/wasl/hub/origin films=$hub/var/lib/wasl/hub/offers
waslhub() { WASL_ROOT=$hub "$B/bin/waslhub" "$@" >"$top/said" 2>&1; }
says() { grep -qF -- "$1" "$top/said"; }
offers() { waslhub offers && says "$1"; }
printf '[hubd]\nfilm-reserve = 1\n' >"$hub/var/lib/wasl/conf/site.conf" # the disk of a test may be small
waslhub init --country TN
waslhub school import "$tree/provisioning/hub/sample/schools.csv"
mapfile -t school < <(grep -v '^#' "$tree/provisioning/hub/sample/schools.csv" | sed 1d | cut -d, -f1)
sed "s#@LISTEN@#127.0.0.1#; s#@PORT@#$port#; s#@ROOT@#$hub#; s#@USER_LINE@#$user#; s#@WEB@#$B/share/hub#; s#@ORIGIN@#$origin#; s#@HUBD_SOCK@#$hub/run/wasl/hubd.sock#; s#@NDT_PORT@#4607#" \
	"$tree/provisioning/hub/nginx.conf.in" >"$top/nginx.conf"
start_hubd() {
	WASL_ROOT=$hub "$B/bin/wasl-hubd" 2>>"$top/hubd.log" &
	pid[hubd]=$!
	until_so 20 curl -sf -o /dev/null "http://127.0.0.1:$port/v1/check/x"
}
nginx -e stderr -p "$hub" -c "$top/nginx.conf" 2>"$top/nginx.log" &
pid[nginx]=$!
start_hubd
ok $? "a hub answers"

# --- two schools ------------------------------------------------------------------------------------------
ask() { curl -s -m 60 "${@:4}" --unix-socket "$top/$1/run/wasl/$2.sock" "http://x$3"; } # ask BOX DAEMON CALL [CURL ARGUMENTS…]
start() {                                                                                # start BOX DAEMON
	WASL_ROOT=$top/$1 "$B/bin/wasl-$2" 2>>"$top/$1-$2.log" &
	pid[$1-$2]=$!
	until_so 20 ask "$1" "$2" /v1/status -f
}
new_box() { # new_box NAME SCHOOL
	local box=$top/$1
	mkdir -p "$box/etc/wasl" "$box/run/wasl" "$box/var/lib/wasl/conf"
	cp "$hub/var/lib/wasl/hub/root/1" "$box/etc/wasl/root.1"
	{
		printf '[agent]\ncollect_interval = 3600\nseal_interval = 86400\nretry_max = 1\n[origin]\nurl = http://127.0.0.1:%s\ninterval = 3600\n' "$port"
		printf '[kitchen]\nlate = 0\nbetter_after = 0\nrungs = 144p audio\n'
		[ "${FLAVOUR:-dev}" = dev ] || printf 'memory = 0\n'
	} >"$box/var/lib/wasl/conf/site.conf"
	start "$1" contentd
	start "$1" agentd
	start "$1" provisiond
	waslhub order --school "$2" --claim "$(ask "$1" agentd /v1/identity | jq -r .claim_code)" --hub-url "http://127.0.0.1:$port" \
		--origin-url "http://127.0.0.1:$port" --out "$top/order"
	WASL_ROOT=$box "$B/bin/wasl" claim "$top/order" >"$top/said" 2>&1
	end "$1-provisiond"
}
new_box a "${school[0]}"
new_box b "${school[1]}"
is "$(ask a agentd /v1/identity | jq -r .enrolled)/$(ask b agentd /v1/identity | jq -r .enrolled)" true/true "two schools have their boxes"
report() { ask "$1" agentd /v1/flush -f -X POST -o /dev/null; } # report BOX

# --- a teacher --------------------------------------------------------------------------------------------
visit() { ask "$1" content-public "$2" -H 'X-Real-IP: 127.0.0.1' -o "$top/body" -w '%{http_code}' -b "$top/$1.jar" -c "$top/$1.jar" "${@:3}"; } # visit BOX PATH [CURL ARGUMENTS…]
login() { # login BOX: a teacher of the school is in
	visit "$1" /staff/in -d name=Amina -d "pin=$(WASL_ROOT=$top/$1 "$B/bin/wasl" --lang en staff add Amina | grep -oE '[0-9]{6}')" >/dev/null
	in_again "$1"
}
in_again() { # in_again BOX: what the box's forms are marked with
	visit "$1" /staff/ >/dev/null
	mark=$(grep -oE 'name="mark" value="[0-9a-f]{32}"' "$top/body" | head -n 1 | grep -oE '[0-9a-f]{32}')
}
form() { visit "$1" "$2" --data-urlencode "mark=$mark" "${@:3}"; } # form BOX PATH CURL ARGUMENTS…
upload() { # upload BOX FILE: $lesson is the lesson's id
	visit "$1" /staff/upload -H "X-Staff-Token: $mark" -H 'Content-Type: application/json' \
		-d "{\"file\":\"VID_1.mp4\",\"size\":$(stat -c %s "$2"),\"title_ar\":\"البركان\",\"subject\":\"\",\"grade\":\"7\",\"language\":\"ar\"}" >/dev/null
	lesson=$(jq -r .id "$top/body")
	visit "$1" "/staff/upload/$lesson" -X PATCH -H "Upload-Offset: 0" -H "X-Staff-Token: $mark" --data-binary "@$2" >/dev/null
}
is_lesson() { ask "$1" contentd /v1/lessons | jq -e --arg id "$2" '.lessons[] | select(.id == $id and .ready)'; }      # is_lesson BOX ID
film_of() { ask "$1" contentd /v1/offers | jq -re --arg id "$2" '.offers[] | select(.lesson == $id) | .film.object'; } # film_of BOX ID
offer() { # offer BOX ID: its mezzanine is ready, and $film is that
	[ "$(form "$1" "/staff/lesson/$2" -d do=offer)" = 303 ] && until_so 60 film_of "$1" "$2" && film=$(film_of "$1" "$2")
}
keep() { form "$1" "/staff/lesson/$2" -d do=keep; }
reads() { visit a "/staff/lesson/$own?lang=$1" >/dev/null && grep -qF -- "$2" "$top/body"; } # reads LANGUAGE TEXT: its teacher does
login a
upload a "$top/film.mp4"
own=$lesson
until_so 60 is_lesson a "$own"
ok $? "a teacher brings a film, and it becomes a lesson"
report a
waslhub offers
says "no school offers a lesson"
ok $? "nobody else knows of it"
offer a "$own"
ok $? "it is offered, and its mezzanine is made"
report a
offers "${school[0]}  $own"
says البركان && says "film $film"
ok $? "the ministry has it on its list"
[ ! -e "$films" ]
ok $? "and not a byte of the film"
is "$(ask a contentd "/v1/offers/film?object=${film//[0-9]/0}&at=0" -o /dev/null -w '%{http_code}')" 404 "the agent reads no other film of the school"
code_of() { ask a contentd "/v1/offers/film?object=$film&at=$1" -o /dev/null -w '%{http_code}'; }
is "$(code_of 0)" 404 "nor this one, as long as nobody asks for it"
decide() { waslhub offers "$1" --school "${school[0]}" --lesson "$own" "${@:2}"; } # decide ask | accept | decline …
decide accept
says "its film is not here yet; ask for it first"
ok $? "a film that nobody has seen is not accepted"

# --- declined -----------------------------------------------------------------------------------------------
decide decline --because mood
[ $? = 2 ] && says "quality, programme"
ok $? "it is not declined without a reason that there are words for"
decide decline --because people
ok $? "it is declined"
report a
until_so 20 reads ar 'لم تأخذه الوزارة. يبقى في المدرسة. يظهر فيه أشخاص يمكن التعرف عليهم.'
ok $? "its teacher reads that and why, in Arabic"
reads fr 'Le ministère ne l’a pas retenue. Elle reste à l’école. On y reconnaît des personnes.'
ok $? "in French"
reads en 'The ministry did not take it. It stays in the school. People can be recognised in it.'
ok $? "in English"

# --- kept back -----------------------------------------------------------------------------------------------
is "$(keep a "$own")" 303 "the teacher keeps it"
report a
waslhub offers
says "no school offers a lesson"
ok $? "it is off the list"
is "$(sqlite3 "$hub/var/lib/wasl/hub/hub.db" "SELECT count(*) FROM offer WHERE title_ar<>'' OR reason<>'' OR said<>0")" 0 "and nothing is kept of it"
offer a "$own"
report a
offers "$own"
! says declined
ok $? "offered once more, it is as new"
decide ask
keep a "$own" >/dev/null
report a
report a
[ ! -e "$films" ] || [ -z "$(ls "$films")" ]
ok $? "kept back before its film is sent, it is not sent"
decide accept
says "does not offer the lesson"
ok $? "and cannot be accepted"
offer a "$own"
report a
decide ask
report a
until_so 20 offers "here: $films/$film.mp4"
ok $? "the box sends the film that the ministry asks for"
is "$(code_of 0)/$(code_of -1)/$(code_of x)/$(code_of '')/$(code_of 99999999999999999999)/$(code_of 9223372036854775807)" 200/400/400/400/400/400 "which reads it now, from where it can begin"
reads en 'The ministry wants to watch it.'
ok $? "its teacher reads so"
rename() { form a "/staff/lesson/$own" -d do=save -d "title_ar=$1" -d title_fr= -d title_en= -d subject= -d grade=7 -d language=ar >/dev/null; }
rename بركان
report a
offers 'changed by its school since' && says بركان
ok $? "another title: what was said was said of the one before"
! decide accept && ! says accepted
ok $? "and nothing is published that nobody looked at"
until_so 20 eval "! reads en 'The ministry wants to watch it.'"
ok $? "its teacher does not read that it is wanted, either"
rename البركان
keep a "$own" >/dev/null
report a
[ -z "$(ls "$films")" ]
ok $? "kept back then, the film is removed"

# --- published --------------------------------------------------------------------------------------------------
offer a "$own"
report a
decide ask
report a
until_so 20 offers "here:"
ok $? "asked for once more, it comes once more"
got=$films/$film.mp4
is "$(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "$got" | sort | paste -sd,)" audio,video "a film with sound"
ffprobe -v error -show_format -show_streams "$got" >"$top/probe" 2>&1
for word in $marks; do ! grep -qaF -- "$word" "$got" "$top/probe" "$hub/var/lib/wasl/hub/hub.db"*; ok $? "that does not say $word"; done
accept() { decide accept --preset 13 --subject geology --transcoder "$B/bin/wasl-transcoder"; }
decide accept --grade 99
[ $? = 2 ] && says "--grade '99' must be 0 to 13"
ok $? "there is no 99th grade"
decide ask --id x
[ $? = 2 ] && says "--id goes with accept alone"
ok $? "and a film that is asked for has no name yet"
accept
says "accepted: it is in the catalogue as school-${film:0:12}" && [ -z "$(ls "$films")" ]
ok $? "accepted: published, and the film that came is not kept"
says '    ar: البركان'
ok $? "under the title that is told"
accept
says "it is published already"
ok $? "once"
report a
until_so 20 reads ar 'نشرته الوزارة لكل المدارس.'
ok $? "its teacher reads it, in Arabic"
reads fr 'Le ministère l’a publiée pour toutes les écoles.'
ok $? "in French"
reads en 'The ministry has published it for all schools.'
ok $? "in English"

# --- in the other school -----------------------------------------------------------------------------------------
web=$(free_port) public=school-${film:0:12} classroom=http://127.0.0.1
mkdir -p "$top/b/web"
sed -e "s|@LISTEN@|127.0.0.1|; s|@PORT@|$web|; s|@ROOT@|$top/b/web|; s|@USER_LINE@|$user|; s|@WORKERS@|1|; s|@PARTS@|$tree/cache/nginx/conf|" \
	-e "s|@MODULE@|$B/lib/ngx_http_wasl_module.so|; s|@STORE@|$top/b/var/lib/wasl/content/store|; s|@RUN@|$top/b/run/wasl|; s|@PORTAL@|$top/b/var/lib/wasl/content/portal|" \
	-e "s|@WANT_SOCK@|$top/b/run/wasl/want.sock|; s|@CONTENT_PUBLIC_SOCK@|../run/wasl/content-public.sock|" -e '/^#/d' \
	"$tree/cache/nginx/nginx.conf.in" >"$top/portal.conf"
/usr/sbin/nginx -c "$top/portal.conf" -e "$top/b/web/error.log" -g 'daemon off;' &
pid[portal]=$!
ask b contentd /v1/sync -X POST >/dev/null
until_so 60 is_lesson b "$public"
ok $? "the box of another school has it, and prepared it"
classroom=$classroom:$web
until_so 20 eval "curl -sf '$classroom/l/$public?lang=ar' | grep -q البركان"
ok $? "it has its page, with its title"
curl -sf "$classroom/m/$public/master.m3u8" >"$top/master"
index=$(grep -m 1 144p "$top/master")
curl -sf "$classroom/m/$public/$index" >"$top/index"
{ curl -sf "$classroom/m/$public/${index%/*}/init.mp4" && curl -sf "$classroom/m/$public/${index%/*}/1.m4s"; } >"$top/played"
is "$(ffprobe -v error -show_entries stream=height -of csv=p=0 "$top/played" 2>&1)" 144 "a pupil plays it"
for word in $marks; do ! grep -rqaF -- "$word" "$top/b/var/lib/wasl/content" "$origin"; ok $? "nothing there says $word"; done

# --- taken out again (the long form goes on with it) --------------------------------------------------------------
if [ -z "${WASL_LONG:-}" ]; then
	waslhub withdraw "$public"
	is $? 0 "the ministry takes it out again"
	waslhub offers
	says "$own" && says withdrawn && ! says accepted
	ok $? "its offer is no accepted one any more"
	report a
	until_so 20 reads ar 'لم تأخذه الوزارة. يبقى في المدرسة. كان منشورًا ثم سُحب.'
	ok $? "and its teacher reads so, in Arabic"
	ask b contentd /v1/sync -X POST >/dev/null
	gone_there() { [ "$(curl -s -o /dev/null -w '%{http_code}' "$classroom/l/$public?lang=ar")" = 404 ]; }
	until_so 60 gone_there
	ok $? "the other school has it no more"
	finish
fi

# --- the same film from another school ------------------------------------------------------------------------------
first=$own first_film=$film
login b
upload b "$top/film.mp4"
until_so 60 is_lesson b "$lesson" && offer b "$lesson"
report b
is "$film" "$first_film" "another school offers the same film: it is the same bytes"
decide_b() { waslhub offers "$1" --school "${school[1]}" --lesson "$lesson" "${@:2}"; }
before=$(sha256sum <"$origin/wasl/v1/catalogue/latest")
decide_b accept
says "accepted: it is in the catalogue as $public" && [ "$(sha256sum <"$origin/wasl/v1/catalogue/latest")" = "$before" ] && [ -z "$(ls "$films")" ]
ok $? "accepted, it is the lesson that is published already: no byte crosses a line, no new catalogue"
is "$(keep b "$lesson")" 303 "that school keeps its own"
report b
offers "accepted as $public" && ! says "${school[1]}"
ok $? "which says nothing of the first one's"
in_again a
is "$(form a "/staff/lesson/$first" -d do=delete)" 303 "the first one deletes its own"
report a
waslhub offers
says "no school offers a lesson" && grep -qaF "$public" "$origin/wasl/v1/catalogue/latest"
ok $? "what is published stays"

# --- kill -9 in the middle ---------------------------------------------------------------------------------------------
phone_film "$top/long.mp4" 20 ',noise=alls=70:allf=t' # of noise, so that it has many pieces
upload a "$top/long.mp4"
own=$lesson
until_so 90 is_lesson a "$own" && offer a "$own"
bytes=$(ask a contentd /v1/offers | jq --arg id "$own" '.offers[] | select(.lesson == $id) | .film.bytes')
[ "$bytes" -gt $((6 * 262144)) ]
ok $? "a film of $bytes bytes is offered"
report a
decide ask
part=$films/$film-$(ask a agentd /v1/identity | jq -r .device).part
kill_at() { # kill_at BYTES PROCESS: as soon as so much of the film is at the hub
	perl -e 'for (my $end = time + 60; time < $end;) { if (-s $ARGV[0] && -s _ >= $ARGV[1]) { kill 9, $ARGV[2]; exit 0 } } exit 1' "$part" "$1" "${pid[$2]}" &
	local watcher=$!
	report a &
	wait $watcher
	local status=$?
	{ wait "${pid[$2]}"; } 2>/dev/null
	unset "pid[$2]"
	return $status
}
have() { stat -c %s "$part" 2>/dev/null || echo 0; }
kill_at 262144 a-agentd
ok $? "the agent is ended by kill -9 in the middle of it"
half=$(have)
[ "$half" -ge 262144 ] && [ "$half" -lt "$bytes" ]
ok $? "$half bytes are at the hub"
: >"$top/a-agentd.log"
start a agentd
kill_at $((half + 524288)) hubd
ok $? "then the hub"
[ "$(have)" -ge "$half" ] && [ "$(have)" -lt "$bytes" ]
ok $? "$(have) bytes are there"
start_hubd
report a
until_so 60 offers "here: $films/$film.mp4"
ok $? "the film comes whole, from where it stopped"
[ ! -e "$part" ] && is "$(stat -c %s "$films/$film.mp4")" "$bytes" "as long as it is"
truncate -s 1000 "$films/$film.mp4"
mv "$films/$film.mp4" "$part"
printf x | dd of="$part" bs=1 seek=500 conv=notrunc status=none
report a
until_so 60 offers "here: $films/$film.mp4"
ok $? "a part that a disk has spoilt is found out by its hash, and the film comes again"
finish
