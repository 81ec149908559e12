"""Asks the Nest application what it made of the frames."""
import sys

import Pyro5.api
import pyro_numpy


def main(uri):
    with Pyro5.api.Proxy(uri) as frames:
        for statistics in frames.watch(3):
            print(f"frame {statistics['number']}: mean {statistics['mean']:.2f}, most {statistics['most']}")
        region = frames.region(100, 200, 4)
        print(f"{type(region).__name__} of {region.dtype}, shape {region.shape}:")
        print(region)
        print("scaled:", frames.scaled(region, 0.5)[0])


if __name__ == "__main__":
    main(sys.argv[1])
