import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ClassRegistry,
  expose,
  PyroDaemon,
  PyroProxy,
  type RemoteObject,
  SERIALIZER_IDS,
  type SerializerName,
} from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* Exceptions of a class with a converter: `registerClass` here, `register_class_to_dict` and `register_dict_to_class` in Python. */

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
/** Pyro5 cannot write the batches of a client, nor the error of an entry, in marshal. It cannot ask for attributes either. */
const WITH_BATCHES = NAMES.filter((name) => name !== 'marshal');

class DoorError extends Error {
  constructor(
    readonly door: unknown,
    readonly code?: unknown,
  ) {
    super(`door ${String(door)}`);
  }
}

const classes = new ClassRegistry();
classes.registerClass(DoorError, {
  name: 'lab.DoorError',
  toDict: ({ message, door }) => ({ __exception__: true, args: [message], attributes: { door }, code: { inner: [5] } }),
  fromDict: ({ attributes, code }) => new DoorError((attributes as { door: string }).door, code),
});

interface House {
  readonly state: string;
  ok(): number;
  open(door: string): never;
  doors(): AsyncIterable<number>;
}

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
  await python.run(`
    global DoorError, House, made_of, raised
    class DoorError(Exception):
        pass
    DoorError.__module__ = "lab"
    @expose
    class House:
        def ok(self):
            return 7
        def open(self, door):
            error = DoorError("door " + door)
            error.door = door
            raise error
        @property
        def state(self):
            self.open("state")
        def doors(self):
            yield 1
            self.open("item")
    made_of = []
    def made(name, read):
        made_of.append(read)
        return DoorError(*read["args"])
    SerializerBase.register_dict_to_class("lab.DoorError", made)
    def raised(call):
        try:
            return call()
        except Exception as error:
            return [type(error) is DoorError, str(error)]
  `);
});
afterAll(() => python.stop());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('an exception that Python raises is thrown as what fromDict makes of it', () => {
  let uri: string;
  beforeEach(async () => {
    uri = await python.run<string>(`
      state.daemon = Pyro5.server.Daemon(host="127.0.0.1")
      threading.Thread(target=state.daemon.requestLoop, daemon=True).start()
      return str(state.daemon.register(House()))
    `);
    cleanups.push(() => python.run('state.daemon.shutdown()'));
  });

  function connect(serializer: SerializerName): RemoteObject<House> {
    const house = PyroProxy.to<House>(uri, { serializer, classes });
    cleanups.push(() => house.$release());
    return house;
  }

  it.each(NAMES)(
    'calls, attributes and streams throw what fromDict makes of an exception of Python, in %s',
    async (serializer) => {
      const house = connect(serializer);
      const doors = await house.doors();
      const failures = [
        () => house.open('A'),
        () => house.$get('state'),
        async () => {
          for await (const item of doors) expect(item).toBe(1);
        },
      ].map((fail) => fail().catch((thrown: unknown) => thrown as DoorError));
      for (const error of await Promise.all(failures)) {
        expect(error).toBeInstanceOf(DoorError);
        const { door, stack } = error as DoorError;
        expect(['A', 'state', 'item']).toContain(door);
        expect(stack).toMatch(/^Error: door \w+\n {4}at /);
        expect(stack).toContain('converted-exceptions.test.ts');
        expect(stack).toMatch(/\nRemote traceback:\nTraceback[^]*raise error/);
      }
    },
  );

  it.each(WITH_BATCHES)('batches throw what fromDict makes of an exception of Python, in %s', async (serializer) => {
    const house = connect(serializer);
    const error = await house.$batch((batch) => batch.open('B')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DoorError);
    expect(error).toMatchObject({ door: 'B', stack: expect.stringMatching(/\nRemote traceback:\nTraceback[^]*raise error/) });
    const settled = await house.$batch((batch) => (batch.ok(), batch.open('C'), batch.ok()), { settled: true });
    expect(settled).toEqual([
      { status: 'fulfilled', value: 7 },
      { status: 'rejected', reason: expect.objectContaining({ door: 'C' }) },
    ]);
  });
});

describe('an error that a method throws arrives in Python as the dict of toDict', () => {
  class ServedHouse {
    ok(): number {
      return 7;
    }
    open(door: string): never {
      throw new DoorError(door);
    }
    unwritable(): never {
      throw new DoorError(() => 5);
    }
    get state(): never {
      throw new DoorError('state');
    }
    *doors(): Generator<number> {
      yield 1;
      throw new DoorError('item');
    }
  }
  expose(ServedHouse);

  let uri: string;
  beforeEach(async () => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1', classes });
    cleanups.push(() => daemon.close());
    uri = String(daemon.register(new ServedHouse()));
    await python.run('made_of.clear()');
  });

  it.each(NAMES)('calls and streams give Python the dict that toDict makes of an error, in %s', async (name) => {
    const seen = await python.run(
      `
      config.SERIALIZER = name
      with Proxy(uri) as house:
          items = iter(house.doors())
          next(items)
          return [raised(lambda: house.open("A")), raised(lambda: next(items))], [read["code"] for read in made_of]
      `,
      { uri, name },
    );
    const errors = [
      [true, 'door A'],
      [true, 'door item'],
    ];
    expect(seen).toEqual([errors, errors.map(() => ({ inner: [5] }))]);
  });

  it.each(WITH_BATCHES)(
    'attributes and batches give Python what toDict makes of an error, after the results before it, in %s',
    async (name) => {
      const seen = await python.run(
        `
      config.SERIALIZER = name
      with Proxy(uri) as house:
          batch = Pyro5.api.BatchProxy(house)
          batch.ok()
          batch.open("B")
          results = batch()
          seen = [raised(lambda: house.state), next(results), raised(lambda: next(results))]
          return seen, [read["code"] for read in made_of]
      `,
        { uri, name },
      );
      expect(seen).toEqual([
        [[true, 'door state'], 7, [true, 'door B']],
        [{ inner: [5] }, { inner: [5] }],
      ]);
    },
  );

  it.each(NAMES)(
    'batches give this package what toDict makes of an error, or a PyroError if nothing can write it, in %s',
    async (serializer) => {
      await using house = await PyroProxy.connect<House & { unwritable(): never }>(uri, { serializer, classes });
      const settled = await house.$batch((batch) => (batch.ok(), batch.open('D')), { settled: true });
      expect(settled).toEqual([
        { status: 'fulfilled', value: 7 },
        { status: 'rejected', reason: expect.objectContaining({ door: 'D', code: { inner: [5] } }) },
      ]);
      expect(await house.$batch((batch) => (batch.ok(), batch.unwritable()), { settled: true })).toEqual([
        { status: 'fulfilled', value: 7 },
        { status: 'rejected', reason: expect.objectContaining({ pythonType: 'Pyro5.errors.PyroError' }) },
      ]);
    },
  );
});
