import { constants } from 'node:os';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DaemonError, NamingError, SecurityError, TimeoutError } from '../../../lib/protocol/errors.js';
import { ProxyReference } from '../../../lib/protocol/proxy-reference.js';
import { PythonException } from '../../../lib/protocol/python-exception.js';
import { PyroUri } from '../../../lib/protocol/uri.js';
import { pyTuple } from '../../../lib/serpent/index.js';
import { ExceptionWrapper } from '../../../lib/serializers/objects/class-dicts.js';
import { PyroRemoteError } from '../../../lib/serializers/objects/exceptions.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { PythonPeer } from './python-peer.js';
import { int, type PythonValue, str } from './python-value.js';

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const serializers = createSerializers({ detailedTraceback: false });

const none: PythonValue = ['dict', []];
const { errno } = constants;

/** Name and message of the exception that Python raises for a missing name. */
async function missingFile(): Promise<Error> {
  return (await readFile('/no such file').catch((error: unknown) => error)) as Error;
}

let python: PythonPeer;
beforeAll(async () => {
  python = await PythonPeer.start();
});
afterAll(() => python.stop());

describe.each(NAMES)('exceptions in %s', (name) => {
  const serializer = serializers.get(SERIALIZER_IDS[name])!;
  const sequence = (...items: PythonValue[]): PythonValue => ['tuple', items];
  const arrive = (value: unknown) => python.read(name, serializer.dumps(value));

  it('JavaScript errors arrive in Python as the closest builtin exception', async () => {
    const cases: [Error, string, PythonValue[], [string, PythonValue][]?][] = [
      [new Error('plain'), 'RuntimeError', [str('plain')]],
      [new TypeError('type'), 'TypeError', [str('type')]],
      [new RangeError('range'), 'ValueError', [str('range')]],
      [new SyntaxError('syntax'), 'ValueError', [str('syntax')]],
      [new URIError('uri'), 'ValueError', [str('uri')]],
      [new ReferenceError('reference'), 'NameError', [str('reference')]],
      [new (class Special extends TypeError {})('special'), 'TypeError', [str('special')]],
      [Object.assign(new Error('named'), { name: 'constructor' }), 'RuntimeError', [str('named')]],
      [AbortSignal.abort().reason as Error, 'TimeoutError', [str('This operation was aborted')]],
      [new DOMException('too slow', 'TimeoutError'), 'TimeoutError', [str('too slow')]],
      [
        await missingFile(),
        'FileNotFoundError',
        [int(errno.ENOENT), str((await missingFile()).message)],
        [['code', str('ENOENT')]],
      ],
      [systemError('EACCES'), 'PermissionError', [int(errno.EACCES), str('EACCES: told')], [['code', str('EACCES')]]],
      [
        systemError('ECONNREFUSED'),
        'ConnectionRefusedError',
        [int(errno.ECONNREFUSED), str('ECONNREFUSED: told')],
        [['code', str('ECONNREFUSED')]],
      ],
      [systemError('ENOSPC'), 'OSError', [int(errno.ENOSPC), str('ENOSPC: told')], [['code', str('ENOSPC')]]],
      [
        Object.assign(new Error('stock'), { code: 'OUT_OF_STOCK', secret: 'x' }),
        'RuntimeError',
        [str('stock')],
        [['code', str('OUT_OF_STOCK')]],
      ],
      [new AggregateError([new Error('a'), new Error('b')]), 'RuntimeError', [str('a; b')]],
    ];
    for (const [error, type, args, attributes = []] of cases) {
      const [kind, pythonType, pythonArgs, pythonAttributes] = await arrive(error);
      expect([kind, pythonType, pythonArgs], error.message).toEqual(['exception', `builtins.${type}`, sequence(...args)]);
      expect(pythonAttributes).toEqual(['dict', attributes.map(([key, value]) => [str(key), value])]);
    }
  });

  it('errors of Pyro arrive in Python as the same class', async () => {
    for (const error of [new DaemonError('d'), new NamingError('n'), new SecurityError('s'), new TimeoutError('t')]) {
      expect((await arrive(error)).slice(0, 3)).toEqual(['exception', error.pythonType, sequence(str(error.message))]);
    }
  });

  it('a PythonException arrives in Python as the class that it names, with args and attributes', async () => {
    const error = new PythonException('builtins.KeyError', ['key', 5], { hint: 'none' });
    expect(await arrive(error)).toEqual([
      'exception',
      'builtins.KeyError',
      sequence(str('key'), int(5)),
      ['dict', [[str('hint'), str('none')]]],
      "('key', 5)",
    ]);
    expect((await arrive(new PythonException('sqlite3.OperationalError', ['locked'])))[1]).toBe('sqlite3.OperationalError');
    expect((await arrive(new PythonException('struct.error', ['short'])))[1]).toBe('struct.error');
  });

  it('exceptions carry traceback lines, those of their causes too', async () => {
    const detailed = createSerializers({ detailedTraceback: true }).get(SERIALIZER_IDS[name])!;
    const read = await python.read(name, detailed.dumps(new Error('outer', { cause: new Error('inner') })));
    const attributes = JSON.stringify((read as string[])[3]);
    expect(attributes).toContain('_pyroTraceback');
    expect(attributes).toContain('Error: outer');
    expect(attributes).toContain('Error: inner');
    expect(attributes).toContain('exceptions.test.ts');
  });

  it('Python exceptions become PyroRemoteErrors, and are forwarded unchanged', async () => {
    const sent: PythonValue = [
      'exception',
      'builtins.ZeroDivisionError',
      sequence(str('division'), int(0)),
      [
        'dict',
        [
          [str('extra'), int(1)],
          [str('_pyroTraceback'), ['list', [str('line 1\n'), str('line 2\n')]]],
        ],
      ],
    ];
    const { data, typed } = await python.write(name, sent);
    const error = serializer.loads(data) as PyroRemoteError;
    expect(error).toBeInstanceOf(PyroRemoteError);
    expect(error).toMatchObject({
      name: 'PyroRemoteError',
      pythonType: 'builtins.ZeroDivisionError',
      attributes: { extra: 1 },
      remoteTraceback: ['line 1\n', 'line 2\n'],
    });
    expect(error.args).toEqual(['division', 0]);
    expect(error.message).toBe('builtins.ZeroDivisionError: division, 0');
    expect(error.stack).toContain('line 1\nline 2\n');
    const detailed = createSerializers({ detailedTraceback: true }).get(SERIALIZER_IDS[name])!;
    expect(await python.read(name, detailed.dumps(error))).toEqual(typed);
  });

  it('exceptions in wrappers, URIs and proxies mean the same on both sides', async () => {
    expect((await arrive([new ExceptionWrapper(new TypeError('x'))]))[1]).toEqual([
      ['wrapper', ['exception', 'builtins.TypeError', sequence(str('x')), none, 'x']],
    ]);
    // Python's marshal serializer cannot write a wrapper
    if (name !== 'marshal') {
      const { data } = await python.write(name, [
        'list',
        [['wrapper', ['exception', 'builtins.TypeError', sequence(str('x')), none]]],
      ]);
      expect((serializer.loads(data) as ExceptionWrapper[])[0]!.exception).toMatchObject({ pythonType: 'builtins.TypeError' });
    }

    for (const text of [
      'PYRO:obj@localhost:4444',
      'PYRO:obj@[::1]:4444',
      'PYRO:obj@./u:/tmp/s',
      'PYRONAME:a.name',
      'PYRONAME:n@ns:9091',
    ]) {
      expect(await arrive([new PyroUri(text)])).toEqual(['list', [['uri', String(new PyroUri(text))]]]);
      const written = await python.write(name, ['uri', text]);
      expect(String(serializer.loads(written.data))).toBe(String(new PyroUri(text)));
    }

    const proxy = await python.write(name, ['proxy', 'PYRO:obj@localhost:4444']);
    const reference = serializer.loads(proxy.data, { decodeProxy: (state) => ProxyReference.fromState(state) });
    expect(reference).toMatchObject({ uri: new PyroUri('PYRO:obj@localhost:4444'), handshake: 'hello' });
    const state = (reference as ProxyReference).toState();
    expect(await arrive([{ __class__: 'Pyro5.client.Proxy', state: pyTuple(...state) }])).toEqual([
      'list',
      [['proxy', 'PYRO:obj@localhost:4444']],
    ]);
  });
});

function systemError(code: keyof typeof errno): Error {
  return Object.assign(new Error(`${code}: told`), { code, errno: -errno[code], syscall: 'open' });
}
