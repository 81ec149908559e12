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
