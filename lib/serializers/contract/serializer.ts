import type { SERIALIZER_IDS } from '../../protocol/constants.js';
import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import type { ClassRegistry } from './class-registry.js';
import type { ValueBudget } from './value-budget.js';

/** Name of a serializer, as in Pyro5. */
export type SerializerName = keyof typeof SERIALIZER_IDS;

/** `natural`: plain JavaScript values. `faithful`: tuple, float and key types stay apart (PyTuple, PyFloat, Map). */
export type ValueMode = 'natural' | 'faithful';

/** `text`: a datetime is read as the text that `isoformat()` gives. `Date`: as a Date. */
export type DateMode = 'text' | 'Date';
/**
 * The form of a written `NdArray`.
 *
 * - `bytes`: class dict `numpy.ndarray` with `dtype`, `shape` and the bytes in C order as `data`; a structured array as with `npy`
 * - `npy`: class dict `numpy.ndarray` with the bytes of an npy file
 * - `msgpack-numpy`: with the serializer msgpack, the dict of the package msgpack-numpy; with the other serializers as `bytes`
 * - `list`: nested lists
 */
export type ArrayEncoding = 'bytes' | 'npy' | 'msgpack-numpy' | 'list';

/** Options of arrays of NumPy. */
export interface ArrayOptions {
  /** The form of a written `NdArray`. Default `bytes`. */
  write?: ArrayEncoding;
  /** True: typed arrays are written as `NdArray` is, but Uint8Array and Buffer as bytes. Default false: as lists. */
  typedArrays?: boolean;
  /** True: every form in which Python programs send arrays of NumPy is read as an `NdArray`. False: the forms stay dicts. Default true. */
  read?: boolean;
}

/** A remote call in an INVOKE message. */
export interface SerializedCall {
  objectId: string;
  method: string;
  args: unknown[];
  /** The keys are strings. Python's `None` is read as an empty object. */
  kwargs: Record<string, unknown>;
}

/** Options of a serializer. Each daemon and each proxy has one set. */
export interface SerializerOptions {
  values: ValueMode;
  dates: DateMode;
  /** Nested containers, for reading and writing. Default 200. */
  maxDepth: number;
  /** Decimal digits of an int, for reading and writing. Default 4,300, as in Python. */
  maxIntDigits: number;
  /** Memory that a read value may take, as estimated while reading. Default 512 MiB, at most a quarter of the heap limit. */
  maxValueBytes: number;
  /** Objects of a read value that rules of class-validator, class-transformer or a schema check. Default 100,000. */
  maxCheckedObjects: number;
  /** Size of a written message in bytes. Default 256 MiB. */
  maxBytes: number;
  /** Write bytes as `b'…'` instead of a base64 dict (serpent only). Default false, as in Pyro5. */
  serpentBytesRepr: boolean;
  /** Adds `_pyroTraceback` lines to errors. Default true. */
  detailedTraceback: boolean;
  classes: ClassRegistry;
  /** Options of arrays. With `values: 'faithful'` the dicts of arrays stay dicts. */
  arrays: Required<ArrayOptions>;
  /**
   * Called for every object that is no plain value, before its class is looked up. For a registered Pyro object (autoproxy) and for a proxy
   * it returns a class dict; for other objects undefined.
   */
  encodeObject?: (value: object) => Record<string, unknown> | undefined;
}

/** Options of one read. */
export interface ReadContext {
  /** Makes a value from the `state` of a received `Pyro5.client.Proxy`. Without `decodeProxy`, a received proxy is a SerializeError. */
  decodeProxy?: (state: readonly unknown[]) => unknown;
  /** Called when a call cannot be read, with its object and method, as far as they were read. */
  onUnread?: (target: { objectId: string | undefined; method: string | undefined }) => void;
  /** True: class dicts stay dicts, even of registered classes and exceptions. Handshake data is read this way. */
  plain?: boolean;
  /** True: this program did not choose the peer that wrote the value. Metrics do not name the classes of the exceptions in the value. */
  readonly isOfUnknownPeer?: boolean;
  /** Memory that the value may take. Default: `maxValueBytes` of the serializer. */
  budget?: ValueBudget | undefined;
  /** Bytes of the data on the wire, where it came compressed. Default: as many as the data has. */
  wireBytes?: number | undefined;
  /** Reads a call inside the read value, in place of `loadsCall` of its serializer. */
  readCall?(data: Uint8Array, serializer: Serializer): SerializedCall;
}

/**
 * A serializer of the wire.
 *
 * All methods throw only `SerializeError`, or `SecurityError` for class names with `__`, for any bytes and values.
 */
export interface Serializer {
  readonly id: number;
  readonly name: SerializerName;
  dumps(value: unknown): Buffer;
  /** Appends the value to a message that is being written. When it throws, `out` may have a part of the value. */
  dumpsInto(value: unknown, out: ByteWriter): void;
  loads(data: Uint8Array, context?: ReadContext): unknown;
  dumpsCall(call: SerializedCall): Buffer;
  /** Appends the call to a message that is being written. When it throws, `out` may have a part of the call. */
  dumpsCallInto(call: SerializedCall, out: ByteWriter): void;
  /** @param start offset of the call in `data`. A view of a small call would take as long to make as its arguments to read */
  loadsCall(data: Uint8Array, context?: ReadContext, start?: number): SerializedCall;
}
