import type { Example } from '../example.js';
import { serveNames } from '../name-server.object.js';

/** The threads of the client share a proxy; the server is the name server. */
export default {
  serve: serveNames,
  original: [],
  scripts: [{ file: 'client.py', normalize: (output) => output.replaceAll(/(?<=started )\d+/g, 'THREAD') }],
} satisfies Example;
