import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { type PyroNameServer, startNameServer } from '../../../lib/core.js';
import { ensurePythonEnv } from '../python-env.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(): Promise<{ server: PyroNameServer; port: number }> {
  const server = await startNameServer({ host: '0.0.0.0', port: 0, profile: 'lab', broadcast: { port: 0 } });
  cleanups.push(() => server.close());
  return { server, port: Number(server.broadcastLocation!.split(':').at(-1)) };
}

/** Sends questions. @returns the first answer */
async function ask(port: number, ...questions: (string | Buffer)[]): Promise<string> {
  const socket = createSocket('udp4');
  cleanups.push(() => socket.close());
  const answer = once(socket, 'message');
  for (const question of questions) socket.send(question, port, '127.0.0.1');
  return String((await answer)[0]);
}

/** Sends a question whose source port is 0, which no socket of Node can. */
const FROM_PORT_0 = `
import socket, struct, sys
try:
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
except PermissionError:
    print("may not")
    sys.exit()
question = b"GET_NSURI"
raw.sendto(struct.pack("!HHHH", 0, int(sys.argv[1]), 8 + len(question), 0) + question, ("127.0.0.1", 0))
print("sent")`;

it('a broadcast from port 0, which cannot be answered, does not end the name server', async (context) => {
  const { server, port } = await start();
  const { stdout } = await promisify(execFile)(await ensurePythonEnv(), ['-c', FROM_PORT_0, String(port)]);
  context.skip(stdout.trim() === 'may not', 'only root sends such datagrams');
  expect(await ask(port, 'GET_NSURI')).toContain(`:${server.uri.port}`);
});

it('broadcasts that are no questions get no answer', async () => {
  const { server, port } = await start();
  const answer = await ask(port, '', 'GET_NSUR', 'get_nsuri', Buffer.alloc(60_000, 'GET_NSURI'), 'GET_NSURI\0', 'GET_NSURI');
  expect(answer).toContain(`:${server.uri.port}`);
});
