import { endsWithin } from '../../calls/deadline.js';
import { HANDLE } from '../../client/proxy/proxy-traps.js';
import type { UntypedRemote } from '../../client/proxy/remote-methods.js';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import { TimeoutError } from '../../protocol/errors.js';
import { HealthDeadline, lateText } from './health-deadline.js';

/** A connection whose daemon has not answered a ping for this time is closed. */
const GIVEN_UP_MS = 60_000;

/**
 * Pings of injected objects. A ping that takes longer than a check goes on, and the next check waits for the same ping: a deadline of a
 * second would close the connection of a busy daemon, and with it end the session of the object.
 */
export class PoolPings {
  private readonly pings = new WeakMap<object, Promise<unknown>>();

  /** @throws {TimeoutError} when the daemon does not answer in time */
  async ping(remote: Pick<RemoteObject<UntypedRemote>, typeof HANDLE | '$pool' | '$uri'>, timeoutMs: number): Promise<void> {
    const { core } = remote[HANDLE];
    const what = String(remote.$uri);
    const { connections, busy } = remote.$pool;
    // no session to lose: the deadline ends the attempt to connect
    if (connections === 0) return void (await core.calls.ping(new HealthDeadline(what, { timeoutMs, asksOnce: true })));
    if (!this.pings.has(core)) {
      // calls use all connections: they will tell
      if (busy === connections) return;
      this.begin(core, core.calls.ping(new HealthDeadline(what, { timeoutMs: GIVEN_UP_MS, asksOnce: true })));
    }
    if (!(await endsWithin(this.pings.get(core)!, timeoutMs))) throw new TimeoutError(lateText(what, timeoutMs), { sent: true });
  }

  private begin(core: object, ping: Promise<unknown>): void {
    const forget = (): void => void this.pings.delete(core);
    this.pings.set(core, ping);
    ping.then(forget, forget);
  }
}
