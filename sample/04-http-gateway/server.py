"""A thermostat in Python."""
import os

import Pyro5.api


@Pyro5.api.expose
@Pyro5.api.behavior(instance_mode="single")
class Thermostat:
    def __init__(self):
        self.celsius = 21.5

    def read(self):
        return self.celsius

    def set(self, celsius):
        if not 5 <= celsius <= 30:
            raise ValueError("between 5 and 30, please")
        self.celsius = celsius


daemon = Pyro5.api.Daemon(host="127.0.0.1", port=int(os.environ.get("PORT", "0")))
print("ready:", daemon.register(Thermostat, "lab.thermostat"), flush=True)
daemon.requestLoop()
