import type { Attributes } from '@opentelemetry/api';
import { socketAddressOf } from '../protocol/location.js';
import { printable } from '../reports/printable.js';
import { attributeOf } from '../serializers/contract/call-shape.js';
import { hasChosenClass } from '../serializers/objects/chosen-classes.js';
import { convertedType } from '../serializers/objects/converted-failures.js';
import { pythonTypeOf } from '../serializers/objects/exceptions.js';

/** Name of the tracer and of the meter. */
export const SCOPE = 'nestjs-pyro';

/** The name of a method that the server does not have: the client chose the real name. */
export const OTHER = '_OTHER';

/** Attributes of spans and metrics. @see https://opentelemetry.io/docs/specs/semconv/rpc/ */
export const ATTRIBUTES = {
  system: 'rpc.system.name',
  method: 'rpc.method',
  originalMethod: 'rpc.method_original',
  errorType: 'error.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  clientAddress: 'client.address',
  clientPort: 'client.port',
  correlationId: 'pyro.correlation_id',
  oneway: 'pyro.oneway',
  methodGoesOn: 'pyro.method_goes_on',
  batchEntries: 'pyro.batch.entries',
  serializer: 'pyro.serializer',
  object: 'pyro.object',
} as const;

export const SYSTEM = { [ATTRIBUTES.system]: 'pyro5' };

/** Buckets of durations, in seconds. @see the advice of the semantic conventions for `rpc.server.call.duration` */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Buckets of the lives of streams, in seconds: from a short list to a camera that is watched for a day. */
export const STREAM_BUCKETS = [0.1, 1, 10, 60, 300, 1_800, 3_600, 21_600, 86_400];

/** Attributes of an address: `host:port`, `[v6]:port`, or the path of a unix socket. */
export function addressAttributes(
  location: string | undefined,
  address: typeof ATTRIBUTES.serverAddress | typeof ATTRIBUTES.clientAddress,
  port: typeof ATTRIBUTES.serverPort | typeof ATTRIBUTES.clientPort,
): Attributes {
  if (location === undefined) return {};
  const found = socketAddressOf(location);
  if (found === undefined) return { [address]: location };
  return 'path' in found ? { [address]: found.path } : { [address]: found.host, [port]: found.port };
}

export function serverAddress(location: string | undefined): Attributes {
  return addressAttributes(location, ATTRIBUTES.serverAddress, ATTRIBUTES.serverPort);
}

/** `rpc.method_original`: the object and the member that a call asks for. For a call that reads or sets an attribute: the attribute. */
export function originalMethod(object: string, { method, args }: { method: string; args: readonly unknown[] }): string {
  return printable(`${object}/${attributeOf(method, args) ?? method}`);
}

/** Longest name of a Python class in labels. A peer chooses the name of a class that it raises. */
const MAX_ERROR_TYPE_CHARS = 200;

/** `error.type`: the Python class of an error; `_OTHER` for a name that is too long. */
export function errorType(error: unknown, type = pythonTypeOf(error)): string {
  return type.length > MAX_ERROR_TYPE_CHARS ? OTHER : type;
}

/** `error.type` of a call that the program has aborted itself. It is no timeout, although Python's class for it is TimeoutError. */
const ABORTED = 'AbortError';

/**
 * `error.type` of a call of a proxy: as {@link errorType}, and `AbortError` for a call that the program has aborted, for whatever reason but
 * a timeout.
 *
 * @param signal the signal of the call, if it has one
 */
export function clientErrorType(error: unknown, signal?: AbortSignal): string {
  const name = error instanceof Error ? error.name : undefined;
  const isReason = signal?.aborted === true && error === signal.reason && name !== 'TimeoutError';
  return isReason || (error instanceof DOMException && name === ABORTED) ? ABORTED : errorType(error, convertedType(error));
}

/** `error.type` in metrics: `_OTHER` for an exception whose class a peer chose. @param thrown the error, or the error that `type` stands for */
export function labelledType(thrown: unknown, type: string): string {
  return hasChosenClass(thrown) ? OTHER : type;
}
