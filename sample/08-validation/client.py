"""What is right goes through; what is wrong is a ValueError that names the fields."""
import sys

import Pyro5.api


def attempt(call, *args, **kwargs):
    try:
        print("ok:", call(*args, **kwargs))
    except ValueError as error:
        print("ValueError:")
        for line in error.args:
            print("  -", line)


def main(uri):
    with Pyro5.api.Proxy(uri) as oven:
        attempt(oven.load, {"name": "anneal", "steps": [{"celsius": 600, "minutes": 30}, {"celsius": 80.5, "minutes": 15}]})
        attempt(oven.load, {"name": "", "steps": [{"celsius": 6000, "minutes": 30}], "colour": "red"})
        attempt(oven.select, "12")
        attempt(oven.select, slot="twelve")
        attempt(oven.configure, fan=True)
        attempt(oven.configure, gas="oxygen", door="open")


if __name__ == "__main__":
    main(sys.argv[1])
