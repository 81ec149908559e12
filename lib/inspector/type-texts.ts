import type { ObjectSignatures } from '../daemon/contract/signatures.js';
import type { ValueShape } from '../objects/value-shape.js';

/** The types of the application that texts of Python types name. */
export type TypeTexts = NonNullable<ObjectSignatures['types']>;

const MAX_DEPTH = 4;
/** A peer may have sent a long text. */
const MAX_CHARS = 1_000;

const NULLABLE = /^(?:Optional\[(?<optional>.+)\]|(?<union>.+?) \| None)$/;
const LIST = /^(?:list|List|Sequence|Iterable)\[(?<item>.+)\]$/;
const LITERAL = /^Literal\[(?<values>(?:"[^"\\]*"|'[^'\\]*'|-?\d+)(?:, ?(?:"[^"\\]*"|'[^'\\]*'|-?\d+))*)\]$/;

/** The shape of the values of a Python type: a dict of a named type, a list, or literals. Undefined for every other text. */
export function shapeOfText(text: string, types: TypeTexts = {}): ValueShape | undefined {
  const shape = shapeAt(text, types, 0);
  return shape.kind === 'scalar' || (shape.kind === 'list' && shape.item.kind === 'scalar') ? undefined : shape;
}

function shapeAt(text: string, types: TypeTexts, depth: number): ValueShape {
  const scalar: ValueShape = { kind: 'scalar', type: text };
  if (depth > MAX_DEPTH || text.length > MAX_CHARS) return scalar;
  const named = Object.hasOwn(types, text) ? types[text] : undefined;
  if (named !== undefined && 'alias' in named) return shapeAt(named.alias, types, depth + 1);
  if (named !== undefined) {
    const members = Object.entries(named.fields).map(([name, { type, required }]) => {
      return { name, isRequired: required, shape: shapeAt(type, types, depth + 1) };
    });
    return { kind: 'dict', className: null, members };
  }
  const nullable = NULLABLE.exec(text)?.groups;
  if (nullable) return shapeAt((nullable['optional'] ?? nullable['union'])!, types, depth + 1);
  const item = LIST.exec(text)?.groups?.['item'];
  if (item !== undefined) return { kind: 'list', item: shapeAt(item, types, depth + 1) };
  const values = LITERAL.exec(text)?.groups?.['values'];
  return values === undefined ? scalar : { kind: 'choice', choices: literalsOf(values) };
}

function literalsOf(values: string): (string | number)[] {
  return (values.match(/"[^"]*"|'[^']*'|-?\d+/g) ?? []).map((each) => (/^["']/.test(each) ? each.slice(1, -1) : Number(each)));
}
