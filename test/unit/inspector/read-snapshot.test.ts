import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose, PyroDaemon } from '../../../lib/core.js';
import type { DaemonSnapshot } from '../../../lib/daemon/contract/snapshot.js';
import { hashOf } from '../../../lib/inspector/page/formats.js';
import { readSnapshot, UnreadableSnapshot } from '../../../lib/inspector/sources/read-snapshot.js';

class Camera {
  configure(settings: object, mode = 'slow'): object {
    return { settings, mode };
  }
  get gain(): number {
    return 1;
  }
}
expose(Camera);

let daemon: PyroDaemon;
let whole: DaemonSnapshot;
beforeAll(async () => {
  daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
  daemon.register(new Camera(), 'camera');
  whole = daemon.inspect();
});
afterAll(() => daemon.close());

it('a snapshot of this version is read as it is', () => {
  expect(readSnapshot(whole)).toEqual(whole);
});

it.each([
  ['connections', { connections: undefined }],
  ['limits', { limits: {} }],
  ['uptimeMs', { uptimeMs: '12' }],
  ['uptimeMs', { uptimeMs: NaN }],
  ['totals', { totals: null }],
  ['totals.calls', { totals: { calls: 'many' } }],
])('a snapshot of another shape is refused with its field: %s of %j', (field, change) => {
  const totals = 'totals' in change && change.totals !== null ? { ...whole.totals, ...change.totals } : undefined;
  const read = (): unknown => readSnapshot({ ...whole, ...change, ...(totals && { totals }) });
  expect(read).toThrow(UnreadableSnapshot);
  expect(read).toThrow(expect.objectContaining({ field }) as Error);
});

it('a snapshot of a version that did not have all numbers and names is read', () => {
  const { streamsEnding, ...totals } = whole.totals;
  const limits = whole.limits.map((limit) => ({ ...limit, usedBy: undefined }));
  const read = readSnapshot({ ...whole, totals, limits });
  expect(read.totals.streamsEnding).toBe(0);
  expect(read.limits).toHaveLength(whole.limits.length);
  expect([streamsEnding, read.limits[0]!.usedBy]).toEqual([0, null]);
});

it('a snapshot that is no dict is refused', () => {
  for (const answer of [null, undefined, 7, 'text', []]) expect(() => readSnapshot(answer)).toThrow('it is no dict');
});

it('fields, members and rows of a snapshot that have another shape are left out, and the others stay', () => {
  const camera = whole.objects.find(({ objectId }) => objectId === 'camera')!;
  const [method, attribute] = camera.members;
  const failure = {
    at: 'x',
    kind: 'call',
    errorType: 'ValueError',
    message: '',
    objectId: null,
    method: null,
    remoteAddress: null,
    correlationId: null,
  };
  const read = readSnapshot({
    ...whole,
    objects: [
      { ...camera, members: 'none', calls: 'many', className: { toString: 1 } },
      {
        ...camera,
        members: [{ ...method, parameters: {} }, { ...method, name: 7 }, null, { ...attribute, shape: { kind: 'x' } }],
      },
      { ...camera, objectId: 7 },
    ],
    failures: [{ ...failure, errorType: null }, failure],
  });
  expect(read.objects).toEqual([
    { ...camera, members: null, calls: null, className: null },
    { ...camera, members: [{ ...method, parameters: null }, attribute] },
  ]);
  expect(read.failures).toEqual([failure]);
});

it('the page has an address for an id with half of a surrogate pair', () => {
  expect(hashOf('a\ud800')).toBe('a%EF%BF%BD');
  expect(hashOf('\u{1f52d} x')).toBe(encodeURIComponent('\u{1f52d} x'));
});
