import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommunicationError, locateNameServer, PyroDaemon, PyroProxy } from '../../../lib/core.js';
import { unixPathFault } from '../../../lib/transport/sockets/unix-path.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pyro-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A path in the directory with exactly so many bytes. */
const pathOf = (bytes: number): string => join(directory, 'x'.repeat(bytes - Buffer.byteLength(directory) - 1));

describe.skipIf(process.platform !== 'linux')('paths of unix sockets', () => {
  it('the longest path of a unix socket is served and reached', async () => {
    const unixSocket = pathOf(107);
    await using daemon = await PyroDaemon.listen({ unixSocket });
    await using proxy = await PyroProxy.connect<{ registered(): string[] }>(`PYRO:Pyro.Daemon@./u:${unixSocket}`);
    expect(await proxy.registered()).toEqual(['Pyro.Daemon']);
    expect(daemon.locationStr).toBe(`./u:${unixSocket}`);
  });

  const bad: [string, () => string, RegExp][] = [
    ['a path that is one byte too long', () => pathOf(108), /has 108 bytes, and this system takes 107 at most/],
    ['a path whose letters take more bytes', () => `${pathOf(100)}ééééé`, /has 110 bytes, and this system takes 107 at most/],
    ['a zero byte in the path', () => join(directory, 'a\0b'), /zero byte/],
    ['half of a surrogate pair in the path', () => join(directory, 'a\ud800'), /surrogate/],
    ['a line break at the end of the path', () => join(directory, 'a\n'), /has a line break in it/],
    ['a line break in the path', () => join(directory, 'a\r\nb'), /has a line break in it/],
    ['white space at the end of the path', () => join(directory, 'a '), /begins or ends with white space/],
  ];
  it.each(bad)('a daemon refuses %s, and leaves no file', async (_, path, message) => {
    await expect(PyroDaemon.listen({ unixSocket: path() })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(message) as string,
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(bad)('a proxy refuses %s at once, and reaches no other daemon', async (_, path, message) => {
    // where the path would be cut, or would lose its white space
    const cut = Buffer.from(path().split(/[\0\r]/)[0]!)
      .subarray(0, 106)
      .toString()
      .replace('\ufffd', '')
      .trim();
    await using daemon = await PyroDaemon.listen({ unixSocket: cut });
    let arrived = 0;
    daemon.on('connection', () => arrived++);
    const refusal = { code: 'COMMUNICATION', sent: false, message: expect.stringMatching(message) as string };
    // a URI loses the line breaks at its end, as the content of a file has them
    if (!path().endsWith('\n')) {
      const proxy = PyroProxy.to(`PYRO:Pyro.Daemon@./u:${path()}`, { maxRetries: 5, handshake: 'secret' });
      const failure = await proxy.$connect().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CommunicationError);
      expect(failure).toMatchObject(refusal);
    }
    await expect(locateNameServer({ unixSocket: path() })).rejects.toThrow(message);
    expect(arrived).toBe(0);
  });

  it.each(['8080', '0x10', '1e3'])(
    'a daemon refuses the number %s as a path, and says how to write the path',
    async (unixSocket) => {
      await expect(PyroDaemon.listen({ unixSocket })).rejects.toMatchObject({
        code: 'CONFIG',
        message: expect.stringContaining(
          `Node takes a number for a port; write a path (unixSocket: "./${unixSocket}")`,
        ) as string,
      });
    },
  );
});

it('every system has its own limit', () => {
  const path = 'x'.repeat(105);
  expect(unixPathFault(path, 'linux')).toBeUndefined();
  expect(unixPathFault(path, 'darwin')).toContain('103 at most');
  expect(unixPathFault(path, 'aix')).toContain('91 at most');
  expect(unixPathFault(path.repeat(10), 'win32')).toBeUndefined();
});
