/** Names that the printed module imports from `typing`. */
export const FROM_TYPING: ReadonlySet<string> = new Set([
  'AbstractSet',
  'Any',
  'Collection',
  'Iterator',
  'Literal',
  'Mapping',
  'NamedTuple',
  'NotRequired',
  'Protocol',
  'Sequence',
  'TYPE_CHECKING',
  'TypeAlias',
  'TypedDict',
  'Unpack',
  'overload',
]);
/** The builtin types that texts of types name, and the builtin decorators of attributes. */
export const BUILTINS: ReadonlySet<string> = new Set(
  'Exception bool bytes complex dict float frozenset int list property set str tuple'.split(' '),
);
/** Modules of other types that texts name. */
export const IMPORTED: Readonly<Record<string, string>> = {
  date: 'datetime',
  datetime: 'datetime',
  time: 'datetime',
  timedelta: 'datetime',
  Decimal: 'decimal',
  Path: 'pathlib',
  UUID: 'uuid',
};
/** Names that classes and types of the module do not have. */
export const MODULE_NAMES: ReadonlySet<string> = new Set([
  ...FROM_TYPING,
  ...BUILTINS,
  ...Object.keys(IMPORTED),
  'Enum',
  'ReadOnly',
  'builtins',
  'dataclass',
  'typing',
]);
