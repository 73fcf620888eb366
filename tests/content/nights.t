#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A line that costs money: wasl-contentd brings lessons over it at night, so much and no more, across kill -9 and nights; a pupil
# is served by day; what is asked for is kept, and what is promised is said everywhere.
# shellcheck disable=SC2317 # until_so calls them
# shellcheck source=tests/content/lib.sh
. "$(dirname "$0")/lib.sh"
export TZ=UTC
small_lesson || skip_all "no film could be made here"
size=$(stat -c %s "$top/mezz.mp4")
mkdir -p "$origin/wasl/v1/root"
publish 3 'Fractions' 1 >"$top/out"
start_origin
night=$((size / 2))
configure "$fast" "[fetch]\nnight = $night\n[kitchen]\nrungs = 240p\n"

# --- what the other daemons say ---
wednesday=1795564800 # 2026-11-25, midnight
lte='{"uplinks":[{"name":"lte","kind":"mobile","state":"up","grade":"good","since_s":60,"metered":true,"rx_bytes":0,"tx_bytes":0,"down_kbps":2000,"quota_bytes":20000000000,"quota_day":1}],"preferred":"lte"}'
say_line() { printf '%s' "$lte" >"$top/netmgrd.json"; }
say_time() { printf '{"time_floor":%s,"time_quality":1}' "$1" >"$top/agentd.json"; }
others=()
start_others() {
	local name
	for name in netmgrd agentd; do
		"$B/tests/content-answers" "$box/run/wasl/$name.sock" "$top/$name.json" &
		others+=($!)
	done
	until_so 10 others_answer
}
others_answer() {
	local name
	for name in netmgrd agentd; do contentd_socket "$name.sock" /v1/x -o /dev/null || return 1; done
}
stop_others() {
	local one
	for one in "${others[@]}"; do end_child "$one" TERM; done
}
trap 'stop_others; cleanup' EXIT
coming() { field /v1/status ".coming.$1"; }
waits() { [ "$(coming wait)" = "$1" ]; }

new_box
say_line
say_time $((wednesday + 43200))
start_others
start_contentd
until_so 20 is_field /v1/lessons .catalogue_version 3
until_so 20 waits night
ok $? "by day the line is the pupils': lessons wait for the night"
is "$(field /v1/status .fetch.received_bytes)" 0 "not a byte of them came"
is "$(coming night_bytes)" "$night" "the night's limit is said"
like <(field /v1/lessons '.lessons[0].promise.text.en') 'Needs .* a night: ready' "and when the lesson will be here"
like <(public /api/v1/lessons/fractions-1 | jq -r .promise.text.fr) 'par nuit : prête' "in the reading view, too"
until_so 10 grep -q 'كل ليلة' "$content/portal/ar/l/fractions-1.html"
ok $? "on its page"
like "$content/portal/ar/status.html" 'هذا الخط له ثمن' "and on the status page"

# --- what is asked for ---
wasl() { WASL_ROOT=$box "$B/bin/wasl" --lang en request "$@" >"$top/out" 2>&1; }
refused() { # refused TEXT DESCRIPTION ARGUMENT…
	local text=$1 what=$2
	shift 2
	wasl "$@"
	is $? 1 "$what"
	like "$top/out" "$text" "$what: a sentence"
}
wasl --list
like "$top/out" 'Nothing is asked for' "nothing is asked for at first"
wasl fractions-1
is $? 0 "a lesson is asked for"
like "$top/out" '^fractions-1 is asked for by 2026-11-26$' "by the day that comes, where none is named"
wasl --withdraw fractions-1
is "$?/$(field /v1/requests '.requests | length')" 0/0 "that is taken back"
refused 'nobody asked' "what nobody asked for is not" --withdraw fractions-1
wasl fractions-1 --by 2026-11-26 --json
is "$(jq -r .needed_by "$top/out")" 2026-11-26 "by a day"
refused 'wasl lessons' "a lesson that there is not" none --by 2026-11-26
refused 'not within' "a day that has passed" fractions-1 --by 2026-11-24
refused 'is no day' "no day at all" fractions-1 --by 2026-02-30
wasl --list
like "$top/out" 'fractions-1 is asked for by 2026-11-26' "the list has it"
like "$top/out" 'Needs .* ready' "and when it will be here"
is "$(field '/v1/store/why?name=fractions-1' '.promise.late')" true "it will be late, and that is said of it"

# --- a pupil does not wait for the night ---
start_portal
is "$(get /m/fractions-1/poster.jpg)" 200 "what a pupil opens comes by day"
end_child "$portal_pid" QUIT
portal_pid=

# --- the night ---
received() { field /v1/status .fetch.received_bytes; }
stop_contentd KILL
say_time $((wednesday + 75600))
start_contentd
is "$(field /v1/requests '.requests[0].needed_by')" 2026-11-26 "what was asked for survives kill -9"
until_so 30 waits spent
ok $? "at night they come, until the night's limit is spent"
first=$(received)
ok "$([ "$first" -gt 65536 ] && [ "$first" -le "$night" ] && echo 0 || echo 1)" "something, and not more than that ($first of $night)"
stop_contentd KILL
start_contentd
until_so 20 waits spent
ok $? "after kill -9 it is still spent"
is "$(received)" 0 "and nothing more came"
stop_contentd TERM

# --- the next ones, without a clock the last ---
all_came() { is_field /v1/lessons '(.lessons[0] | .mezzanine_have == .mezzanine_size)' true; }
night_is_over() { waits spent || all_came; }
for n in 1 2 3; do
	say_time $((wednesday + 75600 + n * 86400))
	start_contentd
	until_so 60 night_is_over
	[ "$(received)" -le "$night" ]
	ok $? "night $n: within the limit"
	all_came && break
	stop_contentd KILL
done
all_came
ok $? "night by night all of it came"
stop_contentd TERM
new_box
stop_others
others=()
printf '{"time_floor":0,"time_quality":0}' >"$top/agentd.json"
start_others
start_contentd
until_so 20 is_field /v1/lessons .catalogue_version 3
until_so 20 waits quiet
ok $? "without a clock lessons wait until the classroom is quiet"
is "$(field /v1/lessons '.lessons[0].promise.when')" nights "and nights are promised, no day"
done_testing
