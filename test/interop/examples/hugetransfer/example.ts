import { PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

const CHUNK_BYTES = 200_000;

@PyroController({ objectId: 'example.hugetransfer', naming: 'snake_case' })
class Transfer {
  /** Text and bytes keep their type; only the length of each is checked. */
  @PyroMethod()
  transfer(data: string | Buffer): number {
    return data.length;
  }

  /** The client pulls one chunk at a time. */
  @PyroMethod()
  *downloadChunks(size: number): Generator<Buffer> {
    const data = Buffer.alloc(size);
    for (let start = 0; start < size; start += CHUNK_BYTES) yield data.subarray(start, start + CHUNK_BYTES);
  }
}

const TRANSFERS = /^(?:transferring 5242880 bytes\n){10}It took .* to transfer 50 mb\.\n/m;

/** The client checks each length itself. */
export default {
  alone: 'busy',
  async serve(stage) {
    const server = await stage.nest({ providers: [Transfer] });
    return server.unwrap().uriFor('example.hugetransfer');
  },
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      prints: [
        'test with string data',
        TRANSFERS,
        'test with byte data',
        TRANSFERS,
        'test with bytearray data',
        TRANSFERS,
        'test download via iterator',
        /^\.{263}\nIt took .* to transfer 50 mb\.\n/m,
      ],
    },
  ],
} satisfies Example;
