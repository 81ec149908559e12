/**
 * The fastest possible server of Node: it sends one fixed reply, and checks nothing. `raw.js turns` serves all connections with data in one
 * turn of the event loop together. No simple server does this: it is the ceiling.
 */
import { createServer, type Socket } from 'node:net';
import { AT, FLAG_BITS, frame, frameSize, TYPES } from '../frame.js';
import { reportMemory } from './memory-reports.js';

const SERPENT = 1;
const connectOk = reply(TYPES.connectOk, '{"handshake":"hello","meta":{"methods":{"add"},"oneway":(),"attrs":()}}');
const result = reply(TYPES.result, '42');

const serve = process.argv[2] === 'turns' ? serveInTurns() : answer;
const server = createServer({ noDelay: true }, (socket) => {
  let message = connectOk;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    serve(socket, chunk, message);
    message = result;
  });
});
server.listen(0, '127.0.0.1', () => console.log(`ready: 127.0.0.1:${(server.address() as { port: number }).port}`));
reportMemory();

function answer(socket: Socket, chunk: Buffer, message: Buffer): void {
  for (let at = 0; at < chunk.length; at += frameSize(chunk, at) ?? chunk.length) {
    const bytes = Buffer.from(message);
    // the fields that clients check: sequence number and correlation id
    bytes.writeUInt16BE(chunk.readUInt16BE(at + AT.flags) & FLAG_BITS.correlation, AT.flags);
    bytes.writeUInt16BE(chunk.readUInt16BE(at + AT.seq), AT.seq);
    chunk.copy(bytes, AT.correlation, at + AT.correlation, at + AT.reserved);
    socket.write(bytes);
  }
}

function serveInTurns(): typeof answer {
  let turn: Parameters<typeof answer>[] = [];
  const serveTurn = (): void => {
    const served = turn;
    turn = [];
    for (const [socket, chunk, message] of served) answer(socket, chunk, message);
  };
  return (socket, chunk, message) => {
    if (turn.length === 0) setImmediate(serveTurn);
    turn.push([socket, chunk, message]);
  };
}

function reply(type: number, text: string): Buffer {
  return frame({ type, serializerId: SERPENT, data: Buffer.from(`# serpent utf-8 python3.2\n${text}`) });
}
