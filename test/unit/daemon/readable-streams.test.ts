import { createReadStream } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { behavior, expose, oneway, type PyroDaemon, type PyroDaemonOptions } from '../../../lib/core.js';
import { FLAGS } from '../../../lib/protocol/constants.js';
import { loads, pyTuple } from '../../../lib/serpent/index.js';
import { RemoteFailure, type ScriptedPeer } from '../../../lib/testing/index.js';
import { eventually, join, startDaemon } from './fixtures.js';

const made: Readable[] = [];

class Recorder {
  feed(): Readable {
    const source = new PassThrough({ objectMode: true });
    source.write(1);
    made.push(source);
    return source;
  }
  note(): Readable {
    return this.feed();
  }
  get latest(): Readable {
    return this.feed();
  }
  file(path: string): Readable {
    return createReadStream(path, { encoding: 'utf8' });
  }
  async late(path: string): Promise<Readable> {
    return Promise.resolve(this.file(path));
  }
}
expose(Recorder);
oneway(Recorder, 'note');

class PerCall extends Recorder {}
expose(PerCall);
behavior({ instanceMode: 'percall' })(PerCall);

async function serve(options: PyroDaemonOptions = {}): Promise<{ daemon: PyroDaemon; peer: ScriptedPeer }> {
  const daemon = await startDaemon(options);
  daemon.register(new Recorder(), 'recorder');
  daemon.register(PerCall, 'percall');
  made.length = 0;
  return { daemon, peer: await join(daemon, 'recorder') };
}

async function open(peer: ScriptedPeer, object = 'recorder', method = 'feed', args: unknown[] = []): Promise<string> {
  peer.invoke(object, method, args);
  return (await peer.next()).annotations.get('STRM')!.toString();
}

const next = (peer: ScriptedPeer, id: string): Promise<unknown> => peer.call('Pyro.Daemon', 'get_next_stream_item', id);
const close = (peer: ScriptedPeer, id: string): Promise<unknown> => peer.call('Pyro.Daemon', 'close_stream', id);

/** How the stream of a Readable ends early. */
const ENDS: Record<string, (peer: ScriptedPeer, daemon: PyroDaemon) => Promise<unknown>> = {
  'closed before its first item': async (peer) => close(peer, await open(peer)),
  'closed before its first item, of a percall object': async (peer) => close(peer, await open(peer, 'percall')),
  'closed after an item': async (peer) => {
    const id = await open(peer);
    expect(await next(peer, id)).toBe(1);
    await close(peer, id);
  },
  'closed while an item is awaited': async (peer, daemon) => {
    const id = await open(peer);
    await next(peer, id);
    peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
    await close(await join(daemon, 'recorder'), id);
    expect(new RemoteFailure(await peer.next()).args).toEqual(['item stream terminated']);
  },
  'dropped by a client that leaves while it awaits an item': async (peer) => {
    const id = await open(peer);
    await next(peer, id);
    peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
    await sleep(20);
    peer.destroy();
  },
  'dropped by a client that leaves before the first item': async (peer) => {
    await open(peer);
    peer.destroy();
  },
  'not read: the call is oneway': async (peer) => {
    peer.invoke('recorder', 'note', [], {}, { flags: FLAGS.oneway });
    await eventually(() => made.length === 1);
  },
  'not read: the call belongs to a batch': async (peer) => {
    peer.invoke('recorder', '<batch>', [pyTuple('feed', [], {})], {}, { flags: FLAGS.batch });
    await peer.next();
  },
  'open when the daemon closes': async (peer, daemon) => {
    await open(peer);
    await daemon.close();
  },
};

/** Awaits the first item of the stream of a file. */
async function firstItem(peer: ScriptedPeer, method: string, path: string): Promise<unknown> {
  const id = await open(peer, 'recorder', method, [path]);
  // the file is opened in the meantime
  await sleep(20);
  peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
  const frame = await peer.next();
  return frame.header.flags & FLAGS.exception ? new RemoteFailure(frame) : loads(frame.data);
}

describe('a Readable that a method returns', () => {
  it.each(Object.keys(ENDS))('a Readable that a method returns is destroyed when its stream is %s', async (name) => {
    const { daemon, peer } = await serve({ streamLingerMs: 0 });
    await ENDS[name]!(peer, daemon);
    await eventually(() => made.length === 1 && made[0]!.destroyed);
  });

  it('a Readable that a method returns is destroyed when the daemon does not stream', async () => {
    const { peer } = await serve({ streaming: false });
    expect((await peer.fail('recorder', 'feed')).pythonType).toBe('Pyro5.errors.ProtocolError');
    expect(made[0]!.destroyed).toBe(true);
  });

  it('a Readable that a method returns gives an error that comes before the first item with the first item; the process goes on', async () => {
    const { peer } = await serve();
    for (const method of ['file', 'late'])
      expect(await firstItem(peer, method, '/no/such/file')).toMatchObject({
        pythonType: 'builtins.FileNotFoundError',
        args: [2, expect.stringContaining('ENOENT')],
      });
    await close(peer, await open(peer, 'recorder', 'file', ['/no/such/file']));
    expect(await firstItem(peer, 'file', import.meta.filename)).toContain('createReadStream');
  });
});
