import type { ClassRegistry } from './class-registry.js';

/** Wire ids of the serializers. @see Pyro5/serializers.py, `serializer_id` */
export const SERIALIZER_IDS = { serpent: 1, marshal: 2, json: 3, msgpack: 4 } as const;

export type SerializerName = keyof typeof SERIALIZER_IDS;

/** `natural`: plain JavaScript values. `faithful`: tuple, float and key types stay apart (PyTuple, PyFloat, Map). */
export type ValueMode = 'natural' | 'faithful';

/** Remote call as it stands in an INVOKE message. */
export interface SerializedCall {
  objectId: string;
  method: string;
  args: unknown[];
  /** Always string keys; Python's `None` reads as an empty object. */
  kwargs: Record<string, unknown>;
}

/** What a serializer is made with; one set per daemon or proxy. */
export interface SerializerOptions {
  values: ValueMode;
  /** Nested containers, both ways. Default 200. */
  maxDepth: number;
  /** Decimal digits of an int, both ways. Default 4,300, as in Python. */
  maxIntDigits: number;
  /** Bytes of what is written. Default 256 MiB. */
  maxBytes: number;
  /** Write bytes as `b'…'` instead of a base64 dict (serpent only). Default false, as in Pyro5. */
  serpentBytesRepr: boolean;
  /** Adds `_pyroTraceback` lines to errors. Default true. */
  detailedTraceback: boolean;
  classes: ClassRegistry;
  /**
   * Asked for every object that is no plain value before its class is looked up: a registered Pyro object
   * (autoproxy), a proxy or a URI answers with the class dict it travels as; undefined: not one of those.
   */
  encodeObject?: (value: object) => Record<string, unknown> | undefined;
}

/** What one read needs beyond the serializer's own options. */
export interface ReadContext {
  /** Makes what a peer's `Pyro5.client.Proxy` becomes here, of its `state`; without it a proxy is a SerializeError. */
  decodeProxy?: (state: readonly unknown[]) => unknown;
  /** Called when a call cannot be read: names its object and method, as far as they were read. */
  onUnread?: (target: { objectId: string | undefined; method: string | undefined }) => void;
  /** Class converters (`registerClass`) off: handshake data is read so. Known classes and exceptions stay dicts too. */
  plain?: boolean;
}

/**
 * One wire serializer.
 *
 * All methods throw `SerializeError` (or `SecurityError` for class names with `__`) and nothing else, whatever the bytes or values are.
 */
export interface Serializer {
  readonly id: number;
  readonly name: SerializerName;
  dumps(value: unknown): Buffer;
  loads(data: Uint8Array, context?: ReadContext): unknown;
  dumpsCall(call: SerializedCall): Buffer;
  loadsCall(data: Uint8Array, context?: ReadContext): SerializedCall;
}
