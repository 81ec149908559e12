import { inspect } from 'node:util';
import { peerText } from '../protocol/texts/peer-text.js';
import { DType, type DTypeField } from './dtype.js';
import { elementOf, scalarAt } from './elements.js';
import type { NdLayout } from './layout.js';
import { listsOf, type Shape, shapeText, sizeOf } from './shape.js';

/** Items of each dimension that are printed before and after the dots. */
const EDGE_ITEMS = 3;
/** If an array has more elements, the middle of each long dimension is left out. */
const MOST_ELEMENTS = 100;
/** Most values and lists that are printed in all: many short dimensions have no middle to leave out, and records have many values. */
const MOST_PRINTED = 300;
/** Once the text has so many characters, no further value is printed. */
const MOST_CHARS = 4_000;
/** Longest dtype, name of a field and text of an element, in characters; bytes of an element that are printed. */
const MOST_DTYPE_CHARS = 1_000;
const MOST_NAME_CHARS = 100;
const MOST_TEXT_CHARS = 100;
const MOST_BYTES = 50;
const MOST_REST_BYTES = 4_000;

/** A text in one line. */
const STYLE = { breakLength: Infinity };
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The text of an array. It is cut when it is long, whatever the array has: the cost of a text does not grow with the array. */
export function arrayText(layout: NdLayout): string {
  const { dtype, shape } = layout;
  const { name } = dtype;
  const shown = peerText(name, MOST_DTYPE_CHARS);
  return `array(${new ElementTexts(layout).nested(0, layout.offset)}, dtype=${shown}, shape=${shapeText(shape)})`;
}

/** Makes the texts of elements until there are enough. */
class ElementTexts {
  private readonly edge: number;
  private left = MOST_PRINTED;
  private chars = 0;
  private knownView: DataView | undefined;

  constructor(private readonly layout: NdLayout) {
    const size = sizeOf(layout.shape);
    // an array without elements has lists
    this.edge = (size === 0 ? listsOf(layout.shape) : size) > MOST_ELEMENTS ? EDGE_ITEMS : Infinity;
  }

  /** The text of the part at an axis. @param from offset of its first element, in elements */
  nested(axis: number, from: number): string {
    const { shape, strides, dtype } = this.layout;
    const length = shape[axis];
    if (length === undefined) return this.element(dtype, from);
    return `[${this.items(length, this.edge, (index) => this.nested(axis + 1, from + index * strides[axis]!))}]`;
  }

  private items(length: number, edge: number, textOf: (index: number) => string): string {
    const texts: string[] = [];
    for (let index = 0; index < length; index++) {
      if (length > 2 * edge && index === edge) {
        texts.push('…');
        index = length - edge;
      }
      if (!this.hasRoom()) {
        if (texts.at(-1) !== '…') texts.push('…');
        break;
      }
      texts.push(textOf(index));
    }
    return texts.join(', ');
  }

  /** Takes the room of one more value or list. */
  private hasRoom(): boolean {
    // brackets and a comma
    this.chars += 4;
    return this.left-- > 0 && this.chars < MOST_CHARS;
  }

  private element(dtype: DType, index: number): string {
    const isInBytes = dtype.kind === 'struct' || dtype.kind === 'bytes' || dtype.kind === 'text' || dtype.kind === 'void';
    if (isInBytes) return this.atByte(dtype, index * dtype.itemBytes);
    return this.counted(inspect(elementOf(dtype, this.layout.memory, index), STYLE));
  }

  private atByte(dtype: DType, at: number): string {
    switch (dtype.kind) {
      case 'struct':
        return this.record(dtype.fields, at);
      case 'text':
        return this.counted(this.text(dtype, at));
      case 'bytes':
      case 'void':
        return this.counted(this.bytes(dtype, at));
      default:
        return this.counted(inspect(scalarAt(dtype, this.view, at), STYLE));
    }
  }

  private record(fields: readonly DTypeField[], at: number): string {
    if (fields.length === 0) return '{}';
    const texts = this.items(fields.length, Infinity, (index) => {
      const { name, dtype, shape, offset } = fields[index]!;
      const shown = peerText(name, MOST_NAME_CHARS);
      return `${this.counted(IDENTIFIER.test(shown) ? shown : inspect(shown))}: ${this.field(dtype, shape, at + offset)}`;
    });
    return `{ ${texts} }`;
  }

  private field(dtype: DType, shape: Shape, at: number): string {
    const [length, ...inner] = shape;
    if (length === undefined) return this.atByte(dtype, at);
    if (length === 0) return '[]';
    const step = dtype.itemBytes * sizeOf(inner);
    return `[ ${this.items(length, this.edgeOf(length), (index) => this.field(dtype, inner, at + index * step))} ]`;
  }

  /** A long field of a record is cut as a long array. */
  private edgeOf(length: number): number {
    return length > MOST_ELEMENTS ? EDGE_ITEMS : Infinity;
  }

  private text(dtype: DType, at: number): string {
    const { lanes, isForeign } = dtype;
    if (lanes <= MOST_TEXT_CHARS) return inspect(scalarAt(dtype, this.view, at));
    const text = scalarAt(DType.sized('text', MOST_TEXT_CHARS, isForeign), this.view, at) as string;
    return this.isZero(at + 4 * MOST_TEXT_CHARS, at + 4 * lanes) ? inspect(text) : `${inspect(text)}…`;
  }

  private bytes(dtype: DType, at: number): string {
    const { kind, itemBytes } = dtype;
    if (itemBytes <= MOST_BYTES) return inspect(scalarAt(dtype, this.view, at));
    const text = inspect(scalarAt(DType.sized(kind as 'bytes' | 'void', MOST_BYTES, false), this.view, at));
    return kind === 'bytes' && this.isZero(at + MOST_BYTES, at + itemBytes) ? text : text.replace(/ ?>$/, ' …>');
  }

  /** True when the rest of an element is padding. The rest is looked at as far as {@link MOST_REST_BYTES}. */
  private isZero(from: number, to: number): boolean {
    if (to - from > MOST_REST_BYTES) return false;
    for (let at = from; at < to; at++) if (this.view.getUint8(at) !== 0) return false;
    return true;
  }

  private counted(text: string): string {
    this.chars += text.length;
    return text;
  }

  private get view(): DataView {
    const { buffer, byteOffset, byteLength } = this.layout.memory;
    return (this.knownView ??= new DataView(buffer, byteOffset, byteLength));
  }
}
