import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ClassRegistry,
  expose,
  PyroDaemon,
  PyroError,
  PyroRemoteError,
  PythonException,
  SERIALIZER_IDS,
} from '../../../lib/core.js';
import { PyroException } from '../../../lib/index.js';
import { typeFault } from '../../../lib/protocol/python-exception-rules.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* A Python client must get each exception as the exception that it is, and never an error of its own that the exception cannot be made. */

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const CHOSEN = [
  '',
  ...(
    'DoorError ValueError TimeoutError NamingError WrongError print . lab. .DoorError float lab.DoorError lab.inner.DoorError lab.Größe ' +
    'lab-tools.DoorError __main__.DoorError lab.__DoorError exceptions.ValueError exceptions.DoorError builtins.DoorError ' +
    'builtins.ValueError.inner struct.error struct.other Pyro5.core.URI Pyro5.client.Proxy Pyro5.server.Daemon Pyro5.util.JsonSerializer ' +
    'Pyro5.core._ExceptionWrapper Pyro5.errors.DoorError Pyro5.errors.PyroError.inner Pyro5.nameserver.OwnError sqlite3.DoorError sqlite3.Warning'
  ).split(' '),
];

describe('the type of an exception', () => {
  it('the type of an exception is refused if and only if Python can neither make the exception nor be given a converter for a class of this name', async () => {
    const judged = await python.run<[string, string][]>(
      `
      import builtins, sqlite3
      names = [*chosen, *("builtins." + name for name in vars(builtins)), *("Pyro5.errors." + name for name in vars(Pyro5.errors)),
               *("sqlite3." + name for name in vars(sqlite3))]
      judged = []
      for name in names:
          if "__" in name and name not in chosen:
              continue
          args = ("utf-8", b"x", 0, 1, "r") if "UnicodeDecode" in name else ("utf-8", "x", 0, 1, "r") if "UnicodeEncode" in name \\
              else ("x", 0, 1, "r") if "UnicodeTranslate" in name else ("m", [ValueError()]) if "ExceptionGroup" in name else ("x",)
          try:
              made = SerializerBase.dict_to_class({"__class__": name, "__exception__": True, "args": args, "attributes": {}})
              judged.append((name, "made" if isinstance(made, BaseException) else "no exception"))
          except (Pyro5.errors.SerializeError, Pyro5.errors.SecurityError):
              judged.append((name, "converter"))
          except Exception as error:
              judged.append((name, type(error).__name__))
      return judged
      `,
      { chosen: CHOSEN },
    );
    expect(judged.length).toBeGreaterThan(200);
    // a converter for a class of the builtins that is no exception, as for `builtins.list`, has nothing to make
    const isClass = (name: string): boolean => /^[^.\s]+(?:\.[^.\s]+)+$/.test(name) && !name.startsWith('builtins.');
    // `exceptions` was a module of Python 2, and is a module of many programs, which have converters for their classes
    const mayHaveConverter = ([name, how]: [string, string]): boolean =>
      isClass(name) && (how === 'converter' || name.startsWith('exceptions.'));
    const expected = judged.filter((each) => each[1] === 'made' || mayHaveConverter(each));
    expect(judged.filter(([name]) => typeFault(name) === undefined)).toEqual(expected);
    expect(judged.filter(([, how]) => how === 'made').length).toBeGreaterThan(80);
  });

  it.each(['DoorError', 'builtins.DoorError', 'builtins.print', 'Pyro5.errors.DoorError', 'sqlite3.DoorError'])(
    'the author of an exception whose type no client can read is told, and told of the remedy: %s',
    (type) => {
      const text = `the type is the text "${type}"`;
      for (const make of [() => new PyroException(type), () => new PythonException(type)])
        for (const part of [text, '"lab.DoorError"', 'module and the class']) expect(make).toThrow(part);
    },
  );

  it('the type of an exception may be any name that a class was registered with', () => {
    class OddError extends Error {}
    expect(() => new PythonException('OddError')).toThrow(TypeError);
    new ClassRegistry().registerClass(OddError, { name: 'OddError' });
    expect(new PythonException('OddError').pythonType).toBe('OddError');
  });

  it('the type of an exception with fixed args is refused with another number of args', () => {
    expect(() => new PyroException('builtins.UnicodeEncodeError', ['x'])).toThrow(
      'args has 1 items; builtins.UnicodeEncodeError takes 5: [encoding, text, start, end, reason]',
    );
    expect(new PyroException('builtins.UnicodeEncodeError', ['ascii', 'ö', 0, 1, 'x']).args).toHaveLength(5);
  });
});

const ATTRIBUTES = [
  '',
  'a b',
  'a\0b',
  ...(
    'args __class__ __cause__ __context__ __traceback__ __suppress_context__ __dict__ __weakref__ _pyroTraceback __notes__ __doc__ ' +
    '__module__ __slots__ with_traceback add_note characters_written errno start end object message exceptions name code value msg lineno ' +
    'print_file_and_line filename 5 Größe hint'
  ).split(' '),
];
const VALUES = [5, 2 ** 40, 1.5, true, null, 'x', ['x'], { a: 1 }];

describe.each(NAMES)('attributes of an exception in %s', (name) => {
  const serializer = createSerializers({ detailedTraceback: true }).get(SERIALIZER_IDS[name])!;

  it('attributes of an exception that Python cannot set do not take the place of the exception, whatever its type', async () => {
    const types = await python.run<string[]>(`
      import builtins, sqlite3
      found = [f"builtins.{n}" for n, t in vars(builtins).items() if isinstance(t, type) and issubclass(t, BaseException)]
      found += [f"Pyro5.errors.{n}" for n, t in vars(Pyro5.errors).items() if isinstance(t, type) and issubclass(t, BaseException)]
      found += [f"sqlite3.{n}" for n in dir(sqlite3) if n.endswith("Error")] + ["struct.error"]
      return [n for n in found if "Group" not in n and "UnicodeDecode" not in n]
    `);
    const argsOf = (type: string): unknown[] =>
      type.endsWith('EncodeError') ? ['a', 'x', 0, 1, 'r'] : type.endsWith('TranslateError') ? ['x', 0, 1, 'r'] : ['told'];
    const cases = types.flatMap((type) =>
      ATTRIBUTES.flatMap((attribute) =>
        VALUES.map((value) => {
          const error = new PyroRemoteError(type, argsOf(type), { [attribute]: value, seen: 7 }, ['line\n']);
          return [type, attribute, serializer.dumps(error).toString('base64'), argsOf(type)] as const;
        }),
      ),
    );
    const failed = await python.run(
      `
      import base64
      failed = []
      for type_name, attribute, data, args in cases:
          try:
              error = serializers[name].loads(base64.b64decode(data))
              ok = isinstance(error, BaseException) and list(error.args) == args and error.seen == 7 and error._pyroTraceback == ["line\\n"]
              ok = ok and "".join(Pyro5.errors.get_pyro_traceback(None, error, None))
              if not ok:
                  failed.append((type_name, attribute, repr(error)))
          except Exception as error:
              failed.append((type_name, attribute, repr(error)))
      return failed[:20]
      `,
      { cases, name },
    );
    expect(failed).toEqual([]);
  });

  it('attributes of an exception with the names of Python’s members are refused where the author gives them', () => {
    for (const attribute of ['args', '__class__', '__cause__', '__context__', '__traceback__', '__dict__', '_pyroTraceback']) {
      const text = `the attribute "${attribute}"`;
      expect(() => new PyroException('builtins.ValueError', [], { attributes: { [attribute]: 5 } })).toThrow(text);
      expect(() => new PythonException('builtins.ValueError', [], { [attribute]: 5 })).toThrow('give the attribute another name');
    }
    const attributes = { 'a b': 1, __notes__: ['seen'], start: 'x' };
    expect(new PyroException('builtins.ValueError', [], { attributes }).attributes).toEqual(attributes);
  });
});

/** An exception with attributes that no Python client can set: read from a peer, or changed after it was made. */
function hostile(kind: string): Error {
  const attributes = { hint: 1, ['args']: 5, __class__: 'x', __cause__: 5, __dict__: 5, characters_written: 'x' };
  if (kind === 'received') return new PyroRemoteError('builtins.TimeoutError', ['late'], attributes);
  const changed = { hint: 1 };
  const error = new PythonException('builtins.TimeoutError', ['late'], changed);
  Object.assign(changed, attributes);
  return error;
}

class Unreadable extends PyroError {
  override readonly pythonType = 'DoorError';
}

class Gate {
  fail(kind: string): never {
    throw hostile(kind);
  }
  *items(kind: string): Generator<unknown> {
    yield 1;
    throw hostile(kind);
  }
  give(kind: string): unknown {
    return [hostile(kind), { inner: [hostile(kind)] }];
  }
  misnamed(): never {
    throw new PythonException('DoorError', ['stuck']);
  }
  unreadable(): never {
    throw new Unreadable('stuck');
  }
  early(): never {
    throw new PythonException('TimeoutError', ['late']);
  }
  main(): never {
    throw new PythonException('__main__.DoorError', ['stuck']);
  }
  passed(type: string): never {
    throw new PyroRemoteError(type, ['stuck']);
  }
}
expose(Gate);

describe.each(NAMES)('a Python client with %s', (name) => {
  async function serve(): Promise<string> {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    return String(daemon.register(new Gate(), 'gate'));
  }

  it.each(['received', 'changed'])(
    'a Python client gets an exception with %s attributes as the exception that it is: from methods, batches and streams, and as a value',
    async (kind) => {
      const seen = await python.run(
        `
        config.SERIALIZER = name
        def told(error):
            return [type(error).__name__, list(error.args), getattr(error, "hint", None)]
        def raised(call):
            try:
                return call()
            except Exception as error:
                return told(error)
        with Proxy(uri) as gate:
            def run_batch():
                # Pyro5's client cannot write a batch in marshal
                if name == "marshal":
                    return gate.fail(kind)
                batch = Pyro5.api.BatchProxy(gate)
                batch.fail(kind)
                return list(batch())
            items = iter(gate.items(kind))
            next(items)
            first, second = gate.give(kind)
            inner = second["inner"][0]
            return [raised(lambda: gate.fail(kind)), raised(run_batch)[:2], raised(lambda: next(items)), told(first), told(inner)]
        `,
        { uri: await serve(), name, kind },
      );
      const error = ['TimeoutError', ['late'], 1];
      // Python makes the exception of a batch again, without attributes
      expect(seen).toEqual([error, error.slice(0, 2), error, error, error]);
    },
  );

  it('a Python client gets an error that names the remedy for a type that nobody can read, and keeps its connection', async () => {
    const seen = await python.run(
      `
      config.SERIALIZER = name
      seen = []
      with Proxy(uri) as gate:
          gate._pyroBind()
          for method in ("misnamed", "unreadable", "early"):
              connection = gate._pyroConnection
              try:
                  getattr(gate, method)()
              except Exception as error:
                  seen.append([type(error).__module__ + "." + type(error).__name__, str(error), gate._pyroConnection is connection])
      return seen
      `,
      { uri: await serve(), name },
    );
    expect(seen).toEqual([
      [
        'builtins.TypeError',
        expect.stringMatching(/the type is the text "DoorError"; give the module and the class .*"lab\.DoorError"/),
        true,
      ],
      ['Pyro5.errors.PyroError', expect.stringMatching(/the type is the text "DoorError"; .*Original exception: .*stuck/), true],
      ['builtins.TimeoutError', 'late', true],
    ]);
  });

  it('a Python client with a converter gets exceptions of scripts, and those that a gateway passes on, whatever their type is', async () => {
    const seen = await python.run(
      `
      config.SERIALIZER = name
      class DoorError(Exception):
          pass
      seen = []
      names = ["__main__.DoorError", "lab.DoorError", "exceptions.DoorError", "DoorError", "builtins.DoorError", "Pyro5.errors.DoorError"]
      with Proxy(uri) as gate:
          for each in names:
              Pyro5.api.register_dict_to_class(each, lambda _, data: DoorError(*data["args"]))
          try:
              for call in [gate.main, *((lambda each=each: gate.passed(each)) for each in names)]:
                  try:
                      call()
                  except Exception as error:
                      seen.append(repr(error))
          finally:
              for each in names:
                  Pyro5.api.unregister_dict_to_class(each)
      return seen
      `,
      { uri: await serve(), name },
    );
    expect(seen).toEqual(Array.from({ length: 7 }, () => "DoorError('stuck')"));
  });
});
