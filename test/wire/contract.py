"""
Prints the wire contract, one JSON document: messages and values as Pyro5 writes them. `contract.json` beside it is its output.
`contract.py --check FILE` says which entries of such a file this Pyro5 writes in another way.
"""
import datetime
import decimal
import json
import sys
import uuid

import Pyro5.core
import Pyro5.errors
from Pyro5 import config, protocol
from Pyro5.callcontext import current_context
from Pyro5.serializers import serializers

CORRELATION_ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
TYPES = ["CONNECT", "CONNECTOK", "CONNECTFAIL", "INVOKE", "RESULT", "PING"]
FLAGS = {
    0: "none",
    protocol.FLAGS_EXCEPTION: "exception",
    protocol.FLAGS_ONEWAY: "oneway",
    protocol.FLAGS_BATCH: "batch",
    protocol.FLAGS_ITEMSTREAMRESULT: "item stream",
    protocol.FLAGS_KEEPSERIALIZED: "blob",
}
ANNOTATIONS = {"none": {}, "some": {"ABCD": b"xyz", "EFGH": b""}}


def message(name, msgtype, flags, annotations, correlated):
    current_context.correlation_id = CORRELATION_ID if correlated else None
    config.COMPRESSION = False
    sent = protocol.SendingMessage(msgtype, flags, 258, 1, b"payload", annotations)
    return {
        "name": name,
        "type": msgtype,
        "flags": flags,
        "annotations": {key: data.hex() for key, data in annotations.items()},
        "correlated": correlated,
        "bytes": sent.data.hex(),
    }


def messages():
    for type_name in TYPES:
        msgtype = getattr(protocol, "MSG_" + type_name)
        for flags, flag_name in FLAGS.items():
            for annotation_name, annotations in ANNOTATIONS.items():
                for correlated in (False, True):
                    name = f"{type_name}, flags {flag_name}, annotations {annotation_name}, correlation id {'yes' if correlated else 'no'}"
                    yield message(name, msgtype, flags, annotations, correlated)


def error(kind, *args, **attributes):
    made = kind(*args)
    made.__dict__.update(attributes)
    return made


VALUES = [
    None, True, False, 0, -1, 255, 2**31, 2**53 - 1, -(2**53), 2**64, 1.5, -0.0, 1e300, "", "text", "üñí 🔭 \n \x00 \" '", b"", b"\x00\xff bytes",
    [], [1, [2, [3]]], (), (1,), (1, "two", 3.0), {}, {"a": 1, "b": {"c": [None]}}, [1.0, 2.0, 2.5], ["same", "same"],
    datetime.datetime(2026, 11, 28, 12, 30, 15, 250), datetime.date(2026, 11, 28), datetime.timedelta(days=1, seconds=2.5),
    decimal.Decimal("1.10"), uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"),
    Pyro5.core.URI("PYRO:lab.camera@localhost:9090"),
    error(ValueError, "too many", 3), error(KeyError, "k"), error(Pyro5.errors.NamingError, "unknown name: x"),
    error(RuntimeError, "with attributes", code=7),
]  # fmt: skip
# Python's order of a set differs from run to run
ONE_MEMBER = [{1}, frozenset(["only"])]
# keys that are no texts: json has none of them, and msgpack writes what it refuses to read
KEYS = [{1: "one", 2.5: "two", (1, 2): "three"}]
CALLS = [((), {}), ((1, "two", [3.0]), {}), ((b"bytes",), {"binning": 2, "name": None})]


def written(write):
    try:
        return bytes(write()).hex()
    except Exception as refusal:  # the serializer has no such value
        return "refused: " + type(refusal).__name__


def values(name):
    serializer = serializers[name]
    for value in VALUES + ONE_MEMBER + (KEYS if name in ("serpent", "marshal") else []):
        yield {"python": str(value) if isinstance(value, Pyro5.core.URI) else repr(value), "bytes": written(lambda: serializer.dumps(value))}


def calls(name):
    serializer = serializers[name]
    for args, kwargs in CALLS:
        python = f"lab.camera.expose(*{args!r}, **{kwargs!r})"
        yield {"python": python, "bytes": written(lambda: serializer.dumpsCall("lab.camera", "expose", args, kwargs))}


names = ["serpent", "marshal", "json", "msgpack"]
contract = {
    "messages": list(messages()),
    "values": {name: list(values(name)) for name in names},
    "calls": {name: list(calls(name)) for name in names},
}


def read(name, entry):
    """The value of an entry. Bytes of marshal differ between versions of Python, and mean the same."""
    if entry["bytes"].startswith("refused"):
        return entry["bytes"]
    return repr(serializers[name].loads(bytes.fromhex(entry["bytes"])))


def differences(recorded):
    for entry, now in zip(recorded["messages"], contract["messages"], strict=True):
        if entry != now:
            yield entry["name"]
    for part in ("values", "calls"):
        for name in names:
            for entry, now in zip(recorded[part][name], contract[part][name], strict=True):
                is_same = entry == now
                if name == "marshal" and not is_same and entry["python"] == now["python"]:
                    is_same = read(name, entry) == read(name, now)
                if not is_same:
                    yield f"{name}: {entry['python']}"


if sys.argv[1:2] == ["--check"]:
    with open(sys.argv[2], encoding="utf-8") as file:
        print(json.dumps(list(differences(json.load(file)))))
else:
    print(json.dumps(contract, indent=1, sort_keys=True))
