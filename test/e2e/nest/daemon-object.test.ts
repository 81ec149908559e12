import { expect, it } from 'vitest';
import { DaemonObject } from '../../../lib/core.js';
import { expose, PyroController, PyroMethod } from '../../../lib/index.js';
import { serve } from './fixtures.js';

@PyroController('lamp')
class Lamp {
  @PyroMethod() shine(): string {
    return 'shines';
  }
}

class Inventory extends DaemonObject {
  version(): string {
    return `1.0 with ${this.daemon.objectCount} objects`;
  }
}
expose(Inventory);

it('the daemonObject option replaces the daemon’s own object by a subclass', async () => {
  const { join } = await serve({ providers: [Lamp] }, { daemonObject: Inventory });
  const peer = await join('lamp');
  expect(await peer.call('Pyro.Daemon', 'version')).toBe('1.0 with 2 objects');
  expect(await peer.call('Pyro.Daemon', 'registered')).toEqual(['Pyro.Daemon', 'lamp']);
  expect(await peer.call('lamp', 'shine')).toBe('shines');
});
