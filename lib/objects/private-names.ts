/** Dunder names that stay private, because proxies use them themselves. @see Pyro5/server.py, `_private_dunder_methods` */
const PRIVATE_DUNDER_NAMES = new Set(
  (
    'init init_subclass class module weakref call new del repr str format nonzero bool coerce cmp eq ne hash ge gt le lt ' +
    'dir enter exit copy deepcopy sizeof getattr setattr hasattr getattribute delattr instancecheck subclasscheck ' +
    'getinitargs getnewargs getstate setstate reduce reduce_ex subclasshook'
  )
    .split(' ')
    .map((name) => `__${name}__`),
);

/** True for names that clients can never use: `_x`, and the dunder names of proxies themselves. Other dunder names are public. */
export function isPrivateName(name: string): boolean {
  if (!name.startsWith('_')) return false;
  if (PRIVATE_DUNDER_NAMES.has(name)) return true;
  return !(name.length > 4 && name.startsWith('__') && name.endsWith('__'));
}

/** Names of the lifecycle hooks that the Nest layer calls. */
export const PYRO_HOOKS = ['onPyroConnect', 'onPyroDisconnect', 'onPyroHousekeeping'] as const;

/** Names that JavaScript and Nest themselves call on any object that has them. */
export const IMPLICITLY_CALLED_NAMES: readonly string[] = [
  'then',
  'toJSON',
  'onModuleInit',
  'onModuleDestroy',
  'onApplicationBootstrap',
  'onApplicationShutdown',
  'beforeApplicationShutdown',
];

const NAMES_OF_CLASSES: ReadonlySet<string> = new Set([
  ...IMPLICITLY_CALLED_NAMES,
  ...PYRO_HOOKS,
  'constructor',
  'toString',
  'toLocaleString',
  'valueOf',
]);

/** True for members that exposing a whole class exposes. Private names, and names that JavaScript or Nest calls, are left out. */
export function isExposedWithClass(name: string): boolean {
  return !NAMES_OF_CLASSES.has(name) && !name.startsWith('$') && !isPrivateName(name);
}
