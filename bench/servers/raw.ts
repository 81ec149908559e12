/** The fastest that Node can answer: one fixed reply, nothing looked at. */
import { createServer } from 'node:net';

const HEADER_BYTES = 40;
const CORRELATION_FLAG = 64;
const connectOk = reply(
  2,
  Buffer.from('# serpent utf-8 python3.2\n{"handshake":"hello","meta":{"methods":{"add"},"oneway":(),"attrs":()}}'),
);
const result = reply(5, Buffer.from('# serpent utf-8 python3.2\n42'));

const server = createServer({ noDelay: true }, (socket) => {
  let connected = false;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    socket.cork();
    for (let at = 0; at + HEADER_BYTES <= chunk.length; at += HEADER_BYTES + chunk.readUInt32BE(at + 12)) {
      const message = connected ? result : connectOk;
      connected = true;
      const answer = Buffer.from(message);
      // what clients look at: sequence number and correlation id
      answer.writeUInt16BE(chunk.readUInt16BE(at + 8) & CORRELATION_FLAG, 8);
      answer.writeUInt16BE(chunk.readUInt16BE(at + 10), 10);
      chunk.copy(answer, 20, at + 20, at + 36);
      socket.write(answer);
    }
    socket.uncork();
  });
});
server.listen(0, '127.0.0.1', () => console.log(`ready: 127.0.0.1:${(server.address() as { port: number }).port}`));

function reply(type: number, data: Buffer): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + data.length);
  message.write('PYRO', 0, 'latin1');
  message.writeUInt16BE(502, 4);
  message[6] = type;
  message[7] = 1;
  message.writeUInt32BE(data.length, 12);
  message.writeUInt16BE(0x4dc5, 38);
  data.copy(message, HEADER_BYTES);
  return message;
}
