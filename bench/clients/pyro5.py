"""Pyro5's own proxy under load: an object that lets proxies do a case, with a thread and a proxy for each connection. `pyro5.py numpy`: it
knows arrays.
"""
import pathlib
import sys
import threading
import time

import Pyro5.client
import Pyro5.server

BATCH_LENGTH = 100

if "numpy" in sys.argv:
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
    import numpy_file


def differs(value, expected):
    if hasattr(expected, "dtype"):
        return value.dtype != expected.dtype or value.tobytes() != expected.tobytes()
    return value != expected


def call(proxy, case):
    remote = getattr(proxy, case["method"])
    args = case["args"]
    if differs(remote(*args), case["expected"]):
        raise ValueError("wrong reply")
    while True:
        remote(*args)
        yield 1


def stream(proxy, case):
    for item in getattr(proxy, case["method"])(*case["args"]):
        if item != case["expected"]:
            raise ValueError("wrong item")
        yield 1


def batch(proxy, case):
    while True:
        recorder = Pyro5.client.BatchProxy(proxy)
        for _ in range(BATCH_LENGTH):
            getattr(recorder, case["method"])(*case["args"])
        yield sum(1 for _ in recorder())


KINDS = {"call": call, "stream": stream, "batch": batch}


@Pyro5.server.expose
@Pyro5.server.behavior(instance_mode="single")
class Driver:
    def measure(self, location, case, turn):
        connections = case["connections"]
        counts = [0] * connections
        failures = []
        connected = threading.Barrier(connections + 1)
        begin = until = None

        def run(index):
            with Pyro5.client.Proxy("PYRO:bench@" + location) as proxy:
                proxy._pyroSerializer = case.get("serializer") or "serpent"
                proxy._pyroBind()
                connected.wait()
                try:
                    for times in KINDS[case["kind"]](proxy, case):
                        now = time.perf_counter()
                        if now >= begin:
                            counts[index] += times
                        if now >= until and counts[index]:
                            break
                except Exception as x:
                    failures.append(x)

        threads = [threading.Thread(target=run, args=(index,)) for index in range(connections)]
        for thread in threads:
            thread.start()
        begin = time.perf_counter() + turn["warmUpMs"] / 1000
        until = begin + turn["ms"] / 1000
        connected.wait()
        time.sleep(max(0, begin - time.perf_counter()))
        cpu = time.process_time()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        seconds = time.perf_counter() - begin
        return {"rate": sum(counts) / seconds, "cpu": (time.process_time() - cpu) * 1e6 / sum(counts)}


daemon = Pyro5.server.Daemon(host="127.0.0.1")
daemon.register(Driver, "driver")
print("ready: " + daemon.locationStr, flush=True)
daemon.requestLoop()
