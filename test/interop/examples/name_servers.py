"""Starts a Pyro5 name server for each line of standard input, and prints its port. Ends with standard input."""

import os
import sys
import threading

import Pyro5.nameserver
from Pyro5 import config

config.SERVERTYPE = "multiplex"  # one thread for each is enough

for _ in sys.stdin:
    _uri, daemon, _responder = Pyro5.nameserver.start_ns("127.0.0.1", 0, enableBroadcast=False)
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    print(daemon.sock.getsockname()[1], flush=True)
os._exit(0)
