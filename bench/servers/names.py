"""Pyro5's name server, with so many names: `names.py STORAGE COUNT`."""
import sqlite3
import sys

import Pyro5.nameserver

storage, count = sys.argv[1], int(sys.argv[2])
TAG = "class:bench.Instrument"


def name_at(index):
    return f"lab{index // 100}.instrument{index}"


def uri_at(index):
    return f"PYRO:obj_{index}@192.168.1.5:{4000 + index % 1000}"


uri, daemon, _ = Pyro5.nameserver.start_ns(host="127.0.0.1", port=0, enableBroadcast=False, storage=storage)
if storage == "memory":
    for i in range(count):
        daemon.nameserver.register(name_at(i), uri_at(i), metadata={TAG})
else:
    # its own storage waits for the disk with each name
    with sqlite3.connect(storage[len("sql:"):]) as db:
        for i in range(count):
            cursor = db.execute("INSERT INTO pyro_names(name, uri) VALUES(?,?)", (name_at(i), uri_at(i)))
            db.execute("INSERT INTO pyro_metadata(object, metadata) VALUES (?,?)", (cursor.lastrowid, TAG))
print("ready: " + daemon.locationStr, flush=True)
daemon.requestLoop()
