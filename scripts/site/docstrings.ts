import { type ProjectReflection, type Reflection, ReflectionKind } from 'typedoc';

/** Kinds with names. Entries, signatures and object types have none of their own. */
const NAMED_KINDS = ~(ReflectionKind.Project | ReflectionKind.Module | ReflectionKind.SomeSignature | ReflectionKind.TypeLiteral);
const DOCUMENTED_KINDS =
  ReflectionKind.Class |
  ReflectionKind.Interface |
  ReflectionKind.TypeAlias |
  ReflectionKind.Enum |
  ReflectionKind.EnumMember |
  ReflectionKind.Variable |
  ReflectionKind.Property |
  ReflectionKind.CallSignature |
  ReflectionKind.GetSignature |
  ReflectionKind.IndexSignature;

/**
 * Public names of this package that have no docstring, each once, with their parents: `Header.flags`.
 *
 * The docstring of a variable, a property or a function also tells the members of an object type that is written there, as in
 * `stream?: { id: string }`. So these members need none.
 */
export function withoutDocstring(project: ProjectReflection): string[] {
  const names = project
    .getReflectionsByKind(DOCUMENTED_KINDS)
    .filter((reflection) => !isTold(reflection) && isOfPackage(project, reflection) && !isWrittenInPlace(reflection))
    .map(nameOf);
  return [...new Set(names)];
}

/** A docstring above an interface also tells its only signature. A function type is told with the name that has the type. */
function isTold(reflection: Reflection): boolean {
  if (reflection.hasComment()) return true;
  if (!reflection.kindOf(ReflectionKind.SomeSignature)) return false;
  const { parent } = reflection;
  const isFunctionType = reflection.kindOf(ReflectionKind.CallSignature) && parent?.kindOf(ReflectionKind.TypeLiteral) === true;
  return isFunctionType || parent?.hasComment() === true;
}

/** False for names that other packages declare, such as the members of an `Error`. */
function isOfPackage(project: ProjectReflection, reflection: Reflection): boolean {
  // a signature and the parts of a type have the symbol of what they belong to
  for (let holder: Reflection | undefined = reflection; holder !== undefined; holder = holder.parent) {
    const packageName = project.getSymbolIdFromReflection(holder)?.packageName;
    if (packageName !== undefined) return packageName === project.packageName;
  }
  return true;
}

/** True for a member of an object type without a name, unless a type alias gives it a name. */
function isWrittenInPlace(reflection: Reflection): boolean {
  for (let holder: Reflection | undefined = reflection; holder !== undefined; holder = holder.parent) {
    if (holder.kindOf(ReflectionKind.TypeLiteral) && !holder.parent?.kindOf(ReflectionKind.TypeAlias)) return true;
  }
  return false;
}

/** The name with those of its parents, without entries, signatures and object types. */
function nameOf(reflection: Reflection): string {
  const names: string[] = [];
  for (let holder: Reflection | undefined = reflection; holder !== undefined; holder = holder.parent) {
    if (holder.kindOf(NAMED_KINDS)) names.unshift(holder.name);
  }
  return names.join('.');
}
