import { pythonNameFor } from './python-names.js';

/** Names that the printed module uses, and that its classes do not have. */
const MODULE_NAMES: ReadonlySet<string> = new Set(
  (
    'Any BaseException BaseModel Decimal Enum Exception NamedTuple Path PurePath SerpentSerializer UUID attrs bool bytes dataclass date datetime ' +
    'dict float frozenset getattr int isinstance issubclass list next register_class_to_dict register_dict_to_class serpent set str time ' +
    'timedelta to_wire tuple type vars _CLASSES _from_wire _kind _name _fields _recreate'
  ).split(' '),
);

/** The last part of a dotted name. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/**
 * The names that classes and enums have in the module that `nestjs-pyro python classes` prints, by their dotted names. Classes of the same
 * short name have their whole names, `stage_Position` and `laser_Position`, in whatever order they are registered.
 */
export function printedNames(dotted: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of [...dotted].sort()) {
    const isShared = dotted.some((other) => other !== name && shortName(other) === shortName(name));
    const own = pythonNameFor(isShared ? name.replaceAll('.', '_') : shortName(name), MODULE_NAMES, taken);
    taken.add(own);
    names.set(name, own);
  }
  return names;
}
