import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import { asError } from '../protocol/safe-text.js';
import { PyroUri } from '../protocol/uri.js';
import type { PyroDaemon } from '../pyro/pyro-daemon.js';
import { DurationRecorder } from './call-durations.js';
import type { InspectedServer } from './contract.js';
import type { InspectorSource, ReachableObject } from './inspector-source.js';
import { namesByObject } from './names-by-object.js';
import { RequestRefusal } from './request-refusal.js';

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

  /**
   * @param daemons gives the daemons that listen now
   * @param options options of the proxies that call objects of these daemons
   */
  constructor(
    private readonly daemons: () => LocalDaemon[],
    private readonly options: PyroProxyOptions,
    private readonly maxListed: number,
  ) {}

  take(): Promise<InspectedServer[]> {
    return Promise.resolve(
      this.daemons().map((local) => {
        try {
          return this.inspect(local);
        } catch (error) {
          // the daemon is closing
          const { message } = asError(error);
          return { id: local.id, location: null, error: message, pingMs: null, objects: [], snapshot: null, durations: null };
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
    return { uri: PyroUri.at(objectId, reachable(found.daemon.locationStr)), options: this.options };
  }

  private inspect({ id, daemon }: LocalDaemon): InspectedServer {
    const { objects, ...snapshot } = daemon.inspect({ maxListed: this.maxListed });
    const names = namesByObject(snapshot);
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
      snapshot,
      durations: this.recorderOf(daemon)?.all() ?? null,
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
  return location.replace(/^(?:0\.0\.0\.0|0)(?=:\d+$)/, '127.0.0.1').replace(/^\[::\](?=:\d+$)/, '[::1]');
}
