/** A name server of this package with COUNT names: `names.js STORAGE COUNT`. */
import { startNameServer } from 'nestjs-pyro/core';
import { openNameStore } from '../../lib/name-server/open-name-store.js';
import { nameAt, TAG, uriAt } from '../names.js';

const TOGETHER = 1_000;

const [storage, count] = [process.argv[2]!, Number(process.argv[3])];
const store = await openNameStore(storage);
for (let first = 0; first < count; first += TOGETHER) {
  const puts = Array.from({ length: Math.min(TOGETHER, count - first) }, async (_, offset) => {
    const index = first + offset;
    const record = { name: nameAt(index), uri: uriAt(index), metadata: new Set([TAG]), lease: undefined };
    return store.put(record, { safe: false, takeover: false });
  });
  await Promise.all(puts);
}
const server = await startNameServer({ host: '127.0.0.1', port: 0, storage: store });
console.log(`ready: ${server.uri.location}`);
