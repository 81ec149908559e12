import { describe, expect, it } from 'vitest';
import { DaemonError, expose, PyroDaemon } from '../../../lib/core.js';
import { keepWarnings } from '../../kept-warnings.js';
import { join, startDaemon } from './fixtures.js';

keepWarnings(/^a registered object exposes nothing/);

class Thing {
  self(): Thing {
    return this;
  }
}
expose(Thing);

class Giver {
  constructor(private readonly thing: Thing) {}
  give(): Thing {
    return this.thing;
  }
}
expose(Giver);

describe('plain objects', () => {
  it('a plain object travels as a proxy once it is registered, and others do not', async () => {
    const daemon = await startDaemon();
    const plain = { name: 'plain' };
    expect(daemon.referenceFor(plain)).toBeUndefined();
    daemon.register(plain, 'plain');
    expect(daemon.referenceFor(plain)?.uri.object).toBe('plain');
    expect(daemon.referenceFor({ name: 'plain' })).toBeUndefined();
    daemon.unregister(plain);
    expect(daemon.referenceFor(plain)).toBeUndefined();
  });
});

describe('weak registration', () => {
  it('a weak registration can be undone and made again', async () => {
    const daemon = await startDaemon();
    const thing = new Thing();
    daemon.register(thing, 'thing', { weak: true });
    daemon.unregister(thing);
    expect(() => daemon.unregister(thing)).toThrow(DaemonError);
    expect(() => daemon.uriFor(thing)).toThrow(DaemonError);
    expect(daemon.register(thing, 'other', { weak: true }).object).toBe('other');
  });

  it('a weak registration does not give the id of a new object to the object that it replaced', async () => {
    const daemon = await startDaemon();
    const thing = new Thing();
    daemon.register(thing, 'thing', { weak: true });
    daemon.register(new Thing(), 'thing', { force: true });
    daemon.register(new Giver(thing), 'giver');
    const peer = await join(daemon, 'giver');
    expect(JSON.stringify(await peer.call('giver', 'give'))).not.toContain('PYRO:');
  });

  it('a call of a garbage-collected object is answered, and the connection stays open', async () => {
    const daemon = await startDaemon();
    const target = {
      get metadata(): never {
        throw new DaemonError('weakly registered object was garbage-collected; register it again');
      },
      invoke: () => undefined,
      getAttribute: () => undefined,
      setAttribute: () => undefined,
      isCallback(): never {
        throw new DaemonError('weakly registered object was garbage-collected; register it again');
      },
    };
    daemon.registerTarget('gone', target);
    const peer = await join(daemon);
    expect((await peer.fail('gone', 'self')).message).toContain('garbage-collected');
    expect(await peer.call('Pyro.Daemon', 'ping')).toBe(null);
  });
});

describe('combined daemons', () => {
  it('a daemon refuses to be combined in a circle, which could not be shut down', () => {
    const [a, b, c] = [new PyroDaemon(), new PyroDaemon(), new PyroDaemon()];
    a!.combine(b!);
    b!.combine(c!);
    expect(() => c!.combine(a!)).toThrow(/combined/);
  });
});
