"""An instrument as a lab has it: Python, Pyro5, and no idea of Nest."""
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

    def measure(self, nanometres, averages=1):
        return {"wavelength": nanometres, "counts": 10 * nanometres * self._gain, "averages": averages}

    def scan(self, start, stop, step):
        for nanometres in range(start, stop, step):
            yield self.measure(nanometres)


daemon = Pyro5.api.Daemon(host="127.0.0.1", port=int(os.environ.get("PORT", "0")))
uri = daemon.register(Spectrometer, "lab.spectrometer")
print("ready:", uri, flush=True)
daemon.requestLoop()
