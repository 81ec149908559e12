"""Runs a programme of the oven. An editor completes `oven.` and the fields of steps and readings; mypy checks them."""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from Pyro5.api import Proxy

from lab_classes import Gas, Step

if TYPE_CHECKING:
    from lab import Oven


def run(oven: Oven) -> None:
    steps = [Step(celsius=600, minutes=30), Step(celsius=1100, minutes=10, gas=Gas.Argon)]
    print("minutes:", oven.minutes_of(steps, pause_minutes=2))
    oven.max_celsius = 1000
    for reading in oven.run(steps):
        gas = "air" if reading.step.gas is None else reading.step.gas.value
        print(f"{reading.step.celsius} in {gas}: {reading.celsius}")


if __name__ == "__main__":
    with Proxy(sys.argv[1]) as proxy:
        run(proxy)
