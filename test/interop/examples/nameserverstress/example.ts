import type { Example } from '../example.js';
import { serveNames } from '../name-server.object.js';

/** Five threads that list, register, look up and remove names; each prints its number after each call. */
export default {
  serve: serveNames,
  scripts: [{ file: 'stress.py', prints: ['Done. Starting.'], until: /(?:\b[0-4] ){300}/ }],
} satisfies Example;
