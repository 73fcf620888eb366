#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # called by name
# The machinery of wasl-stage with small fake programs: readiness, restart, stop and start, order, and no survivors.
# shellcheck source=tests/stage/lib.sh
. "$(dirname "$0")/lib.sh"

top=$(mktemp -d)
root=$top/a/folder/that/is/so/deep/that/no/socket/address/of/one/hundred/and/eight/bytes/could/ever/hold/its/name/as/it/is
out=$top/out
mkdir -p "$root"
stage=
cleanup() {
	[ -z "$stage" ] || kill -9 "$stage" 2>/dev/null
	rm -rf "$top"
}
trap cleanup EXIT
port=$(free_port)
fake=$B/tests/fake-daemon

launch() { # launch SCENE [ONCE_READY]
	"$B/tests/stage-fake" "$1" "$root" "$fake" "$port" ${2:+"$2"} >"$out" 2>&1 &
	stage=$!
}
# --- the way up ------------------------------------------------------------------------------------
launch good
until_so 20 is_ready
ok $? "everything gets ready"
is "$(ask GET /v1/status | jq -r '[.steps[].state] | join(" ")')" "done done left out done done done" "each step says how it went"
is "$(ask GET /v1/status | jq -r '.steps[1].last_line')" "all 3 done" "a task's last line is kept"
is "$(ask GET /v1/status | jq -r '.processes[0].status')" "well" "a daemon's own status is heard"
is "$(ask GET /v1/status | jq -r '.ports.portal')" "$port" "ports are told"
[ -f "$root/written" ]
ok $? "actions are carried out"
has "$out" "a task for $port" "titles are filled in"

"$B/tests/stage-fake" good "$root" "$fake" "$port" >"$top/second" 2>&1
is $? 1 "a second instance is refused"
has "$top/second" "already, as process $stage; end that one first" "and it says who is first and what to do"

# --- what happens to daemons -------------------------------------------------------------------------
before=$(pid_of first)
is "$(ask POST '/v1/kill?name=first&signal=KILL' | jq -r .pid)" "$before" "kill answers with the process"
changed() { [ "$(state_of "$1")" = ready ] && [ "$(pid_of "$1")" != "$2" ]; }
until_so 10 changed first "$before"
ok $? "a killed daemon is started again"
has "$out" "first was killed by signal 9 (KILL); it is started again" "and it is said"
seven() { [ "$(survivors "$root" | wc -l)" = 7 ]; }
until_so 10 seven # what asks and what answers may be among them for a moment
is "$(survivors "$root" | wc -l)" 7 "the children of the dead one in its group went with it"

before=$(pid_of second)
ask POST '/v1/kill?name=second' >/dev/null
until_so 10 changed second "$before"
ok $? "a daemon that is ready by its port comes back too"

before=$(pid_of third)
ask POST '/v1/kill?name=third&signal=SIGSTOP' >/dev/null
until_so 15 changed third "$before"
ok $? "one that hangs is noticed by its watchdog"

is "$(ask POST '/v1/stop?name=second' | jq -r .state)" stopped "stop answers when it has stopped"
is "$(pid_of second)" 0 "and it stays off"
is "$(ask POST '/v1/start?name=second' | jq -r .state)" ready "start answers when it is ready"
is "$(ask POST '/v1/start?name=second' | jq -r .state)" ready "starting what runs is fine"
is "$(ask POST '/v1/kill?name=nobody' | jq -r .error)" stage.name "an unknown name is refused"
is "$(ask POST '/v1/kill?name=first&signal=PIG' | jq -r .error)" stage.signal "an unknown signal too"
is "$(ask POST '/v1/cut?uplink=all' | jq -r .error)" stage.uplink "there is no line to cut here"

# --- the way down ------------------------------------------------------------------------------------
rm -f "$root/byes"
kill -TERM "$stage"
ends "$stage" 20 0 "SIGTERM ends it well"
is "$(cat "$root/byes")" 321 "in reverse order"
until_so 5 nobody_left "$root"
ok $? "nothing is left, not even what left its session"
[ ! -S "$root/stage.sock" ]
ok $? "its socket is gone"

# --- again ---------------------------------------------------------------------------------------------
launch good
until_so 20 is_ready
ok $? "a second run gets ready"
is "$(cat "$root/task-ran")" x "what was done with the same input is not done again"
has "$out" "as before" "and it is said"
ask POST /v1/shutdown >/dev/null
ends "$stage" 20 0 "shutdown over the socket"
export STAMP=2
launch good
until_so 20 is_ready
is "$(cat "$root/task-ran")" xx "another input is done again"

# --- killed without warning ------------------------------------------------------------------------------
disown "$stage"; kill -9 "$stage"
until_so 15 nobody_left "$root"
ok $? "kill -9 of the stage leaves nothing behind"

launch good
until_so 20 is_ready
ok $? "and the next run is not in its way"
inner=$(pgrep -P "$stage")
kill -9 "$inner"
ends "$stage" 20 1 "kill -9 of its working half ends it"
until_so 15 nobody_left "$root"
ok $? "and leaves nothing behind either"

# --- what goes wrong -----------------------------------------------------------------------------------
launch bad-task
ends "$stage" 20 1 "a task that fails ends all with status 1"
has "$out" "'broken' ended with status 7: there is no file 'x'" "it says what failed, in its own words"
has "$out" "What to do: bring the file" "and what to do"
has "$out" "| there is no file 'x'" "and shows the log"
[ ! -e "$root/reached" ]
ok $? "later steps are not begun"
nobody_left "$root"
ok $? "what was started before is stopped"

launch bad-daemon
ends "$stage" 20 1 "a daemon that never gets ready ends all"
is "$(cat "$root/starts")" xxx "after three tries"
has "$out" "| cannot find my table" "with its words"

launch missing
ends "$stage" 20 1 "a program that is not there ends all"
has "$out" "no-such-program' cannot be started: No such file or directory; build it (make) or install it" "with a remedy"

launch late
ends "$stage" 20 1 "a daemon that takes too long ends all"
has "$out" "was not ready after 1 s" "and it is said"
nobody_left "$root"
ok $? "though it was deaf to SIGTERM"

launch busy
until_so 10 test -s "$root/log/work.log"
kill -INT "$stage"
ends "$stage" 20 0 "Ctrl-C in the middle of a long task"
nobody_left "$root"
ok $? "leaves nothing"

# --- a command when ready, and a terminal ----------------------------------------------------------------
# shellcheck disable=SC2016 # for the stage's shell
launch good 'echo "port $STAGE_PORT"; exit 0'
ends "$stage" 20 0 "a command when ready, then the end"
has "$out" "port $port" "it is told where"
launch good 'exit 5'
ends "$stage" 20 1 "its failure is ours"

LC_ALL=C.UTF-8 TERM=xterm script -qec "$B/tests/stage-fake good $root $fake $port true" /dev/null </dev/null >"$out" 2>&1
is $? 0 "in a terminal too"
grep -qP '\r.*✓.*first daemon' "$out"
ok $? "lines are redrawn there"
finish
