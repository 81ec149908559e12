"""Python's half of the serpent tests.

generate SEED COUNT   prints random values as literals, with what ast.literal_eval makes of them
evaluate              reads literals (JSON strings, one a line), prints what ast.literal_eval makes of each

Values are printed in a form with types, as JSON: see `typed`.
"""
import ast
import base64
import json
import math
import pprint
import random
import struct
import sys
import warnings

import serpent

warnings.simplefilter("ignore")

ALPHABET = list("abcXYZ 019_-.,:;()[]{}#\"'\\\n\r\t\x00\x07\x1b\x7f\x80\xa0\xad\xe9\xfc\u0300\u0416\u20ac\u2028\u3000\u65e5\ud7a3\ud83d\ufeff\uffff\U0001f600\U0010fffe")


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
    if isinstance(value, set):
        return ["set", sorted((typed(item) for item in value), key=json.dumps)]
    if value == {"__class__": "float", "value": "nan"}:
        return ["float", "nan"]
    if set(value) == {"data", "encoding"} and value["encoding"] == "base64" and isinstance(value["data"], str):
        try:
            data = base64.b64decode(value["data"], validate=True)
        except ValueError:
            data = None
        if data is not None and base64.b64encode(data).decode() == value["data"]:
            return ["bytes", data.hex()]
    if set(value) == {"__class__", "real", "imag"} and value["__class__"] == "complex":
        real, imag = typed(value["real"]), typed(value["imag"])
        return ["complex", real[1], imag[1]]
    return ["dict", [[typed(key), typed(item)] for key, item in value.items()]]


def bits(number):
    return "nan" if math.isnan(number) else struct.pack(">d", number).hex()


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        size = self.random.choice((0, 1, 3, 8, 20, 60))
        if self.random.random() < 0.5:
            return "".join(self.random.choices("abcdefgh 0123", k=size))
        return "".join(self.random.choices(ALPHABET, k=size))

    def bytes(self):
        return self.random.randbytes(self.random.choice((0, 1, 5, 40)))

    def integer(self):
        bits_ = self.random.choice((1, 8, 31, 50, 53, 54, 64, 200, 1000))
        return self.random.getrandbits(bits_) * self.random.choice((1, -1))

    def float(self):
        kind = self.random.randrange(5)
        if kind == 0:
            number = struct.unpack(">d", self.random.randbytes(8))[0]
            return number if math.isfinite(number) else 0.5
        if kind == 1:
            return self.random.choice((0.0, -0.0, 1.0, 1e16, 1e15, 1e22, 123456789012345680.0, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308))
        if kind == 2:
            return round(self.random.uniform(-1000, 1000), 2)
        return self.random.uniform(-1, 1) * 10 ** self.random.randrange(-20, 25)

    def leaf(self):
        r = self.random
        return r.choice(
            (
                lambda: None,
                lambda: r.random() < 0.5,
                self.integer,
                self.float,
                self.text,
                self.text,
                self.bytes,
                lambda: complex(self.float(), self.float()),
            )
        )()

    def key(self, depth):
        if depth > 0 and self.random.random() < 0.2:
            return tuple(self.key(depth - 1) for _ in range(self.random.randrange(3)))
        return self.leaf()

    def value(self, depth):
        r = self.random
        if depth == 0 or r.random() < 0.3:
            return self.leaf()
        size = r.choice((0, 1, 2, 5))
        kind = r.randrange(6)
        if kind == 0:
            return [self.value(depth - 1) for _ in range(size)]
        if kind == 1:
            return tuple(self.value(depth - 1) for _ in range(size))
        if kind == 2:
            return {self.key(2) for _ in range(size)}
        if kind == 3:
            return {self.key(2): self.value(depth - 1) for _ in range(size)}
        if kind == 4:
            return {self.text(): self.value(depth - 1) for _ in range(size)}
        names = [f"field{number}" for number in range(size)]
        return [{name: self.value(depth - 2 if depth > 1 else 0) for name in names} for _ in range(r.randrange(4))]

    # A literal as a person may type it, with everything that the grammar allows and repr never prints.

    def blank(self):
        return self.random.choice(("", "", "", "", " ", "\n", "  \t", " # a comment ' \"\n", "\\\n", "\r\n", "\f"))

    def typed_by_hand(self, value):
        r = self.random
        if r.random() < 0.1:
            return f"({self.blank()}{self.typed_by_hand(value)}{self.blank()})"
        if isinstance(value, (list, tuple)):
            opening, closing = "[]" if isinstance(value, list) else "()"
            return opening + self.items(value, isinstance(value, tuple) and len(value) == 1) + closing
        if isinstance(value, set):
            return "{" + self.items(value) + "}" if value else "set" + r.choice(("()", " ( )"))
        if isinstance(value, dict):
            pairs = [
                f"{self.typed_by_hand(key)}{self.blank()}:{self.blank()}{self.typed_by_hand(item)}"
                for key, item in value.items()
            ]
            return "{" + self.joined(pairs, False) + "}"
        if isinstance(value, (str, bytes)):
            return self.strings(value)
        if isinstance(value, int) and not isinstance(value, bool):
            text = r.choice((str, hex, oct, bin, lambda number: f"{number:_}"))(value)
            return text.upper() if r.random() < 0.1 else text
        if isinstance(value, float) and math.isfinite(value):
            text = repr(value)
            if text.endswith(".0") and r.random() < 0.5:
                text = text[:-1]
            elif text.startswith("0.") and r.random() < 0.5:
                text = text[1:]
            return text.replace("e", r.choice("eE"))
        return repr(value)

    def items(self, values, comma=False):
        return self.joined([self.typed_by_hand(value) for value in values], comma)

    def joined(self, parts, comma):
        text = self.blank()
        for number, part in enumerate(parts):
            text += ("," + self.blank() if number else "") + part + self.blank()
        if parts and (comma or self.random.random() < 0.2):
            text += "," + self.blank()
        return text

    def strings(self, value):
        cut = self.random.randrange(len(value) + 1)
        if self.random.random() < 0.3:
            return f"({self.string(value[:cut])} {self.blank()}{self.string(value[cut:])})"
        return self.string(value)

    def string(self, value):
        prefix = "b" if isinstance(value, bytes) else ""
        text = value.decode("latin1") if prefix else value
        quote = self.random.choice(("'", '"', "'''", '"""'))
        if self.random.random() < 0.3 and not set(text) & set("'\"\\\0\r\n") and not self.unencodable(text, prefix):
            return self.random.choice((prefix + "r", "R" + prefix)) + quote + text + quote
        pieces = [self.character(character, quote, bool(prefix)) for character in text]
        if self.random.random() < 0.2:
            pieces.insert(self.random.randrange(len(pieces) + 1), "\\\n")
        return self.random.choice((prefix, prefix.upper() if prefix else "u")) + quote + "".join(pieces) + quote

    def unencodable(self, text, is_bytes):
        return any("\ud800" <= character <= "\udfff" or (is_bytes and character > "\x7f") for character in text)

    def character(self, character, quote, is_bytes):
        code = ord(character)
        raw = character not in "'\"\\\0\r" and (character != "\n" or len(quote) == 3) and not self.unencodable(character, is_bytes)
        if raw and self.random.random() < 0.8:
            return character
        if code < 0o1000 and self.random.random() < 0.3:
            return f"\\{code:03o}"
        if code < 0x100:
            return f"\\x{code:02x}"
        return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08x}"


def has_bytes_key(value):
    """True for a value with a key that serpent writes but cannot read."""
    return any(isinstance(key, bytes) for key in keys_of(value, True))


def has_none_key(value):
    """True for a value with a key that serpent refuses to write."""
    return any(key is None for key in keys_of(value, False))


def keys_of(value, inside_tuples):
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from keys_of(item, inside_tuples)
    elif isinstance(value, (dict, set)):
        for key in value:
            yield from parts_of(key) if inside_tuples else (key,)
        if isinstance(value, dict):
            yield from keys_of(list(value.values()), inside_tuples)


def parts_of(key):
    if isinstance(key, tuple):
        for item in key:
            yield from parts_of(item)
    else:
        yield key


def generate(seed, count):
    generator = Generator(seed)
    for _ in range(count):
        value = generator.value(4)
        bytes_key = has_bytes_key(value)
        forms = {
            "repr": repr(value),
            "pprint": pprint.pformat(value, width=generator.random.choice((1, 20, 80)), indent=generator.random.choice((1, 4))),
            "typed by hand": generator.typed_by_hand(value),
        }
        if not has_none_key(value):
            forms["serpent bytes_repr"] = decoded(serpent.dumps(value, bytes_repr=True))
            forms["serpent bytes_repr indent"] = decoded(serpent.dumps(value, bytes_repr=True, indent=True))
        if not bytes_key and not has_none_key(value):
            forms["serpent"] = decoded(serpent.dumps(value))
            forms["serpent indent"] = decoded(serpent.dumps(value, indent=True))
        for form, text in forms.items():
            print(json.dumps({"form": form, "text": text, "bytesKey": bytes_key, "typed": typed(ast.literal_eval(text))}))


def decoded(data):
    return data.decode("utf-8")


def evaluate():
    for line in sys.stdin:
        text = json.loads(line)
        try:
            print(json.dumps({"typed": typed(ast.literal_eval(text)), "serpent": typed(serpent.loads(text.encode("utf-8")))}))
        except Exception as x:
            print(json.dumps({"error": f"{type(x).__name__}: {x}"}))


if __name__ == "__main__":
    if sys.argv[1] == "generate":
        generate(int(sys.argv[2]), int(sys.argv[3]))
    else:
        evaluate()
