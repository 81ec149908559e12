import type { FieldSignature, ObjectSignatures } from '../../daemon/contract/signatures.js';
import type { ValueShape } from '../../objects/value-shape.js';

/** The types of the application that texts of Python types name. */
export type TypeTexts = NonNullable<ObjectSignatures['types']>;

const MAX_DEPTH = 4;
/** Most members of all shapes of one object: types that name each other could have millions. */
const MAX_MEMBERS = 2_000;
/** Longest text of a type that is read. */
const MAX_CHARS = 1_000;

const NULLABLE = /^(?:Optional\[(?<optional>.+)\]|(?<union>.+?) \| None)$/;
/** A field that a server only reads. */
const READ_ONLY = /^ReadOnly\[(?<type>.+)\]$/;
const LIST = /^(?:list|List|Sequence|Iterable)\[(?<item>.+)\]$/;
const LITERAL = /^Literal\[(?<values>(?:"[^"\\]*"|'[^'\\]*'|-?\d+)(?:, ?(?:"[^"\\]*"|'[^'\\]*'|-?\d+))*)\]$/;

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
    const scalar: ValueShape = { kind: 'scalar', type: text };
    if (depth > MAX_DEPTH || text.length > MAX_CHARS) return scalar;
    const named = Object.hasOwn(this.types, text) ? this.types[text] : undefined;
    if (named !== undefined)
      return 'alias' in named ? this.shapeAt(named.alias, depth + 1) : this.dictOf(text, named.fields, depth);
    const readOnly = READ_ONLY.exec(text)?.groups;
    if (readOnly) return this.shapeAt(readOnly['type']!, depth);
    const nullable = NULLABLE.exec(text)?.groups;
    if (nullable) return this.shapeAt((nullable['optional'] ?? nullable['union'])!, depth + 1);
    const item = LIST.exec(text)?.groups?.['item'];
    if (item !== undefined) return { kind: 'list', item: this.shapeAt(item, depth + 1) };
    const values = LITERAL.exec(text)?.groups?.['values'];
    return values === undefined ? scalar : { kind: 'choice', choices: literalsOf(values) };
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

function literalsOf(values: string): (string | number)[] {
  return (values.match(/"[^"]*"|'[^']*'|-?\d+/g) ?? []).map((each) => (/^["']/.test(each) ? each.slice(1, -1) : Number(each)));
}
