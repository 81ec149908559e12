"""Classes of a Nest application for Pyro5. Printed by: npx nestjs-pyro python classes"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

import serpent
from Pyro5.api import register_class_to_dict, register_dict_to_class
from Pyro5.serializers import SerpentSerializer


class Gas(Enum):
    Air = "air"
    Argon = "argon"


@dataclass
class Step:
    celsius: float
    minutes: int
    gas: Gas | None = None


@dataclass
class Reading:
    step: Step
    celsius: float


def to_wire(value):
    """Gives the value that Pyro5 sends for a value. Pyro5 calls this function for objects of these classes. Call it yourself
    for what Pyro5 does not ask about: namedtuples with json, msgpack and marshal, and everything inside of a list or dict
    with marshal."""
    kind = next((each for each in type(value).__mro__ if each in _CLASSES), None)
    if kind is not None:
        name, fields = _CLASSES[kind]
        if isinstance(value, BaseException):
            parts = {"args": to_wire(value.args), "attributes": to_wire(vars(value))}
            return {"__class__": name, "__exception__": True, **parts}
        if isinstance(value, Enum):
            return {"__class__": name, "value": value.value}
        return {"__class__": name, **{field: to_wire(getattr(value, field)) for field in fields}}
    if isinstance(value, dict):
        return {key: to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [to_wire(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items if isinstance(value, list) else set(items)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (Decimal, UUID, PurePath)):
        return str(value)
    return value.value if isinstance(value, Enum) else value


def _recreate(value):
    return SerpentSerializer().recreate_classes(value)


def _from_wire(kind, fields):
    def members(data):
        return {
            name: None if value is None else fields.get(name, _recreate)(value)
            for name, value in data.items()
            if name != "__class__"
        }

    def read(name, data):
        if issubclass(kind, Enum):
            return kind(data["value"])
        if not issubclass(kind, BaseException):
            return kind(**members(data))
        error = kind.__new__(kind)
        error.args = tuple(_recreate(data["args"]))
        vars(error).update(members(data.get("attributes", {})))
        return error

    return read


_CLASSES = {
    Gas: ("lab.Gas", {}),
    Step: ("lab.Step", {"celsius": _recreate, "minutes": _recreate, "gas": _recreate}),
    Reading: ("lab.Reading", {"step": _recreate, "celsius": _recreate}),
}


for _kind, (_name, _fields) in _CLASSES.items():
    register_class_to_dict(_kind, to_wire)
    register_dict_to_class(_name, _from_wire(_kind, _fields))
