"""Pyro5's own daemon with the benchmarked object: `pyro5.py thread|multiplex [numpy]`, with numpy it knows arrays."""
import pathlib
import sys

import Pyro5.server
import serpent
from Pyro5 import config

if "numpy" in sys.argv:
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
    import numpy_file

config.SERVERTYPE = sys.argv[1]
config.THREADPOOL_SIZE = 1200

RECORDS = [
    {
        "id": i,
        "name": f"sample number {i}",
        "tags": ["one", "two"],
        "position": {"x": i * 1.5, "y": 1 - i / 3},
        "active": i % 2 == 0,
        "note": None,
    }
    for i in range(100)
]


@Pyro5.server.expose
@Pyro5.server.behavior(instance_mode="single")
class Bench:
    def add(self, a, b):
        return a + b

    def echo(self, value):
        return value

    def echoBytes(self, data):
        # serpent gives a dict with base64 text: this is how a Python program gets the bytes
        return serpent.tobytes(data)

    def records(self):
        return RECORDS

    def items(self, count):
        return (42 for _ in range(count))


daemon = Pyro5.server.Daemon(host="127.0.0.1")
daemon.register(Bench, "bench")
print("ready: " + daemon.locationStr, flush=True)
daemon.requestLoop()
