import { vi } from 'vitest';
import type { NdArray } from '../lib/arrays/nd-array.js';

const VIEW_READERS = Object.getOwnPropertyNames(DataView.prototype).filter((name) => name.startsWith('get')) as 'getUint8'[];
const INDEX = /^\d+$/;

/** Counts what is read of the memory of arrays: elements of their typed arrays, numbers by views on the memory, and bytes that are copied. */
export class MemoryReads {
  private elements = 0;
  private readonly views = VIEW_READERS.map((name) => vi.spyOn(DataView.prototype, name));
  private readonly copies = vi.spyOn(Buffer, 'from');

  get count(): number {
    const bytes = this.copies.mock.calls.map(([copied]) => (ArrayBuffer.isView(copied) ? copied.byteLength : 0));
    return bytes.reduce((sum, each) => sum + each, this.elements + this.ofViews);
  }

  /** The numbers by views, also of arrays that a program makes itself. */
  get ofViews(): number {
    return this.views.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  }

  /** An array of the same memory, whose typed array counts. */
  of(array: NdArray): NdArray {
    const memory = new Proxy(array.layout.memory, {
      get: (target, key) => {
        if (typeof key === 'string' && INDEX.test(key)) this.elements++;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const copy = Object.create(Object.getPrototypeOf(array) as object) as NdArray;
    return Object.assign(copy, array, { layout: { ...array.layout, memory } });
  }

  [Symbol.dispose](): void {
    for (const spy of [...this.views, this.copies]) spy.mockRestore();
  }
}
