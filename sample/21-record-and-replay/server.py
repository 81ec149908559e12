"""A spectrometer in Python. It knows nothing of recordings."""
import math
import os

import Pyro5.api


@Pyro5.api.expose
@Pyro5.api.behavior(instance_mode="single")
class Spectrometer:
    def __init__(self):
        self._gain = 1

    @property
    def gain(self):
        return self._gain

    @gain.setter
    def gain(self, value):
        if not 1 <= value <= 8:
            raise ValueError("gain must be from 1 to 8", value)
        self._gain = value

    def identify(self):
        return {"model": "SP-1", "serial": 2**60 + 1, "calibration": bytes([1, 2, 255])}

    def measure(self, nanometres, averages=1):
        if nanometres > 1000:
            return nanometres, math.nan
        return nanometres, 100.0 * self._gain * (1 + nanometres % 7) + averages

    def scan(self, start, stop, step):
        for nanometres in range(start, stop, step):
            yield self.measure(nanometres)


Pyro5.config.SERPENT_BYTES_REPR = True
daemon = Pyro5.api.Daemon(host="127.0.0.1", port=int(os.environ.get("PORT", "0")))
print("ready:", daemon.register(Spectrometer, "lab.spectrometer"), flush=True)
daemon.requestLoop()
