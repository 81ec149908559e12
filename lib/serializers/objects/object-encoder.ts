import { types } from 'node:util';
import { NdArray } from '../../arrays/nd-array.js';
import { SerializeError } from '../../protocol/errors.js';
import { PyroUri } from '../../protocol/uri.js';
import { pyTuple } from '../../serpent/index.js';
import { arrayOfTyped, arrayValue } from './array-values.js';
import { DaemonStub, ExceptionWrapper, IS_DAEMON } from './class-dicts.js';
import { dictBy } from './converters.js';
import { exceptionToDict, unserializableError } from './exceptions.js';
import { uriToDict } from './pyro-objects.js';
import { isWellFormed } from '../bytes/python-text.js';
import { isPlainObject } from '../contract/plain-object.js';
import { SerializedBlob } from '../contract/serialized-blob.js';
import type { SerializerName, SerializerOptions } from '../contract/serializer.js';

/** Encodes objects that are no plain values, in the same way for all serializers. */
export class ObjectEncoder {
  /**
   * @param write writes a value with the serializer, and throws when it cannot
   * @param serializer its name
   */
  constructor(
    private readonly options: SerializerOptions,
    private readonly write: (value: unknown) => unknown,
    private readonly serializer: () => SerializerName,
  ) {}

  /** @returns the value to write instead of the object; undefined: the writer's own rule holds */
  encode(value: object): unknown {
    const own = this.options.encodeObject?.(value);
    if (own !== undefined) return own;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return undefined;
    if (value instanceof PyroUri) return uriToDict(value);
    if (value instanceof ExceptionWrapper)
      return { __class__: 'Pyro5.core._ExceptionWrapper', exception: this.writable(value.exception) };
    if (value instanceof DaemonStub || IS_DAEMON in value) return { __class__: 'Pyro5.server.Daemon', state: pyTuple() };
    if (value instanceof SerializedBlob)
      throw new SerializeError(
        'a SerializedBlob is no value: it is passed on as the only argument of a call; else send what deserialized() gives',
      );
    const converter = this.options.classes.converterOf(value);
    if (converter?.toDict) return dictBy(converter, value);
    if (value instanceof Error || types.isNativeError(value)) return exceptionToDict(value, this.options);
    const { write, typedArrays } = this.options.arrays;
    const array = value instanceof NdArray ? value : typedArrays ? arrayOfTyped(value) : undefined;
    return array && arrayValue(array, write, this.serializer());
  }

  /**
   * Encodes the error of a batch, as it is encoded when a single call fails. It must not take the results before it with it, so an error
   * that cannot be written is replaced by a PyroError that says so.
   */
  private writable(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    try {
      const dict = this.encode(error);
      if (!hasOnlyTexts(dict)) this.write(dict);
      return dict;
    } catch (failure) {
      return exceptionToDict(unserializableError(error, failure), this.options);
    }
  }
}

/** True for a dict that every serializer can write: with texts and lists of texts, and with dicts of them. */
function hasOnlyTexts(dict: unknown): boolean {
  return Object.entries(dict as object).every(([name, member]) => {
    if (!isWellFormed(name)) return false;
    return member === true || isText(member) || (isPlainObject(member) && Object.entries(member).flat().every(isText));
  });
}

/** True for text and lists of text, which every serializer can write. */
function isText(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isText);
  return typeof value === 'string' && isWellFormed(value);
}
