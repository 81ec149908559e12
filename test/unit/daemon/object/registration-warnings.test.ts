import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { behavior, expose } from '../../../../lib/core.js';
import { join, startDaemon } from '../fixtures.js';

let warned: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});
const texts = (): string[] => (warned.mock.calls as unknown[][]).map(([text]) => String(text));

it.each([
  ['an object', (type: new () => object) => new type()],
  ['a class', (type: new () => object) => type],
])('a daemon warns once of %s that exposes nothing', async (_what, make) => {
  class Closed {
    read(): void {}
  }
  const daemon = await startDaemon();
  daemon.register(make(Closed), 'one');
  daemon.register(make(class extends Closed {}), 'two');
  daemon.register(new Closed(), 'three');
  expect(texts()).toEqual([
    "Closed exposes nothing to clients: put @expose on its members or on the class, or call expose(Closed, 'member')",
    expect.stringContaining('a registered object exposes nothing'),
  ]);
});

it('a daemon warns of functions in fields where the class was exposed as a whole', async () => {
  class Sensor {
    read = (): number => 1;
    private readonly _hidden = (): number => 2;
    constructor(private readonly given: () => number) {}
    value(): number {
      return this._hidden() + this.given();
    }
  }
  expose(Sensor);
  const daemon = await startDaemon();
  daemon.register(new Sensor(() => 3), 'sensor');
  expect(texts()).toEqual([
    'expose does not see functions in fields, which each instance has for itself: Sensor.read; write methods, read() { … }',
  ]);
});

it('a daemon does not warn of a wrapper that the constructor puts in the place of an exposed method', async () => {
  class Sensor {
    constructor() {
      const { read } = this;
      this.read = () => read.call(this) + 1;
    }
    read(): number {
      return 1;
    }
  }
  expose(Sensor);
  const daemon = await startDaemon();
  daemon.register(new Sensor(), 'sensor');
  expect(texts()).toEqual([]);
  expect(await (await join(daemon, 'sensor')).call('sensor', 'read')).toBe(2);
});

it('a daemon warns of functions in fields of a registered class when the first instance is made', async () => {
  class Sensor {
    read = (): number => 1;
    value(): number {
      return 2;
    }
  }
  expose(Sensor);
  behavior({ instanceMode: 'percall' })(Sensor);
  const daemon = await startDaemon();
  daemon.register(Sensor, 'sensor');
  expect(texts()).toEqual([]);
  const peer = await join(daemon, 'sensor');
  await peer.call('sensor', 'value');
  await peer.call('sensor', 'value');
  expect(texts()).toEqual([expect.stringContaining('Sensor.read')]);
});

it('a daemon does not warn of functions in fields where single members were exposed', async () => {
  class Sensor {
    onData = (): void => undefined;
    value(): number {
      return 2;
    }
  }
  expose(Sensor, 'value');
  (await startDaemon()).register(new Sensor(), 'sensor');
  expect(texts()).toEqual([]);
});

it('expose of a field by its name says what to write instead', () => {
  class Sensor {
    read = (): number => 1;
  }
  expect(() => expose(Sensor, 'read')).toThrow('a function in a field (read = () => …) is none');
});
