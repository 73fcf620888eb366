#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an officer sets reaches the running box by the receipt of its next report, and the hub hears from the report after that which
# version it runs: real waslhub, wasl-hubd behind its nginx, wasl-provisiond, wasl-agentd and wasl-contentd. Forged records, records
# for others and old ones change nothing, nor does kill -9 at any write between a record and the file.
# shellcheck disable=SC2317 # until_so calls them
set -uo pipefail
: "${B:?set B to the build folder}"
tree=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$tree/tests/tap.sh"
top=$(mktemp -d)
chmod 755 "$top"
box=$top/box hub=$top/hub
hub_pids=() agent='' content='' setup=''
explain() { tail -qn 8 "$top"/*.log | sed 's/^/# log: /'; }
end() { [ -z "$1" ] || { kill "-${2:-TERM}" "$1" && wait "$1"; } 2>/dev/null; }
clean_up() {
	local one
	for one in "$agent" "$content" "$setup" "${hub_pids[@]}"; do end "$one"; done
	rm -rf "$top"
}
trap clean_up EXIT

# --- a ministry -----------------------------------------------------------------------------------------
port=$(free_port)
user=
[ "$(id -u)" != 0 ] || user="user root;"
mkdir -p "$hub/run/wasl" "$hub/var/cache/wasl/hub-nginx" "$hub/var/lib/wasl/conf" "$box/etc/wasl" "$box/run/wasl" "$box/var/lib/wasl/conf"
waslhub() { WASL_ROOT=$hub "$B/bin/waslhub" "$@" >"$top/said" 2>&1; }
says() { grep -qF -- "$1" "$top/said"; }
waslhub init --country TN
waslhub school import "$tree/provisioning/hub/sample/schools.csv"
sample() { grep -v '^#' "$tree/provisioning/hub/sample/schools.csv" | sed 1d; } # code,name_ar,name_fr,name_en,country,region…
school=$(sample | head -n 1 | cut -d, -f1) region=$(sample | head -n 1 | cut -d, -f6)
other=$(sample | sed -n 2p | cut -d, -f1) elsewhere=$(sample | cut -d, -f6 | grep -vxF "$region" | head -n 1)
sed "s#@LISTEN@#127.0.0.1#; s#@PORT@#$port#; s#@ROOT@#$hub#; s#@USER_LINE@#$user#; s#@WEB@#$B/share/hub#; s#@ORIGIN@#$hub/var/lib/wasl/hub/origin#; s#@HUBD_SOCK@#$hub/run/wasl/hubd.sock#; s#@NDT_PORT@#4607#" \
	"$tree/provisioning/hub/nginx.conf.in" >"$top/nginx.conf"
WASL_ROOT=$hub "$B/bin/wasl-hubd" 2>>"$top/hubd.log" &
hub_pids+=($!)
nginx -e stderr -p "$hub" -c "$top/nginx.conf" 2>"$top/nginx.log" &
hub_pids+=($!)
until_so 20 curl -sf -o /dev/null "http://127.0.0.1:$port/v1/check/x"
ok $? "a hub answers"

# --- a box ----------------------------------------------------------------------------------------------
cp "$hub/var/lib/wasl/hub/root/1" "$box/etc/wasl/root.1"
printf '[agent]\ncollect_interval = 3600\nseal_interval = 86400\nretry_max = 1\n[fetch]\nnight = 9M\nshare = 40\n' >"$box/var/lib/wasl/conf/site.conf"
start() { # start NAME [COMMAND…]
	local name=$1
	shift
	WASL_ROOT=$box "$@" "$B/bin/wasl-$name" 2>>"$top/$name.log" &
	started=$!
}
ask() { curl -s -m 60 "${@:2}" --unix-socket "$box/run/wasl/$1" "http://x${call:-}"; }
agentd() { call=$1 ask agentd.sock "${@:2}"; }
contentd() { call=$1 ask contentd.sock "${@:2}"; }
agent_answers_or_gone() { agentd /v1/status -f || gone "$agent"; }
start_agent() {
	start agentd "$@"
	agent=$started
	until_so 20 agent_answers_or_gone
}
start_content() {
	start contentd
	content=$started
	until_so 20 contentd /v1/status -f
}
start_content
start_agent
start provisiond
setup=$started
until_so 20 test -S "$box/run/wasl/provisiond.sock"
waslhub order --school "$school" --claim "$(agentd /v1/identity | jq -r .claim_code)" --hub-url "http://127.0.0.1:$port" \
	--origin-url "http://127.0.0.1:$port" --out "$top/order"
WASL_ROOT=$box "$B/bin/wasl" claim "$top/order" >"$top/said" 2>&1
is "$(agentd /v1/identity | jq -r .enrolled)" true "a box of a school is enrolled"
end "$setup"
setup=''
report() { agentd /v1/flush -f -X POST -o /dev/null; }
status() { agentd /v1/status | jq -r ".settings.$1"; }
runs() { contentd /v1/health | jq -r .settings_version; }
is_run() { [ "$(runs)" = "$1" ]; }
conf=$box/var/lib/wasl/settings
night() { sed -n 's/^night = //p' "$conf/settings.conf"; }
report
is "$?/$(runs)/$(find "$conf" -type f 2>/dev/null)" 0/0/ "nothing is set: nothing is written"

# --- what may be signed -----------------------------------------------------------------------------------
for word in hub.url=http://x fetch.night=many fetch.window=25:00-06:00 kitchen.program=/bin/sh fetch.share=101 night; do
	waslhub settings set --everyone "$word"
	is $? 1 "not signed: $word"
done
for word in uplink/.adsl.quota=1G uplink/-adsl.quota=1G uplink/a-name-that-is-longer-than-thirty-one.quota=1G; do
	waslhub settings set --school "$school" "$word"
	is $? 1 "not signed for one school: $word"
done
waslhub settings set --school NOWHERE fetch.share=30
is $? 1 "nor for a school that there is not"
waslhub settings list
says "nothing is set"
ok $? "and nothing of it is kept"

# --- the way ------------------------------------------------------------------------------------------------
waslhub settings set --everyone fetch.night=5M fetch.share=30
says "settings 1 for everyone"
ok $? "an officer sets what a night may bring"
report
until_so 20 is_run 1
ok $? "it is in force in the running box by its next report"
is "$(night)" 5M "the file says so"
is "$(WASL_ROOT=$box "$B/bin/wasl-contentd" --print-conf | grep -A9 '^\[fetch\]' | sed -n 's/^share = //p')" 30 "above what the technician wrote"
until_so 20 test -s "$conf/settings.good"
ok $? "and it is kept as good"
waslhub settings boxes
says "runs 0 of 1  not yet"
ok $? "the hub does not know yet"
report
waslhub settings boxes
says "$school" && says "runs 1 of 1"
ok $? "the next report says which version the box runs"
WASL_ROOT=$box "$B/bin/wasl" --lang en status >"$top/said" 2>&1
says "The ministry's settings: version 1"
ok $? "so does the box itself"
waslhub settings set --region "$elsewhere" fetch.night=1M
waslhub settings set --school "$other" fetch.night=2M
waslhub settings set --region "$region" fetch.night=6M origin.interval=600
report
until_so 20 is_run 4
is "$?/$(night)/$(grep -c share "$conf/settings.conf")" 0/6M/1 "a region's settings stand above the country's; others' are not ours"
waslhub settings set --school "$school" fetch.night=7M agent.retry_max=60
report
until_so 20 is_run 5
is "$?/$(night)" 0/7M "a school's above its region's"
waslhub settings set --school "$school" fetch.night= fetch.window=21:00-05:30
report
until_so 20 is_run 6
is "$?/$(night)" 0/6M "what is taken out again is not in force any more"
before=$(sha256sum <"$conf/settings.conf")
unchanged() { [ "$(sha256sum <"$conf/settings.conf")" = "$before" ]; }

# --- records that are not to be taken ----------------------------------------------------------------------
# The hub's database gives out whatever it holds: what is wrong must be found by the box.
db() { sqlite3 -cmd '.timeout 20000' "$hub/var/lib/wasl/hub/hub.db" "$1"; }
log_says() { grep -q "$1" "$top/agentd.log"; }
record() { db "SELECT hex(record) FROM settings WHERE scope='$1'"; }
put() { db "UPDATE settings SET record=x'$2' WHERE scope='$1'"; }
mine=$(record "school:$school")
: >"$top/agentd.log" # its lines from here on
put "school:$school" "${mine%??}$(printf %02X $((0x${mine: -2} ^ 1)))"
report
until_so 20 log_says 'text="settings: '
unchanged
ok $? "a record with one bit wrong changes nothing"
put "school:$school" "$(record "school:$other")"
report
until_so 20 log_says "are not for this box"
unchanged
ok $? "nor does another school's"
waslhub settings set --school "$school" fetch.share=35
says "is damaged"
ok $? "and nothing is signed on top of it"
put "school:$school" "$mine"
waslhub settings set --school "$school" fetch.window=22:00-05:30
report
until_so 20 is_run 7
ok $? "a newer one is taken"
until_so 20 cmp -s "$conf/settings.conf" "$conf/settings.good"
before=$(sha256sum <"$conf/settings.conf")
put "school:$school" "$mine"
report
until_so 20 log_says "are older than"
unchanged
ok $? "what was in force once does not come back"
forged=$top/forged
WASL_ROOT=$forged "$B/bin/waslhub" init --country TN >/dev/null
WASL_ROOT=$forged "$B/bin/waslhub" settings set --everyone fetch.night=1G >/dev/null
sqlite3 "$forged/var/lib/wasl/hub/hub.db" "UPDATE number SET value=99 WHERE name='settings_version'"
WASL_ROOT=$forged "$B/bin/waslhub" settings set --everyone fetch.night=1G >/dev/null
all=$(record "")
put "" "$(sqlite3 "$forged/var/lib/wasl/hub/hub.db" "SELECT hex(record) FROM settings")"
: >"$top/agentd.log"
report
until_so 20 log_says answer.refused
unchanged
ok $? "nor does a stranger's, however new"
put "" "$all"

# --- settings that a program cannot use ---------------------------------------------------------------------
sed -i 's/^window = .*/window = never/' "$conf/settings.conf"
contentd /v1/reload -X POST >"$top/said"
is "$(jq -r .settings_version "$top/said")" 7 "a damaged file: the last good one stays in force"
is "$(contentd /v1/events | jq '[.rows[] | select(.kind == "settings.refused")] | length')" 1 "and the ministry is told"
# Whoever breaks in at the agent may write the file, but sets no more by it than an officer could.
printf '[settings]\nversion = 8\n[fetch]\nshare = 33\n[kitchen]\nprogram = %s/evil\n[hub]\nurl = http://evil\n' "$top" >"$conf/settings.conf"
in_force() { WASL_ROOT=$box "$B/bin/wasl-$1" --print-conf 2>/dev/null; }
is "$(in_force contentd | grep -c evil)/$(in_force agentd | grep -c evil)/$(in_force contentd | sed -n 's/^share = //p')" 0/0/30 "a file with more than may be set: the last good one is in force"
contentd /v1/reload -X POST >"$top/said"
is "$(jq -r '.settings_version, (.settings_refused | contains("program"))' "$top/said" | paste -sd/)" 7/true "in the running box, too, and it says why"
end "$content" KILL
start_content
is "$(runs)" 7 "after a start, too"

# --- kill -9 --------------------------------------------------------------------------------------------------
end "$agent"
start_agent
until_so 20 unchanged
ok $? "the agent's next start writes what it has verified"
version=7 share=50
points=(rename:1)
[ -z "${WASL_LONG:-}" ] || points+=(rename:2 fsync:2 fdatasync:{3,4,5,6,7,8,9,10,11})
for at in "${points[@]}"; do
	share=$((share + 1)) version=$((version + 1))
	end "$agent"
	before=$(sha256sum <"$conf/settings.conf")
	start_agent env ASAN_OPTIONS=detect_leaks=0 strace -D -f -qq -o /dev/null -e "trace=${at%:*}" -e "inject=${at%:*}:signal=KILL:when=${at#*:}"
	waslhub settings set --everyone "fetch.share=$share"
	agentd /v1/flush -X POST -o /dev/null
	if [ "$at" = rename:1 ]; then
		until_so 20 gone "$agent"
		ok $? "killed between the record and the file"
	fi
	end "$agent" KILL
	unchanged || grep -q "^share = $share$" "$conf/settings.conf"
	ok $? "killed at $at: the old file or the new one"
	start_agent
	if [ "$at" = rename:1 ]; then
		until_so 20 is_run "$version"
		ok $? "what was verified is in force without another word of the hub"
	fi
	report
	until_so 20 is_run "$version"
	is "$?/$(sed -n 's/^share = //p' "$conf/settings.conf")" "0/$share" "and then version $version"
done

# --- officers at the same time ------------------------------------------------------------------------------------
mkdir "$top/five"
officers=()
for word in fetch.share=41 fetch.night=4M agent.retry_max=61 origin.interval=601 box.language=fr; do
	WASL_ROOT=$hub "$B/bin/waslhub" settings set --everyone "$word" >"$top/five/$word" 2>&1 &
	officers+=($!)
done
wait "${officers[@]}"
waslhub settings list
is "$(sed -n '/ for everyone/,/ for [^e]/s/^  \([^ ]*\) = \([^ ]*\).*/\1=\2/p' "$top/said" | paste -sd' ')" \
	"agent.retry_max=61 box.language=fr fetch.night=4M fetch.share=41 origin.interval=601" "nobody's change is lost"
hex=$(agentd /v1/identity | jq -r .device)
waslhub settings set --device "${hex^^}" fetch.night=11M
version=$(sed -n 's/^settings \([0-9]*\) for .*/\1/p' "$top/said")
report
until_so 20 is_run "$version"
is "$?/$(night)" 0/11M "a box's own number, in whatever letters, reaches the box"

# --- what the hub is told of each scope ------------------------------------------------------------------------------
had=$(db "SELECT version FROM settings WHERE scope='school:$school'")
waslhub settings set --school "$school" fetch.window=20:00-05:30
given=$(sed -n 's/^settings \([0-9]*\) for .*/\1/p' "$top/said")
put "school:$school" "$(record "school:$other")" # nothing that this box takes
waslhub settings set --everyone fetch.share=42
newest=$(sed -n 's/^settings \([0-9]*\) for .*/\1/p' "$top/said")
report
until_so 20 is_run "$newest"
report
waslhub settings boxes
says "runs $newest of $newest" && says "school:$school has $had of $given  not yet"
ok $? "a set that a box does not take is seen behind a newer one of another scope"
# The hub as it was before all this.
db "UPDATE settings SET version=1, record=x'$all' WHERE scope=''; UPDATE number SET value=1 WHERE name='settings_version'"
waslhub settings boxes
says "everyone has $newest of 1  newer than the hub's: was it restored? Sign it again: --at-least $((newest + 1))"
ok $? "a restored hub says that boxes have seen more than it has, and what to do"
waslhub settings set --everyone --at-least "$((newest + 1))" fetch.share=43
says "settings $((newest + 1)) for everyone"
ok $? "it goes on above what they have seen"
report
until_so 20 is_run "$((newest + 1))"
is "$?/$(sed -n 's/^share = //p' "$conf/settings.conf")" 0/43 "and is heard"
waslhub settings set --everyone --at-least "$((newest + 1))"
says "settings $((newest + 2)) for everyone"
ok $? "never below its own; without a change it signs what there is"
waslhub settings set --everyone --at-least 5000000000 fetch.share=44
is $? 2 "nor beyond all numbers"
finish
