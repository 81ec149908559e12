import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expose, NdArray, PyroDaemon, PyroRemoteError, type SerializerName } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { numpyFileDirectory } from './numpy-peer.js';

const NAMES: readonly SerializerName[] = ['serpent', 'marshal', 'json', 'msgpack'];

/** The kinds of a value and of its parts. */
function kindsOf(value: unknown): unknown {
  if (value instanceof NdArray) return `${value.dtype}[${value.shape.join(',')}]`;
  if (value instanceof PyroRemoteError) return { args: kindsOf(value.args), ...(kindsOf(value.attributes) as object) };
  if (value instanceof Set) return { set: kindsOf([...value]) };
  if (Array.isArray(value)) return value.map(kindsOf);
  if (value instanceof Map || Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(
      [...(value instanceof Map ? value : Object.entries(value as object))].map(([k, v]) => [k, kindsOf(v)]),
    );
  }
  return value;
}

class Kinds {
  kinds(...values: unknown[]): unknown {
    return values.map(kindsOf);
  }
}
expose(Kinds);

class Echo {
  echo(value: unknown): unknown {
    return value;
  }
}
expose(Echo);

let python: PythonInterpreter;
let client: PythonInterpreter;
let directory: string;
let daemon: PyroDaemon;
let uri: string;
let pythonUri: string;

beforeAll(async () => {
  [python, client, directory, daemon] = await Promise.all([
    PythonInterpreter.start(),
    PythonInterpreter.start(),
    numpyFileDirectory(),
    PyroDaemon.listen({ host: '127.0.0.1' }),
  ]);
  uri = daemon.register(new Kinds(), 'kinds').toString();
  pythonUri = await python.run<string>(
    `
    sys.path.insert(0, directory)
    import pyro_numpy, numpy
    @expose
    class Camera:
        def mean(self, frame):
            return str(frame.mean())
    daemon = Pyro5.server.Daemon(host="127.0.0.1")
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    return str(daemon.register(Camera, "camera"))`,
    { directory },
  );
});
afterAll(async () => {
  python.stop();
  client.stop();
  await daemon.close();
  await rm(directory, { recursive: true, force: true });
});

describe.each(NAMES)('the printed file of NumPy in %s', (serializer) => {
  it('the printed file refuses a dtype with objects inside, whose bytes would be addresses, and the server lives on', async () => {
    const answers = await client.run<string[]>(
      `
      import base64
      raw = (lambda data: base64.b64encode(data).decode()) if serializer == "json" else bytes
      answers = []
      with Proxy(uri) as camera:
          camera._pyroSerializer = serializer
          for dtype, key in [("|O", "dtype"), ("object", "dtype"), ("|O", "type"), ([["a", "O"]], "dtype"), ("f8,O", "dtype"), ("(2,)O", "dtype"),
                             ([["a", [["b", "O"]]]], "dtype"), ("T", "dtype")]:
              for count in (1, 2):
                  try:
                      answers.append(camera.mean({"__class__": "numpy.ndarray", key: dtype, "shape": [1], "data": raw(b"A" * 8 * count)}))
                  except Exception as x:
                      answers.append(f"{type(x).__name__}: {x}")
          answers.append(camera.mean({"__class__": "numpy.ndarray", "dtype": "<f8", "shape": [2], "data": raw(bytes(16))}))
      return answers`,
      { uri: pythonUri, serializer },
    );
    expect(answers.pop()).toBe('0.0');
    for (const answer of answers) expect(answer).toMatch(/^ValueError: dtype .* is refused|^TypeError: data type 'T'/);
    expect(answers).toHaveLength(16);
  });

  it('the printed file refuses data that the shape does not fit, shapes that overflow, and files that are no npy', async () => {
    const answers = await client.run<string[]>(
      `
      import base64, io, numpy
      raw = (lambda data: base64.b64encode(data).decode()) if serializer == "json" else bytes
      archive = io.BytesIO()
      numpy.savez(archive, a=numpy.zeros(3))
      answers = []
      with Proxy(uri) as camera:
          camera._pyroSerializer = serializer
          for shape, dtype, data in [([1], "<f8", bytes(80)), ([-1], "<f8", bytes(8)), ([-1, -1], "<f8", bytes(8)), ([2], "<f8", bytes(8)),
                                     ([2**60, 16], "<f8", b""), ([2**40], "S0", b""), ([2**62] * 3000, "u1", b"")]:
              try:
                  answers.append(camera.mean({"__class__": "numpy.ndarray", "dtype": dtype, "shape": shape, "data": raw(data)}))
              except Exception as x:
                  answers.append(f"{type(x).__name__}: {x}")
          try:
              answers.append(camera.mean({"__class__": "numpy.ndarray", "npy": raw(archive.getvalue())}))
          except Exception as x:
              answers.append(f"{type(x).__name__}: {x}")
      return answers`,
      { uri: pythonUri, serializer },
    );
    expect(answers.pop()).toMatch(/^ValueError: the magic string is not correct/);
    for (const answer of answers) expect(answer).toMatch(/^ValueError: \d+ bytes are no array of shape/);
    expect(answers).toHaveLength(7);
  });

  it('arrays and scalars in exceptions, in objects, in sets and in keys arrive as arrays and numbers', async () => {
    const kinds = await python.run<unknown[]>(
      `
      import numpy as np
      class FrameError(Exception): pass
      class Shot: pass
      FrameError.__module__ = Shot.__module__ = "lab"
      error, shot = FrameError("x", np.arange(2)), Shot()
      error.frame, error.inner, error.tags = np.zeros((2, 3), "f4"), {"deep": [np.ones(1)]}, [np.float32(1.5)]
      shot.frame = (np.ones(2, "u1"), np.int64(5))
      SerializerBase.register_class_to_dict(Shot, lambda shot: dict(vars(shot)))
      keys = {"k": 1} if serializer == "json" else {np.int64(1): np.int64(2)}
      with Proxy(uri) as proxy:
          proxy._pyroSerializer = serializer
          try:
              return proxy.kinds(error, shot, {np.int64(1)}, keys)
          finally:
              SerializerBase.unregister_class_to_dict(Shot)`,
      { uri, serializer },
    );
    const hasSets = serializer === 'serpent' || serializer === 'marshal';
    expect(kinds).toEqual([
      { args: ['x', 'int64[2]'], frame: 'float32[2,3]', inner: { deep: ['float64[1]'] }, tags: [1.5] },
      { frame: ['uint8[2]', 5] },
      hasSets ? { set: [1] } : [1],
      serializer === 'json' ? { k: 1 } : { 1: 2 },
    ]);
  });

  it('an array with a mask is refused before the mask is lost', async () => {
    const answer = await python.run<string>(
      `
      import numpy
      with Proxy(uri) as proxy:
          proxy._pyroSerializer = serializer
          try:
              return proxy.kinds([numpy.ma.array([1, 2], mask=[0, 1])])
          except TypeError as x:
              return str(x)`,
      { uri, serializer },
    );
    expect(answer).toBe('the mask of an array would be lost: send array.filled(value)');
  });
});

it('the printed file does not copy lists of plain values for marshal', async () => {
  const same = await python.run<boolean[]>(`
    marshal = serializers["marshal"]
    rows = [[1, 2.5, "x", None, True, b"y"] for _ in range(3)]
    converted = marshal.convert_obj_into_marshallable({"rows": rows})
    return [marshal.convert_obj_into_marshallable(rows[0]) is rows[0], all(a is b for a, b in zip(converted["rows"], rows))]`);
  expect(same).toEqual([true, true]);
});

describe.each(['bytes', 'npy', 'msgpack-numpy'] as const)('records, written as %s', (write) => {
  it('records with bytes between their fields, and with titles, come back in the dtype that they had', async () => {
    await using echo = await PyroDaemon.listen({ host: '127.0.0.1', arrays: { write } });
    const echoUri = echo.register(new Echo(), 'echo').toString();
    const changed = await python.run<string[]>(
      `
      import numpy as np
      wide = np.dtype([("a", "i1"), ("b", [(("mass (kg)", "m"), "f8"), ("n", "i2")], (2,)), ("c", "S3")], align=True)
      arrays = [np.ones(2, wide), np.ones(3, [("a", "i1"), ("b", "f8"), ("c", "U3")])[["a", "c"]], np.zeros(1, [(("it's", "x"), ">f4")])]
      changed = []
      for serializer in ("serpent", "marshal", "json", "msgpack"):
          with Proxy(uri) as proxy:
              proxy._pyroSerializer = serializer
              for array, again in zip(arrays, proxy.echo(arrays)):
                  if array.dtype.descr != again.dtype.descr or any(array[name].tolist() != again[name].tolist() for name in array.dtype.names):
                      changed.append(f"{serializer}: {array.dtype} came back as {again.dtype}")
      return changed`,
      { uri: echoUri },
    );
    expect(changed).toEqual([]);
  });
});
