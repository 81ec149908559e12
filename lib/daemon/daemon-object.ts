import { currentContext } from './contract/call-context.js';
import type { Daemon } from './daemon.js';
import { expose } from './object/expose.js';
import type { ObjectMetadata } from './contract/target.js';

/**
 * What a daemon shows of itself, as object `Pyro.Daemon`. Extend it and give your class as `daemonObject` to show more.
 *
 * @see Pyro5/server.py, `DaemonObject`
 */
export class DaemonObject {
  constructor(protected readonly daemon: Daemon) {}

  /** Does nothing. */
  ping(): void {}

  /** Ids of the registered objects; guarded ones only to connections that their guards let in. */
  registered(): string[] {
    return this.daemon.objectIdsFor(currentContext()!.connection);
  }

  /** One line about the daemon. */
  info(): string {
    const { locationStr, natLocationStr, objectCount } = this.daemon;
    return `Pyro.Daemon bound on ${locationStr}, NAT ${natLocationStr ?? 'None'}, ${objectCount} objects registered. Servertype: nestjs-pyro`;
  }

  /** Exposed members of an object. */
  get_metadata(objectId: string): Promise<ObjectMetadata> {
    return this.daemon.metadataFor(currentContext()!.connection, objectId);
  }

  /** Next item of a stream, with the response annotations that its source has set; `StopIteration` at its end. */
  get_next_stream_item(streamId: string): Promise<unknown> {
    return this.daemon.nextStreamItem(currentContext()!, streamId);
  }

  /** Closes a stream; unknown ones are passed over. */
  close_stream(streamId: string): Promise<void> {
    return this.daemon.closeStream(currentContext()!.connection, streamId);
  }
}

expose(DaemonObject);
