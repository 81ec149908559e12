"""Written by nestjs-pyro pyi: run it again instead of changing this file.

Results that are bytes arrive as a dict in serpent, the default serializer: serpent.tobytes(result) makes them bytes.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import AbstractSet, Any, Iterator, Literal, Mapping, NamedTuple, NotRequired, Protocol, Sequence, TYPE_CHECKING, TypeAlias, TypedDict, Unpack

if TYPE_CHECKING:
    from typing_extensions import ReadOnly


class Gas(Enum):
    Air = 'air'
    Argon = 'argon'


GasValue: TypeAlias = Literal['air', 'argon']


class GrowingDictStrListDictStrListDictStrListStr(TypedDict):
    """Its type arguments have no end."""
    of: ReadOnly[Mapping[str, Sequence[Mapping[str, Sequence[Mapping[str, Sequence[str]]]]]]]
    more: NotRequired[ReadOnly[Any]]


class GrowingDictStrListDictStrListStr(TypedDict):
    """Its type arguments have no end."""
    of: ReadOnly[Mapping[str, Sequence[Mapping[str, Sequence[str]]]]]
    more: NotRequired[ReadOnly[GrowingDictStrListDictStrListDictStrListStr]]


class GrowingDictStrListStr(TypedDict):
    """Its type arguments have no end."""
    of: ReadOnly[Mapping[str, Sequence[str]]]
    more: NotRequired[ReadOnly[GrowingDictStrListDictStrListStr]]


class GrowingStr(TypedDict):
    """Its type arguments have no end."""
    of: ReadOnly[str]
    more: NotRequired[ReadOnly[GrowingDictStrListStr]]


Level: TypeAlias = Literal[0, 5]


Mode: TypeAlias = Literal['auto', 'manual', 3]


class OvenLatestResult(TypedDict):
    at: str
    celsius: float


class OvenStateResult(TypedDict):
    isHot: bool
    temperature: float


class PageStepDto(TypedDict):
    """A page of results."""
    items: list[StepDto]
    next: PageStepDto | None


@dataclass
class Point:
    """A place in the oven."""
    x: float
    y: float | None = None
    """How high."""
    gas: Gas | None = None


class ProgrammeDto(TypedDict):
    name: ReadOnly[str]
    steps: ReadOnly[Sequence[StepDto]]
    operator: NotRequired[ReadOnly[str | None]]
    tags: ReadOnly[AbstractSet[str]]


Range = TypedDict('Range', {
    'from': 'float',
    'to': 'float',
})


@dataclass
class Reading:
    sensor: str
    value: int
    when: datetime | None = None


class SearchOptions(TypedDict):
    limit: float
    order: NotRequired[Literal['down', 'up']]


class Span(NamedTuple):
    begin: float
    end: float


class StepDto(TypedDict):
    """A step of a programme."""
    celsius: float
    minutes: float
    """How long the step takes."""


_dateOfProbe: TypeAlias = 'date'


@dataclass(kw_only=True)
class Probe(Point):
    at: datetime
    date: _dateOfProbe
    near: list[Point] | None = None
    trace: Any


class Counter(Protocol):
    """Counts."""

    def add(self, by: float = ...) -> float:
        ...

    def reset(self) -> None:
        ...

    def find(self, text: str, limit: float = ..., **filters: Any) -> str:
        ...


class Lamp(Protocol):
    def switch(self, on: bool) -> bool:
        ...


class Oven(Protocol):
    """An oven of the lab.

    It says \"\"\"hot\"\"\" and C:\\hot.
    """

    gain: float
    """The gain, from 1 to 10."""

    @property
    def serial(self) -> str:
        ...

    def load_programme(self, programme: ProgrammeDto, slot_number: float = ...) -> PageStepDto:
        """Loads a programme.

        :param programme: what the oven does
        :param slot_number: where it is kept
        """
        ...

    def search(self, text: str, **options: Unpack[SearchOptions]) -> list[str]:
        ...

    def label(self, **values: float | str) -> None:
        ...

    def flush_gas(self, slot: float, gas: Gas | GasValue = ...) -> list[GasValue | float]:
        ...

    def note(self, *lines: str) -> None:
        ...

    def frames(self, count: float | None, scale: float, pause: float = ...) -> Iterator[bytes]:
        ...

    def temperatures(self, range: Range) -> Iterator[float]:
        ...

    def latest(self) -> OvenLatestResult | None:
        ...

    def set(self, mode: Mode, level: Level, at: datetime | str, data: bytes, argument5: list[float | str] | tuple[float, str], /) -> dict[float, bool]:
        ...

    def open_tray(self, listener: Any) -> Tray:
        ...

    def big(self) -> int | list[float]:
        ...

    def tune(self, first: float | str, name: str = ...) -> float | str:
        ...

    def move(self, to: Point) -> Point:
        ...

    def probe(self, probe: Probe, readings: Sequence[Reading]) -> Span:
        ...

    def grown(self, value: GrowingStr) -> None:
        ...

    def state(self) -> OvenStateResult:
        """Tells the state of the device."""
        ...


class Tray(Protocol):
    """A tray in the oven."""

    def pull(self) -> None:
        ...
