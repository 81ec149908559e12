/** Names that the printed module imports from `typing`. */
export const FROM_TYPING: ReadonlySet<string> = new Set([
  'Any',
  'Iterator',
  'Literal',
  'Mapping',
  'NotRequired',
  'Protocol',
  'Sequence',
  'TypeAlias',
  'TypedDict',
  'Unpack',
]);
/** The builtin types that texts of types name, and what decorates attributes. */
export const BUILTINS: ReadonlySet<string> = new Set(
  'Exception bool bytes complex dict float frozenset int list property set str tuple'.split(' '),
);
/** Names that classes and types of the module do not have. */
export const MODULE_NAMES: ReadonlySet<string> = new Set([...FROM_TYPING, ...BUILTINS, 'builtins', 'datetime', 'typing']);
