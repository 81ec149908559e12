import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose, PyroDaemon, PyroProxy, PyroUri, type SerializerName } from '../../../lib/core.js';
import { referenceOf } from '../../../lib/protocol/proxy-reference.js';
import { ClassRegistry } from '../../../lib/serializers/contract/class-registry.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { proxyToDict } from '../../../lib/serializers/objects/pyro-objects.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { PythonInterpreter } from '../python-interpreter.js';

class Camera {
  shoot(): void {}
}
expose(Camera);

let python: PythonInterpreter;
let daemon: PyroDaemon;
beforeAll(async () => {
  python = await PythonInterpreter.start();
  daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
});
afterAll(async () => {
  python.stop();
  await daemon.close();
});

it.each(Object.keys(SERIALIZER_IDS) as SerializerName[])(
  'the state of URIs and proxies has the same types in %s as in Python: tuples, where there are some',
  async (name) => {
    const uri = daemon.register(new Camera());
    await using camera = await PyroProxy.connect<Camera>(uri);
    const options = {
      classes: new ClassRegistry(),
      encodeObject: (value: object) => referenceOf(value) && proxyToDict(referenceOf(value)!),
    };
    const serializer = createSerializers(options).get(SERIALIZER_IDS[name])!;
    const uris = [uri, new PyroUri('PYRONAME:lab.camera@[::1]:9090'), new PyroUri('PYRO:camera@./u:/tmp/socket')];
    const ours = [camera, ...uris].map((value) => serializer.dumps(value).toString('hex'));
    const [shown, expected] = await python.run<[string[], string[]]>(
      `
      import marshal, serpent, msgpack
      # reads bytes without making objects of class dicts
      readers = {"serpent": serpent.loads, "marshal": marshal.loads, "json": json.loads, "msgpack": msgpack.unpackb}
      show = lambda data: repr(readers[name](data))
      proxy = Proxy(uris[0])
      proxy._pyroMethods = {"shoot"}
      theirs = [serializers[name].dumps(value) for value in [proxy] + [URI(text) for text in uris]]
      return [show(bytes.fromhex(data)) for data in ours], [show(data) for data in theirs]`,
      { name, ours, uris: uris.map(String) },
    );
    expect(shown).toEqual(expected);
    daemon.unregister(uri.object);
  },
);
