import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { lastValueFrom } from 'rxjs';
import { locateNameServer, NameRegistrar, startNameServer } from '../../../lib/core.js';
import {
  PyroClient,
  PyroContext,
  PyroController,
  PyroHandshakeContext,
  PyroMethod,
  PyroModule,
  PyroNames,
  PyroProxy,
  type PyroServer,
  PyroServers,
  type RemoteObject,
  type RemoteStream,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { ClientRegistry } from '../../../lib/nest/client/client-registry.js';
import { closeAfter, serve } from './fixtures.js';

const SECRET = 'the token of a user';
const CAMERA = Symbol('camera');

let called: PyroContext | undefined;
let shaken: PyroHandshakeContext | undefined;

class NotingGuard {
  canActivate(context: Parameters<typeof PyroHandshakeContext.from>[0]): boolean {
    shaken = PyroHandshakeContext.from(context);
    return true;
  }
}

@PyroController('lamp', { instanceMode: 'single' })
@UseHandshakeGuards(NotingGuard)
class Lamp {
  @PyroMethod() light(): string {
    called = PyroContext.current();
    return 'on';
  }
  @PyroMethod() *watts(): Generator<number> {
    yield* [1, 2];
  }
}

interface RemoteLamp {
  light(): string;
  watts(): Generator<number>;
}

/** Objects that an application has, and may log. All lead to the token. */
interface Logged {
  client: PyroClient;
  proxy: RemoteObject<RemoteLamp>;
  stream: RemoteStream<number>;
  server: PyroServer;
  context: PyroContext;
  handshake: PyroHandshakeContext;
  registry: ClientRegistry;
  names: PyroNames;
  servers: PyroServers;
  nameServer: object;
  registrar: NameRegistrar;
  root: object;
  feature: object;
}

let logged: Logged;
beforeEach(async () => {
  const held = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
  closeAfter(() => held.close());
  const nameServer = { host: '127.0.0.1', port: held.uri.port!, handshake: SECRET };
  const root = PyroModule.forRoot({ handshake: SECRET });
  const feature = PyroModule.forFeature([{ token: CAMERA, uri: 'PYRO:camera@127.0.0.1:1', handshake: SECRET }]);
  const { app, server } = await serve({ imports: [root, feature], providers: [Lamp] }, { nameServer });
  const uri = `PYRO:lamp@${server.unwrap().locationStr}`;
  const client = new PyroClient({ uri, handshake: SECRET });
  closeAfter(() => client.close());
  await lastValueFrom(client.send('light'));
  const proxy = await PyroProxy.connect<RemoteLamp>(uri, { handshake: SECRET });
  closeAfter(() => proxy.$release());
  const stream = await proxy.watts();
  await stream.next();
  const names = await locateNameServer(nameServer);
  closeAfter(() => names.release());
  const get = <T>(type: new (...args: never[]) => T): T => app.get(type, { strict: false });
  logged = {
    client,
    proxy,
    stream,
    server,
    context: called!,
    handshake: shaken!,
    registry: get(ClientRegistry),
    names: get(PyroNames),
    servers: get(PyroServers),
    nameServer: names,
    registrar: new NameRegistrar({ nameServer }),
    root,
    feature,
  };
});

describe('handshake data in logs', () => {
  it('no object that a program logs shows handshake data', () => {
    for (const [name, value] of Object.entries(logged)) {
      const text = inspect(value, { depth: 12, maxStringLength: null, maxArrayLength: null });
      expect([name, text.includes(SECRET)]).toEqual([name, false]);
    }
  });

  it('objects with handshake data print what they are', () => {
    const { client, stream, server, context, handshake, registry, servers } = logged;
    expect(
      [client, stream, server, context, context.connection, handshake, registry, servers].map((value) => inspect(value)),
    ).toEqual([
      expect.stringMatching(/^PyroClient <PYRO:lamp@127.0.0.1:\d+, connected>$/),
      `RemoteStream <${stream.id}>`,
      `PyroServer <${server.unwrap().locationStr}>`,
      expect.stringMatching(/^PyroContext <lamp\.light for 127.0.0.1:\d+>$/),
      expect.stringMatching(/^PyroConnection <\d+, 127.0.0.1:\d+>$/),
      expect.stringMatching(/^PyroHandshakeContext <lamp for 127.0.0.1:\d+>$/),
      'ClientRegistry <1 remote objects>',
      'PyroServers <1>',
    ]);
    expect(inspect(new PyroClient({ uri: 'PYRO:lamp@host:1', handshake: SECRET }))).toBe(
      'PyroClient <PYRO:lamp@host:1, not connected>',
    );
  });

  it('the JSON of an object has no handshake data', () => {
    const { client, stream, server, context, handshake, registry, names, root, feature } = logged;
    expect([client, stream, server, registry].map((value) => JSON.stringify(value))).toEqual([
      '{}',
      JSON.stringify({ id: stream.id }),
      '{}',
      '{}',
    ]);
    const { id, remoteAddress } = context.connection;
    expect(JSON.parse(JSON.stringify(context.connection))).toEqual({ id, remoteAddress });
    for (const value of [handshake, names, root, feature]) expect(JSON.stringify(value)).not.toContain(SECRET);
  });
});
