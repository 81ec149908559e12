"""Python's own serializers: an object that reads or writes a value as often as it can."""
import time

import Pyro5.server
from Pyro5.serializers import serializers


@Pyro5.server.expose
@Pyro5.server.behavior(instance_mode="single")
class Codecs:
    def measure(self, serializer, direction, value, ms):
        """Times in a second of CPU."""
        codec = serializers[serializer]
        data = codec.dumps(value)
        work, given = (codec.loads, data) if direction == "read" else (codec.dumps, value)
        times = 0
        end = time.perf_counter() + ms / 1000
        before = time.process_time()
        while True:
            work(given)
            times += 1
            if time.perf_counter() >= end:
                return times / (time.process_time() - before)


daemon = Pyro5.server.Daemon(host="127.0.0.1")
daemon.register(Codecs, "codecs")
print("ready: " + daemon.locationStr, flush=True)
daemon.requestLoop()
