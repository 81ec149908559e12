import type { ObjectSignatures } from '../../daemon/contract/signatures.js';
import { DAEMON_METHODS, DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { PyroUri } from '../../protocol/uri.js';
import type { RemoteArguments } from './remote-arguments.js';
import { resolvedUri, withRemote } from './remote-connection.js';
import { readSignatures } from '../../inspector/sources/read-signatures.js';

/** An object, and the signatures of its members. */
export interface RemoteSignatures {
  /** The URI of the object. */
  readonly uri: PyroUri;
  readonly signatures: ObjectSignatures;
  /** False when the daemon has no `get_signatures`: then only the names of the members are known. */
  readonly isTold: boolean;
}

/** Asks the daemon of an object for its signatures. @throws {CommandFailure} `unreachable` when the object cannot be reached */
export async function remoteSignatures(text: string, given: RemoteArguments): Promise<RemoteSignatures> {
  const uri = await resolvedUri(text, given);
  const named = await withRemote(uri, given, (remote) => Promise.resolve(signaturesOf(remote.$metadata!)));
  const told = await withRemote(PyroUri.at(DAEMON_OBJECT_ID, uri.location!), given, async (daemon) =>
    daemon.$metadata!.methods.has(DAEMON_METHODS.signatures)
      ? readSignatures(await daemon.$call(DAEMON_METHODS.signatures, uri.object))
      : undefined,
  );
  return { uri, signatures: told ?? named, isTold: told !== undefined };
}

interface ExposedNames {
  readonly methods: ReadonlySet<string>;
  readonly oneway: ReadonlySet<string>;
  readonly attrs: ReadonlySet<string>;
}

/** Makes signatures from the names of members alone. Every attribute counts as writable, since names do not tell. */
function signaturesOf({ methods, oneway, attrs }: ExposedNames): ObjectSignatures {
  return {
    class: null,
    methods: Object.fromEntries(
      [...methods].map((name) => [name, { parameters: null, oneway: oneway.has(name), stream: false }]),
    ),
    attributes: Object.fromEntries([...attrs].map((name) => [name, { readable: true, writable: true }])),
  };
}
