/**
 * The Python file that lets arrays of NumPy travel with plain Pyro5. The page docs/arrays.md shows the same lines.
 *
 * Pyro5's `register_class_to_dict` does not know which serializer writes, and is not called for all of NumPy's types. json has no bytes.
 * msgpack writes a float32 as a text that Python cannot read. marshal writes a float64 as its bytes, and converts only arguments, not
 * values inside of them. So the file changes how these three serializers write unknown values.
 */
export const NUMPY_FILE = `"""Lets arrays and scalars of NumPy travel with Pyro5, in every serializer. Import this file once in each program."""
import base64, io, numpy as np, serpent, Pyro5.serializers as pyro

def to_dict(array, text):
    pack = (lambda data: base64.b64encode(data).decode()) if text else bytes  # json has no bytes
    if array.dtype.names or array.dtype.hasobject:  # np.save refuses Python objects, which would be pickle
        np.save(file := io.BytesIO(), array, allow_pickle=False)
        return {"__class__": "numpy.ndarray", "npy": pack(file.getvalue())}
    return {"__class__": "numpy.ndarray", "dtype": array.dtype.str, "shape": array.shape, "data": pack(array.tobytes())}

def from_dict(_, given):
    given = {key if isinstance(key, str) else key.decode(): value for key, value in given.items()}
    data = given.get("npy", given.get("data"))
    data = base64.b64decode(data) if isinstance(data, str) else serpent.tobytes(data)
    if "npy" in given:
        return np.load(io.BytesIO(data), allow_pickle=False)
    return np.ndarray(tuple(given["shape"]), dtype_of(given.get("dtype", given.get("type"))), bytearray(data))

def dtype_of(descr):
    return np.dtype(descr if isinstance(descr, str) else [(n, dtype_of(t), *map(tuple, shape)) for n, t, *shape in descr])

def plain(value, text=False):  # a scalar becomes a value of Python, all else the dict of an array
    is_scalar = isinstance(value, np.generic) and value.dtype.char in "?bBhHiIlLqQefdFDSU"
    return value.item() if is_scalar else to_dict(np.asarray(value), text)

def teach(serializer, method, text=False):
    def convert(self, value, before=getattr(serializer, method)):
        if type(value) in (list, tuple, dict):
            items = [convert(self, item) for item in (value.values() if type(value) is dict else value)]
            return dict(zip(value, items)) if type(value) is dict else type(value)(items)
        new = plain(value, text) if isinstance(value, (np.ndarray, np.generic)) else value
        return before(self, new) if new is value or isinstance(new, complex) else new
    setattr(serializer, method, convert)

teach(pyro.JsonSerializer, "default", text=True)
teach(pyro.MsgpackSerializer, "default")
teach(pyro.MarshalSerializer, "convert_obj_into_marshallable")
for kind in (np.ndarray, np.generic):
    pyro.SerpentSerializer.register_type_replacement(kind, plain)
pyro.SerializerBase.register_dict_to_class("numpy.ndarray", from_dict)
`;
