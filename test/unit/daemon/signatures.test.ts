import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expose, type ObjectSignatures, oneway, params, PyroDaemon, PyroProxy, type SignatureBook } from '../../../lib/core.js';
import { startDaemon } from './fixtures.js';

class Camera {
  @expose
  take(seconds: number, binning = 1): string {
    return `${seconds} ${binning}`;
  }
  @expose
  @oneway
  log(..._lines: string[]): void {}
  @expose
  @params('text', 'limit?', '**filters')
  find(text: string): string {
    return text;
  }
  @expose
  *frames(): Generator<number> {
    yield 1;
  }
  @expose
  get serial(): string {
    return 'A1';
  }
  unexposed(): void {}
}

const BOOK: SignatureBook = {
  classes: {
    Camera: {
      class: 'Camera',
      doc: 'A camera.',
      methods: {
        take: {
          parameters: [
            { name: 'seconds', kind: 'positional', required: true, type: 'float', doc: 'how long' },
            { name: 'binning', kind: 'positional', required: false, type: 'float' },
          ],
          returns: 'str',
          doc: 'Takes a picture.',
          oneway: false,
          stream: false,
        },
        find: {
          parameters: [{ name: 'filters', kind: 'kwargs', required: false, type: 'Filter' }],
          oneway: false,
          stream: false,
        },
        unexposed: { parameters: [], doc: 'A secret.', oneway: false, stream: false },
      },
      attributes: { serial: { type: 'str', readable: true, writable: true } },
      types: { Filter: { alias: 'str | float' } },
    },
  },
};

async function signaturesOf(daemon: PyroDaemon, id: string, handshake?: string): Promise<ObjectSignatures> {
  await using own = await PyroProxy.connect(daemon.uriFor('Pyro.Daemon'), { handshake });
  return (await own.$call('get_signatures', id)) as ObjectSignatures;
}

describe('get_signatures', () => {
  it('get_signatures tells the members of an object with their parameters, and no types that nobody knows', async () => {
    const daemon = await startDaemon();
    daemon.register(new Camera(), 'camera');
    const positional = (name: string, required = true) => ({ name, kind: 'positional', required });
    expect(await signaturesOf(daemon, 'camera')).toEqual({
      class: 'Camera',
      methods: {
        take: { parameters: [positional('seconds'), positional('binning', false)], oneway: false, stream: false },
        log: { parameters: [{ name: null, kind: 'varargs', required: false }], oneway: true, stream: false },
        find: {
          parameters: [positional('text'), positional('limit', false), { name: null, kind: 'kwargs', required: false }],
          oneway: false,
          stream: false,
        },
        frames: { parameters: [], oneway: false, stream: true },
      },
      attributes: { serial: { readable: true, writable: false } },
    });
  });

  it('get_signatures adds the types and docs of the option signatures to the members that are exposed, and to no others', async () => {
    const daemon = await startDaemon({ signatures: BOOK });
    daemon.register(new Camera(), 'camera');
    const { doc, types, methods, attributes } = await signaturesOf(daemon, 'camera');
    expect({ doc, types }).toEqual({ doc: 'A camera.', types: { Filter: { alias: 'str | float' } } });
    expect(Object.keys(methods).sort()).toEqual(['find', 'frames', 'log', 'take']);
    expect(methods['take']).toEqual(BOOK.classes['Camera']!.methods['take']);
    expect(methods['find']!.parameters![2]).toEqual({ name: 'filters', kind: 'kwargs', required: false, type: 'Filter' });
    expect(attributes).toEqual({ serial: { type: 'str', readable: true, writable: false } });
  });

  it('get_signatures shows an object with guards only to those who may use it', async () => {
    const daemon = await startDaemon();
    daemon.register(new Camera(), 'camera', {
      guards: ({ data }) => {
        if (data !== 'secret') throw new Error('wrong password');
      },
    });
    await expect(signaturesOf(daemon, 'camera')).rejects.toMatchObject({ pythonType: 'Pyro5.errors.SecurityError' });
    expect(await signaturesOf(daemon, 'camera', 'secret')).toMatchObject({ class: 'Camera' });
  });

  it('get_signatures of an unknown object is a DaemonError, and of the daemon’s own object tells its methods', async () => {
    const daemon = await startDaemon();
    await expect(signaturesOf(daemon, 'nobody')).rejects.toMatchObject({ pythonType: 'Pyro5.errors.DaemonError' });
    expect((await signaturesOf(daemon, 'Pyro.Daemon')).methods['get_signatures']!.parameters).toEqual([
      { name: 'objectId', kind: 'positional', required: true },
    ]);
  });

  it('get_signatures tells members that were exposed later after resetMetadataCache', async () => {
    class Lamp {
      @expose
      on(): void {}
      off(): void {}
    }
    const daemon = await startDaemon();
    daemon.register(Lamp, 'lamp');
    expect(Object.keys((await signaturesOf(daemon, 'lamp')).methods)).toEqual(['on']);
    expose(Lamp, 'off');
    daemon.resetMetadataCache('lamp');
    expect(Object.keys((await signaturesOf(daemon, 'lamp')).methods).sort()).toEqual(['off', 'on']);
  });

  it('get_signatures leaves docs, and then types, out where they are too long', async () => {
    const long = 'x'.repeat(300_000);
    const takes = BOOK.classes['Camera']!;
    const withDoc = { classes: { Camera: { ...takes, doc: long } } };
    const withType = { classes: { Camera: { ...takes, doc: long, types: { Long: { alias: long } } } } };
    for (const [book, type] of [
      [withDoc, 'float'],
      [withType, undefined],
    ] as const) {
      const daemon = await startDaemon({ signatures: book });
      daemon.register(new Camera(), 'camera');
      const signatures = await signaturesOf(daemon, 'camera');
      expect(signatures.doc).toBeUndefined();
      expect(signatures.methods['take']!.parameters![0]).toEqual({
        name: 'seconds',
        kind: 'positional',
        required: true,
        ...(type && { type }),
      });
      expect(JSON.stringify(signatures).length).toBeLessThan(10_000);
    }
  });
});

describe('the option signatures', () => {
  it('the option signatures takes the path of a file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signatures-'));
    const file = join(directory, 'signatures.json');
    await writeFile(file, JSON.stringify(BOOK));
    const daemon = await startDaemon({ signatures: file });
    await rm(directory, { recursive: true });
    daemon.register(new Camera(), 'camera');
    expect(await signaturesOf(daemon, 'camera')).toMatchObject({ doc: 'A camera.' });
  });

  it('the option signatures is refused with the command that writes the file, when the file is missing or something else', () => {
    expect(() => new PyroDaemon({ signatures: '/nowhere/signatures.json' })).toThrow(
      /^signatures: cannot read \/nowhere\/signatures\.json: ENOENT.*nestjs-pyro pyi --signatures FILE/,
    );
    expect(() => new PyroDaemon({ signatures: 'package.json' })).toThrow(/^signatures: the file package.json has no `classes`/);
    expect(() => new PyroDaemon({ signatures: { classes: { Camera: 1 } } as never })).toThrow(
      /^signatures: the value has no `classes`/,
    );
    expect(() => new PyroDaemon({ signatures: 5 as never })).toThrow(/^signatures/);
  });
});
