import { describe, expect, it } from 'vitest';
import { isInstanceMode, KeyedInstances } from '../../../lib/objects/keyed-instances.js';

interface Thing {
  key: string;
}

describe('KeyedInstances', () => {
  it('KeyedInstances makes one instance per key', () => {
    const instances = new KeyedInstances((key: string): Thing => ({ key }));
    const first = instances.get('a');
    expect(first).toEqual({ key: 'a' });
    expect(instances.get('a')).toBe(first);
    expect(instances.get('b')).not.toBe(first);
    expect(instances.keys()).toEqual(['a', 'b']);
  });

  it('KeyedInstances gives the promise of an instance that is being made to every caller, and afterwards the instance itself', async () => {
    let count = 0;
    const instances = new KeyedInstances(async (key: string): Promise<Thing> => {
      count += 1;
      return { key };
    });
    const pending = instances.get('a');
    expect(instances.get('a')).toBe(pending);
    expect(instances.made()).toEqual([]);
    const instance = await pending;
    expect(instances.get('a')).toBe(instance);
    expect(instances.made()).toEqual([instance]);
    expect(count).toBe(1);
  });

  it('KeyedInstances forgets an instance that could not be made, and tries again for the next caller', async () => {
    let count = 0;
    const instances = new KeyedInstances(async (key: string): Promise<Thing> => {
      if (++count === 1) throw new Error('not yet');
      return { key };
    });
    await expect(instances.get('a')).rejects.toThrow('not yet');
    await expect(instances.get('a')).resolves.toEqual({ key: 'a' });
  });

  it('KeyedInstances keeps nothing when making an instance throws', () => {
    const instances = new KeyedInstances<string, Thing>(() => {
      throw new Error('never');
    });
    expect(() => instances.get('a')).toThrow('never');
    expect(instances.keys()).toEqual([]);
  });

  it('KeyedInstances gives a removed instance to the first caller of remove only', async () => {
    const instances = new KeyedInstances((key: string): Thing => ({ key }));
    const instance = instances.get('a');
    const removed = await Promise.all([instances.remove('a'), instances.remove('a')]);
    expect(removed).toEqual([instance, undefined]);
    expect(await instances.remove('a')).toBeUndefined();
  });

  it('KeyedInstances waits in remove for an instance that is being made', async () => {
    const instances = new KeyedInstances(async (key: string): Promise<Thing> => ({ key }));
    void instances.get('a');
    expect(await instances.remove('a')).toEqual({ key: 'a' });
    expect(instances.keys()).toEqual([]);
  });

  it('KeyedInstances removes nothing when the instance cannot be made', async () => {
    const instances = new KeyedInstances<string, Thing>(() => Promise.reject(new Error('never')));
    const asked = instances.get('a') as Promise<Thing>;
    expect(await instances.remove('a')).toBeUndefined();
    await expect(asked).rejects.toThrow('never');
  });
});

describe('isInstanceMode', () => {
  it('isInstanceMode knows the three modes of Pyro5 and nothing else', () => {
    expect(['session', 'single', 'percall'].every(isInstanceMode)).toBe(true);
    expect(['Session', '', undefined, ['single']].some(isInstanceMode)).toBe(false);
  });
});
