"""Lets arrays and scalars of NumPy travel with Pyro5, in every serializer. Import this file once in each program."""
import base64, io, math, numpy as np, serpent, Pyro5.serializers as pyro

def to_dict(array, pack=bytes):
    if array.dtype.names or array.dtype.hasobject:  # np.save refuses Python objects, which would be pickle
        np.save(file := io.BytesIO(), array, allow_pickle=False)
        return {"__class__": "numpy.ndarray", "npy": pack(file.getvalue())}
    return {"__class__": "numpy.ndarray", "dtype": array.dtype.str, "shape": array.shape, "data": pack(array.tobytes())}

def from_dict(_, given):
    given = {key if isinstance(key, str) else key.decode(): value for key, value in given.items()}
    data = base64.b64decode(raw) if isinstance(raw := given.get("npy", given.get("data")), str) else serpent.tobytes(raw)
    if "npy" in given: return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    dtype, shape = np.lib.format.descr_to_dtype(fields(given.get("dtype", given.get("type")))), tuple(given["shape"])
    if dtype.hasobject: raise ValueError(f"dtype {dtype} is refused: bytes of a sender would become addresses of objects")
    if min(shape, default=0) < 0 or dtype.itemsize * (size := math.prod(shape[:64])) != len(data) or size > len(data) + 10_000:
        raise ValueError(f"{len(data)} bytes are no array of shape {shape} and dtype {dtype}")
    return np.ndarray(shape, dtype, bytearray(data))

def fields(of): return of if isinstance(of, str) else [(n if isinstance(n, str) else (*n,), fields(t), *map(tuple, s)) for n, t, *s in of]

def plain(value, pack=bytes):  # a scalar becomes a value of Python, all else the dict of an array
    if isinstance(value, np.ma.MaskedArray): raise TypeError("the mask of an array would be lost: send array.filled(value)")
    return value.item() if np.isscalar(value) and value.dtype.char in "?bBhHiIlLqQefdFDSU" else to_dict(np.asarray(value), pack)

def teach(serializer, method, pack=bytes, deep=False, simple={int, float, str, bytes, bool, type(None)}):
    def convert(self, value, before=getattr(serializer, method)):
        if deep and type(value) is dict: return dict(zip(convert(self, [*value]), convert(self, [*value.values()])))
        if deep and type(value) in (list, tuple, set, frozenset):
            return value if simple.issuperset(map(type, value)) else type(value)([convert(self, item) for item in value])
        new = plain(value, pack) if isinstance(value, (np.ndarray, np.generic)) else value
        made = before(self, new) if new is value or isinstance(new, complex) else new
        return convert(self, made) if deep and type(made) is dict else made
    setattr(serializer, method, convert)

teach(pyro.JsonSerializer, "default", lambda data: base64.b64encode(data).decode())  # json has no bytes
teach(pyro.MsgpackSerializer, "default")
teach(pyro.MarshalSerializer, "convert_obj_into_marshallable", deep=True)  # Pyro5 converts only the outermost values for marshal
for kind in (np.ndarray, np.generic): pyro.SerpentSerializer.register_type_replacement(kind, plain)
pyro.SerializerBase.register_dict_to_class("numpy.ndarray", from_dict)
