import { Server as SecureServer } from 'node:tls';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { namesEither } from '../../options/server-identity.js';
import type { ClientTlsOptions } from '../../options/tls.js';
import { allInterfaces, socketAddressOf, tcpLocation } from '../../protocol/location.js';
import { asError } from '../../protocol/texts/safe-text.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { DurationRecorder } from './call-durations.js';
import { clientNeeds, tlsOf } from './client-needs.js';
import type { ListedFirst } from '../../daemon/contract/snapshot.js';
import type { ClientNeeds, InspectedServer } from '../contract/contract.js';
import { type InspectorSource, namesByObject, type ReachableObject, uriToReach } from '../contract/inspector-source.js';
import { RequestRefusal } from '../contract/request-refusal.js';

/** A daemon of this process. */
export interface LocalDaemon {
  /** Identifies the daemon. */
  readonly id: string;
  readonly daemon: PyroDaemon;
}

interface Watched {
  recorder: DurationRecorder;
  end: () => void;
}

/** Shows daemons of this process, by their snapshots. */
export class DaemonSource implements InspectorSource {
  /** The watched daemons. Undefined while no page watches: then no call is timed. */
  private watched: Map<PyroDaemon, Watched> | undefined;
  /** TLS of the proxies. Null: not read yet. */
  private tls: ClientTlsOptions | undefined | null = null;

  /**
   * @param daemons gives the daemons that listen now
   * @param options options of the proxies that call objects of these daemons
   */
  constructor(
    private readonly daemons: () => LocalDaemon[],
    private readonly options: PyroProxyOptions,
    private readonly maxListed: number,
  ) {}

  take(first?: ListedFirst): Promise<InspectedServer[]> {
    return Promise.resolve(
      this.daemons().map((local) => {
        try {
          return this.inspect(local, first);
        } catch (error) {
          // the daemon is closing
          const { message } = asError(error);
          return {
            id: local.id,
            location: null,
            error: message,
            pingMs: null,
            objects: [],
            objectCount: 0,
            snapshot: null,
            durations: null,
            totalDurations: null,
            needs: this.needsOf(local.daemon),
          };
        }
      }),
    );
  }

  follow(): () => void {
    this.watched = new Map();
    return () => {
      for (const { end } of this.watched?.values() ?? []) end();
      this.watched = undefined;
    };
  }

  reach(server: string, objectId: string): ReachableObject {
    const found = this.daemons().find(({ id }) => id === server);
    if (found === undefined) throw new RequestRefusal(404, `there is no server "${server}"`);
    const { locationStr, natLocationStr } = found.daemon;
    const location = reachable(locationStr);
    return { uri: uriToReach(objectId, location), options: this.optionsFor(location, natLocationStr) };
  }

  /**
   * The certificate of a daemon behind NAT is for the host of its URIs, the NAT host; or for the address that the proxies connect to,
   * when TLS of the clients ends at the NAT.
   */
  private optionsFor(location: string, natLocation: string | null | undefined): PyroProxyOptions {
    const tls = this.clientTls();
    const nat = socketAddressOf(natLocation ?? '');
    if (tls === undefined || tls.servername !== undefined || nat === undefined || 'path' in nat) return this.options;
    const address = socketAddressOf(location);
    const isHost = address !== undefined && !('path' in address);
    const checkServerIdentity = isHost ? namesEither(address.host, tls.checkServerIdentity) : tls.checkServerIdentity;
    return { ...this.options, tls: { ...tls, servername: nat.host, ...(checkServerIdentity && { checkServerIdentity }) } };
  }

  /** Never throws: files of TLS that cannot be read are an error of the calls, and the page shows the daemons without them. */
  private needsOf(daemon: PyroDaemon): ClientNeeds {
    let tls: ClientTlsOptions | undefined;
    try {
      tls = this.clientTls();
    } catch {
      // reach() tells it
    }
    const needs = clientNeeds(this.options, tls);
    return { ...needs, tls: needs.tls || daemon.sock instanceof SecureServer };
  }

  private clientTls(): ClientTlsOptions | undefined {
    if (this.tls === null) this.tls = tlsOf(this.options);
    return this.tls;
  }

  private inspect({ id, daemon }: LocalDaemon, first: ListedFirst = {}): InspectedServer {
    const { objects, ...snapshot } = daemon.inspect({ maxListed: this.maxListed, first });
    const names = namesByObject(snapshot);
    const recorder = this.recorderOf(daemon);
    return {
      id,
      location: snapshot.location,
      error: null,
      pingMs: null,
      objects: objects.map((object) => ({
        ...object,
        uri: String(daemon.uriFor(object.objectId)),
        names: names.get(object.objectId) ?? [],
      })),
      objectCount: snapshot.totals.objects,
      snapshot,
      durations: recorder?.of(objects.map(({ objectId }) => objectId)) ?? null,
      totalDurations: recorder?.ofAll() ?? null,
      needs: this.needsOf(daemon),
    };
  }

  private recorderOf(daemon: PyroDaemon): DurationRecorder | undefined {
    if (this.watched === undefined) return undefined;
    let watched = this.watched.get(daemon);
    if (watched === undefined) {
      const recorder = new DurationRecorder();
      this.watched.set(daemon, (watched = { recorder, end: daemon.observe(recorder) }));
    }
    return watched.recorder;
  }
}

/** A location that this process can connect to. A daemon that listens on all interfaces is reached over loopback. */
function reachable(location: string): string {
  const address = socketAddressOf(location);
  if (address === undefined || 'path' in address) return location;
  const version = allInterfaces(address.host);
  return version === undefined ? location : tcpLocation(version === 4 ? '127.0.0.1' : '::1', address.port);
}
