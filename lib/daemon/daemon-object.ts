import { servedCall } from './call/call.js';
import type { Daemon } from './contract/daemon.js';
import type { ObjectSignatures } from './contract/signatures.js';
import type { ObjectMetadata, PyroTarget } from './contract/target.js';
import { expose } from './object/expose.js';

/**
 * The object `Pyro.Daemon` of a daemon. To expose more members there, extend this class and give your class as `daemonObject`.
 *
 * Its methods act for the calling connection: on its streams, and on the objects that it may use.
 *
 * @see Pyro5/server.py, `DaemonObject`
 */
export class DaemonObject {
  constructor(
    /** The daemon that serves this object. */
    protected readonly daemon: Daemon,
  ) {}

  /** Does nothing: the reply shows that the daemon answers. */
  ping(): void {}

  /** Ids of the registered objects. Objects with handshake guards are listed only to connections that these guards have authorized. */
  registered(): string[] {
    const { connection, request } = servedCall();
    const { objects } = request.services;
    return [...objects.ids()].filter((id) => connection.authorizations.isAuthorized(objects.get(id)!));
  }

  /** A text about the daemon, in one line. */
  info(): string {
    const { locationStr, natLocationStr, objectCount } = this.daemon;
    return `Pyro.Daemon bound on ${locationStr}, NAT ${natLocationStr ?? 'None'}, ${objectCount} objects registered. Servertype: nestjs-pyro`;
  }

  /** Exposed members of an object. @throws {DaemonError} `unknown object` @throws {SecurityError} when its guards refuse the connection */
  async get_metadata(objectId: string): Promise<ObjectMetadata> {
    return (await usableObject(objectId)).metadata;
  }

  /**
   * Signatures and docs of the exposed members of an object. Python's own daemon has no such method.
   *
   * @throws {DaemonError} `unknown object` @throws {SecurityError} when its guards refuse the connection
   */
  async get_signatures(objectId: string): Promise<ObjectSignatures> {
    const target = await usableObject(objectId);
    return servedCall().request.services.signatures.of(target);
  }

  /** Next item of a stream, with the response annotations that its source has set. `StopIteration` at its end. */
  get_next_stream_item(streamId: string): Promise<unknown> {
    const call = servedCall();
    return call.request.services.streams.next(call, streamId);
  }

  /** Closes a stream. An unknown stream is ignored. */
  close_stream(streamId: string): Promise<void> {
    const { connection, request } = servedCall();
    return request.services.streams.close(connection, streamId);
  }
}

/** An object that the calling connection may use. @throws {DaemonError} `unknown object` @throws {SecurityError} */
async function usableObject(objectId: string): Promise<PyroTarget> {
  const { connection, request } = servedCall();
  const target = request.services.objects.known(objectId);
  await connection.authorizations.authorize(target, objectId);
  return target;
}

expose(DaemonObject);
