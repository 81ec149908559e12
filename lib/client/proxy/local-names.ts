import { IMPLICITLY_CALLED_NAMES, isPrivateName, isProxyName } from '../../objects/private-names.js';

/**
 * Names that JavaScript and Nest call on any object that has them. They are never remote, so that awaiting, logging or injecting a proxy
 * calls nothing. `$call` calls a remote method with one of these names.
 */
const LOCAL_NAMES: ReadonlySet<string> = new Set(IMPLICITLY_CALLED_NAMES);

/**
 * Names by which libraries recognise kinds of objects; some libraries call them. They are remote as soon as the metadata lists them, and
 * not before: a library must not mistake a proxy without metadata for an object of this kind.
 */
const PROBED_NAMES: ReadonlySet<string> = new Set([
  // promises
  'catch',
  'finally',
  // Node and chai print with it
  'inspect',
  // pretty-format, vitest and jest: elements of a page, matchers
  'nodeType',
  'tagName',
  'hasAttribute',
  'asymmetricMatch',
  'toAsymmetricMatcher',
  // rxjs: an Observable of another copy of rxjs. A handler may return a proxy
  'lift',
  // rxjs: a scheduler, as the last argument of `of`, `startWith` and others
  'schedule',
  // streams: rxjs and Fastify read an object that has one of them
  'getReader',
  'pipe',
  // pino: requests and responses of HTTP, whose members it reads and calls
  'socket',
  'setHeader',
  // Nest: clients and servers of microservices, looked for among all providers by @nestjs/observe
  'setOnDispatchHook',
  'setOnProcessingStartHook',
  'setOnProcessingEndHook',
]);

/**
 * True for names that are looked up on the proxy itself: the {@link LOCAL_NAMES}, names that begin with `$` or `@@` (`@@observable`), and
 * the members of every object.
 */
export function isLocalName(name: string): boolean {
  return isProxyName(name) || name.startsWith('@@') || LOCAL_NAMES.has(name) || name in Object.prototype;
}

/** True for names that a remote object may have as methods, as far as is known before its metadata. */
export function mayBeRemote(name: string): boolean {
  return !PROBED_NAMES.has(name) && !isPrivateName(name);
}
