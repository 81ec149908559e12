"""Prints one JSON document: messages as Pyro5 writes them, and the messages on standard input as Pyro5 reads them."""
import json
import sys
import uuid

from Pyro5 import config, protocol
from Pyro5.callcontext import current_context

CORRELATION_ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


def written(msgtype, flags, seq, serializer_id, payload, annotations, correlated, compressed=False):
    current_context.correlation_id = CORRELATION_ID if correlated else None
    config.COMPRESSION = compressed
    message = protocol.SendingMessage(msgtype, flags, seq, serializer_id, payload, annotations)
    return {
        "type": msgtype,
        "flags": message.flags,
        "seq": seq,
        "serializerId": serializer_id,
        "payload": payload.hex(),
        "annotations": {name: data.hex() for name, data in annotations.items()},
        "correlated": correlated,
        "bytes": message.data.hex(),
    }


def read(line):
    data = bytes.fromhex(line)
    message = protocol.ReceivingMessage(data[:40], data[40:])
    return {
        "type": message.type,
        "flags": message.flags,
        "seq": message.seq,
        "serializerId": message.serializer_id,
        "payload": bytes(message.data).hex(),
        "annotations": {name: bytes(chunk).hex() for name, chunk in message.annotations.items()},
        "correlationId": bytes(message.corr_id).hex(),
    }


MESSAGES = [
    written(protocol.MSG_CONNECT, 0, 0, 1, b"# serpent", {}, False),
    written(protocol.MSG_INVOKE, protocol.FLAGS_ONEWAY, 65535, 4, b"", {}, True),
    written(protocol.MSG_RESULT, protocol.FLAGS_EXCEPTION | protocol.FLAGS_ITEMSTREAMRESULT, 1, 2, b"x" * 70_000, {"STRM": b"abc"}, True),
    written(protocol.MSG_PING, 0, 258, 42, b"ping", {"AAAA": b"", "BBBB": b"\x00\xff", "CCCC": b"c" * 300}, False),
    written(protocol.MSG_INVOKE, 0, 3, 1, b"compress me " * 1_000, {"NOTE": b"plain"}, True, compressed=True),
]

print(json.dumps({"written": MESSAGES, "read": [read(line) for line in sys.stdin.read().split()]}))
