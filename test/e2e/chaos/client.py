"""Calls a ledger without end, and prints what it does: client.py URI NAME THREADS. Ends with its standard input.

One JSON object a line: {"client", "kind", "calls": [number, …], "at": "begin"}, and the same with {"at": "end", "answer"} or
{"at": "end", "error": type}.
"""

import json
import os
import random
import sys
import threading
import time

import Pyro5.api
import Pyro5.errors
from Pyro5 import config

uri, name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
config.COMMTIMEOUT = 5.0
config.MAX_RETRIES = 0
ITEMS = 5


def say(record):
    # one write for each line: a killed client leaves whole lines
    os.write(1, (json.dumps(record) + "\n").encode())


def carry_out(proxy, kind, client, calls):
    if kind == "add":
        return [proxy.add(client, calls[0])]
    if kind == "addLater":
        return [proxy.addLater(client, calls[0])]
    if kind == "tell":
        return proxy.tell(client, calls[0])
    if kind == "items":
        return list(proxy.items(ITEMS))
    batch = Pyro5.api.BatchProxy(proxy)
    for call in calls:
        batch.add(client, call)
    return list(batch())


def work(client):
    call = 0
    with Pyro5.api.Proxy(uri) as proxy:
        while True:
            kind = random.choice(["add", "add", "addLater", "tell", "batch", "items"])
            size = {"batch": 3, "items": 0}.get(kind, 1)
            calls = list(range(call, call + size))
            call += size
            record = {"client": client, "kind": kind, "calls": calls}
            say({**record, "at": "begin"})
            try:
                say({**record, "at": "end", "answer": carry_out(proxy, kind, client, calls)})
            except Exception as x:
                say({**record, "at": "end", "error": f"{type(x).__module__}.{type(x).__name__}", "text": str(x)})
                time.sleep(0.01)


for number in range(threads):
    threading.Thread(target=work, args=(f"{name}.{number}",), daemon=True).start()
sys.stdin.read()
os._exit(0)
