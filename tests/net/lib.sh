# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of this folder share: a folder of their own, children that end with the test.
# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
B=${B:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/dev}
children=()
namespaces=()
work=$(mktemp -d)

now_ms() { date +%s%3N; }

is_crowded() { awk -v have="$(nproc)" '{ exit !($1 > have) }' /proc/loadavg; }

# within SECONDS COMMAND...: until it succeeds; the time it took in $took (ms). It may take six times as long where more wants to run
# than there are processors for: what a line does is then not all that is measured.
within() {
	local limit=$(($1 * 1000)) begun
	begun=$(now_ms)
	shift
	until "$@"; do
		took=$(($(now_ms) - begun))
		if [ "$took" -ge "$limit" ] && { [ "$took" -ge $((6 * limit)) ] || ! is_crowded; }; then
			echo "# $took ms in vain: $*" >&2
			return 1
		fi
		sleep 0.02
	done
	took=$(($(now_ms) - begun))
}

clean_up() {
	local status=$?
	for pid in "${children[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	for ns in "${namespaces[@]}"; do ip netns del "$ns" 2>/dev/null || true; done
	if [ "$failed" -ne 0 ] || [ "$status" -ne 0 ]; then
		for log in "$work"/*.log; do
			[ -e "$log" ] || continue
			echo "# --- ${log##*/}"
			tail -n 40 "$log" | sed 's/^/# /'
		done
	fi
	rm -rf "$work"
}
trap clean_up EXIT

need() { # need TOOL…
	local tool
	for tool; do
		command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin
		command -v "$tool" >/dev/null || skip_all "$tool is not installed"
	done
}
ns() { echo "wasl-$$-$1"; } # ns NAME: of a namespace of this test's
in_ns() { # in_ns NAME COMMAND…
	local where
	where=$(ns "$1")
	shift
	ip netns exec "$where" "$@"
}
make_namespaces() { # make_namespaces NAME…
	local name
	for name; do
		ip netns add "$(ns "$name")" 2>"$work/netns.err" || skip_all "network namespaces are not permitted here"
		namespaces+=("$(ns "$name")")
	done
}
need_nat() { # need_nat NAME: what the uplink manager asks of the kernel, tried in that namespace
	in_ns "$1" nft 'add table inet wasltry { chain c { type nat hook postrouting priority srcnat; oifname "x" ct mark set 1; masquerade; }; }' \
		2>"$work/nft.err" || skip_all "this kernel has no nftables with NAT and connection marks"
	in_ns "$1" nft delete table inet wasltry
}

# in_background NAMESPACE NAME COMMAND…: until the test ends, its words in NAME.log; its process in $started. Namespace -: none
in_background() {
	local log=$work/$2.log inside=()
	[ "${1:--}" = - ] || inside=(ip netns exec "$(ns "$1")")
	shift 2
	"${inside[@]}" "$@" >>"$log" 2>&1 &
	started=$!
	children+=("$started")
}
lay_line() { # lay_line NUMBER PROVIDER ADDRESS: a wire from the box's wanNUMBER to the provider's router, which has the address
	ip link add "wan$1" netns "$(ns box)" type veth peer name "line$1" netns "$(ns "$2")"
	in_ns "$2" ip addr add "$3/24" dev "line$1"
	in_ns "$2" ip link set "line$1" up
	in_ns "$2" ip link set lo up
}
seat_pupil() { # 10.20.0.2 behind the box, which is 10.20.0.1 on lan0
	ip link add lan0 netns "$(ns box)" type veth peer name eth0 netns "$(ns pupil)"
	in_ns box ip addr add 10.20.0.1/24 dev lan0
	in_ns box ip link set lan0 up
	in_ns box sysctl -qw net.ipv4.ip_forward=1
	in_ns pupil ip link set lo up
	in_ns pupil ip addr add 10.20.0.2/24 dev eth0
	in_ns pupil ip link set eth0 up
	in_ns pupil ip route add default via 10.20.0.1
}
# The hub's check, for a server block
# shellcheck disable=SC2016,SC2034 # nginx's words; used by who sources it
answers_check='location ~ ^/v1/check/(?<nonce>[0-9a-f]+)$ { return 200 "wasl $nonce\n"; }'
start_nginx() { # start_nginx NAMESPACE NAME: the server blocks are on standard input; its own files below www-NAME
	mkdir -p "$work/t-$2" "$work/www-$2"
	cat >"$work/$2.conf" <<-END
		daemon off; master_process off; pid $work/$2.pid; error_log $work/$2.log; user root;
		events { worker_connections 256; }
		http {
			access_log off; client_body_temp_path $work/t-$2; proxy_temp_path $work/t-$2; fastcgi_temp_path $work/t-$2;
			uwsgi_temp_path $work/t-$2; scgi_temp_path $work/t-$2; default_type text/plain; root $work/www-$2;
			$(cat)
		}
	END
	in_background "$1" "$2" nginx -c "$work/$2.conf" -p "$work"
}
# A stranger's packet is not answered, as by most machines behind a firewall: nobody but the box ends a stuck connection.
never_resets() { in_ns "$1" nft 'add table ip quiet { chain out { type filter hook output priority 0; tcp flags & rst == rst drop; }; }'; }

two_lines() { # two_lines LEAVE OF_NET OF_FIBRE OF_LTE: settings of a box that decides at once, its two routers alike; more lines of each
	cat <<-END
		[net]
		$2
		gateway_every_ms = 200
		hub_every_s = 1
		retry_s = 1
		hold_s = 1
		dwell_s = 0
		regret_s = 0
		window_s = 0
		far_a = 203.0.113.20
		far_b = 203.0.113.30
		leave = $1
		[uplink fibre]
		kind = fibre
		device = wan0
		${3:-}
		address = 192.168.1.2/24
		gateway = 192.168.1.1
		preference = 10
		[uplink lte]
		kind = mobile
		device = wan1
		${4:-}
		address = 192.168.1.2/24
		gateway = 192.168.1.1
		preference = 20
	END
}
daemon=
start_daemon() { # the uplink manager, in namespace "box"
	in_background box netmgrd env WASL_ROOT="$work/root" "$B/bin/wasl-netmgrd"
	daemon=$started
}
start_simulated() { # the same with simulated lines, which needs no namespace
	in_background - netmgrd env WASL_ROOT="$work/root" "$B/bin/wasl-netmgrd-sim"
	daemon=$started
}
stop_daemon() {
	kill -TERM "$daemon"
	wait "$daemon"
}
kill_daemon() {
	kill -KILL "$daemon"
	wait "$daemon" 2>>"$work/killed"
}

# ask METHOD TARGET: the daemon's control socket (from its folder: socket paths are short)
ask() { (cd "$work" && curl -s --max-time 5 -X "$1" --unix-socket root/run/wasl/netmgrd.sock "http://x$2"); }

# --- the hub's end of echo and ndt7 ---
start_ndtd() { # on ports that ndtd() tells
	mkdir -p "$work/hub"
	WASL_ROOT=$work/hub "$B/bin/waslhub" init --country TN >"$work/init.log" 2>&1
	printf '%s\n' '[ndtd]' 'address = 127.0.0.1' 'port = 0' 'ndt-port = 0' 'ndt-per-minute = 100' >"$work/ndtd.conf"
	in_background - ndtd env WASL_ROOT="$work/hub" "$B/bin/wasl-ndtd" -c "$work/ndtd.conf"
	within 60 ndtd_is_there
}
ndtd() { (cd "$work" && curl -s --max-time 60 --unix-socket hub/run/wasl/ndtd.sock http://x/v1/status) | jq -r "$1"; }
ndtd_is_there() { [ "$(ndtd .port)" -gt 0 ] 2>/dev/null; }
key_of() { # key_of DEVICE: as firmware/record/hubecho.h says, by somebody else's hand
	python3 - "$work/hub/var/lib/wasl/hub/keys/echo.secret" "$1" <<-'END'
		import hashlib, sys
		secret = bytes.fromhex(open(sys.argv[1]).read().strip())
		print(hashlib.blake2b(b"wasl:echo-key:1\0" + bytes.fromhex(sys.argv[2]), key=secret, digest_size=32).hexdigest())
	END
}
give_key() { # give_key DEVICE KEY: to the uplink manager, as the agent does; the status of its answer
	(cd "$work" && curl -s --max-time 60 -o /dev/null -w '%{http_code}' --unix-socket root/run/wasl/netmgrd.sock \
		-d "{\"device\":\"$1\",\"key\":\"$2\"}" http://x/v1/echo)
}
