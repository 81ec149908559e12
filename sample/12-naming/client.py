"""Pythonic names for an object written in TypeScript."""
import sys

import Pyro5.api


def main(uri):
    with Pyro5.api.Proxy(uri) as wavemeter:
        print(wavemeter.read_wavelength(3))
        print(wavemeter.read_wavelength(channel_number=4, average_over=10))
        wavemeter.exposure_ms = 25
        print("exposure:", wavemeter.exposure_ms, "ms")
        print("status:", wavemeter.getHTTPStatus())
        print("options:", wavemeter.set_options(fast_mode=True, laserPower=3))
        try:
            wavemeter.read_wavelength()
        except TypeError as error:
            print("TypeError:", error)


if __name__ == "__main__":
    main(sys.argv[1])
