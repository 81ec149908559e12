/**
 * Names that JavaScript itself, test frameworks or Nest read from any object. They are never remote, so that awaiting, logging or
 * injecting a proxy calls nothing. `$call` calls a remote method with such a name.
 */
const LOCAL_NAMES: ReadonlySet<string> = new Set([
  'then',
  'catch',
  'finally',
  'toJSON',
  'inspect',
  'asymmetricMatch',
  'nodeType',
  'onModuleInit',
  'onModuleDestroy',
  'onApplicationBootstrap',
  'onApplicationShutdown',
  'beforeApplicationShutdown',
]);

/**
 * True for names that are looked up on the proxy itself: the names above, names that begin with `$` or `@@` (`@@observable`), and
 * the members of every object.
 */
export function isLocalName(name: string): boolean {
  return name.startsWith('$') || name.startsWith('@@') || LOCAL_NAMES.has(name) || name in Object.prototype;
}
