import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose, PyroDaemon, PyroProxy, type RemoteObject, SerializedBlob } from '../../../lib/core.js';
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
it.each(['serpent', 'marshal', 'msgpack'])('forwards a blob of Python to Python unchanged (%s)', async (serializer) => {
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
