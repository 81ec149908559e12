import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compress, decompress } from '../../../lib/protocol/compression.js';
import { sizeLimit } from '../../../lib/protocol/header.js';
import { MessageTooLargeError, ProtocolError } from '../../../lib/protocol/errors.js';

describe('compression', () => {
  it.each([0, 101, 5_000, 300_000])('inflation of %i bytes gives what was compressed', async (bytes) => {
    const data = Buffer.alloc(bytes, 'abc');
    expect(data.equals(await decompress(await compress(data), sizeLimit(1_000_000)))).toBe(true);
  });

  it.each([1_000_001, 50_000_000])('inflation of %i bytes stops at maxMessageBytes', async (bytes) => {
    const bomb = deflateSync(Buffer.alloc(bytes));
    await expect(async () => decompress(bomb, sizeLimit(1_000_000))).rejects.toThrow(MessageTooLargeError);
    await expect(async () => decompress(bomb, sizeLimit(1_000_000))).rejects.toThrow('maxMessageBytes (1000000)');
  });

  it('inflation accepts data that inflates to exactly maxMessageBytes', async () => {
    expect((await decompress(deflateSync(Buffer.alloc(1_000)), sizeLimit(1_000))).length).toBe(1_000);
  });

  it.each([Buffer.from('no zlib'), deflateSync(Buffer.from('cut short')).subarray(0, 8), Buffer.alloc(5_000, 'x')])(
    'inflation refuses data that is no zlib stream',
    async (data) => {
      const failure = await Promise.resolve()
        .then(() => decompress(data, sizeLimit(1_000)))
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ProtocolError);
      expect((failure as ProtocolError).code).toBe('BAD_COMPRESSION');
    },
  );
});
