"""Two ways to several processes: one port that they share, and a tag in the name server that all of them have."""
import sys
import threading

import Pyro5.api


def shared_port(location):
    uri = "PYRONAME:example.primes@" + location
    by_process = {}
    while len(by_process) < 2:
        # the operating system gives each new connection to one of the processes
        proxy = Pyro5.api.Proxy(uri)
        by_process.setdefault(proxy.process_id, proxy)
    print("behind one port:", len(by_process), "processes")
    (here, one), (_, other) = by_process.items()
    print("a connection stays in its process:", all(one.process_id == here for _ in range(20)))
    print("so does a stream:", list(one.up_to(20)))
    one.note = "blue"
    print("a single object is one for each process:", one.note, "and", other.note)


def tagged(location):
    host, port = location.split(":")
    with Pyro5.api.locate_ns(host, int(port)) as name_server:
        found = name_server.yplookup(meta_all={"example:primes"})
    print("with the tag:", *sorted(found))
    step = 20_000
    todo = list(range(0, 200_000, step))
    counts = []

    def work(uri):
        with Pyro5.api.Proxy(uri) as primes:
            try:
                while True:
                    start = todo.pop()
                    counts.append(primes.count(start, start + step))
            except IndexError:
                pass

    threads = [threading.Thread(target=work, args=(uri,)) for uri, _ in found.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("primes below 200,000:", sum(counts))


if __name__ == "__main__":
    shared_port(sys.argv[1])
    tagged(sys.argv[1])
