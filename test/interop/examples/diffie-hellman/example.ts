import { createHash, getDiffieHellman } from 'node:crypto';
import { PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';
import { ServerConsole } from '../stage.js';

/** One instance per connection, with its own key pair. Python's long ints are bigints. */
@PyroController({ name: 'example.dh.keyexchange', instanceMode: 'session' })
class KeyExchange {
  private readonly pair = getDiffieHellman('modp14');

  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  exchange_key(otherPublicKey: bigint): bigint {
    const publicKey = this.pair.generateKeys();
    const secret = toInt(this.pair.computeSecret(toBytes(otherPublicKey)));
    this.console.log('shared secret key = ', createHash('sha256').update(withSignByte(secret)).digest('hex'));
    return toInt(publicKey);
  }
}

function toInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function toBytes(int: bigint): Buffer {
  const digits = int.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
}

/** Hashes a key as upstream's script does: with room for a sign bit. */
function withSignByte(int: bigint): Buffer {
  const bytes = toBytes(int);
  return bytes[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

/** Ints of 2,048 bits, and an object for each session. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [KeyExchange] });
  },
  scripts: [{ file: 'client.py', prints: [/shared secret key =  [0-9a-f]{64}\n/] }],
  judge([client], serverOutput) {
    const [theirs, ours] = [client!, serverOutput].map((output) => /shared secret key = +(\w+)/.exec(output)?.[1]);
    if (theirs !== ours) throw new Error(`the keys differ: ${theirs} and ${ours}`);
  },
} satisfies Example;
