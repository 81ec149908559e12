"""Pyro5's own proxy under load: an object that calls others as often as it can and says how often that was."""
import threading
import time

import Pyro5.client
import Pyro5.server


def call(proxy, method, args, goes_on):
    remote = getattr(proxy, method)
    while goes_on():
        remote(*args)
        yield 1


def stream(proxy, method, args, goes_on):
    for _ in getattr(proxy, method)(*args):
        yield 1
        if not goes_on():
            break


def batch(proxy, method, args, goes_on):
    while goes_on():
        recorder = Pyro5.client.BatchProxy(proxy)
        for _ in range(100):
            getattr(recorder, method)(*args)
        yield sum(1 for _ in recorder())


KINDS = {"call": call, "stream": stream, "batch": batch}


@Pyro5.server.expose
@Pyro5.server.behavior(instance_mode="single")
class Driver:
    def measure(self, location, kind, method, args, connections, warm_up_seconds, seconds):
        """Times a second, with a thread and a proxy for each connection, as Pyro5 wants it."""
        counts = [0] * connections
        failures = []
        connected = threading.Barrier(connections + 1)
        begin = until = None

        def run(index):
            with Pyro5.client.Proxy("PYRO:bench@" + location) as proxy:
                proxy._pyroBind()
                connected.wait()
                try:
                    for times in KINDS[kind](proxy, method, args, lambda: not counts[index] or time.perf_counter() < until):
                        if time.perf_counter() >= begin:
                            counts[index] += times
                except Exception as x:
                    failures.append(x)

        threads = [threading.Thread(target=run, args=(index,)) for index in range(connections)]
        for thread in threads:
            thread.start()
        begin = time.perf_counter() + warm_up_seconds
        until = begin + seconds
        connected.wait()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return sum(counts) / (time.perf_counter() - begin)


daemon = Pyro5.server.Daemon(host="127.0.0.1")
daemon.register(Driver, "driver")
print("ready: " + daemon.locationStr, flush=True)
daemon.requestLoop()
