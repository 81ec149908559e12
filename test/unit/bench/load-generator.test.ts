import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { AT, frame, frameSize, TYPES } from '../../../bench/frame.js';
import { LoadGenerator, measureVisits } from '../../../bench/load/load-generator.js';
import { PyroWire } from '../../../bench/load/pyro-wire.js';

const SERPENT = 1;
const TURN = { warmUpMs: 0, ms: 1 };

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** Answers the requests of each connection, one after another, and the handshake before them. */
async function serve(answer: (socket: Socket, request: Buffer, count: number) => void): Promise<string> {
  let count = 0;
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += frameSize(chunk, at)!) {
        if (chunk[at + AT.type] === TYPES.connect) socket.write(reply(TYPES.connectOk, "{'handshake': 'hello'}"));
        else answer(socket, chunk.subarray(at), count++);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

function reply(type: number, text: string): Buffer {
  return frame({ type, serializerId: SERPENT, data: Buffer.from(`# serpent utf-8 python3.2\n${text}`) });
}

function load(location: string, connections: number, kind: 'call' | 'oneway' = 'call') {
  const wire = new PyroWire({ kind, object: 'bench', method: 'add', args: [17, 25], expected: 42 });
  return { location, pid: process.pid, wire, connections };
}

describe('the load generator', () => {
  it('the load generator counts replies that come in pieces, with other correlation ids', async () => {
    const location = await serve((socket, _request, count) => {
      const bytes = reply(TYPES.result, '42');
      bytes.writeUInt32BE(count, AT.correlation);
      socket.write(bytes.subarray(0, 50));
      setImmediate(() => socket.write(bytes.subarray(50)));
    });
    const { rate, p50 } = await LoadGenerator.measure(load(location, 4), TURN);
    expect(rate).toBeGreaterThan(0);
    expect(p50).toBeGreaterThan(0);
  });

  it('the load generator refuses a first reply with another value', async () => {
    const location = await serve((socket) => socket.write(reply(TYPES.result, '43')));
    await expect(LoadGenerator.measure(load(location, 1), TURN)).rejects.toThrow('a reply is 43 instead of 42');
    await expect(measureVisits(load(location, 1), TURN)).rejects.toThrow('a reply is 43 instead of 42');
  });

  it('the load generator refuses a later reply with other bytes', async () => {
    const location = await serve((socket, _request, count) => socket.write(reply(TYPES.result, count === 0 ? '42' : '43')));
    await expect(LoadGenerator.measure(load(location, 2), TURN)).rejects.toThrow('a reply is not as the first one');
  });

  it('the load generator fails when the server closes a connection', async () => {
    const location = await serve((socket, _request, count) => {
      if (count === 0) socket.write(reply(TYPES.result, '42'));
      else socket.destroy();
    });
    await expect(LoadGenerator.measure(load(location, 2), TURN)).rejects.toThrow('the server closed the connection');
  });

  it('the load generator sends oneway calls before a call that has a reply', async () => {
    let calls = 0;
    const location = await serve((socket, request) => {
      calls++;
      if ((request.readUInt16BE(AT.flags) & 4) === 0) socket.write(reply(TYPES.result, '42'));
    });
    await LoadGenerator.measure(load(location, 1, 'oneway'), TURN);
    expect(calls % 100).toBe(0);
  });
});
