import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { expect, it } from 'vitest';
import {
  type AuthorizeRequest,
  expose,
  MESSAGE_TYPES,
  type PyroDaemon,
  type PyroDaemonOptions,
  PyroProxy,
  type PyroUri,
} from '../../../lib/core.js';
import { DAEMON_OBJECT_ID } from '../../../lib/protocol/constants.js';
import { encodeMessage } from '../../../lib/protocol/messages/message.js';
import { dumps, pyTuple } from '../../../lib/serpent/index.js';
import { TestAuthority } from '../../certificates.js';
import { blockEventLoop } from '../../event-loop.js';
import { join, startDaemon } from './fixtures.js';

/** A client that sends some bytes and resets its connection. */
const CLIENT = `
const [port, bytes, tls] = process.argv.slice(1);
const raw = require('node:net').connect(Number(port), '127.0.0.1');
const socket = tls ? require('node:tls').connect({ socket: raw, rejectUnauthorized: false }) : raw;
socket.on('error', () => undefined);
socket.on(tls ? 'secureConnect' : 'connect', () => socket.write(Buffer.from(bytes, 'base64'), () => raw.resetAndDestroy()));
`;

class Thing {
  calls = 0;
  call(): void {
    this.calls++;
  }
}
expose(Thing);

/** The messages of a client that calls the method at once. */
const CALL = Buffer.concat([
  message(MESSAGE_TYPES.connect, { handshake: 'hello', object: 'thing' }),
  message(MESSAGE_TYPES.invoke, pyTuple('thing', 'call', pyTuple(), {})),
]).toString('base64');

/** Serves a thing, and notes the address of each client that says hello. */
async function serve(
  options: PyroDaemonOptions = {},
): Promise<{ daemon: PyroDaemon; port: string; uri: PyroUri; thing: Thing; addresses: string[] }> {
  const addresses: string[] = [];
  const validateHandshake = ({ connection }: AuthorizeRequest): undefined => void addresses.push(connection.remoteAddress);
  const daemon = await startDaemon({ ...options, validateHandshake });
  const thing = new Thing();
  const uri = daemon.register(thing, 'thing');
  return { daemon, port: String(uri.port), uri, thing, addresses };
}

function message(type: number, value: unknown): Buffer {
  return Buffer.concat(encodeMessage({ type, serializerId: 1, flags: 0, seq: 1, data: dumps(value) }, 10_000));
}

it('a TCP client that was reset before it is accepted does not pass for a client of a unix socket', async () => {
  const { port, thing, addresses, daemon } = await serve();
  // this process accepts nobody while it waits for the other one
  execFileSync(process.execPath, ['-e', CLIENT, port, CALL]);
  const later = await join(daemon);
  await later.call(DAEMON_OBJECT_ID, 'ping');
  expect(thing.calls).toBe(0);
  expect(addresses).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
});

it('a TLS client that was reset before its handshake was read does not pass for a client of a unix socket', async () => {
  const directory = await mkdtemp(joinPath(tmpdir(), 'pyro-tls-'));
  try {
    const authority = await TestAuthority.create(directory, 'ca');
    const { cert, key } = await authority.issue('server');
    const { port, uri, addresses } = await serve({ tls: { cert, key } });
    const client = spawn(process.execPath, ['-e', CLIENT, port, CALL, 'tls']);
    // each step of the handshake is read late: on a machine with time for the client, it is gone when its last step is read
    while (client.exitCode === null) {
      await new Promise((resolve) => setImmediate(resolve));
      blockEventLoop(200);
    }
    await using _later = await PyroProxy.connect(uri, { tls: { ca: authority.cert } });
    expect(addresses).not.toContain('local');
  } finally {
    await rm(directory, { recursive: true });
  }
});
