import type { Example } from '../example.js';
import { BlobServer } from './blob-server.js';
import { FileServer } from './file-server.object.js';

const ways = ['regular_pyro', 'via_iterator', 'via_annotation_stream', 'raw_socket'];

/** Two threads of the client fetch data in each of the four ways, and count the bytes. */
export default {
  alone: 'busy',
  async serve(stage) {
    const server = await stage.nest({ providers: [BlobServer, FileServer] });
    return server.unwrap().uriFor('example.filetransfer');
  },
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n\n\n\n\n`,
      prints: ways.flatMap((way) => [`(${way}) done`, `(${way}) done`]),
    },
  ],
} satisfies Example;
