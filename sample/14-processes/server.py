"""Python's name server."""
import Pyro5.nameserver

uri, daemon, _ = Pyro5.nameserver.start_ns(host="127.0.0.1", port=0, enableBroadcast=False)
print("ready:", uri.location, flush=True)
daemon.requestLoop()
