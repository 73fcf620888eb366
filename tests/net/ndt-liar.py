# SPDX-License-Identifier: GPL-2.0-or-later
# A hub that does not do as it should, for tests/net/ndt.t: what it does stands in the Host header. Says its port first.
import base64, fcntl, hashlib, json, os, socket, struct, sys, termios, threading, time


def frame(kind, bytes_):
    size = len(bytes_)
    head = bytes([0x80 | kind])
    head += bytes([size]) if size < 126 else struct.pack("!BH", 126, size) if size < 65536 else struct.pack("!BQ", 127, size)
    return head + bytes_


TEXT, BINARY, CLOSE = 1, 2, 8


def text(**members):
    return frame(TEXT, json.dumps(members).encode())


def serve(peer):
    request = b""
    while b"\r\n\r\n" not in request:
        more = peer.recv(4096)
        if not more:
            return
        request += more
    lines = dict(line.split(": ", 1) for line in request.decode().split("\r\n") if ": " in line)
    lines = {name.lower(): value for name, value in lines.items()}
    how = lines["host"]
    if how == "refuses":
        peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        return
    if how == "mute":
        time.sleep(60)
    accept = base64.b64encode(hashlib.sha1((lines["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
    peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Protocol: net.measurementlab.ndt.v7\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    if how == "garbage":
        peer.sendall(os.urandom(1 << 16))
    elif how == "no-json":
        peer.sendall(frame(TEXT, b"<html>please log in</html>"))
    elif how == "huge":
        for _ in range(64):
            peer.sendall(frame(TEXT, b'{"AppInfo":{"NumBytes":1' + b"0" * 60000 + b"}}"))
    elif how == "endless-text":
        while True:
            peer.sendall(text(AppInfo={"NumBytes": 1, "ElapsedTime": 1}))
    elif how == "negative":
        peer.sendall(text(AppInfo={"NumBytes": -5, "ElapsedTime": -1}))
    elif how == "early":
        peer.sendall(frame(BINARY, bytes(8192)) + frame(CLOSE, struct.pack("!H", 1000)))
    elif how == "boasts":  # that more has come than was ever sent; it takes nothing, and tells how much its kernel has got
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        told = None
        for i in range(400):
            peer.sendall(text(AppInfo={"NumBytes": 1 << 50, "ElapsedTime": 250000 * (i + 1)}, Origin="server", Test="upload"))
            arrived = struct.unpack("i", fcntl.ioctl(peer, termios.FIONREAD, bytes(4)))[0]
            if arrived != told:
                print("arrived", arrived, file=sys.stderr, flush=True)
            told = arrived
            time.sleep(0.05)
    elif how == "binary":
        peer.sendall(frame(BINARY, bytes(8192)))
    elif how == "still":
        time.sleep(60)
    while peer.recv(1 << 16):
        pass


def visit(peer):
    try:
        serve(peer)
    except OSError:
        pass
    finally:
        peer.close()


door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1], flush=True)
while True:
    threading.Thread(target=visit, args=(door.accept()[0],), daemon=True).start()
