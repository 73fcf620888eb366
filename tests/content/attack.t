#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# A teacher's films that nobody expects: a minute that brings its reader down each time, files that are no films, sizes and places that lie,
# the same film of two teachers, one that is deleted while it is made. (The long form alone.)
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"
[ -n "${WASL_LONG:-}" ] || skip_all "WASL_LONG=1 tries it"

mkdir -p "$top/stick" "$origin" "$top/sys/class/thermal/thermal_zone0"
warm() { echo "$1" >"$top/sys/class/thermal/thermal_zone0/temp"; }
warm 41000
# Four segments; of the second one the child always dies, with a picture or (sound.bad) with sound.
ffmpeg -v error -y -f lavfi -i testsrc2=s=320x180:r=10:d=17 -f lavfi -i sine=f=440:d=17 -c:v libx264 -preset ultrafast -g 20 -b:v 300k -c:a aac "$top/stick/lesson.mp4"
film=$top/stick/lesson.mp4 size=$(stat -c %s "$top/stick/lesson.mp4")
cat >"$top/transcoder" <<END
#!/usr/bin/perl
use Socket qw(MSG_PEEK);
if (\$ARGV[0] eq "worker") {
	\$^F = 3; # it stays open
	open(our \$s, "+<&=3") or die;
	recv(\$s, my \$order, 8192, MSG_PEEK);
	# Of struct job_order as it is in this version (content/transcoder/job.h).
	my (\$version, \$segment, \$task, \$blank) = map { unpack("L", substr(\$order, \$_, 4)) } 4, 84, 148, 236;
	die "attack.t knows the orders of version 3, not of \$version: look where its words are now\n" if \$version != 3;
	open(my \$log, ">>", "$top/orders");
	syswrite \$log, "\$segment \$task \$blank\n";
	close(\$log);
	kill 11, \$\$ if \$task == 0 && \$segment == 2 && !\$blank && -e "$top/dies";
}
exec {"$B/bin/wasl-transcoder"} "wasl-transcoder", @ARGV;
END
chmod 755 "$top/transcoder"
new_box
mkdir -p "$content/store" "$content/portal"
configure 9 "[staff]\nstick = $top/stick\n[kitchen]\nrungs = 144p audio\nprogram = $top/transcoder\nsys = $top/sys\n"
start_contentd
start_portal
until_so 20 test -s "$content/portal/ar/index.html"

staff() { WASL_ROOT=$box "$B/bin/wasl" --lang en staff "$@"; }
jar=$top/jar
visit() { get "$1" -b "$jar" -c "$jar" "${@:2}"; } # visit PATH [CURL ARGUMENTS…]
body() { jq -r "$1" "$top/body"; }
pin=$(staff add Amina | grep -oE '[0-9]{6}')
other=$(staff add Omar | grep -oE '[0-9]{6}')
enter() { # enter NAME PIN
	visit /staff/in --data-urlencode "name=$1" --data-urlencode "pin=$2" >/dev/null
	visit /staff/ >/dev/null
	mark=$(grep -oE 'name="mark" value="[0-9a-f]{32}"' "$top/body" | head -n 1 | grep -oE '[0-9a-f]{32}')
}
enter Amina "$pin"
form() { visit "$1" --data-urlencode "mark=$mark" "${@:2}"; }
begin() { # begin NAME SIZE
	visit /staff/upload -H "X-Staff-Token: $mark" -H 'Content-Type: application/json' \
		-d "$(jq -nc --arg f "$1" --argjson s "$2" '{file: $f, size: $s, title_fr: "Essai", subject: "", grade: "7", language: "fr"}')"
}
piece() { # piece ID OFFSET FILE
	visit "/staff/upload/$1" -X PATCH -H "Upload-Offset: $2" -H "X-Staff-Token: $mark" --data-binary "@$3"
}
lesson() { ask /v1/lessons | jq -r --arg id "$1" ".lessons[] | select(.id == \$id) | $2"; }
whole() { [ "$(lesson "$1" .complete)" = true ]; }
on_page() { visit /staff/ >/dev/null && grep -q "$1" "$top/body"; }
send() { # send NAME FILE: prints the id
	begin "$1" "$(stat -c %s "$2")" >/dev/null
	local id
	id=$(body .id)
	piece "$id" 0 "$2" >/dev/null
	echo "$id"
}

# --- a minute of which nothing can be read -------------------------------------------------------------------
touch "$top/dies"
id=$(send lesson.mp4 "$film")
until_so 120 whole "$id"
ok $? "a film of which one segment brings its reader down is a whole lesson"
[ "$(grep -c '^2 0 0$' "$top/orders")" -le 6 ]
ok $? "that segment is tried three times, sound and picture apart"
grep -q '^2 0 1$' "$top/orders"
ok $? "and then made black"
until_so 20 on_page '0:0[0-9].*بصيغة MP4'
ok $? "its teacher is told from where on"
until_so 60 curl -sf -o "$top/down" "$portal/m/$id/download-144p.mp4"
is "$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$top/down" | cut -d. -f1)" 17 "and can be taken home, all of it"
is "$(events segment.lost)" 2 "said once of each"
tries() { grep -c '^2 0 0$' "$top/orders"; } # other jobs may still come: a poster, tiles
before=$(tries)
is "$(form "/staff/lesson/$id" -d do=save -d title_fr=Autre -d grade=8 -d language=fr)" 303 "another title"
until_so 20 eval "curl -sf '$portal/l/$id?lang=fr' | grep -q Autre"
is "$(tries)" "$before" "does not make it be tried again"
rm "$top/dies"

# --- a film of which the second half is noise ------------------------------------------------------------------
cp "$film" "$top/noise.mp4"
perl -e 'open F, "+<", $ARGV[0]; binmode F; srand 1;
	my @packets = map { [/(\d+),(\d+)/] } `ffprobe -v error -select_streams v -show_entries packet=pos,size -of csv=p=0 $ARGV[0]`;
	for (@packets[@packets / 2 .. $#packets]) {
		my ($size, $pos) = @$_;
		for (my $at = $pos; $at < $pos + $size;) {
			seek F, $at, 0; read F, my $head, 5;
			my ($len, $type) = unpack "NC", $head;
			if (($type & 31) <= 5) { seek F, $at + 5, 0; print F pack "C*", map { int rand 256 } 1 .. $len - 1; }
			$at += 4 + $len;
		}
	}' "$top/noise.mp4"
id=$(send noise.mp4 "$top/noise.mp4")
until_so 120 whole "$id"
ok $? "a film of which the second half is noise is a lesson"
visit "/staff/?lang=en" >/dev/null
like "$top/body" 'Parts of the file are damaged' "and its teacher is told"

# --- captions as people have them ------------------------------------------------------------------------------
vowels='الكُسُورُ المُتَكافِئَةُ'
printf '1\r\n00:00:01,000 --> 00:00:02,500\r\n%s\r\n' "$vowels" >"$top/plain.srt"
french=$'L\'élève \u00e0 l\'école'
captions() { visit "/staff/captions/$id?of=$1&lang=fr" -X POST -H "X-Staff-Token: $mark" --data-binary "@$2"; } # captions LANGUAGE FILE
served() { curl -sf "$portal/m/$id/captions-$1.vtt" | grep -qxF "$2"; }
for coding in WINDOWS-1256 UTF-16LE UTF-16BE UTF-16; do
	iconv -f UTF-8 -t "$coding" "$top/plain.srt" >"$top/coded.srt"
	is "$(captions ar "$top/coded.srt")" 200 "captions in $coding come"
	until_so 20 served ar "$vowels"
	ok $? "and are UTF-8, with every mark"
done
printf '1\n00:00:01,000 --> 00:00:02,500\n%s\n' "$french" | iconv -f UTF-8 -t WINDOWS-1252 >"$top/coded.srt"
is "$(captions fr "$top/coded.srt")" 200 "French ones in Windows-1252"
until_so 20 served fr "$french"
ok $? "are UTF-8, too"
refused_with() { # refused_with STATUS WORDS FILE
	is "$(captions fr "$3")/$(body .words | grep -c "$2")" "$1/1" "refused: $2"
}
head -c 3000000 /dev/zero | tr '\0' x >"$top/huge.srt"
refused_with 413 'dépasse 2 Mo' "$top/huge.srt"
printf '1\n-00:00:05,000 --> -00:00:02,500\nx\n' >"$top/never.srt"
refused_with 400 'Aucun sous-titre' "$top/never.srt"
printf '1\n00:00:01,000 --> 00:00:02,000\n\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea\n' >"$top/cyrillic.srt"
refused_with 400 'UTF-8' "$top/cyrillic.srt"
refused_with 400 'UTF-8' "$film"
: >"$top/nothing.srt"
refused_with 400 'SRT, VTT ou ASS' "$top/nothing.srt"

# --- files that are no films, under a film's name ------------------------------------------------------------------
refused_film() { # refused_film NAME FILE
	send "$1" "$2" >"$top/id"
	until_so 60 eval "visit '/staff/lesson/$(cat "$top/id")?lang=en' >/dev/null; grep -q 'state-mark no' '$top/body'"
	ok $? "$1 is refused"
	grep -qE 'neither a video|no index|damaged|neither picture|hostile' "$top/body" || ! sed -n 's/.*class="why">//p' "$top/body"
	ok $? "and it is said why"
	form "/staff/lesson/$(cat "$top/id")" -d do=delete >/dev/null
}
printf 'PK\003\004%0500d' 0 >"$top/zip.mp4"
printf '<!doctype html><title>Not found</title>%0300d' 0 >"$top/html.mp4"
head -c 400000 "$B/bin/wasl-transcoder" >"$top/elf.mp4"
head -c 300000 "$film" >"$top/half.mp4"
printf '#EXTM3U\n#EXTINF:4,\nfile:///etc/passwd\n' >"$top/list.mp4"
printf "file '/etc/passwd'\n" >"$top/concat.mp4"
for name in zip html elf list concat; do refused_film "$name.mp4" "$top/$name.mp4"; done
! grep -rqa 'root:x:0' "$content/store" "$content/staff"
ok $? "no list opens what it names"

# --- sizes and places that lie ----------------------------------------------------------------------------------------
is "$(begin empty.mp4 0)" 400 "no upload of nothing"
is "$(begin minus.mp4 -5)" 400 "nor of less"
is "$(begin '' 500)" 400 "nor without a name"
is "$(begin much.mp4 9000000000000000)" 413 "nor of more than there is"
head -c 1000 "$film" >"$top/p1"
head -c 3000 "$film" | tail -c 2000 >"$top/p2"
is "$(begin $'../../\u202egpm.mp4' 3000)" 201 "a name that leads elsewhere is a name"
id=$(body .id)
like <(echo "$id") '^own-[0-9a-f]{12}$' "and no file's"
is "$(piece "$id" 1000 "$top/p2")/$(body .offset)" 409/0 "a piece that comes too early is not taken"
is "$(piece "$id" 0 "$top/p1")/$(body .offset)" 200/1000 "the first one is"
is "$(piece "$id" 500 "$top/p2")/$(body .offset)" 409/1000 "one that overlaps is not"
is "$(piece "$id" 99999999999999999999 "$top/p2")" 409 "nor one beyond all numbers"
is "$(piece "$id" -1 "$top/p2")" 400 "nor one before the beginning"
is "$(piece "$id" 1000 "$film")/$(body .offset)" 409/1000 "nor more than was said"
is "$(piece "$id" 1000 "$top/p2")/$(body .state)" 200/waiting "what fits is taken"
is "$(visit /staff/upload/..%2flist -X PATCH -H 'Upload-Offset: 0' -H "X-Staff-Token: $mark" --data-binary @"$top/p1")" 404 "an upload that is a path is none"
form "/staff/lesson/$id" -d do=delete >/dev/null
[ -z "$(find "$top" -name '*gpm*')" ]
ok $? "nothing was written under that name"

# What follows needs no four segments.
ffmpeg -v error -y -t 9 -i "$film" -c copy "$top/small.mp4"
film=$top/small.mp4 size=$(stat -c %s "$top/small.mp4")

# --- the same film of two teachers, deleted and edited while it is made ----------------------------------------------------
one=$(send same.mp4 "$film")
mine=$jar jar=$top/jar2
enter Omar "$other"
is "$(visit "/staff/lesson/$one")" 403 "a colleague's lesson is not to be seen"
is "$(piece "$one" 0 "$top/p1")" 404 "nor written to"
two=$(send same.mp4 "$film")
[ "$one" != "$two" ]
ok $? "the same film of two teachers is two lessons"
until_so 60 eval "[ -n \"\$(lesson $two .id)\" ]"
is "$(form "/staff/lesson/$two" -d do=save -d title_fr=Encore -d grade=9 -d language=fr)" 303 "one is edited while it is made"
jar=$mine
enter Amina "$pin"
is "$(form "/staff/lesson/$one" -d do=delete)" 303 "the other deleted"
until_so 90 whole "$two"
ok $? "one is whole all the same"
until_so 60 curl -sf -o "$top/down" "$portal/m/$two/download-144p.mp4"
is "$(ffmpeg -v error -i "$top/down" -f null - 2>&1)" "" "and decodes"
is "$(lesson "$one" .id)" "" "the other is gone"

# --- kill -9 while a film comes, is prepared and is made -------------------------------------------------------------------
begin cut.mp4 "$size" >/dev/null
id=$(body .id)
head -c $((size - 50000)) "$film" >"$top/p1"
tail -c 50000 "$film" >"$top/p2"
piece "$id" 0 "$top/p1" >/dev/null
for _ in 1 2 3; do # a piece that nobody answers any more
	piece "$id" $((size - 50000)) "$top/p2" >/dev/null &
	sent=$!
	stop_contentd KILL
	wait $sent
	start_contentd
done
until_so 10 eval "[ \"\$(visit /staff/upload/$id)\" = 200 ]"
[ "$(body .state)" != coming ] || piece "$id" "$(body .offset)" <(tail -c +$(($(body .offset) + 1)) "$film") >/dev/null
stop_contentd KILL
start_contentd
until_so 60 eval "[ -n \"\$(lesson $id .id)\" ]"
stop_contentd KILL
start_contentd
until_so 90 whole "$id"
ok $? "a film goes through five kills"
until_so 60 curl -sf -o "$top/down" "$portal/m/$id/download-144p.mp4"
is "$(ffmpeg -v error -i "$top/down" -f null - 2>&1)" "" "and decodes"
until_so 20 eval "[ \"\$(find '$content/staff' -name '*.film' -o -name '*.part' | wc -l)\" = 0 ]"
ok $? "nothing of the way is left"

# --- a hot box ------------------------------------------------------------------------------------------------------------
warm 99000
until_so 20 is_field /v1/status .idle.rests hot
id=$(send hot.mp4 "$film")
stands() {
	local child children
	read -ra children <"/proc/$contentd_pid/task/$contentd_pid/children"
	for child in "${children[@]}"; do
		grep -q ' T ' "/proc/$child/stat" && return
	done
	return 1
}
until_so 20 stands
ok $? "while the box is hot a film stands where it is"
is "$(body .state)" waiting "and waits for its turn"
warm 41000
until_so 90 whole "$id"
ok $? "and is made when it has cooled"
done_testing
