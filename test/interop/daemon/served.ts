import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Authorization,
  behavior,
  type CallContext,
  CommunicationError,
  ConnectionClosedError,
  currentContext,
  expose,
  MessageTooLargeError,
  oneway,
  ProtocolError,
  PyroDaemon,
  PyroRemoteError,
  type PyroTarget,
  PythonException,
  SecurityError,
  SerializedBlob,
  SerializeError,
  TimeoutError,
} from '../../../lib/core.js';

const context = (): CallContext => currentContext()!;
const ownErrors = {
  TimeoutError,
  ConnectionClosedError,
  ProtocolError,
  SerializeError,
  MessageTooLargeError,
  CommunicationError,
};

function fail(kind: string): never {
  if (kind === 'range') throw new RangeError('out of range');
  if (kind === 'error') throw new Error('just an error');
  if (kind.startsWith('ours ')) throw new ownErrors[kind.slice(5) as keyof typeof ownErrors]('of ours');
  if (kind.startsWith('relayed ')) throw new PyroRemoteError(kind.slice(8), ['of another peer']);
  throw new PythonException(kind, ['failed', 1], { extra: { a: [1] } });
}

class Unexposed {
  unexposed(): string {
    return 'never seen';
  }
}

class Thing extends Unexposed {
  private current = 12;
  private readonly log: unknown[] = [];
  private readonly held = new EventEmitter();

  constructor(private readonly daemon: PyroDaemon) {
    super();
  }

  add(a: number, b = 10): number {
    return a + b;
  }
  echo(value: unknown): unknown {
    return value;
  }
  note(value: unknown): void {
    this.log.push(value);
  }
  notes(): unknown[] {
    return this.log;
  }
  clear(): void {
    this.log.length = 0;
  }
  /** Notes the value when `let_go` is called. */
  async hold(value: unknown): Promise<void> {
    await new Promise<void>((resolve) => void this.held.once('release', resolve));
    this.log.push(value);
  }
  let_go(): void {
    this.held.emit('release');
  }
  async slow(ms: number, value: unknown): Promise<void> {
    await sleep(ms);
    this.log.push(value);
  }
  fail(kind: string): never {
    return fail(kind);
  }
  get value(): number {
    return this.current;
  }
  set value(value: number) {
    this.current = value;
  }
  get fixed(): string {
    return 'fixed';
  }
  __len__(): number {
    return 3;
  }
  __getitem__(index: number): string {
    if (index >= 3) throw new PythonException('builtins.IndexError', [`no item ${index}`]);
    return `item ${index}`;
  }
  *count(to: number): Generator<number> {
    try {
      for (let i = 1; i <= to; i++) yield i;
    } finally {
      this.log.push('closed');
    }
  }
  async *count_async(to: number): AsyncGenerator<number> {
    for (let i = 1; i <= to; i++) yield i;
  }
  iterator(to: number): IterableIterator<number> {
    return Array.from({ length: to }, (_, i) => i + 1).values();
  }
  *breaking(): Generator<number> {
    yield 1;
    throw new RangeError('broken');
  }
  *annotated_items(to: number): Generator<number> {
    for (let i = 1; i <= to; i++) {
      if (i % 2 === 1) context().responseAnnotations.set('ITEM', Buffer.from(`number ${i}`));
      yield i;
    }
    context().responseAnnotations.set('LAST', Buffer.from('over'));
  }
  annotated(): Record<string, Buffer> {
    const { annotations, responseAnnotations } = context();
    responseAnnotations.set('BACK', Buffer.from('and back'));
    return Object.fromEntries(annotations);
  }
  correlation(): string {
    return context().correlationId;
  }
  blob(blob: SerializedBlob): unknown[] {
    return [blob.info, blob.deserialized()];
  }
  self(): object {
    return this.daemon.proxyFor(this);
  }
}
expose(Thing);

const alive = new Set<object>();

class Session {
  static made = 0;
  readonly id = ++Session.made;

  constructor() {
    alive.add(this);
  }
  number(): number {
    return this.id;
  }
  fail(kind: string): never {
    return fail(kind);
  }
  unsendable(): unknown {
    return { deep: [() => 1] };
  }
  get items(): IterableIterator<string> {
    return ['a', 'b'].values();
  }
  [Symbol.dispose](): void {
    alive.delete(this);
  }
}
expose(Session);

class Single extends Session {}
behavior({ instanceMode: 'single' })(Single);

class PerCall extends Session {}
behavior({ instanceMode: 'percall' })(PerCall);

class Sessions {
  alive(): number {
    return [...alive].filter((session) => session.constructor === Session).length;
  }
}
expose(Sessions);

/** A guard that authorizes clients with a password and takes the password as the principal. */
class Guarded implements PyroTarget {
  readonly metadata = { methods: new Set(['whoami', 'items']), oneway: new Set<string>(), attrs: new Set<string>() };

  authorize({ data }: { data: unknown }): Authorization {
    if (data !== 'secret' && data !== 'other') throw new SecurityError('wrong password');
    return { principal: { name: `owner of ${data}` }, principalKey: data, response: 'come in' };
  }
  invoke(method: string, _args: unknown[], _kwargs: object, { principal }: CallContext): unknown {
    return method === 'items' ? [1, 2, 3].values() : (principal as { name: string }).name;
  }
  getAttribute(): undefined {}
  setAttribute(): undefined {}
  isCallback(): boolean {
    return false;
  }
}

/** Starts the daemon that `checks.py` tests. */
export async function serveChecked(): Promise<PyroDaemon> {
  oneway(Thing, 'note');
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  daemon.register(new Thing(daemon), 'thing');
  daemon.register(Session, 'session');
  daemon.register(Single, 'single');
  daemon.register(PerCall, 'percall');
  daemon.register(new Sessions(), 'sessions');
  daemon.registerTarget('guarded', new Guarded());
  return daemon;
}
