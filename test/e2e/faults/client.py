"""Goes to a phase of a call, says so, and waits to be killed: client.py HOST PORT PHASE [reset].

With `reset` the kernel sends RST when the process ends, else FIN.
"""

import socket
import struct
import sys
import threading

import Pyro5.api
from Pyro5 import protocol, serializers

host, port, phase = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def prepare(sock):
    if "reset" in sys.argv:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return sock


def connected():
    return prepare(socket.create_connection((host, port)))


def bound():
    proxy = Pyro5.api.Proxy(f"PYRO:thing@{host}:{port}")
    proxy._pyroBind()
    prepare(proxy._pyroConnection.sock)
    return proxy


def request(method, *args, object="thing", flags=0):
    serializer = serializers.serializers["serpent"]
    data = serializer.dumpsCall(object, method, args, {})
    return protocol.SendingMessage(protocol.MSG_INVOKE, flags, 1, serializer.serializer_id, data).data


def behind():
    """Requests that wait behind a running call: many small ones, and one of which a part is missing."""
    return 5_000 * request("echo", 1) + request("echo", "x" * 500_000)[:200_000]


def handshake():
    serializer = serializers.serializers["serpent"]
    data = serializer.dumps({"handshake": "hello", "object": "thing"})
    return protocol.SendingMessage(protocol.MSG_CONNECT, 0, 1, serializer.serializer_id, data).data


if phase == "connecting":
    held = connected()
elif phase == "handshake":
    held = connected()
    held.sendall(handshake()[:50])
elif phase == "sending":
    held = bound()
    held._pyroConnection.sock.sendall(request("echo", "x" * 100000)[:5000])
elif phase == "running":
    held = bound()
    held._pyroConnection.sock.sendall(request("hang"))
elif phase == "running with unread requests":
    held = bound()
    held._pyroConnection.sock.sendall(request("hang") + behind())
elif phase == "pulling with unread requests":
    held = bound()
    items = held.stuck()
    assert next(items) == 0
    pull = request("get_next_stream_item", items.streamId, object="Pyro.Daemon")
    held._pyroConnection.sock.sendall(pull + behind())
elif phase == "oneway calls":
    held = bound()
    for index in range(500):
        held.job(index)
elif phase == "reading":
    held = bound()
    held._pyroConnection.sock.sendall(request("big", 40_000_000))
    held._pyroConnection.sock.recv(1000)
elif phase == "streaming":
    held = bound()
    items = held.items()
    assert [next(items), next(items)] == [0, 1]
print("at", phase, flush=True)
threading.Event().wait()
