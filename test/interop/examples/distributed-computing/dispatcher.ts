import { PyroController, PyroException, PyroMethod } from 'nestjs-pyro';
import { ClassRegistry } from 'nestjs-pyro/core';

class Workitem {
  constructor(
    readonly itemId: number,
    readonly data: number,
    readonly result: number[] | null,
    readonly processedBy: string | null,
  ) {}
}

export const classes = new ClassRegistry();
classes.registerClass(Workitem, {
  name: 'workitem.Workitem',
  toDict: (item) => ({ ...item }),
  fromDict: ({ itemId, data, result, processedBy }) =>
    new Workitem(itemId as number, data as number, result as number[] | null, processedBy as string | null),
});

/** A queue whose readers wait, as Python's `queue.Queue`. */
class WaitingQueue<T> {
  private readonly items: T[] = [];
  private readonly waiting: ((item: T) => void)[] = [];

  get size(): number {
    return this.items.length;
  }

  put(item: T): void {
    const reader = this.waiting.shift();
    if (reader === undefined) this.items.push(item);
    else reader(item);
  }

  get(seconds: number): Promise<T | undefined> {
    if (this.items.length > 0) return Promise.resolve(this.items.shift());
    return new Promise((resolve) => {
      const give = (item: T): void => {
        clearTimeout(timer);
        resolve(item);
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(give), 1);
        resolve(undefined);
      }, seconds * 1_000);
      this.waiting.push(give);
    });
  }
}

@PyroController({ name: 'example.distributed.dispatcher', instanceMode: 'single' })
export class DispatcherQueue {
  private readonly work = new WaitingQueue<Workitem>();
  private readonly results = new WaitingQueue<Workitem>();

  @PyroMethod()
  putWork(item: Workitem): void {
    this.work.put(item);
  }

  @PyroMethod()
  async getWork(timeout = 5): Promise<Workitem> {
    const item = await this.work.get(timeout);
    if (item === undefined) throw new PyroException('builtins.ValueError', ['no items in queue']);
    return item;
  }

  @PyroMethod()
  putResult(item: Workitem): void {
    this.results.put(item);
  }

  @PyroMethod()
  async getResult(timeout = 5): Promise<Workitem> {
    const item = await this.results.get(timeout);
    if (item === undefined) throw new PyroException('builtins.ValueError', ['no result available']);
    return item;
  }

  @PyroMethod()
  workQueueSize(): number {
    return this.work.size;
  }

  @PyroMethod()
  resultQueueSize(): number {
    return this.results.size;
  }
}
