import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { PyroDaemon } from '../../../lib/core.js';
import { Inspector } from '../../../lib/inspector/inspector.js';
import { RemoteSource } from '../../../lib/inspector/remote-source.js';

it('a call whose body arrives after the inspector was closed is refused, and opens no connection', async () => {
  await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
  const shown = { location: daemon.locationStr, objectId: 'Pyro.Daemon', names: new Map() };
  const source = new RemoteSource(shown, {}, 10);
  const inspector = new Inspector(
    () => source,
    { allowCalls: true },
    () => undefined,
  );
  const server = createServer((incoming, response) => void inspector.post('call', incoming, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const body = JSON.stringify({
    session: 'one',
    server: shown.location,
    objectId: 'Pyro.Daemon',
    kind: 'method',
    member: 'ping',
    args: [],
    kwargs: {},
    isLiteral: false,
    handshake: null,
  });
  const headers = { origin: `http://${host}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const client = request(`http://${host}`, { method: 'POST', headers });
  client.write(body.slice(0, 10));
  await once(server, 'request');
  await inspector.close();
  client.end(body.slice(10));
  const [answer] = (await once(client, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  expect([answer.statusCode, JSON.parse(String(Buffer.concat(chunks)))]).toEqual([503, { error: 'the application shuts down' }]);
  expect(daemon.connections.length).toBe(0);
  await source.close();
  server.close();
});
