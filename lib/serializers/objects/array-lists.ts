import type { DType, DTypeField } from '../../arrays/dtype.js';
import type { NdTypedArray } from '../../arrays/element-types.js';
import { elementOf, scalarAt, withoutZeros } from '../../arrays/elements.js';
import type { NdLayout } from '../../arrays/layout.js';
import { stridesOf } from '../../arrays/shape.js';
import { timeText } from '../../arrays/times.js';
import { type ListedElements, NestedLists } from '../../serpent/values/nested-lists.js';
import { asTuple, PyFloat } from '../../serpent/values/values.js';

/**
 * Nested lists of the elements of an array, as NumPy's `tolist` gives them; a time is a text, which NumPy reads again. The lists are
 * virtual. An array without dimensions gives its element.
 */
export function nestedLists({ dtype, shape, memory, strides, offset }: NdLayout): unknown {
  const isInBytes = dtype.kind === 'struct' || dtype.kind === 'bytes' || dtype.kind === 'void';
  const places = isInBytes ? dtype.itemBytes : 1;
  const elements = isInBytes ? fieldElements(dtype, viewOf(memory)) : elementsOf(dtype, memory);
  if (shape.length === 0) return elements.elementAt(offset * places);
  const steps = places === 1 ? strides : strides.map((stride) => stride * places);
  return new NestedLists(shape, steps, offset * places, elements);
}

/** The elements of a typed array, by their indices. */
function elementsOf(dtype: DType, memory: NdTypedArray): ListedElements {
  switch (dtype.kind) {
    case 'float':
      return { numbers: memory, areFloats: true, elementAt: (index) => new PyFloat(memory[index] as number) };
    case 'int':
    case 'uint':
    case 'timedelta':
      return { numbers: memory, areFloats: false, elementAt: (index) => memory[index] };
    case 'datetime':
      return made((index) => timeText(dtype, memory[index] as bigint));
    default:
      return made((index) => elementOf(dtype, memory, index));
  }
}

/** Elements by their bytes: records, the fields of records, and bytes. */
function fieldElements(dtype: DType, view: DataView): ListedElements {
  switch (dtype.kind) {
    case 'float':
      return made((at) => new PyFloat(scalarAt(dtype, view, at) as number));
    case 'datetime':
      return made((at) => timeText(dtype, scalarAt(dtype, view, at) as bigint));
    case 'bytes':
    case 'void':
      return made((at) => bytesAt(dtype, view, at));
    case 'struct': {
      const fields = dtype.fields.map((field) => fieldReader(field, view));
      return made((at) => asTuple(fields.map((read) => read(at))));
    }
    default:
      return made((at) => scalarAt(dtype, view, at));
  }
}

function made(elementAt: (place: number) => unknown): ListedElements {
  return { areFloats: false, elementAt };
}

/** Makes the function that gives the value of a field of the record at a byte. */
function fieldReader({ dtype, shape, offset }: DTypeField, view: DataView): (at: number) => unknown {
  const elements = fieldElements(dtype, view);
  if (shape.length === 0) return (at) => elements.elementAt(at + offset);
  const strides = stridesOf(shape, 'C').map((stride) => stride * dtype.itemBytes);
  return (at) => new NestedLists(shape, strides, at + offset, elements);
}

/** A view on the bytes, which are written and not kept. */
function bytesAt({ kind, itemBytes }: DType, { buffer, byteOffset }: DataView, at: number): Buffer {
  const bytes = Buffer.from(buffer, byteOffset + at, itemBytes);
  return kind === 'void' ? bytes : withoutZeros(bytes);
}

function viewOf({ buffer, byteOffset, byteLength }: NdTypedArray): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
