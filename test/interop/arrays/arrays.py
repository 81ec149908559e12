"""Python's half of the array tests: answers questions on stdin, one JSON object a line, until it ends.

The first argument is a directory with `pyro_numpy.py`, as `nestjs-pyro python numpy` prints it.

{"op": "make", "serializer", "seed", "count"} -> {"values": [{"data", "dtype", "shape", "sha", "form"}]}: random arrays, as Python programs
                                                 send them; the dtype and the SHA-256 of the bytes are those in the byte order of the machine
{"op": "check", "serializer", "seed", "values": [{"data", "written"}]} -> {"values": [text]}: arrays of this seed that JavaScript has
                                                 written; the text says what is wrong, and is empty when all is right
"""
import base64
import hashlib
import json
import sys

sys.path.insert(0, sys.argv[1])

import msgpack_numpy
import numpy as np
import pyro_numpy
import serpent
from numpy.lib.recfunctions import repack_fields
from Pyro5.serializers import serializers

BYTES = ["file", "npy", "bytes", "base64", "bare", "marked", "marked base64"]
LISTS = ["list", "shape and list", "flat list", "marked list"]
NAMES = "abcdefgh"
YEARS = {"Y": 1, "M": 12, "W": 52, "D": 365, "h": 8760, "m": 525600, "s": 31536000, "25s": 1261440, "ms": 31536 * 10**6, "us": 31536 * 10**9,
         "ns": 31536 * 10**12, "ps": 31536 * 10**15}


def any_name(dtype, test):
    return bool(dtype.names) and (any(test(name) for name, *_ in dtype.descr) or any(any_name(dtype[name].base, test) for name in dtype.names))


def is_padded(dtype):
    return any_name(dtype, lambda name: name == "")


def has_titles(dtype):
    return any_name(dtype, lambda name: isinstance(name, tuple))


def packed(array):
    """Without the bytes between fields, which NumPy does not copy."""
    return repack_fields(array, recurse=True) if array.dtype.names else array


def native(array):
    return np.ascontiguousarray(array).reshape(array.shape) if array.dtype.names else array.astype(array.dtype.newbyteorder("="), order="C")


def random_dtype(rng, depth=0):
    kind = rng.choice(["b", "i", "i", "u", "u", "f", "f", "c", "M", "m", "S", "U", "V"] + (["struct"] if depth < 2 else []))
    order = rng.choice(["<", ">"])
    if kind == "b":
        return np.dtype("?")
    if kind in "iu":
        return np.dtype(f"{order}{kind}{rng.choice([1, 2, 4, 8])}")
    if kind == "f":
        return np.dtype(f"{order}f{rng.choice([2, 4, 8])}")
    if kind == "c":
        return np.dtype(f"{order}c{rng.choice([8, 16])}")
    if kind in "Mm":
        return np.dtype(f"{order}{kind}8[{rng.choice(list(YEARS))}]")
    if kind in "SUV":
        return np.dtype(f"{order}{kind}{rng.integers(1, 6)}")
    names = [NAMES[i] for i in range(rng.integers(1, 5))]
    fields = []
    for name in names:
        shape = tuple(int(n) for n in rng.integers(1, 4, rng.integers(1, 3))) if rng.random() < 0.2 else ()
        inner = random_dtype(rng, depth + 1)
        title = (f"title of {name}", name) if rng.random() < 0.1 else name
        fields.append((title, inner, () if is_padded(inner) else shape))
    return np.dtype(fields, align=bool(rng.random() < 0.3))


def filled(rng, dtype, count):
    """Random elements, with nan of one kind: no list tells nan from nan."""
    if dtype.names:
        array = np.zeros(count, dtype)
        for name in dtype.names:
            inner, shape = dtype[name].subdtype or (dtype[name], ())
            array[name] = filled(rng, inner, count * int(np.prod(shape, dtype=int))).reshape((count, *shape))
        return array
    if dtype.kind == "b":
        return rng.integers(0, 2, count).astype("?")
    if dtype.kind in "Mm":
        unit = np.datetime_data(dtype)
        years = YEARS[unit[0] if unit[1] == 1 else f"{unit[1]}{unit[0]}"]
        limit = min(years * 1000, 2**62)
        ticks = rng.integers(-limit, limit, count)
        return np.where(rng.random(count) < 0.1, np.iinfo("i8").min, ticks).astype("i8").view(dtype.newbyteorder("=")).astype(dtype)
    if dtype.kind == "U":
        points = rng.choice([0, 65, 0xE9, 0x20AC, 0x1F600], (count, dtype.itemsize // 4))
        return np.ndarray(count, f"<U{dtype.itemsize // 4}", points.astype("<u4").tobytes()).astype(dtype)
    array = np.frombuffer(rng.bytes(count * dtype.itemsize), dtype).copy()
    if dtype.kind == "f":
        array[np.isnan(array)] = np.nan
    if dtype.kind == "c":
        parts = array.view(np.dtype(f"{dtype.byteorder}f{dtype.itemsize // 2}"))
        parts[np.isnan(parts)] = np.nan
    return array


def random_array(rng):
    dtype = random_dtype(rng)
    dims = [int(n) for n in rng.integers(0, 5, rng.integers(0, 4))]
    if rng.random() < 0.05:
        dims = [int(rng.integers(500, 3000))]
    step = int(rng.integers(1, 3)) if dims and rng.random() < 0.3 else 1
    base = filled(rng, dtype, int(np.prod(dims, dtype=int)) * step).reshape([*dims[:-1], dims[-1] * step] if dims else [])
    array = base[..., ::step] if step > 1 else base
    way = rng.choice(["C", "F", "T"])
    return np.asfortranarray(array) if way == "F" else array.T if way == "T" else array


def listed(array):
    return native(array).view("i8").tolist() if array.dtype.kind in "Mm" else array.tolist()


def is_listed(dtype, name):
    """Whether the tuples of tolist() say what the records are: without times, void, and fields that are arrays."""
    if dtype.names:
        return all(is_listed(dtype[name_], name) for name_ in dtype.names)
    return dtype.subdtype is None and dtype.kind not in "MmV" and not (name == "json" and dtype.kind in "cS")


def random_form(rng, array, name):
    forms = list(BYTES)
    dtype = array.dtype
    if dtype.names is None and dtype.kind != "V" and not (name == "json" and dtype.kind in "cS"):
        forms += LISTS
    # msgpack-numpy cannot write times
    if name == "msgpack" and "m8" not in str(dtype.descr).lower():
        forms += ["msgpack-numpy", "msgpack-numpy", "msgpack-numpy with texts"]
    if dtype.names or dtype.kind == "V":
        forms = [form for form in forms if form in ("file", "npy") or form == "msgpack-numpy" and not is_padded(dtype)]
    if dtype.names and is_listed(dtype, name):
        forms.append("records")
    return rng.choice(forms)


def wire_form(form, array, name):
    dtype, shape, raw = array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes()
    text = base64.b64encode(raw).decode()
    data = text if name == "json" else raw
    whole = {"__class__": "numpy.ndarray", "dtype": dtype, "shape": shape}
    if form == "file":
        return array
    if form == "npy":
        return pyro_numpy.to_dict(array, to_text if name == "json" else bytes) if array.dtype.names else {"__class__": "ndarray", "npy": npy(array, name)}
    if form == "bytes":
        return {**whole, "data": data}
    if form == "base64":
        return {**whole, "data": text, "dtype": str(array.dtype) if array.dtype.isnative else dtype}
    if form == "bare":
        return {"dtype": dtype, "shape": shape, "data": data}
    if form == "marked":
        return {"__ndarray__": True, "dtype": dtype, "shape": shape, "data": data}
    if form == "marked base64":
        return {"__ndarray__": text, "dtype": dtype, "shape": shape}
    if form == "marked list":
        return {"__ndarray__": listed(array), "dtype": dtype, "shape": shape}
    if form == "list":
        return {"__class__": "numpy.ndarray", "dtype": dtype, "data": listed(array), **({"shape": shape} if 0 in shape else {})}
    if form == "shape and list":
        return {**whole, "data": listed(array)}
    if form == "records":
        return {**whole, "dtype": str(array.dtype.descr), "data": array.tolist()}
    if form == "flat list":
        return {**whole, "data": listed(array.flatten())}
    made = msgpack_numpy.encode(np.ascontiguousarray(array).reshape(shape))
    made[b"data"] = bytes(made[b"data"])
    return made if form == "msgpack-numpy" else {key.decode(): value for key, value in made.items()}


def to_text(data):
    return base64.b64encode(data).decode()


def npy(array, name):
    import io
    file = io.BytesIO()
    np.save(file, array)
    return base64.b64encode(file.getvalue()).decode() if name == "json" else file.getvalue()


def made(seed, count, name):
    rng = np.random.default_rng(seed)
    arrays = [random_array(rng) for _ in range(count)]
    return [(array, random_form(rng, array, name)) for array in arrays]


def make(question):
    name = question["serializer"]
    values = []
    for array, form in made(question["seed"], question["count"], name):
        data = serializers[name].dumps(wire_form(form, array, name))
        same = native(array)
        values.append({
            "data": base64.b64encode(data).decode(), "dtype": str(same.dtype.descr) if same.dtype.names else same.dtype.str,
            "shape": same.shape, "sha": "" if is_padded(same.dtype) else hashlib.sha256(same.tobytes()).hexdigest(), "form": str(form)})
    return {"values": values}


def of_list(value, array):
    def item(part):
        if isinstance(part, list):
            return [item(one) for one in part]
        return serpent.tobytes(part) if isinstance(part, dict) else part
    return np.array(item(value), array.dtype.newbyteorder("=")).reshape(array.shape)


def check(question):
    name = question["serializer"]
    answers = []
    for (array, _), given in zip(made(question["seed"], len(question["values"]), name), question["values"]):
        data, expected = base64.b64decode(given["data"]), native(array)
        ways = {"Pyro5": serializers[name].loads}
        if name == "msgpack" and given["written"] == "msgpack-numpy":
            hooks = serializers[name]
            ways["msgpack-numpy"] = lambda data: msgpack_numpy.unpackb(data, object_hook=hooks.object_hook, ext_hook=hooks.ext_hook)
        wrong = ""
        for way, read in ways.items():
            if way == "msgpack-numpy" and (is_padded(array.dtype) or has_titles(array.dtype)):
                continue  # msgpack-numpy itself makes fields of the bytes between fields, and refuses titles
            value = read(data)
            value = of_list(value, array) if given["written"] == "list" else value
            if not isinstance(value, np.ndarray) or value.shape != array.shape or packed(native(value)).tobytes() != packed(expected).tobytes():
                wrong = f"{way}: {value!r} is not {array!r}"
            elif (value.dtype.descr if array.dtype.names else native(value).dtype) != (array.dtype.descr if array.dtype.names else expected.dtype):
                wrong = f"{way}: dtype {value.dtype} is not {array.dtype}"
        answers.append(wrong[:2000])
    return {"values": answers}


for line in sys.stdin:
    try:
        question = json.loads(line)
        answer = {"make": make, "check": check}[question["op"]](question)
    except Exception as error:
        import traceback
        answer = {"error": f"{type(error).__name__}: {error}\n{traceback.format_exc()}"}
    print(json.dumps(answer), flush=True)
