"""Has the server stopped during a call, as a supervisor or Kubernetes would."""
import os
import signal
import sys
import threading
import time

import Pyro5.api


def main(uri):
    results = []

    def heat():
        with Pyro5.api.Proxy(uri) as furnace:
            results.append(furnace.heat(900))

    with Pyro5.api.Proxy(uri) as furnace:
        caller = threading.Thread(target=heat)
        caller.start()
        while not furnace.is_heating():
            time.sleep(0.01)
        os.kill(furnace.pid(), signal.SIGTERM)
        caller.join(20)
    print("the running call:", *results)

    try:
        with Pyro5.api.Proxy(uri) as furnace:
            furnace.heat(1000)
    except Pyro5.errors.CommunicationError:
        print("another call: nobody there any more")


if __name__ == "__main__":
    main(sys.argv[1])
