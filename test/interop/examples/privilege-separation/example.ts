import { execFileSync } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Example, SERVING } from '../example.js';
import { DmesgServer } from './dmesg.object.js';
import { CONFINEMENT, RestrictedService } from './restricted.object.js';

const me = userInfo();
/** Only root can switch to another user; for all others the user stays the same. */
const isRoot = me.uid === 0;
const nobody = isRoot ? { uid: idOf('-u'), gid: idOf('-g'), username: 'nobody' } : me;

function idOf(option: string): number {
  return Number(execFileSync('id', [option, 'nobody']));
}

export default [
  {
    async serve(stage) {
      const server = await stage.nest({ providers: [DmesgServer] });
      return server.unwrap().uriFor('dmesg');
    },
    original: [{ file: 'elevated_server.py', ready: SERVING }],
    scripts: [
      {
        file: 'elevated_client.py',
        input: (uri) => `${uri}\n`,
        // the kernel may have logged more between the two reads
        normalize: (output) => output.replaceAll(/^\[ *\d+\.\d+\] .*$/gm, 'a message'),
      },
    ],
  },
  {
    async serve(stage) {
      const cwd = join(stage.directory, 'protected');
      await mkdir(cwd);
      await chmod(cwd, 0o555);
      const { uid, gid } = nobody;
      const server = await stage.nest({
        providers: [RestrictedService, { provide: CONFINEMENT, useValue: { uid, gid, cwd } }],
      });
      return server.unwrap().uriFor('restricted');
    },
    original: isRoot ? [{ file: 'drop_privs_server.py', ready: SERVING }] : undefined,
    scripts: [
      {
        file: 'drop_privs_client.py',
        input: (uri) => `${uri}\n`,
        prints: [
          `server is running as: (${nobody.uid}, ${nobody.gid}, '${nobody.username}')\n`,
          'ERROR (expected): [Errno 13] Permission denied\n',
        ],
      },
    ],
  },
] satisfies Example[];
