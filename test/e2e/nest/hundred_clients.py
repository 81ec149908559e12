"""A hundred clients at once, each with a session of its own: `hundred_clients.py URI ROUNDS`."""
import sys
import threading

import Pyro5.client

CLIENTS = 100


def visit(uri, barrier, seen, errors):
    try:
        with Pyro5.client.Proxy(uri) as session:
            first = session.number()
            barrier.wait(60)
            seen.append((first, session.number(), session.alive()))
            barrier.wait(60)
    except Exception as error:
        errors.append(error)
        barrier.abort()


for _ in range(int(sys.argv[2])):
    barrier, seen, errors = threading.Barrier(CLIENTS), [], []
    threads = [threading.Thread(target=visit, args=(sys.argv[1], barrier, seen, errors)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    assert all(first == second and alive == CLIENTS for first, second, alive in seen), seen
    assert len({first for first, _, _ in seen}) == CLIENTS, "each client has its own instance"
print("ok")
