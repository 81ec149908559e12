"""The ledger of ledger-app.ts, served by Pyro5: ledger.py JOURNAL. Ends with its standard input."""

import os
import sys
import threading
import time

import Pyro5.api
from Pyro5 import config

journal = os.open(sys.argv[1], os.O_CREAT | os.O_APPEND | os.O_RDWR)
counts = {}
lock = threading.Lock()


def count(client):
    counts[client] = counts.get(client, 0) + 1
    return counts[client]


with open(sys.argv[1]) as lines:
    for line in lines:
        count(line.split(" ")[0])


@Pyro5.api.expose
@Pyro5.api.behavior(instance_mode="single")
class Ledger:
    def add(self, client, call):
        with lock:
            os.write(journal, f"{client} {call}\n".encode())
            return count(client)

    def addLater(self, client, call):
        time.sleep(0.001)
        return self.add(client, call)

    @Pyro5.api.oneway
    def tell(self, client, call):
        self.add(client, call)

    def items(self, to):
        yield from range(to)


config.THREADPOOL_SIZE = 200
config.ITER_STREAM_LINGER = 0
daemon = Pyro5.api.Daemon(host="127.0.0.1")
daemon.register(Ledger, "ledger")
threading.Thread(target=daemon.requestLoop, daemon=True).start()
print("ready:", daemon.locationStr, flush=True)
sys.stdin.read()
os._exit(0)
