import { describe, expect, it } from 'vitest';
import { closeResource, disposeObject } from '../../../lib/objects/disposal.js';

function resource(...methods: (string | symbol)[]): { object: object; called: (string | symbol)[] } {
  const called: (string | symbol)[] = [];
  const entries = methods.map((method) => [method, () => void called.push(method)] as const);
  return { object: Object.fromEntries(entries), called };
}

describe('disposeObject', () => {
  it('disposeObject prefers asyncDispose, then dispose, and never calls close', async () => {
    const both = resource(Symbol.dispose, Symbol.asyncDispose, 'close');
    expect(await disposeObject(both.object)).toBe(true);
    expect(both.called).toEqual([Symbol.asyncDispose]);
    const sync = resource(Symbol.dispose);
    expect(await disposeObject(sync.object)).toBe(true);
    expect(sync.called).toEqual([Symbol.dispose]);
    const closable = resource('close');
    expect(await disposeObject(closable.object)).toBe(false);
    expect(closable.called).toEqual([]);
  });

  it('disposeObject passes the error of a disposal on', async () => {
    const object = { [Symbol.asyncDispose]: () => Promise.reject(new Error('stuck')) };
    await expect(disposeObject(object)).rejects.toThrow('stuck');
  });
});

describe('closeResource', () => {
  it('closeResource calls close only where the resource cannot be disposed', async () => {
    const both = resource(Symbol.dispose, 'close');
    await closeResource(both.object);
    expect(both.called).toEqual([Symbol.dispose]);
    const closable = resource('close');
    await closeResource(closable.object);
    expect(closable.called).toEqual(['close']);
    await closeResource({});
  });
});
