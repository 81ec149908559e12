import { createHash, randomFillSync } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NUMPY_FILE } from '../../../lib/command-line/python/numpy-file.js';
import { expose, NdArray, PyroDaemon, PyroProxy, type SerializerName } from '../../../lib/core.js';
import { CommandLineProgram } from '../../command-line-program.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { numpyFileDirectory } from './numpy-peer.js';

/** `npm run test:long` sends the largest frames in all of them. */
const NAMES: readonly SerializerName[] = ['serpent', 'marshal', 'json', 'msgpack'];
/** For 50 MB in serpent on a busy machine. */
const PATIENCE_MS = 300_000;
const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

class Frames {
  hash(frame: NdArray): string {
    return `${frame.dtype} ${frame.shape.join('x')} ${sha(frame.data as Uint8Array)}`;
  }
  echo(value: unknown): unknown {
    return value;
  }
  typed(): Float64Array {
    return new Float64Array([1, 2]);
  }
  array(): NdArray {
    return NdArray.from([[1, 2]]);
  }
}
expose(Frames);

interface Remote {
  hash(frame: NdArray): Promise<string>;
  echo(value: unknown): Promise<unknown>;
}

let python: PythonInterpreter;
let plainPython: PythonInterpreter;
let directory: string;
let daemon: PyroDaemon;
let uri: string;
let pythonUri: string;

beforeAll(async () => {
  [python, plainPython, directory, daemon] = await Promise.all([
    PythonInterpreter.start(),
    PythonInterpreter.start(),
    numpyFileDirectory(),
    PyroDaemon.listen({ host: '127.0.0.1' }),
  ]);
  uri = daemon.register(new Frames(), 'frames').toString();
  pythonUri = await python.run<string>(
    `
    import hashlib
    sys.path.insert(0, directory)
    import pyro_numpy, numpy
    @expose
    class Frames:
        def hash(self, frame):
            return f"{frame.dtype} {'x'.join(map(str, frame.shape))} {hashlib.sha256(frame.tobytes()).hexdigest()}"
        def echo(self, value):
            return value
    daemon = Pyro5.server.Daemon(host="127.0.0.1")
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    return str(daemon.register(Frames, "frames"))`,
    { directory },
  );
});
afterAll(async () => {
  python.stop();
  plainPython.stop();
  await daemon.close();
  await rm(directory, { recursive: true, force: true });
});

describe.each<[number, readonly SerializerName[]]>([
  [10, NAMES],
  [50, process.env.LONG_ARRAYS === undefined ? ['serpent', 'msgpack'] : NAMES],
])('frames of %i MB', { timeout: PATIENCE_MS }, (megabytes, names) => {
  const side = Math.round(Math.sqrt((megabytes * 1e6) / 4));

  it.each(names)('frames arrive here from Python, and go back, byte for byte in %s', async (serializer) => {
    const [ours, theirs, again] = await python.run<string[]>(
      `
      import hashlib, numpy
      frame = numpy.frombuffer(numpy.random.default_rng(1).bytes(side * side * 4), "float32").reshape(side, side)
      sha = lambda array: f"{array.dtype} {side}x{side} {hashlib.sha256(array.tobytes()).hexdigest()}"
      with Proxy(uri) as proxy:
          proxy._pyroSerializer = serializer
          return [proxy.hash(frame), sha(frame), sha(proxy.echo(frame))]`,
      { uri, side, serializer },
    );
    expect([ours, again]).toEqual([theirs, theirs]);
  });

  it.each(names)('frames arrive in Python from here, and come back, byte for byte in %s', async (serializer) => {
    const frame = NdArray.from(randomFillSync(new Uint8Array(side * side * 4)), { shape: [side, side, 4] });
    await using proxy = await PyroProxy.connect<Remote>(pythonUri, { serializer, callTimeoutMs: PATIENCE_MS });
    const expected = `uint8 ${side}x${side}x4 ${sha(frame.data)}`;
    expect(await proxy.hash(frame)).toBe(expected);
    const again = (await proxy.echo(frame)) as NdArray<'uint8'>;
    expect([again.dtype, sha(again.data)]).toEqual(['uint8', sha(frame.data)]);
  });
});

describe('a Python program without the file', () => {
  it('a Python program without the printed file is told that it knows no class numpy.ndarray, or has the dict by one line', async () => {
    const result = await plainPython.run<unknown[]>(
      `
      with Proxy(uri) as proxy:
          try:
              proxy.array()
          except Exception as x:
              refused = f"{type(x).__name__}: {x}"
          SerializerBase.register_dict_to_class("numpy.ndarray", lambda name, members: members)
          proxy._pyroSerializer = "marshal"
          members = proxy.array()
          return [refused, members["dtype"], members["shape"], members["data"].hex(), proxy.typed()]`,
      { uri },
    );
    expect(result).toEqual([
      'SerializeError: unsupported serialized class: numpy.ndarray',
      '<f8',
      [1, 2],
      '000000000000f03f0000000000000040',
      [1, 2],
    ]);
  });

  it('a Python program without the printed file sends arrays as the dicts that people have written for themselves', async () => {
    const result = await plainPython.run<unknown>(
      `
      import numpy
      frame = numpy.arange(6, dtype="int16").reshape(2, 3)
      with Proxy(uri) as proxy:
          return [
              proxy.hash({"__class__": "numpy.ndarray", "dtype": str(frame.dtype), "data": frame.tolist()}),
              proxy.hash({"dtype": frame.dtype.str, "shape": frame.shape, "data": frame.tobytes()}),
          ]`,
      { uri },
    );
    const expected = `int16 2x3 ${sha(new Uint8Array(new Int16Array([0, 1, 2, 3, 4, 5]).buffer))}`;
    expect(result).toEqual([expected, expected]);
  });

  it('a Python program that sends pickle is refused with a sentence, and its connection goes on', async () => {
    const result = await plainPython.run<string[]>(
      `
      import numpy, pickle
      answers = []
      with Proxy(uri) as proxy:
          for value in ({"__class__": "ndarray", "bytes": pickle.dumps(numpy.arange(3))},
                        {"__class__": "numpy.ndarray", "dtype": "object", "shape": [1], "data": pickle.dumps([1])}):
              try:
                  proxy.echo(value)
              except Exception as x:
                  answers.append(f"{type(x).__name__}: {x}")
          return [*answers, str(proxy.echo(5))]`,
      { uri },
    );
    expect(result[0]).toMatch(
      /^ValueError: argument 1 of echo cannot be read: an array that comes as pickle is refused.*numpy\.save/,
    );
    expect(result[1]).toMatch(/^ValueError: argument 1 of echo cannot be read: an array of Python objects.*astype/);
    expect(result[2]).toBe('5');
  });

  it('a Python program without the printed file gets nested lists by option, which numpy.array takes', async () => {
    await using lists = await PyroDaemon.listen({ host: '127.0.0.1', arrays: { write: 'list' } });
    const listUri = lists.register(new Frames(), 'frames').toString();
    const result = await plainPython.run<unknown>(
      `
      import numpy
      with Proxy(uri) as proxy:
          array = numpy.array(proxy.array())
          return [str(array.dtype), array.shape]`,
      { uri: listUri },
    );
    expect(result).toEqual(['float64', [1, 2]]);
  });
});

it('scalars of NumPy arrive as numbers, booleans and texts in every serializer', async () => {
  const values = await python.run<unknown[][]>(
    `
    import numpy as np
    answers = []
    with Proxy(uri) as proxy:
        for serializer in ("serpent", "marshal", "json", "msgpack"):
            proxy._pyroSerializer = serializer
            answers.append(proxy.echo([np.float32(1.5), np.float64(2.5), np.int64(3), np.uint8(4), np.bool_(True), np.str_("x"), np.float16(1)]))
    return answers`,
    { uri },
  );
  expect(values).toEqual(NAMES.map(() => [1.5, 2.5, 3, 4, true, 'x', 1]));
});

it('`nestjs-pyro python numpy` prints the file, which has at most 40 lines, and docs/arrays.md and the sample have the same', async () => {
  const program = await CommandLineProgram.make();
  expect(await program.run('python', 'numpy')).toEqual({ code: 0, stdout: NUMPY_FILE, stderr: '' });
  const matrix = await program.run('call', uri, 'array', '--json');
  expect(JSON.parse(matrix.stdout)).toEqual([[1, 2]]);
  await program.remove();
  expect(NUMPY_FILE.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  expect(await readFile('docs/arrays.md', 'utf8')).toContain(`\`\`\`python\n${NUMPY_FILE}\`\`\``);
  expect(await readFile('sample/17-numpy-camera/pyro_numpy.py', 'utf8')).toBe(NUMPY_FILE);
});
