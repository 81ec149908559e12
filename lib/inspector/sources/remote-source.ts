import type { RemoteMetadata } from '../../client/connection/remote-metadata.js';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import type { ListedFirst } from '../../daemon/contract/snapshot.js';
import { DAEMON_METHODS, DAEMON_OBJECT_ID, INSPECTOR_OBJECT_ID } from '../../protocol/constants.js';
import { ConnectionClosedError, PyroError, TimeoutError } from '../../protocol/errors.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import { asError } from '../../protocol/texts/safe-text.js';
import { PyroUri } from '../../protocol/uri.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import type { ClientNeeds, InspectedMember, InspectedObject, InspectedServer } from '../contract/contract.js';
import type { ObjectSignatures } from '../../daemon/contract/signatures.js';
import { TextFilter } from '../../daemon/inspection/text-filter.js';
import { type InspectorSource, namesByObject, type ReachableObject, uriToReach } from '../contract/inspector-source.js';
import { clientNeeds, tlsOf } from './client-needs.js';
import { ObjectAnswers } from './object-answers.js';
import { readNames, readSignatures } from './read-signatures.js';
import { type ReadSnapshot, readSnapshot, UnreadableSnapshot } from './read-snapshot.js';
import { RequestRefusal } from '../contract/request-refusal.js';
import { toldMembers } from './told-members.js';

/** Time after which a daemon is asked again for the members of an object, and after which connections that no snapshot uses are closed. */
const KEPT_MS = 10_000;

/** Time after which a daemon does not answer to a ping, or to the request for a snapshot. The options of a user win. */
export const ANSWER_TIMES = { connectTimeoutMs: 5_000, callTimeoutMs: 5_000 };

/** A daemon of another process, and the objects of it that are shown. */
export interface RemoteDaemon {
  /** `host:port`, or `./u:path`. */
  readonly location: string;
  /** An object that is shown even if the daemon does not list it. */
  readonly objectId: string;
  /** Names of its objects at a name server, by the ids of the objects. */
  readonly names: ReadonlyMap<string, string[]>;
}

/**
 * Shows a daemon of another process, Python's too: its objects with their members, and how fast it answers. A daemon of this library
 * with the option `inspector` shows everything else as well.
 */
export class RemoteSource implements InspectorSource {
  private readonly needs: ClientNeeds;
  private readonly daemon: RemoteObject;
  private readonly inspector: RemoteObject;
  /** False once the daemon has said that it does not serve its snapshot. */
  private hasInspector = true;
  private objects: InspectedObject[] = [];
  /** Null: the object has gone meanwhile. */
  private readonly members: ObjectAnswers<InspectedMember[] | null>;
  /** The answers of `get_signatures`. Null: the daemon tells nothing of the object. */
  private readonly signatures: ObjectAnswers<ObjectSignatures | null>;
  /** The ids in the latest list of the daemon. */
  private listed: ReadonlySet<string> = new Set();
  /** Each connection brings metadata of its own. */
  private connectedWith: RemoteMetadata | undefined;
  /** The snapshots that are being taken, by the objects that they list first. */
  private readonly taking = new Map<string, Promise<InspectedServer[]>>();

  /** @param keptMs see {@link KEPT_MS} */
  constructor(
    private readonly shown: RemoteDaemon,
    private readonly options: PyroProxyOptions,
    private readonly maxListed: number,
    keptMs = KEPT_MS,
  ) {
    // while nobody looks at the page, a connection would occupy a thread of a Python server
    const own = { ...ANSWER_TIMES, ...options, idleTimeoutMs: keptMs };
    this.needs = clientNeeds(options, tlsOf(options));
    this.daemon = PyroProxy.to(PyroUri.at(DAEMON_OBJECT_ID, shown.location), own);
    this.inspector = PyroProxy.to(PyroUri.at(INSPECTOR_OBJECT_ID, shown.location), own);
    this.members = new ObjectAnswers((objectId) => this.askMembers(objectId), keptMs);
    this.signatures = new ObjectAnswers((objectId) => this.askSignatures(objectId), keptMs);
  }

  /** Readers that come at the same time and look for the same objects get the same snapshot: the daemon is asked once. */
  take(first: ListedFirst = {}): Promise<InspectedServer[]> {
    const key = JSON.stringify(first);
    let taking = this.taking.get(key);
    if (taking === undefined) this.taking.set(key, (taking = this.askDaemon(first).finally(() => this.taking.delete(key))));
    return taking;
  }

  /** Nothing is recorded at another process. */
  follow(): () => void {
    return () => undefined;
  }

  reach(server: string, objectId: string): ReachableObject {
    if (server !== this.shown.location) throw new RequestRefusal(404, `there is no server "${server}"`);
    return { uri: uriToReach(objectId, this.shown.location), options: this.options };
  }

  async close(): Promise<void> {
    await Promise.all([this.daemon.$release(), this.inspector.$release()]);
  }

  private async askDaemon(first: ListedFirst): Promise<InspectedServer[]> {
    const { location } = this.shown;
    const { needs } = this;
    const unknown = { error: null, pingMs: null, snapshot: null, durations: null, totalDurations: null };
    const server = { id: location, location, ...unknown, needs };
    try {
      const begun = performance.now();
      await this.daemon.$call('ping');
      const pingMs = performance.now() - begun;
      this.noteConnection();
      const snapshot = await this.snapshot(first);
      if (snapshot !== null && !(snapshot instanceof UnreadableSnapshot)) {
        const { objects, ...rest } = snapshot;
        const names = namesByObject(rest);
        this.noteListed(objects.map(({ objectId }) => objectId));
        const isWhole = rest.totals.objects <= objects.length;
        await this.renewSignatures(
          objects.map(({ objectId }) => objectId),
          () => isWhole,
        );
        this.objects = objects.map((object) => ({
          ...object,
          uri: this.uriOf(object.objectId),
          names: names.get(object.objectId) ?? [],
          members: this.told(object.objectId, object.members),
        }));
        return [{ ...server, pingMs, objects: this.objects, objectCount: rest.totals.objects, snapshot: rest }];
      }
      this.objects = await this.listObjects(first);
      const error = snapshot === null ? null : `${location} ${snapshot.message}`;
      return [{ ...server, error, pingMs, objects: this.objects, objectCount: Math.max(this.listed.size, this.objects.length) }];
    } catch (error) {
      return [{ ...server, error: failureText(location, error), objects: this.objects, objectCount: this.objects.length }];
    }
  }

  /** Behind a new connection the daemon may be another one, with other objects under the same ids. */
  private noteConnection(): void {
    const { $metadata } = this.daemon;
    if ($metadata === this.connectedWith) return;
    this.connectedWith = $metadata;
    this.hasInspector = true;
    this.members.expire();
    this.signatures.expire();
  }

  /** @returns null when the daemon does not serve its snapshot */
  private async snapshot({ filter = '', objectId = '' }: ListedFirst): Promise<ReadSnapshot | UnreadableSnapshot | null> {
    if (!this.hasInspector) return null;
    try {
      return readSnapshot(await this.inspector.$call('inspect', this.maxListed, filter, objectId));
    } catch (error) {
      if (error instanceof UnreadableSnapshot) return error;
      if (isPassing(error)) throw error;
      // the daemon has no such object, or its guards refuse this client; the ping has shown that the daemon answers
      this.hasInspector = false;
      return null;
    }
  }

  /** The shown object may be registered or unregistered meanwhile. It is asked about then, and else not as long as it is not listed. */
  private noteListed(objectIds: readonly string[]): void {
    const { objectId } = this.shown;
    const before = this.listed;
    this.listed = new Set(objectIds);
    if (this.listed.has(objectId) === before.has(objectId)) return;
    this.members.forget(objectId);
    this.signatures.forget(objectId);
  }

  private async listObjects(first: ListedFirst): Promise<InspectedObject[]> {
    const listed = readNames(await this.daemon.$call(DAEMON_METHODS.registered));
    this.noteListed(listed);
    const ids = this.chosen([...new Set([...listed, this.shown.objectId])], first);
    const isGone = (objectId: string): boolean => !this.listed.has(objectId);
    await this.renewSignatures(ids, isGone);
    await this.members.renew(ids, isGone);
    return ids.map((objectId) => ({
      objectId,
      uri: this.uriOf(objectId),
      names: this.shown.names.get(objectId) ?? [],
      className: null,
      instanceMode: null,
      isGuarded: null,
      isLeased: null,
      calls: null,
      failures: null,
      members: this.told(objectId, this.members.of(objectId) ?? null),
    }));
  }

  /** At most `maxListed` ids: of the objects that a page looks for, then of others. */
  private chosen(ids: readonly string[], { objectId, filter: filterText = '' }: ListedFirst): string[] {
    if (ids.length <= this.maxListed) return [...ids];
    const filter = new TextFilter(filterText);
    const fits = (id: string): boolean =>
      filter.fits([id, ...(this.shown.names.get(id) ?? []), ...(this.members.of(id) ?? []).map(({ name }) => name)]);
    const wanted = ids.filter((id) => id === objectId);
    const found = filter.isEmpty ? [] : ids.filter(fits);
    const chosen = new Set([...new Set([...wanted, ...found, ...ids])].slice(0, this.maxListed));
    return ids.filter((id) => chosen.has(id));
  }

  private told(objectId: string, members: InspectedMember[] | null): InspectedMember[] | null {
    const signatures = this.signatures.of(objectId);
    return members === null || !signatures ? members : toldMembers(members, signatures);
  }

  private async renewSignatures(ids: readonly string[], isGone: (objectId: string) => boolean): Promise<void> {
    const isTold = this.daemon.$metadata?.methods.has('get_signatures') === true;
    // of a daemon that was replaced by one without signatures, nothing is kept
    await (isTold ? this.signatures.renew(ids, isGone) : this.signatures.renew([], () => true));
  }

  private askSignatures(objectId: string): Promise<ObjectSignatures | null | undefined> {
    return this.ask(objectId, 'get_signatures', (answer) => readSignatures(answer) ?? null);
  }

  private askMembers(objectId: string): Promise<InspectedMember[] | null | undefined> {
    return this.ask(objectId, 'get_metadata', (answer) => {
      const metadata = answer as Record<'methods' | 'oneway' | 'attrs', unknown>;
      const oneway = new Set(readNames(metadata.oneway));
      return [
        ...readNames(metadata.methods)
          .sort()
          .map((name) => ({ kind: 'method' as const, name, isOneway: oneway.has(name), isStream: false, parameters: null })),
        ...readNames(metadata.attrs)
          .sort()
          .map((name) => ({ kind: 'attribute' as const, name, isReadable: true, isWritable: true })),
      ];
    });
  }

  /** Asks the daemon about an object. @returns null when the object has gone; undefined when the daemon refuses to answer */
  private async ask<T>(objectId: string, method: string, read: (answer: unknown) => T): Promise<T | null | undefined> {
    try {
      return read(await this.daemon.$call(method, objectId));
    } catch (error) {
      if (isPassing(error)) throw error;
      return isRefusal(error) || !this.listed.has(objectId) ? undefined : null;
    }
  }

  private uriOf(objectId: string): string | null {
    return PyroUri.tryAt(objectId, this.shown.location)?.toString() ?? null;
  }
}

/** True for errors after which the next attempt may succeed: a slow or full daemon, a broken connection. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof TimeoutError ||
    error instanceof ConnectionClosedError ||
    (error instanceof PyroError && error.code === 'DAEMON_FULL')
  );
}

/** True when guards refuse this client. They would refuse it again. */
function isRefusal(error: unknown): boolean {
  return error instanceof PyroRemoteError && error.pythonType === 'Pyro5.errors.SecurityError';
}

/** The text of a failure. A daemon that hangs is told from a call that takes long. */
export function failureText(location: string, error: unknown): string {
  const { message } = asError(error);
  return error instanceof TimeoutError ? `${location} does not answer: ${message}` : message;
}
