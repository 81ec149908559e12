import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import type { RemoteObject } from '../client/proxy/remote-proxy.js';
import type { DaemonSnapshot } from '../daemon/contract/snapshot.js';
import { DAEMON_OBJECT_ID, INSPECTOR_OBJECT_ID } from '../protocol/constants.js';
import { ConnectionClosedError, PyroError, TimeoutError } from '../protocol/errors.js';
import { asError } from '../protocol/safe-text.js';
import { PyroUri } from '../protocol/uri.js';
import { PyroProxy } from '../pyro/pyro-proxy.js';
import { namesByObject } from './names-by-object.js';
import type { InspectedMember, InspectedObject, InspectedServer } from './contract.js';
import type { ObjectSignatures } from '../daemon/contract/signatures.js';
import type { InspectorSource, ReachableObject } from './inspector-source.js';
import { readSignatures } from './read-signatures.js';
import { RequestRefusal } from './request-refusal.js';
import { toldMembers } from './told-members.js';

/** Most objects whose members are asked for. */
const MAX_OBJECTS = 500;

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
  private readonly daemon: RemoteObject;
  private readonly inspector: RemoteObject;
  /** False once the daemon has said that it does not serve its snapshot. */
  private hasInspector = true;
  private objects: InspectedObject[] = [];
  private readonly members = new Map<string, InspectedMember[] | null>();
  /** The answers of `get_signatures`, by the id of the object. Undefined: the daemon tells nothing of the object. */
  private readonly signatures = new Map<string, ObjectSignatures | undefined>();

  constructor(
    private readonly shown: RemoteDaemon,
    private readonly options: PyroProxyOptions,
    private readonly maxListed: number,
  ) {
    this.daemon = PyroProxy.to(PyroUri.at(DAEMON_OBJECT_ID, shown.location), options);
    this.inspector = PyroProxy.to(PyroUri.at(INSPECTOR_OBJECT_ID, shown.location), options);
  }

  async take(): Promise<InspectedServer[]> {
    const { location } = this.shown;
    const server = { id: location, location, error: null, pingMs: null, snapshot: null, durations: null };
    try {
      const begun = performance.now();
      await this.daemon.$call('ping');
      const pingMs = performance.now() - begun;
      const snapshot = await this.snapshot();
      if (snapshot !== null) {
        const { objects, ...rest } = snapshot;
        const names = namesByObject(rest);
        await this.askSignatures(objects.map(({ objectId }) => objectId));
        this.objects = objects.map((object) => ({
          ...object,
          uri: this.uriOf(object.objectId),
          names: names.get(object.objectId) ?? [],
          members: this.told(object.objectId, object.members),
        }));
        return [{ ...server, pingMs, objects: this.objects, snapshot: rest }];
      }
      this.objects = await this.listObjects();
      return [{ ...server, pingMs, objects: this.objects }];
    } catch (error) {
      return [{ ...server, error: asError(error).message, objects: this.objects }];
    }
  }

  /** Nothing is recorded at another process. */
  follow(): () => void {
    return () => undefined;
  }

  reach(server: string, objectId: string): ReachableObject {
    if (server !== this.shown.location) throw new RequestRefusal(404, `there is no server "${server}"`);
    return { uri: PyroUri.at(objectId, this.shown.location), options: this.options };
  }

  async close(): Promise<void> {
    await Promise.all([this.daemon.$release(), this.inspector.$release()]);
  }

  private async snapshot(): Promise<DaemonSnapshot | null> {
    if (!this.hasInspector) return null;
    try {
      return jsonOnly(await this.inspector.$call('inspect', this.maxListed)) as DaemonSnapshot;
    } catch (error) {
      if (isPassing(error)) throw error;
      // the daemon has no such object, or its guards refuse this client; the ping has shown that the daemon answers
      this.hasInspector = false;
      return null;
    }
  }

  private async listObjects(): Promise<InspectedObject[]> {
    const listed = [...((await this.daemon.$call('registered')) as Iterable<unknown>)].map(String);
    const ids = [...new Set([...listed, this.shown.objectId])].slice(0, MAX_OBJECTS);
    for (const id of this.members.keys()) if (!ids.includes(id)) this.members.delete(id);
    await this.askSignatures(ids);
    const objects: InspectedObject[] = [];
    for (const objectId of ids) {
      if (!this.members.has(objectId)) this.members.set(objectId, await this.askMembers(objectId));
      objects.push({
        objectId,
        uri: this.uriOf(objectId),
        names: this.shown.names.get(objectId) ?? [],
        className: null,
        instanceMode: null,
        isGuarded: null,
        isLeased: null,
        calls: null,
        failures: null,
        members: this.told(objectId, this.members.get(objectId)!),
      });
    }
    return objects;
  }

  private told(objectId: string, members: InspectedMember[] | null): InspectedMember[] | null {
    const signatures = this.signatures.get(objectId);
    return members === null || signatures === undefined ? members : toldMembers(members, signatures);
  }

  /** Asks for the signatures of new objects, and forgets the signatures of unregistered objects. */
  private async askSignatures(ids: readonly string[]): Promise<void> {
    if (!this.daemon.$metadata?.methods.has('get_signatures')) return;
    for (const id of this.signatures.keys()) if (!ids.includes(id)) this.signatures.delete(id);
    for (const objectId of ids.slice(0, MAX_OBJECTS)) {
      if (!this.signatures.has(objectId)) this.signatures.set(objectId, await this.askSignature(objectId));
    }
  }

  private async askSignature(objectId: string): Promise<ObjectSignatures | undefined> {
    try {
      return readSignatures(await this.daemon.$call('get_signatures', objectId));
    } catch (error) {
      if (isPassing(error)) throw error;
      // the object has gone, or its guards refuse this client
      return undefined;
    }
  }

  private async askMembers(objectId: string): Promise<InspectedMember[] | null> {
    try {
      const metadata = (await this.daemon.$call('get_metadata', objectId)) as Record<
        'methods' | 'oneway' | 'attrs',
        Iterable<string>
      >;
      const oneway = new Set(metadata.oneway);
      return [
        ...[...metadata.methods]
          .map(String)
          .sort()
          .map((name) => ({ kind: 'method' as const, name, isOneway: oneway.has(name), isStream: false, parameters: null })),
        ...[...metadata.attrs]
          .map(String)
          .sort()
          .map((name) => ({ kind: 'attribute' as const, name, isReadable: true, isWritable: true })),
      ];
    } catch {
      // the object has gone, or its guards refuse this client
      return null;
    }
  }

  private uriOf(objectId: string): string {
    return String(PyroUri.at(objectId, this.shown.location));
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

/** Makes JSON values of a snapshot. A remote daemon may send other values, which would fail when the snapshot is sent to the page. */
function jsonOnly(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_name, member: unknown) => (typeof member === 'bigint' ? String(member) : member)));
}
