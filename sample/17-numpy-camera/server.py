"""A camera that is not there: its frames are NumPy arrays, one after the other."""
import os

import numpy as np
import Pyro5.api
import pyro_numpy


@Pyro5.api.expose
class Camera:
    def frames(self, count):
        rows, columns = np.indices((480, 640))
        for number in range(count):
            yield ((rows + columns + 10 * number) % 256).astype("uint8")


daemon = Pyro5.api.Daemon(port=int(os.environ.get("PORT", 9998)))
print("ready:", daemon.register(Camera, "example.camera"))
daemon.requestLoop()
