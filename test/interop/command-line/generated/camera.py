"""A server of a lab. It is parsed, and never run, when its types are read."""
from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass
from typing import Any, Iterator, Literal, NamedTuple, NotRequired, Optional, Sequence, TypedDict, Union

import Pyro5.api

if __name__ == "__main__":
    raise SystemExit("the source was run")

Point = tuple[float, float]
Roi = Union["Box", Point]
Value = Union[None, int, str, "list[Value]", dict[str, "Value"]]


class Gas(enum.Enum):
    AIR = "air"
    ARGON = "argon"


class Level(enum.IntEnum):
    LOW = 0
    HIGH = 5


class Box(NamedTuple):
    corner: Point
    size: int


class Meta(TypedDict, total=False):
    """What a frame says of itself."""

    seconds: float
    taken: datetime.datetime


@dataclass(frozen=True)
class Frame:
    """One picture.

    Its data is raw.
    """

    data: bytes
    shape: tuple[int, int]
    meta: Meta
    next: Optional["Frame"] = None


class Device:
    @Pyro5.api.expose
    def serial(self) -> str:
        return "A1"

    def unexposed(self):
        pass


@Pyro5.api.expose
class Camera(Device):
    """A camera of the lab. */ It ends no comment."""

    @property
    def gain(self) -> float:
        """The gain, from 1 to 10."""
        return 1.0

    @gain.setter
    def gain(self, value):
        pass

    @property
    def model(self):
        return "M"

    def expose(self, seconds: float, binning: int = 1, /, roi: Roi | None = None, *, gas: Gas = Gas.AIR, level: "Level") -> Frame:
        r"""Takes a \picture.

        Args:
            seconds: how long
        """

    def frames(self, count: int | None = None) -> Iterator[Frame]:
        yield from ()

    def numbers(self, *, start: int = 0):
        yield 1

    def lines(self, *texts: str, **options: Any) -> list[dict[str, int | None]]:
        return []

    def mode(self, mode: Literal["auto", "man'ual", 3], function, in_: Sequence[complex]) -> dict[int, set[str]]:
        return {}

    def configure(self, settings: dict[str, Value]) -> Value:
        return settings

    @Pyro5.api.oneway
    def note(self, text: str) -> None:
        pass

    @staticmethod
    def version() -> tuple[int, ...]:
        return (1,)

    def _private(self):
        pass


class Lamp:
    @Pyro5.api.expose
    def switch(self, on: bool) -> bool:
        return on
