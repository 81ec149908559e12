import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { ObjectSignatures, SignatureBook } from '../../../lib/core.js';
import { Oven, Tray } from '../../interop/command-line/generated/lab/oven.object.js';
import { serve } from './fixtures.js';

const SIGNATURES = 'test/interop/command-line/generated/signatures.json';

describe('get_signatures of a Nest server', () => {
  it('get_signatures tells what nestjs-pyro pyi has read from the source: wire names, parameters, types, streams and docs', async () => {
    const { join } = await serve({ providers: [Oven, Tray] }, { signatures: SIGNATURES });
    const told = (await (await join('Pyro.Daemon')).call('Pyro.Daemon', 'get_signatures', 'lab.oven')) as ObjectSignatures;
    const book = JSON.parse(await readFile(SIGNATURES, 'utf8')) as SignatureBook;
    expect(told).toEqual(book.classes['Oven']);
  });

  it('get_signatures without the option signatures tells the same names, parameters and known streams', async () => {
    const { join } = await serve({ providers: [Oven, Tray] });
    const peer = await join('Pyro.Daemon');
    const { methods, attributes } = (await peer.call('Pyro.Daemon', 'get_signatures', 'lab.oven')) as ObjectSignatures;
    expect(methods['load_programme']).toEqual({
      parameters: [
        { name: 'programme', kind: 'positional', required: true },
        { name: 'slot_number', kind: 'positional', required: false },
      ],
      oneway: false,
      stream: false,
    });
    expect(Object.keys(methods).filter((name) => methods[name]!.stream)).toEqual(['frames', 'temperatures']);
    expect(attributes).toEqual({ gain: { readable: true, writable: true }, serial: { readable: true, writable: false } });
  });
});
