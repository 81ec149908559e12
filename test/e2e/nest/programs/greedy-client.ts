/** A client that makes many calls at once and keeps their results: `greedy-client.ts URI CALLS PROXIES`. */
import { PyroProxy, SerializeError } from '../../../../lib/core.js';

const [uri = '', calls = '1', proxies = '1'] = process.argv.slice(2);
const poolSize = Number(calls) / Number(proxies);
const opened = Array.from({ length: Number(proxies) }, () => PyroProxy.to(uri, { serializer: 'msgpack', poolSize }));
const results = await Promise.allSettled(
  Array.from({ length: Number(calls) }, (_, index) => opened[index % opened.length]!.$call('call')),
);
const kept = results.filter(({ status }) => status === 'fulfilled').length;
const refused = results.filter((result) => result.status === 'rejected' && result.reason instanceof SerializeError);
const [first] = refused as PromiseRejectedResult[];
console.log(`done: ${JSON.stringify({ kept, refused: refused.length, text: String(first?.reason) })}`);
process.exit();
