#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The index is cut short between two looks of one request at it: the worker lives, and says that it cannot answer.
# shellcheck source=tests/cache/lib.sh
. "$(dirname "$0")/lib.sh"

text=$(printf 'line+%s|' {100..400})
start_feeder
must text /m/list.m3u8 "$text"
must redirect /m/old.m3u8 /m/list.m3u8
must publish
stop_feeder
cp "$top/store/names.idx" "$top/index"
configure 's|worker_processes 2|worker_processes 1|; s|^\terror_log .*||; s|^http {|env CUT_FILE; &|'
watched=(env CUT_FILE="$top/store/names.idx" LD_PRELOAD="$B/tests/cut-file.so")
start_nginx
worker=$(workers)
whole() { [ "$(get /m/list.m3u8 --compressed)" = 200 ] && [ "$(tr '+|' ' \n' <<<"$text" | head -c $((${#text})) | cksum)" = "$(cksum <"$top/body")" ]; }
whole
ok $? "a text is compressed and right"
again() { # as contentd would write it
	cp "$top/index" "$top/store/next" && mv "$top/store/next" "$top/store/names.idx"
	until_so 10 whole
}

is "$(get /m/list.m3u8 --compressed -H 'X-When: cut-compressing')" 200 "what is sent compressed was read before"
tr '+|' ' \n' <<<"$text" | head -c ${#text} | cmp -s - "$top/body"
ok $? "and is whole"
[ ! -s "$top/store/names.idx" ]
ok $? "although the index was cut meanwhile"
again
ok $? "the next index is taken"

# A body that nobody wants is read away after the name was found: longer than one reading of the head.
{ head -c 6000 /dev/zero && printf cut-now; } >"$top/long"
is "$(get /m/old.m3u8 -X GET -H 'Expect:' --data-binary "@$top/long") $(header Location)" "302 /m/list.m3u8" "where a name leads was read before, too"
[ ! -s "$top/store/names.idx" ]
ok $? "although the index was cut meanwhile"
again
ok $? "the next index is taken"
is "$(workers)" "$worker" "by the same worker"
! grep -E 'alert|emerg|exited on signal' "$run/nginx-error.log"
ok $? "nginx had nothing to complain about"
finish
