import { Ctx } from '@nestjs/microservices';
import {
  PyroContext,
  PyroController,
  PyroException,
  PyroKwargs,
  PyroMethod,
  PyroProperty,
  type SerializedBlob,
} from 'nestjs-pyro';

const EXPECTED_ANNOTATION = 'data from proxy via new api';

/** The object `something` of the upstream tests. */
@PyroController({ objectId: 'something', instanceMode: 'single' })
export class ServerTestObject {
  private current: unknown = 12345;
  private readonly items = [...'qwerty'];
  private readonly numbers = { number: 42 };

  @PyroProperty()
  get value(): unknown {
    return this.current;
  }
  set value(value: unknown) {
    this.current = value;
  }

  @PyroProperty()
  get dictionary(): object {
    return this.numbers;
  }

  @PyroMethod()
  getDict(): object {
    return this.numbers;
  }

  @PyroMethod()
  getDictAttr(): object {
    return { number2: 43 };
  }

  @PyroMethod()
  multiply(x: unknown, y: unknown): unknown {
    if (typeof x === 'string' && typeof y === 'number') return x.repeat(y);
    if (typeof x === 'number' && typeof y === 'number') return x * y;
    throw new TypeError(`cannot multiply ${typeof x} by ${typeof y}`);
  }

  @PyroMethod()
  divide(x: number, y: number): number {
    if (y === 0) throw new PyroException('builtins.ZeroDivisionError', ['integer division or modulo by zero']);
    return Math.floor(x / y);
  }

  @PyroMethod()
  ping(): void {
    // nothing to do
  }

  @PyroMethod()
  echo(value: unknown): unknown {
    return value;
  }

  @PyroMethod()
  blob(blob: SerializedBlob): unknown[] {
    return [blob.info, blob.deserialized()];
  }

  @PyroMethod({ oneway: true })
  async oneway_delay(seconds: number): Promise<void> {
    await pause(seconds);
  }

  @PyroMethod()
  async delay(seconds: number): Promise<string> {
    await pause(seconds);
    return `slept ${Math.floor(seconds)} seconds`;
  }

  @PyroMethod()
  async delayAndId(seconds: number, id: unknown): Promise<string> {
    await pause(seconds);
    return `slept for ${String(id)}`;
  }

  @PyroMethod()
  testargs(x: unknown, @PyroKwargs() keywords: Record<string, unknown>, ...args: unknown[]): unknown[] {
    return [x, args, keywords];
  }

  @PyroMethod()
  nonserializableException(): void {
    throw new PyroException('builtins.ValueError', ['xantippe', () => 0]);
  }

  @PyroMethod({ oneway: true })
  oneway_multiply(x: number, y: number): number {
    return x * y;
  }

  @PyroMethod()
  iterator(): Iterator<string> {
    return ['one', 'two', 'three'][Symbol.iterator]();
  }

  @PyroMethod()
  *generator(): Generator<string> {
    yield* ['one', 'two', 'three', 'four', 'five'];
  }

  @PyroMethod()
  response_annotation(@Ctx() context: PyroContext): object {
    const annotation = context.annotations.get('XYZZ')?.toString();
    if (annotation !== EXPECTED_ANNOTATION) throw new PyroException('builtins.ValueError', [`annotation XYZZ is ${annotation}`]);
    context.responseAnnotations.set('ANN2', Buffer.from('daemon annotation via new api'));
    return { annotations_in_daemon: Object.fromEntries(context.annotations) };
  }

  @PyroMethod()
  new_test_object(): ServerTestObject {
    return new ServerTestObject();
  }

  @PyroMethod('__len__')
  size(): number {
    return this.items.length;
  }

  @PyroMethod('__iter__')
  all(): Iterator<string> {
    return this.items[Symbol.iterator]();
  }

  @PyroMethod('__getitem__')
  at(index: number): string {
    const item = this.items[index];
    if (item === undefined) throw new PyroException('builtins.IndexError', ['list index out of range']);
    return item;
  }
}

/** The object `unexposed` of the upstream tests: only one of its methods is exposed. */
@PyroController({ objectId: 'unexposed', instanceMode: 'single' })
export class NotEverythingExposed {
  @PyroMethod()
  getName(): string {
    return 'hello';
  }

  unexposed(): string {
    return 'you should not see this';
  }
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
