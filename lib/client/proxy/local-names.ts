/**
 * Names that JavaScript itself, test frameworks or Nest ask any object for. They are never remote: awaiting, logging or
 * injecting a proxy must not call anything. A remote method of such a name is reached by `$call`.
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
 * True for names that are looked up on the proxy itself: those, all that begin with `$` or `@@` (`@@observable`), and what every
 * object has.
 */
export function isLocalName(name: string): boolean {
  return name.startsWith('$') || name.startsWith('@@') || LOCAL_NAMES.has(name) || name in Object.prototype;
}
