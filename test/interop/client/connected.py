"""The Python end of a connected socket. usage: connected.py serve|call PORT, the port that the test listens on."""

import socket
import sys

import Pyro5.api


@Pyro5.api.expose
class Thing:
    value = 12

    def add(self, a, b):
        return a + b

    def numbers(self, to):
        yield from range(to)


role, port = sys.argv[1:]
sock = socket.create_connection(("127.0.0.1", int(port)))
if role == "serve":
    with Pyro5.api.Daemon(connected_socket=sock) as daemon:
        daemon.register(Thing, "thing")
        daemon.requestLoop()
else:
    for _ in range(2):
        # the socket outlives the proxy
        with Pyro5.api.Proxy("thing", connected_socket=sock) as thing:
            print(thing.add(1, 2), list(thing.numbers(3)))
