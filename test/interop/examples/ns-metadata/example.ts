import type { Example } from '../example.js';
import { serveNames } from '../name-server.object.js';

/** The script registers its own objects with tags, and looks them up. Python prints a set in any order. */
export default {
  serve: serveNames,
  original: [],
  scripts: [{ file: 'example.py', normalize: setsInOrder }],
} satisfies Example;

function setsInOrder(output: string): string {
  return output
    .replaceAll(/(?<=\{|meta: ).*?(?=\}|$)/gm, (tags) => tags.split(', ').sort().join(', '))
    .replaceAll(/(?<=PYROMETA:)resource:printer,performance:slow/g, 'performance:slow,resource:printer')
    .replaceAll(/(?<=owner )\d+/g, 'THREAD');
}
