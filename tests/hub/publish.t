#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# waslhub publish with the real transcoder: what reaches the origin, what does not, and what nginx makes of it.
set -uo pipefail
: "${B:?set B to the build folder}"
tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
hub=$work/hub origin=$work/hub/origin/wasl/v1
nginx='' elsewhere=''
# shellcheck source=tests/tap.sh
. "$tree/tests/tap.sh"
# shellcheck disable=SC2317 # called by ok
explain() { sed 's/^/# /' "$work/said" 2>/dev/null; }
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	[ -z "$nginx" ] || { kill "$nginx" && wait "$nginx"; } 2>/dev/null
	rm -rf "$work" "$elsewhere"
}
trap clean_up EXIT
check() { # NAME COMMAND…
	local name=$1
	shift
	"$@"
	ok $? "$name"
}
status=0
waslhub() { "$B/bin/waslhub" "$@" >"$work/said" 2>&1; status=$?; }
says() { grep -qF -- "$1" "$work/said"; }
sums() { (cd "$hub" && find . -type f ! -name 'hub.db*' ! -name publish.lock -exec sha256sum {} + | sort); }
published() { find "$origin/catalogue" -type f | wc -l; }

# --- keys -------------------------------------------------------------------------------------------
waslhub init --dir "$hub" --country TN
sums >"$work/before"
check "init makes keys that only their owner reads" \
	test "$(find "$hub/keys" "$hub/offline" -type f ! -perm 600 | wc -l) $(find "$hub/keys" "$hub/offline" -name '*.key' | wc -l)" = "0 14"
waslhub init --dir "$hub"
says "already" && sums | cmp -s - "$work/before"
ok $? "a second init says so and changes nothing"
waslhub publish --dir "$work/nowhere" x.mp4
check "publishing where no hub is names the remedy" says "waslhub init"

waslhub publish --dir "$hub" --preset 3 x.mp4
check "a preset that the encoder has not is refused" says "from 4 (slow) to 13 (fast)"

# --- a lesson ---------------------------------------------------------------------------------------
mkdir "$work/lessons"
film="$work/lessons/Demo Lesson.mp4"
if ! ffmpeg -nostdin -loglevel error -f lavfi -i testsrc=size=320x240:rate=12:duration=4 -f lavfi -i sine=duration=4 \
	-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac "$film"; then
	echo "Bail out! ffmpeg could not make a short film"
	exit 1
fi
printf 'WEBVTT\n\n00:00.000 --> 00:02.000\nمرحبًا\n' >"$work/lessons/Demo Lesson.ar.vtt"
printf 'Exercises\n' >"$work/lessons/exercises.txt"
printf '{"id":"demo","title":{"ar":"درس"},"subject":"physics","attachments":["exercises.txt"]}' >"$work/lessons/Demo Lesson.json"
waslhub publish --dir "$hub" "$film"
says "catalogue 1 is in force, with 1 lessons" && cmp -s "$origin/catalogue/1" "$origin/catalogue/latest"
ok $? "a lesson is published"
says "like its source (SSIM 0.99" && says "a plain H.264 ladder would be 0.28 MB"
ok $? "how like its source it is is said, and what it saves"
check "its film, poster, captions and attachment are objects, each with a map" \
	test "$(find "$origin/object" -type f | wc -l) $(find "$origin/map" -type f | wc -l)" = "4 4"
LC_ALL=C grep -qaP "^\xff\xd8\xff" "$origin"/object/*
ok $? "the poster is a JPEG picture"
grep -qax Exercises "$origin"/object/* && grep -qaF مرحبًا "$origin"/object/*
ok $? "objects are the bytes that were given"
sums >"$work/before"
waslhub publish --dir "$hub" --transcoder /bin/false --lessons "$work/lessons"
says "nothing changed: catalogue 1" && sums | cmp -s - "$work/before"
ok $? "the same again: nothing changed, nothing encoded, no new catalogue"
sed -i 's/درس/درس أول/' "$work/lessons/Demo Lesson.json"
waslhub publish --dir "$hub" --preset 12 --transcoder /bin/false "$film"
check "what another preset made is not the same" test "$status" != 0
waslhub publish --dir "$hub" --transcoder /bin/false "$film"
says "catalogue 2 is in force, with 1 lessons" && [ "$(published)" = 3 ]
ok $? "another title: catalogue 2 in the place of 1, the film as it was"

# --- where names lead, with everything of the hub below a root of its own -----------------------------
elsewhere=$(mktemp -d -p /var/tmp)
cp "$film" "$B/bin/wasl-transcoder" "$elsewhere"
(export WASL_ROOT=$work/root && waslhub init --country TN)
WASL_ROOT=$work/root waslhub publish --transcoder "$elsewhere/wasl-transcoder" "$elsewhere/Demo Lesson.mp4"
[ "$status" = 0 ] && [ -n "$(find "$work/root/var/lib/wasl/hub/origin/wasl/v1/object" -type f)" ]
ok $? "the hub is below the root; a film and a program below /var are where they were named"

# --- what is no lesson ------------------------------------------------------------------------------
sums >"$work/before"
unchanged() { sums | cmp -s - "$work/before"; }
printf 'this is a letter\n' >"$work/letter.mp4"
waslhub publish --dir "$hub" "$work/letter.mp4"
[ $status = 1 ] && says letter.mp4 && unchanged
ok $? "a letter that is called a film is refused with its name, nothing changes"
head -c 3000 "$film" >"$work/cut.mp4"
waslhub publish --dir "$hub" "$work/cut.mp4"
[ $status = 1 ] && says cut.mp4 && unchanged
ok $? "half a film is refused"
printf '{"id":"../x"}' >"$work/letter.json"
waslhub publish --dir "$hub" "$work/letter.mp4"
says letter.json && says "\"id\"" && unchanged
ok $? "a sidecar with an impossible id is named"
printf '{"id":"demo","attachments":["../../etc/passwd"]}' >"$work/letter.json"
waslhub publish --dir "$hub" "$work/letter.mp4"
says attachments && unchanged
ok $? "an attachment from elsewhere is refused"
rm "$work/letter.json"
cp "$film" "$work/other.mp4"
waslhub publish --dir "$hub" "$work/letter.mp4" "$work/other.mp4"
[ $status = 1 ] && says "letter.mp4" && [ "$(published)" = 4 ] && says "with 2 lessons"
ok $? "beside a bad one the good one is published"

# --- documents and tables ---------------------------------------------------------------------------
mkdir "$work/papers"
printf '%%PDF-1.4\nexercises\n' >"$work/papers/Algebra 1.pdf"
printf '{"title":{"ar":"تمارين"},"subject":"mathematics"}' >"$work/papers/Algebra 1.json"
printf 'nobody asked for me\n' >"$work/papers/notes.txt"
waslhub publish --dir "$hub" --lessons "$work/papers"
[ $status = 0 ] && says "with 3 lessons" && grep -qaF "algebra-1" "$origin/catalogue/latest" && grep -qaF "Algebra 1.pdf" "$origin/catalogue/latest"
ok $? "a document is an item, too; what only lies there is none"
printf '<html>' >"$work/papers/page.pdf"
waslhub publish --dir "$hub" "$work/papers/page.pdf"
[ $status = 1 ] && says page.pdf && says "not what its name says"
ok $? "a page that is called a PDF is refused"
cp "$film" "$work/papers/table.mp4"
cat >"$work/papers/list.csv" <<-'END'
	file;id;title_ar;title_fr;subject;grade;order;attachments
	table.mp4;from-table;"جدول ""1""";Tableau;physics;7;2;Algebra 1.pdf|notes.txt
	notes.txt;notes;ملاحظات;;general;7;3;
	;nothing;;;;;;
	gone.mp4;gone;;;;;;
	notes.txt;other;;;;seven;;
	END
waslhub publish --dir "$hub" --transcoder /bin/false --csv "$work/papers/list.csv"
[ $status = 1 ] && says "with 5 lessons" && says "list.csv' line 4: it names no file" && says "gone.mp4" && says 'line 6' && says '"grade"' && says "3 of 5 files"
ok $? "a table: what can be published is, and each line that cannot is named"
grep -qaF 'جدول "1"' "$origin/catalogue/latest" && grep -qaF from-table "$origin/catalogue/latest" && grep -qaF ملاحظات "$origin/catalogue/latest"
ok $? "with what the table says of it"
published_now=$(published)
sed -i '4,6d' "$work/papers/list.csv"
waslhub publish --dir "$hub" --transcoder /bin/false --csv "$work/papers/list.csv"
[ $status = 0 ] && says "nothing changed" && [ "$(published)" = "$published_now" ]
ok $? "the same table again: nothing changed, nothing encoded"
printf 'file,colour\nx.mp4,red\n' >"$work/papers/bad.csv"
waslhub publish --dir "$hub" --csv "$work/papers/bad.csv"
[ $status = 1 ] && says "colour"
ok $? "a column that nobody knows is named"

# --- captions as people have them ---------------------------------------------------------------------
printf '1\n00:00:00,500 --> 00:00:02,000\nBonjour à tous\n' >"$work/other.fr.srt"
printf '[Script Info]\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n' >"$work/words.ass"
printf 'Dialogue: 0,0:00:00.50,0:00:02.00,Default,,0,0,0,,{\\c&HFF&}أهلا بكم\n' >>"$work/words.ass"
printf 'file,captions_ar\nother.mp4,words.ass\n' >"$work/captions.csv"
objects_say() { grep -la WEBVTT "$origin"/object/* | xargs grep -qF -- "$1"; }
waslhub publish --dir "$hub" --csv "$work/captions.csv"
[ $status = 0 ] && objects_say 'Bonjour à tous' && objects_say 'أهلا بكم' && objects_say '00:00:02.000'
ok $? "SubRip beside a film and an ASS file that a table names are published as WebVTT"
! grep -qaF 'Dialogue:' "$origin"/object/* && ! ls "$hub"/mezzanine/*.vtt >/dev/null 2>&1
ok $? "and nothing else of them"
waslhub publish --dir "$hub" --csv "$work/captions.csv"
says "nothing changed"
ok $? "the same again: nothing changed"
sums >"$work/before"
printf 'nothing that anybody says\n' >"$work/other.fr.srt"
waslhub publish --dir "$hub" --csv "$work/captions.csv"
[ $status = 1 ] && says other.fr.srt && unchanged
ok $? "captions that are none are named, nothing changes"
printf 'WEBVTT\n\n00:00.000 --> 00:02.000\nBonjour\n' >"$work/other.fr.vtt"
waslhub publish --dir "$hub" --csv "$work/captions.csv"
[ $status = 1 ] && says "other.fr." && says "one file" && unchanged
ok $? "two files for one language are refused"
printf 'file,captions_ar\nother.mp4,../words.ass\n' >"$work/captions.csv"
rm "$work/other.fr.srt" "$work/other.fr.vtt"
waslhub publish --dir "$hub" --csv "$work/captions.csv"
[ $status = 1 ] && says captions && unchanged
ok $? "captions from elsewhere are refused"

# --- taken out again --------------------------------------------------------------------------------
# Two lessons share an attachment; each has an encoded film of its own.
mkdir "$work/out"
printf 'shared\n' >"$work/out/shared.txt"
for n in 1 2; do
	ffmpeg -nostdin -loglevel error -f lavfi -i "color=size=160x120:rate=6:duration=$n:color=0x$n${n}0080,drawgrid" -f lavfi -i sine=duration=$n \
		-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac "$work/out/out-$n.mp4"
	printf '{"id":"out-%s","title":{"ar":"درس"},"subject":"history","attachments":["shared.txt"]}' $n >"$work/out/out-$n.json"
done
things() { find "$origin/object" -type f | wc -l; }
maps() { find "$origin/map" -type f | wc -l; }
encoded() { find "$hub/mezzanine" -name '*.mp4' | wc -l; }
waslhub publish --dir "$hub" "$film" # removes what refused runs left
before=$(things) encoded_before=$(encoded)
waslhub publish --dir "$hub" --preset 13 --lessons "$work/out"
[ $status = 0 ] && [ "$(things) $(encoded)" = "$((before + 5)) $((encoded_before + 2))" ]
ok $? "two lessons with a paper in common are published"
number=$(published)
sums >"$work/before"
waslhub withdraw --dir "$hub" out-1 nobody out-2
[ $status = 1 ] && says "'nobody' is not in the catalogue" && unchanged
ok $? "withdrawing with an id that is none: refused by its name, nothing changes"
waslhub withdraw --dir "$hub"
[ $status = 2 ] && says "name the lessons"
ok $? "withdrawing nothing is a wrong call"
waslhub withdraw --dir "$hub" out-1 out-1
[ $status = 0 ] && says "catalogue $number is in force" && says "removed from the origin: 2 objects" && cmp -s "$origin/catalogue/$number" "$origin/catalogue/latest"
ok $? "a lesson is withdrawn: the next catalogue is in force"
! grep -qaF out-1 "$origin/catalogue/latest" && grep -qaF out-2 "$origin/catalogue/latest" && grep -qaF history "$origin/catalogue/latest"
ok $? "without it, with the others, and the subject stays"
[ "$(things) $(maps) $(encoded)" = "$((before + 3)) $((before + 3)) $((encoded_before + 1))" ] && grep -qx shared "$origin"/object/*
ok $? "its film and picture are gone, with their maps and the encoded film; what others share stays"
sums >"$work/before"
waslhub withdraw --dir "$hub" out-1
[ $status = 1 ] && says "'out-1' is not in the catalogue" && unchanged
ok $? "again: not in the catalogue, nothing changes"
stray=$(printf '%064d' 7)
leave_stray() { echo x >"$origin/object/$stray" && echo x >"$origin/map/$stray"; }
no_stray() { [ ! -e "$origin/object/$stray" ] && [ ! -e "$origin/map/$stray" ]; }
leave_stray
waslhub withdraw --dir "$hub" out-1
[ $status = 1 ] && no_stray && unchanged
ok $? "but what an interrupted run left is removed"
leave_stray
echo x >"$origin/object/README"
waslhub publish --dir "$hub" "$film"
says "nothing changed" && no_stray && [ -e "$origin/object/README" ]
ok $? "by the next publishing, too; what is no object is left alone"
rm "$origin/object/README"

# Killed at the removal, with the next catalogue in force.
cut_down() { strace -qq -o /dev/null -e trace=unlinkat -e inject=unlinkat:signal=KILL:when=1 "$@"; }
if command -v strace >/dev/null && strace -qq -o /dev/null true 2>/dev/null; then
	number=$(published)
	{ cut_down "$B/bin/waslhub" withdraw --dir "$hub" out-2; } >/dev/null 2>&1
	! grep -qaF out-2 "$origin/catalogue/latest" && [ "$(things)" -gt "$before" ]
	ok $? "killed before the files go: the next catalogue is in force, the files are still there"
	waslhub withdraw --dir "$hub" out-2
	[ $status = 1 ] && [ "$(things) $(maps) $(encoded)" = "$before $before $encoded_before" ] && cmp -s "$origin/catalogue/$number" "$origin/catalogue/latest"
	ok $? "the same again removes them"
else
	skip "killed between catalogue and files" "no strace here"
	waslhub withdraw --dir "$hub" out-2
fi

# --- interruptions ----------------------------------------------------------------------------------
cat >"$work/slow" <<-'END'
	#!/bin/bash
	while [ $# -gt 0 ]; do [ "$1" = --out ] && out=$2; shift; done
	echo half >"$out"
	echo $$ >"${out%/*}/slow.pid"
	echo 10 %
	exec sleep 600
END
chmod +x "$work/slow"
cp "$film" "$work/third.mp4" && printf x >>"$work/third.mp4"
sums >"$work/before"
"$B/bin/waslhub" publish --dir "$hub" --transcoder "$work/slow" "$work/third.mp4" >"$work/slow.log" 2>&1 &
publisher=$!
until_so 20 test -s "$hub/mezzanine/slow.pid"
transcoder=$(cat "$hub/mezzanine/slow.pid")
waslhub publish --dir "$hub" "$film"
[ $status = 1 ] && says "another waslhub"
ok $? "a second publisher is told to wait"
{ kill -9 $publisher && wait $publisher; } 2>/dev/null
# shellcheck disable=SC2317 # asked by until_so
transcoder_gone() { ! kill -0 "$transcoder" 2>/dev/null || [ "$(awk '{print $3}' "/proc/$transcoder/stat")" = Z ]; }
check "killed in the middle: its transcoder ends with it" until_so 20 transcoder_gone
rm -f "$hub/mezzanine/slow.pid"
sums | grep -v unfinished | cmp -s - "$work/before"
ok $? "and nothing of it is in the origin"
last=$(($(published) - 1))
rm -f "$origin/catalogue/$last"
touch "$origin/object/.unfinished-1"
waslhub publish --dir "$hub" "$film"
says "nothing changed" && cmp -s "$origin/catalogue/$last" "$origin/catalogue/latest" && [ ! -e "$origin/object/.unfinished-1" ]
ok $? "the next run clears up and gives the catalogue in force its number back"

# --- a full disk ------------------------------------------------------------------------------------
if unshare -rm true 2>/dev/null; then
	# shellcheck disable=SC2016 # for the inner shell
	unshare -rm bash -c 'mkdir "$1/small" && mount -t tmpfs -o size=700k none "$1/small" && "$2/bin/waslhub" init --dir "$1/small" >/dev/null &&
		dd if=/dev/zero of="$1/small/ballast" bs=1k count=$(($(df --output=avail "$1/small" | tail -n 1) - 16)) status=none
		"$2/bin/waslhub" publish --dir "$1/small" "$3"; echo "status $?"; find "$1/small/origin" -name latest' _ "$work" "$B" "$film" >"$work/said" 2>&1
	says "disk" && says "status 1" && ! says latest
ok $? "a full disk is told in one sentence and nothing is half-published"
else
	skip "a full disk" "no user namespaces here"
fi

# --- through nginx ----------------------------------------------------------------------------------
mkdir -p "$work/run/wasl" "$work/var/cache/wasl/hub-nginx"
port=$(free_port)
user=
[ "$(id -u)" != 0 ] || user="user root;"
sed "s#@LISTEN@#127.0.0.1#; s#@PORT@#$port#; s#@ROOT@#$work#; s#@USER_LINE@#$user#; s#@WEB@#$B/share/hub#; s#@ORIGIN@#$hub/origin#; s#@HUBD_SOCK@#$work/none#; s#@NDT_PORT@#4607#" \
	"$tree/provisioning/hub/nginx.conf.in" >"$work/nginx.conf"
nginx -e stderr -p "$work" -c "$work/nginx.conf" 2>"$work/nginx.log" &
nginx=$!
url=http://127.0.0.1:$port
until_so 20 curl -so /dev/null "$url/"
id=$(basename "$(find "$origin/object" -size +20k | head -n 1)")
curl -s -D "$work/said" -r 1000-66000 "$url/wasl/v1/object/$id" >"$work/part"
says "206 Partial" && says immutable && tail -c +1001 "$origin/object/$id" | head -c 65001 | cmp -s - "$work/part"
ok $? "a range of an object is those bytes, to be kept for ever"
curl -s -D "$work/said" "$url/wasl/v1/catalogue/latest" >"$work/part"
says no-cache && cmp -s "$work/part" "$origin/catalogue/latest"
ok $? "the newest catalogue is asked for each time"
curl -s -D "$work/said" -o /dev/null "$url/wasl/v1/object/${id%????}0000"
says "404" && ! says immutable
ok $? "an object that is not there is not kept as missing"
curl -s -D "$work/said" -o /dev/null --path-as-is "$url/wasl/v1/object/../../../../../keys/enrol.key"
! says "200 OK"
ok $? "nothing but the tree is served"
curl -s -D "$work/said" "$url/" >"$work/part"
says "default-src" && says nosniff && grep -q app.mjs "$work/part"
ok $? "the pages come with a strict policy"
curl -si "$url/v1/schools" >"$work/said"
says "503" && says "Retry-After" && says hub.away
ok $? "without the daemon: 503, when to ask again, one sentence"
head -c 100000 /dev/zero | curl -s -D "$work/said" -o /dev/null --data-binary @- "$url/v1/enrol"
check "a request that is too large ends at the door" says 413
curl -s -D "$work/said" -o /dev/null "$url/v1/status"
check "the daemon's own status stays inside" says 404
finish
