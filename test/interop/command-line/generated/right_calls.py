"""Calls that a type checker accepts."""
from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, assert_type, cast

from Pyro5.api import Proxy

if TYPE_CHECKING:
    from lab import Counter, Gas, Lamp, Mode, Oven, PageStepDto, Point, Probe, Reading, Span, StepDto

oven: Oven = Proxy("PYRO:lab.oven@localhost:9999")
counter = cast("Counter", Proxy("PYRO:counter@localhost:9999"))

steps: list[StepDto] = [{"celsius": 600, "minutes": 30.5}]
page = oven.load_programme({"name": "anneal", "steps": steps, "tags": {"slow"}}, slot_number=2)
assert_type(page, "PageStepDto")
assert_type(page["items"][0]["minutes"], float)
assert_type(oven.search("steel", limit=5, order="up"), list[str])
oven.label(colour="red", size=2)
oven.flush_gas(1)
oven.flush_gas(slot=1, gas="argon")
oven.note("one", "two")
for frame in oven.frames(None, 2, pause=1):
    assert_type(frame, bytes)
for celsius in oven.temperatures({"from": 1, "to": 2}):
    assert_type(celsius, float)
latest = oven.latest()
assert_type(latest["at"] if latest else None, str | None)
mode: Mode = "auto"
assert_type(oven.set(mode, 5, "2026-01-31", b"", (1, "a")), dict[float, bool])
oven.open_tray(object()).pull()
oven.gain = 4
assert_type(oven.state()["isHot"], bool)
oven.tune("fan")
oven.tune(1, "fan")
point = oven.move(Point(1, gas=Gas.Air))
assert_type(point.y, float | None)
probe = Probe(x=1, at=datetime.now(), date=date.today(), near=[point], trace=None)
span = oven.probe(probe, [Reading("t1", 5), Reading(sensor="t2", value=6, when=datetime.now())])
assert_type(span, Span)
assert_type(span.begin + span[1], float)
oven.grown({"of": "x"})
assert_type(counter.add(by=2), float)
counter.find("steel", 5, colour="red")


class NoLamp:
    """A stand-in for tests of the Python side."""

    def switch(self, on: bool) -> bool:
        return not on


lamp: Lamp = NoLamp()
