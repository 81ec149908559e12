"""A lab: three instruments, each a Pyro5 program of its own, and a switch that turns their programs off and on."""
import math
import os
import subprocess
import sys
import threading
import time

import Pyro5.api


@Pyro5.api.expose
@Pyro5.api.behavior(instance_mode="single")
class Thermometer:
    """It is asked for each value."""

    def celsius(self):
        return round(21.5 + math.sin(time.time() / 5), 2)


@Pyro5.api.expose
@Pyro5.api.behavior(instance_mode="single")
class Balance:
    """Its value is an attribute. While its lid is open, it cannot weigh."""

    def __init__(self):
        self._lid_is_open = False

    @property
    def grams(self):
        if self._lid_is_open:
            raise RuntimeError("the lid is open")
        return round(12 + 0.001 * (time.time() % 10), 4)

    def move_lid(self, is_open):
        self._lid_is_open = is_open


@Pyro5.api.expose
@Pyro5.api.behavior(instance_mode="single")
class PressureGauge:
    """It sends a stream of values."""

    def readings(self):
        while True:
            yield round(1013 + 2 * math.cos(time.time() / 3), 1)
            time.sleep(0.1)


INSTRUMENTS = {"thermometer": Thermometer, "balance": Balance, "gauge": PressureGauge}


@Pyro5.api.expose
@Pyro5.api.behavior(instance_mode="single")
class PowerSwitch:
    """Stands for what happens in a lab: somebody pulls a plug, and puts it in again."""

    def __init__(self):
        self._programs = {}
        self._uris = {}

    def turn_on(self, name):
        """The program has the same port each time, so its URI stays the same."""
        port = Pyro5.api.URI(self._uris[name]).port if name in self._uris else 0
        command = [sys.executable, __file__, name, str(port)]
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._programs[name] = program
        self._uris[name] = program.stdout.readline().strip()
        return self._uris[name]

    def turn_off(self, name):
        self._programs[name].kill()
        self._programs[name].wait()


def serve_instrument(name, port):
    def end_with_the_lab():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_the_lab, daemon=True).start()
    daemon = Pyro5.api.Daemon(host="127.0.0.1", port=port)
    print(daemon.register(INSTRUMENTS[name], "lab." + name), flush=True)
    daemon.requestLoop()


def serve_lab():
    switch = PowerSwitch()
    uris = [switch.turn_on(name) for name in INSTRUMENTS]
    daemon = Pyro5.api.Daemon(host="127.0.0.1")
    print("ready:", *uris, daemon.register(switch, "lab.switch"), flush=True)
    daemon.requestLoop()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        serve_instrument(sys.argv[1], int(sys.argv[2]))
    else:
        serve_lab()
