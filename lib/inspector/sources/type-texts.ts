import type { FieldSignature, ObjectSignatures } from '../../daemon/contract/signatures.js';
import { parsePythonType, type PythonType, textOfPythonType } from '../../objects/python-type.js';
import type { ValueShape } from '../../objects/value-shape.js';

/** The types of the application that texts of Python types name. */
export type TypeTexts = NonNullable<ObjectSignatures['types']>;

const MAX_DEPTH = 4;
/** Most members of all shapes of one object: types that name each other could have millions. */
const MAX_MEMBERS = 2_000;
/** Longest text of a type that is read. */
const MAX_CHARS = 1_000;

const LISTS: ReadonlySet<string> = new Set(['list', 'List', 'Sequence', 'Iterable']);
/** Types that tell something of a field or a value; the first type in brackets is that of the value. */
const WRAPPERS: ReadonlySet<string> = new Set(['ReadOnly', 'Required', 'NotRequired', 'Annotated', 'Final']);

/** Reads the texts of the Python types of one object. */
export class TypeTextReader {
  private members = 0;

  constructor(private readonly types: TypeTexts = {}) {}

  /** The shape of the values of a type: a dict of a named type, a list, or literals. Undefined for every other text. */
  shapeOf(text: string): ValueShape | undefined {
    const shape = this.shapeAt(text, 0);
    return shape.kind === 'scalar' || (shape.kind === 'list' && shape.item.kind === 'scalar') ? undefined : shape;
  }

  private shapeAt(text: string, depth: number): ValueShape {
    return text.length > MAX_CHARS ? { kind: 'scalar', type: text } : this.shapeOfType(parsePythonType(text), text, depth);
  }

  /** @param text the text of the type, which is shown when the type has no shape */
  private shapeOfType(type: PythonType, text: string, depth: number): ValueShape {
    const scalar: ValueShape = { kind: 'scalar', type: text };
    if (depth > MAX_DEPTH) return scalar;
    if (type.kind === 'union') return this.shapeOfUnion(type.members, depth) ?? scalar;
    if (type.kind !== 'name') return scalar;
    const { name, args } = type;
    const [first] = args;
    if (first === undefined) return this.shapeOfName(name, depth) ?? scalar;
    if (WRAPPERS.has(name)) return this.shapeOfType(first, textOfPythonType(first), depth);
    if (!LISTS.has(name) || args.length > 1) return scalar;
    return { kind: 'list', item: this.shapeOfType(first, textOfPythonType(first), depth + 1) };
  }

  /** The shape of literals, or of a type that may be None. Undefined for every other union. */
  private shapeOfUnion(members: readonly PythonType[], depth: number): ValueShape | undefined {
    const given = members.filter(({ kind }) => kind !== 'none');
    const choices = given.flatMap((member) =>
      member.kind === 'literal' && typeof member.value !== 'boolean' ? [member.value] : [],
    );
    if (choices.length > 0 && choices.length === given.length) return { kind: 'choice', choices };
    const [only] = given;
    return only === undefined || given.length > 1 ? undefined : this.shapeOfType(only, textOfPythonType(only), depth + 1);
  }

  private shapeOfName(name: string, depth: number): ValueShape | undefined {
    const named = Object.hasOwn(this.types, name) ? this.types[name] : undefined;
    if (named === undefined) return undefined;
    return 'alias' in named ? this.shapeAt(named.alias, depth + 1) : this.dictOf(name, named.fields, depth);
  }

  private dictOf(text: string, told: Readonly<Record<string, FieldSignature>>, depth: number): ValueShape {
    const fields = Object.entries(told);
    this.members += fields.length;
    if (this.members > MAX_MEMBERS) return { kind: 'scalar', type: text };
    const members = fields.map(([name, { type, required }]) => {
      return { name, isRequired: required, shape: this.shapeAt(type, depth + 1) };
    });
    return { kind: 'dict', className: null, members };
  }
}
