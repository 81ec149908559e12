import { ANYTHING, checkArgument, checkOptions, FULL_TEXT, type OptionRules, URI } from '../../options/option-checks.js';
import { PyroError } from '../../protocol/errors.js';
import { PyroUri } from '../../protocol/uri.js';
import { tagList } from '../metadata-tags.js';

/** An object to register at a name server. */
export interface NamedObject {
  /** The name. */
  name: string;
  /** A PYRO URI. The hosts `0.0.0.0` and `::` are replaced by this machine's address in the connection to the name server. */
  uri: PyroUri | string;
  /** Tags of the name. Default: none. */
  metadata?: Iterable<string>;
}

const NAMED_OBJECT_RULES: OptionRules<NamedObject> = { name: FULL_TEXT, uri: URI, metadata: ANYTHING };

/** An object that a registrar keeps registered. */
export interface RegistrarEntry {
  readonly name: string;
  readonly uri: PyroUri;
  readonly metadata: readonly string[];
}

/** @throws {PyroError} when the name is no text, the URI is not a PYRO URI, or the tags are no collection of texts */
export function entryOf(object: NamedObject): RegistrarEntry {
  checkOptions(object, NAMED_OBJECT_RULES);
  const { name, uri, metadata = [] } = object;
  checkArgument('the name of an object', name, FULL_TEXT);
  checkArgument(`the uri of "${name}"`, uri, URI);
  const parsed = typeof uri === 'string' ? new PyroUri(uri) : uri;
  if (parsed.protocol !== 'PYRO')
    throw new PyroError(`"${name}" cannot stand for ${parsed}: it is no PYRO uri`, { code: 'BAD_URI' });
  return { name, uri: parsed, metadata: tagList(metadata) };
}
