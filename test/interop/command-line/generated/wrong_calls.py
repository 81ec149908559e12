"""Calls that a type checker refuses, each marked."""
from __future__ import annotations

from typing import TYPE_CHECKING

from Pyro5.api import Proxy

if TYPE_CHECKING:
    from lab import Counter, Gas, Oven, Point, Reading

oven: Oven = Proxy("PYRO:lab.oven@localhost:9999")
counter: Counter = Proxy("PYRO:counter@localhost:9999")

oven.load_programme({"name": "anneal"})  # refused
oven.load_programme({"name": "anneal", "steps": [], "tags": set(), "colour": "red"})  # refused
oven.search("steel", limit="all")  # refused
oven.search("steel", limit=1, order="sideways")  # refused
oven.flush_gas(1, gas="oxygen")  # refused
oven.flush_gas()  # refused
oven.label(colour=None)  # refused
oven.frames("3", 1)  # refused
oven.frames(3)  # refused
oven.temperatures({"from": 1})  # refused
oven.set("fast", 5, "2026-01-31", b"", (1, "a"))  # refused
oven.set("auto", 2, "2026-01-31", b"", (1, "a"))  # refused
oven.set("auto", 5, "2026-01-31", b"", (1, 2))  # refused
oven.move({"x": 1})  # refused
oven.move(Point())  # refused
oven.move(Point("left"))  # refused
oven.move(Point(1, gas="air"))  # refused
oven.move(Point(1, gas=Gas.Oxygen))  # refused
oven.move(Point(1)).z  # refused
Reading("t1", 1.5)  # refused
oven.serial = "B2"  # refused
oven.gain.upper()  # refused
oven.hidden()  # refused
oven.loadProgramme({"name": "anneal", "steps": [], "tags": set()})  # refused
oven.latest()["at"]  # refused
counter.add("1")  # refused
counter.total  # refused
