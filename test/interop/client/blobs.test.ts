import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  expose,
  PyFrozenSet,
  PyroDaemon,
  PyroProxy,
  pyTuple,
  type RemoteObject,
  SerializedBlob,
  type ValueMode,
} from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { PythonServer } from './python-server.js';
import type { Thing } from './thing.js';

/** Forwards blobs without reading them. */
class Dispatcher {
  seen: SerializedBlob | undefined;

  constructor(private readonly thing: RemoteObject<Thing>) {}

  async dispatch(blob: SerializedBlob): Promise<unknown> {
    this.seen = blob;
    return this.thing.blob(blob);
  }
}
expose(Dispatcher, 'dispatch');

let server: PythonServer;
let python: PythonInterpreter;
let thing: RemoteObject<Thing>;
let daemon: PyroDaemon;

beforeAll(async () => {
  [server, python] = await Promise.all([PythonServer.start('thread'), PythonInterpreter.start()]);
  thing = await PyroProxy.connect<Thing>(server.uri('thing'), { serializer: 'serpent' });
  daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
});
afterAll(async () => {
  python.stop();
  await thing.$release();
  await Promise.all([daemon.close(), server.kill()]);
});

// Pyro5 itself cannot read a blob in json: it takes the keys of the call for its parts
it.each(['serpent', 'marshal', 'msgpack'])('a blob of Python is forwarded to Python unchanged (%s)', async (serializer) => {
  const dispatcher = new Dispatcher(thing);
  const uri = String(daemon.register(dispatcher));
  const result = await python.run(
    `with Pyro5.api.Proxy(uri) as dispatcher:
         dispatcher._pyroSerializer = serializer
         return dispatcher.dispatch(Pyro5.api.SerializedBlob("the info", [1, {"two": [2.5, None]}, "thr\u00e9e"]))`,
    { uri, serializer },
  );
  expect(result).toEqual(['the info', [1, { two: [2.5, null] }, 'thrée']]);
  // the blob is deserialized only on request
  expect(dispatcher.seen!.received!.serializer.name).toBe(serializer);
  expect(dispatcher.seen!.deserialized()).toEqual([1, { two: [2.5, null] }, 'thrée']);
});

it.each<ValueMode>(['natural', 'faithful'])(
  'the info of a blob reaches Python as the value that Python sent (%s)',
  async (values) => {
    const target = await python.run<string>(`
    class Target:
      @expose
      def blob(self, blob):
        return repr(blob.info)
    state.target = Pyro5.api.Daemon()
    threading.Thread(target=state.target.requestLoop, daemon=True).start()
    return str(state.target.register(Target()))`);
    await using gateway = await PyroDaemon.listen({ host: '127.0.0.1', values });
    await using onward = await PyroProxy.connect<Thing>(target, { values });
    const dispatcher = new Dispatcher(onward);
    const uri = String(gateway.register(dispatcher));
    const info = '(1, 2.0, frozenset({3}), [4], {5: None}, {6})';
    expect(
      await python.run('with Proxy(uri) as p: return p.dispatch(Pyro5.api.SerializedBlob(eval(info), [1]))', { uri, info }),
    ).toBe(info);
    if (values === 'faithful') {
      expect((dispatcher.seen!.info as unknown[])[2]).toStrictEqual(new PyFrozenSet([3]));
      expect(dispatcher.seen!.info).toBeInstanceOf(pyTuple().constructor);
    } else {
      expect(dispatcher.seen!.info).toEqual([1, 2, new Set([3]), [4], new Map([[5, null]]), new Set([6])]);
    }
    await python.run('state.target.shutdown()');
  },
);

it.each<ValueMode>(['natural', 'faithful'])(
  'Ellipsis and StopIteration in the info of a blob reach Python, with every serializer (%s)',
  async (values) => {
    await python.run(`
    class Target:
      @expose
      def blob(self, blob):
        state.info = blob.info
        return list(blob.deserialized())
    state.target = Pyro5.api.Daemon()
    threading.Thread(target=state.target.requestLoop, daemon=True).start()
    state.uri = str(state.target.register(Target()))`);
    await using gateway = await PyroDaemon.listen({ host: '127.0.0.1', values });
    for (const serializer of ['serpent', 'marshal', 'msgpack'] as const) {
      await using onward = await PyroProxy.connect<Thing>(await python.run<string>('return state.uri'), { values, serializer });
      const dispatcher = new Dispatcher(onward);
      const uri = String(gateway.register(dispatcher));
      for (const info of ['...', 'StopIteration', '[{...: (StopIteration,)}, frozenset({..., (StopIteration, 1.0)}), 2.0]']) {
        const seen = await python.run(
          `
          with Proxy(uri) as p:
            p._pyroSerializer = serializer
            p.dispatch(Pyro5.api.SerializedBlob(eval(info), [1]))
          return [state.info == eval(info), str(type(state.info))]`,
          { uri, info, serializer },
        );
        expect([info, ...(seen as unknown[])]).toEqual([info, true, await python.run('return str(type(eval(info)))', { info })]);
      }
      expect(String((dispatcher.seen!.info as Map<unknown, unknown>[])[0]!.keys().next().value)).toBe('Ellipsis');
    }
    await python.run('state.target.shutdown()');
  },
);

it('a blob is made as in Python, of its info and the arguments', async () => {
  expect(await thing.blob(new SerializedBlob('the info', [1, 'two']))).toEqual(['the info', [1, 'two']]);
  expect(() => new SerializedBlob('the info', 'text' as never)).toThrow('the data of a SerializedBlob is an array');
});
