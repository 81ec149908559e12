import { inspect } from 'node:util';
import { currentCall, enterCall } from '../../calls/current-call.js';
import { recogniseInstances } from '../../copies/process-wide.js';
import { isPrivateName } from '../../objects/private-names.js';
import { checkArgument, type OptionRule } from '../../options/option-checks.js';
import { GET_ATTRIBUTE, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import { attributeError, pythonTypeError } from '../../protocol/python-exception.js';
import type { SessionConnection } from '../connection/session-connection.js';
import type { CallContext } from '../contract/call-context.js';
import type { Daemon } from '../contract/daemon.js';
import type { PyroTarget } from '../contract/target.js';
import type { ServedRequest } from '../request/served-request.js';

const RESOURCE: OptionRule = { takes: 'an object', fits: (value) => Object(value) === value };

/** A call of a request. The called method gets this object as its context. */
export class Call implements CallContext {
  static {
    // a `daemonObject` may extend the DaemonObject of another copy of this package
    recogniseInstances(this, 'Call');
  }

  constructor(
    readonly request: ServedRequest,
    readonly objectId: string,
    readonly method: string,
    readonly kwargs: Readonly<Record<string, unknown>>,
  ) {}

  /** @internal */
  [inspect.custom](): string {
    return `PyroContext <${peerText(this.objectId)}.${peerText(this.method)} for ${this.connection.remoteAddress}>`;
  }

  /**
   * Runs the call on an object that the connection may use. A member that the metadata of the object does not name cannot be reached.
   *
   * The caller starts an async context for the call: the stores that the call enters stay in that context.
   */
  run(target: PyroTarget, args: unknown[]): unknown {
    const { method } = this;
    const { metadata } = target;
    this.request.countCall();
    // for each call: the object may have been unregistered, and forgotten, after an earlier call of a batch
    this.request.connection.use(target);
    enterCall(this);
    if (metadata.methods.has(method)) return target.invoke(method, args, this.kwargs as Record<string, unknown>, this);
    if (method === GET_ATTRIBUTE) return target.getAttribute(attributeName(metadata.attrs, args, 1), this);
    if (method === SET_ATTRIBUTE) return target.setAttribute(attributeName(metadata.attrs, args, 2), args[1], this);
    throw unreachable(method);
  }

  get daemon(): Daemon {
    return this.request.daemon;
  }
  get connection(): SessionConnection {
    return this.request.connection;
  }
  get seq(): number {
    return this.request.seq;
  }
  get flags(): number {
    return this.request.flags;
  }
  get serializer(): string {
    return this.request.serializer.name;
  }
  get correlationId(): string {
    return this.request.correlationId;
  }
  get annotations(): ReadonlyMap<string, Buffer> {
    return this.request.annotations;
  }
  get responseAnnotations(): Map<string, Buffer> {
    return this.request.responseAnnotations;
  }
  get oneway(): boolean {
    return this.request.oneway;
  }
  get principal(): unknown {
    return this.request.authorization.principal;
  }
  get signal(): AbortSignal {
    return this.request.signal.abortSignal;
  }

  track(resource: object): void {
    checkArgument('track: the resource', resource, RESOURCE);
    const { resources } = this.connection;
    resources.track(resource);
    // the connection has ended: the resource is closed with this call, or with its stream, or now, if both have ended
    if (resources.isClosed) this.request.onEnd(() => void resources.close(resource));
  }

  untrack(resource: object): void {
    this.connection.resources.untrack(resource);
  }
}

/** Calls `hook` once when the signal of a call aborts: {@link ServedRequest.signal}. @param call a call of this package's daemon */
export function onAbort(call: CallContext, hook: (reason: Error) => void): () => void {
  return (call as Call).request.signal.onAbort(hook);
}

/**
 * A call is late, as it goes on after its answer: {@link ServedRequest.addLateCall}.
 *
 * @param call a call of this package's daemon
 */
export function addLateCall(call: CallContext, ended: Promise<void>, isUnread: () => boolean): void {
  (call as Call).request.addLateCall(ended, isUnread);
}

/** A part of a call has failed for which nobody waits any more: {@link ServedRequest.partFailed}. @param call a call of this package's daemon */
export function partFailed(call: CallContext, error: unknown): void {
  const { request, objectId, method, kwargs } = call as Call;
  request.partFailed(error, { objectId, method, kwargs });
}

/**
 * The call that the running code serves, also after an `await`. Undefined outside of a call.
 *
 * @see Pyro5/callcontext.py, `current_context`
 */
export function currentContext(): CallContext | undefined {
  return currentCall() as CallContext | undefined;
}

/** The call that the running code serves, for objects of this package. Undefined when no client called. */
export function servedCallOrNone(): Call | undefined {
  const call = currentCall();
  return call instanceof Call ? call : undefined;
}

/** The call that the running code serves. Objects of this package, such as `Pyro.Daemon`, use it. @throws {TypeError} when no client called */
export function servedCall(): Call {
  const call = servedCallOrNone();
  if (call === undefined) throw new TypeError('this method can only be called by a Pyro client');
  return call;
}

function attributeName(attrs: ReadonlySet<string>, args: unknown[], count: number): string {
  const [name] = args;
  if (args.length !== count || typeof name !== 'string')
    throw pythonTypeError(`attribute access takes ${count} arguments, the first a name`);
  if (isPrivateName(name) || !attrs.has(name)) throw unreachable(name);
  return name;
}

function unreachable(name: string): Error {
  return isPrivateName(name)
    ? attributeError(`attempt to access private attribute '${peerText(name)}'`)
    : attributeError(`attempt to access unexposed or unknown remote attribute '${peerText(name)}'`);
}
