import type { Example } from '../example.js';
import { serveNames } from '../name-server.object.js';

/** All the sharing is the client's: it calls the name server. */
export default {
  serve: serveNames,
  original: [],
  scripts: [{ file: 'client.py', normalize: (output) => output.replaceAll(/(?<=started )\d+/g, 'THREAD') }],
} satisfies Example;
