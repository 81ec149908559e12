import { Observable, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ObservableStream } from '../../../../lib/nest/pipeline/observable-stream.js';

const options = { buffer: 1_000, overflow: 'error' } as const;
const quiet = { teardownFailed: (): void => undefined };
const collect = async (stream: AsyncIterable<unknown>): Promise<unknown[]> => {
  const items: unknown[] = [];
  for await (const item of stream) items.push(item);
  return items;
};

describe('ObservableStream', () => {
  it('an ObservableStream gives all items in order, even many', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => index);
    expect(await collect(new ObservableStream(of(...many), options, quiet))).toEqual(many);
  });

  it('an ObservableStream serves readers that waited before the items came, in order', async () => {
    const subject = new Subject<number>();
    const stream = new ObservableStream(subject, options, quiet);
    const steps = [stream.next(), stream.next(), stream.next(), stream.next()];
    subject.next(1);
    subject.next(2);
    subject.complete();
    expect((await Promise.all(steps)).map(({ value, done }) => (done ? 'end' : value))).toEqual([1, 2, 'end', 'end']);
  });

  it('an ObservableStream rejects waiting readers when the source fails', async () => {
    const subject = new Subject<number>();
    const stream = new ObservableStream(subject, options, quiet);
    const step = stream.next();
    subject.error(new Error('failed'));
    await expect(step).rejects.toThrow('failed');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('an ObservableStream ends waiting readers and unsubscribes on return()', async () => {
    const subject = new Subject<number>();
    const stream = new ObservableStream(subject, options, quiet);
    const step = stream.next();
    await stream.return();
    expect(await step).toEqual({ done: true, value: undefined });
    expect(subject.observed).toBe(false);
  });

  it('an ObservableStream with dropOldest keeps only as many items as its buffer holds', async () => {
    const subject = new Subject<number>();
    const stream = new ObservableStream(subject, { buffer: 10, overflow: 'dropOldest' }, quiet);
    for (let item = 0; item < 100_000; item++) subject.next(item);
    subject.complete();
    expect(await collect(stream)).toEqual([99_990, 99_991, 99_992, 99_993, 99_994, 99_995, 99_996, 99_997, 99_998, 99_999]);
  });

  it('an ObservableStream takes Observables of another copy of rxjs', async () => {
    const foreign = {
      [Symbol.observable ?? '@@observable']() {
        return this;
      },
      '@@observable'() {
        return this;
      },
      subscribe: (observer: { next(value: unknown): void; complete(): void }) => {
        observer.next(1);
        observer.complete();
        return { unsubscribe: () => undefined };
      },
    };
    expect(await collect(new ObservableStream(foreign as unknown as Observable<unknown>, options, quiet))).toEqual([1]);
  });
});
