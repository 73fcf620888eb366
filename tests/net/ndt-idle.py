# SPDX-License-Identifier: GPL-2.0-or-later
# Who connects and says nothing, for tests/net/ndt.t: one from 127.0.0.3, then many from 127.0.0.2. ndt-idle.py PORT HOW-MANY FILE
# Once there is FILE the first one asks as a client of ndt7 does, and the first line of the answer is said.
import os, socket, sys, time

port, many, go = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def connect(address, waits):
    s = socket.socket()
    s.bind((address, 0))
    s.setblocking(waits)
    s.connect_ex(("127.0.0.1", port))
    return s


first = connect("127.0.0.3", True)
crowd = [connect("127.0.0.2", False) for _ in range(many)]
print("ready", flush=True)
while not os.path.exists(go):
    time.sleep(0.02)
first.settimeout(60)
try:
    first.sendall(b"GET /ndt/v7/download HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: net.measurementlab.ndt.v7\r\n\r\n")
    print(first.recv(4096).decode(errors="replace").split("\r\n")[0] or "ended", flush=True)
except OSError as error:
    print(error, flush=True)
