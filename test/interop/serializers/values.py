"""Python's half of the serializer tests: answers questions on stdin, one JSON object a line, until it ends.

{"op": "write", "serializer", "typed"}    -> {"given", "data", "typed"}: the value that was made, what the real Pyro5 serializer writes
                                             for it, and what it reads of that again
{"op": "read", "serializer", "data"}      -> {"typed"}
{"op": "writeAll", "serializer", "values"} / {"op": "readAll", "serializer", "values"}: many at once -> {"values": one of the above for each}
{"op": "writeCall", "serializer", "typed"} / {"op": "readCall", "serializer", "data"}: of a tuple (object id, method, args, kwargs)
{"op": "marshal", "version", "typed"}     -> {"data"}: marshal.dumps in that version

Anything that fails -> {"error": "Type: text"}. Data is base64; values are given with their types, see `typed`.
"""
import base64
import datetime
import decimal
import json
import marshal
import math
import struct
import sys
import uuid

import Pyro5.client
import Pyro5.core
from Pyro5.serializers import serializers


def bits(number):
    return "nan" if math.isnan(number) else struct.pack(">d", number).hex()


def number(text):
    return math.nan if text == "nan" else struct.unpack(">d", bytes.fromhex(text))[0]


def typed(value):
    if value is None:
        return ["none"]
    if value is True or value is False:
        return ["bool", value]
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", bits(value)]
    if isinstance(value, complex):
        return ["complex", bits(value.real + 0.0), bits(value.imag + 0.0)]
    if isinstance(value, str):
        return ["str", value]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, [typed(item) for item in value]]
    if isinstance(value, (set, frozenset)):
        return ["set", sorted((typed(item) for item in value), key=json.dumps)]
    if isinstance(value, dict):
        return ["dict", [[typed(key), typed(item)] for key, item in value.items()]]
    if isinstance(value, BaseException):
        return ["exception", f"{type(value).__module__}.{type(value).__name__}", typed(value.args), typed(vars(value)), str(value)]
    if isinstance(value, Pyro5.core.URI):
        return ["uri", str(value)]
    if isinstance(value, Pyro5.client.Proxy):
        return ["proxy", str(value._pyroUri)]
    if isinstance(value, Pyro5.core._ExceptionWrapper):
        return ["wrapper", typed(value.exception)]
    if isinstance(value, (datetime.datetime, datetime.date)):
        return [type(value).__name__, value.isoformat()]
    raise TypeError(f"a {type(value)} was not expected")


def named_class(dotted):
    module, _, name = dotted.rpartition(".")
    __import__(module)
    return getattr(sys.modules[module], name)


def untyped(form):
    kind, *rest = form
    if kind == "none":
        return None
    if kind in ("bool", "str"):
        return rest[0]
    if kind == "int":
        return int(rest[0])
    if kind == "float":
        return number(rest[0])
    if kind == "complex":
        return complex(number(rest[0]), number(rest[1]))
    if kind == "bytes":
        return bytes.fromhex(rest[0])
    if kind in ("list", "tuple", "set", "frozenset"):
        return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](untyped(item) for item in rest[0])
    if kind == "dict":
        return {untyped(key): untyped(item) for key, item in rest[0]}
    if kind == "exception":
        error = named_class(rest[0])(*untyped(rest[1]))
        for name, item in untyped(rest[2]).items():
            setattr(error, name, item)
        return error
    if kind == "uri":
        return Pyro5.core.URI(rest[0])
    if kind == "proxy":
        return Pyro5.client.Proxy(rest[0])
    if kind == "wrapper":
        return Pyro5.core._ExceptionWrapper(untyped(rest[0]))
    if kind in ("datetime", "date"):
        return getattr(datetime, kind).fromisoformat(rest[0])
    if kind == "decimal":
        return decimal.Decimal(rest[0])
    if kind == "uuid":
        return uuid.UUID(rest[0])
    if kind == "timedelta":
        return datetime.timedelta(seconds=rest[0])
    raise TypeError(f"{kind} is no kind of value")


def text(data):
    return base64.b64encode(data).decode()


def write(serializer, form, plain):
    value = untyped(form)
    data = serializer.dumps(value)
    return {"given": typed(value) if plain else None, "data": text(data), "typed": typed(serializer.loads(data))}


def read(serializer, data):
    return {"typed": typed(serializer.loads(base64.b64decode(data)))}


def answer(question):
    op = question["op"]
    if op == "marshal":
        return {"data": text(marshal.dumps(untyped(question["typed"]), question["version"]))}
    serializer = serializers[question["serializer"]]
    if op == "read":
        return read(serializer, question["data"])
    if op == "readCall":
        return {"typed": typed(tuple(serializer.loadsCall(base64.b64decode(question["data"]))))}
    if op == "write":
        return write(serializer, question["typed"], question["plain"])
    if op == "writeAll":
        return {"values": [guarded(write, serializer, form, True) for form in question["values"]]}
    if op == "readAll":
        return {"values": [guarded(read, serializer, data) for data in question["values"]]}
    data = serializer.dumpsCall(*untyped(question["typed"]))
    return {"data": text(data), "typed": typed(tuple(serializer.loadsCall(data)))}


def guarded(work, *args):
    try:
        return work(*args)
    except Exception as x:
        return {"error": f"{type(x).__name__}: {x}"}


for line in sys.stdin:
    print(json.dumps(guarded(answer, json.loads(line))), flush=True)
