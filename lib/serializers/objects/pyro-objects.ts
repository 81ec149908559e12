import type { ProxyReference } from '../../protocol/proxy-reference.js';
import type { PyroUri } from '../../protocol/uri.js';
import { pyTuple } from '../../serpent/index.js';
import { tupleOf } from '../../serpent/values/values.js';

/**
 * Makes the class dict of a URI. The state is a tuple, as in Pyro5: Pyrolite accepts nothing else.
 *
 * @see Pyro5/serializers.py, `serialize_pyro_object_to_dict`
 */
export function uriToDict(uri: PyroUri): Record<string, unknown> {
  return { __class__: 'Pyro5.core.URI', state: pyTuple(...uri.toState()) };
}

/** Makes the class dict of a proxy. The state and the lists of names in it are tuples, as in Pyro5. */
export function proxyToDict(reference: ProxyReference): Record<string, unknown> {
  const [uri, oneway, methods, attrs, ...rest] = reference.toState();
  const names = [oneway, methods, attrs].map((list) => tupleOf(list as string[]));
  return { __class__: 'Pyro5.client.Proxy', state: pyTuple(uri, ...names, ...rest) };
}
