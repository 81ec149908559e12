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

it('an object of yours stands in the place of the daemon’s own', async () => {
  const { join } = await serve({ providers: [Lamp] }, { daemonObject: Inventory });
  const peer = await join('lamp');
  expect(await peer.call('Pyro.Daemon', 'version')).toBe('1.0 with 2 objects');
  expect(await peer.call('Pyro.Daemon', 'registered')).toEqual(['Pyro.Daemon', 'lamp']);
  expect(await peer.call('lamp', 'shine')).toBe('shines');
});
