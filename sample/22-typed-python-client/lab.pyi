"""Written by nestjs-pyro pyi: run it again instead of changing this file."""
from __future__ import annotations

from typing import Iterator, Protocol, Sequence

from lab_classes import Gas, Reading, Step


class Oven(Protocol):
    """An oven of the lab."""

    max_celsius: float
    """The highest temperature that the oven takes."""

    def run(self, steps: Sequence[Step]) -> Iterator[Reading]:
        """Heats the oven step by step, and tells a reading for each."""
        ...

    def minutes_of(self, steps: Sequence[Step], pause_minutes: float = ...) -> float:
        """How long a programme takes.

        :param pause_minutes: minutes between two steps
        """
        ...
