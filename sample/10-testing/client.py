"""The thermometer as Python has it."""
import sys

import Pyro5.api


def main(uri):
    with Pyro5.api.Proxy(uri) as thermometer:
        thermometer._pyroHandshake = "let me in"
        print(thermometer.celsius(), thermometer.celsius(digits=3))


if __name__ == "__main__":
    main(sys.argv[1])
