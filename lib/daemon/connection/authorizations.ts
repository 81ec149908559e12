import { setTimeout as sleep } from 'node:timers/promises';
import { runForConnection } from '../../calls/current-call.js';
import { configError } from '../../options/option-checks.js';
import { endsInTime } from './guard-time-limit.js';
import { optionText, safeText } from '../../protocol/texts/safe-text.js';
import { SecurityError } from '../../protocol/errors.js';
import type { Authorization, AuthorizeRequest, HandshakeAnswer } from '../contract/authorization.js';
import type { PyroConnection } from '../contract/connection.js';
import type { Daemon } from '../contract/daemon.js';
import type { PyroTarget } from '../contract/target.js';
import type { RemoteAddress } from './remote-addresses.js';

/** No answer for the client, and no principal. */
const OPEN: Authorization = Object.freeze({});

/** A connection whose guards are asked. */
export interface AskingConnection extends PyroConnection {
  /** The remote address, where its uses are limited. */
  readonly address: RemoteAddress | undefined;
  /** Runs `hook` when the socket closes. @returns a function that takes the hook back */
  onGone(hook: () => void): () => void;
}

/** The objects that one connection may use. The handshake guards of an object are asked once for each connection. */
export class Authorizations {
  private answers: Map<PyroTarget, Authorization | Promise<Authorization>> | undefined;
  /** Answer of the daemon's own hook. It holds for every object that says nothing else. */
  ofDaemon: Authorization = OPEN;
  /** Guards of a further object have refused the connection. Resolves when the client may be told. */
  private refusal: Promise<void> | undefined;

  /** @param timeoutMs longest time that the guards of an object take; 0: no limit */
  constructor(
    private readonly connection: AskingConnection,
    private readonly timeoutMs: number,
  ) {}

  /** Asks the daemon's own hook. @throws the error of the hook @throws {SecurityError} when the hook takes too long */
  async askDaemon(daemon: Pick<Daemon, 'validateHandshake'>, objectId: string): Promise<void> {
    const asking = runForConnection(this.connection, () => daemon.validateHandshake(this.requestFor(objectId)));
    this.ofDaemon = authorizationOf(await endsInTime(asking, this.timeoutMs, 'handshake'));
  }

  /**
   * Authorizes the connection to use an object.
   *
   * @param isFurther false for the object that the CONNECT message names: the handshake itself counts its refusal
   * @throws {SecurityError} when the connection is refused; `cause` is the guard's own error. Or, for a further object, when guards have
   *   refused too many connections of the remote address
   */
  authorize(target: PyroTarget, objectId: string, isFurther = true): Authorization | Promise<Authorization> {
    const { guardedBy } = target;
    if (guardedBy !== undefined) return this.authorize(guardedBy.target, guardedBy.objectId, isFurther);
    if (target.authorize === undefined) return this.ofDaemon;
    const answers = (this.answers ??= new Map<PyroTarget, Authorization | Promise<Authorization>>());
    let authorization = answers.get(target);
    if (authorization === undefined) {
      // not kept: the connection may ask again later
      const refusal = isFurther ? this.connection.address?.refusalToAsk(performance.now()) : undefined;
      if (refusal !== undefined) throw refusal;
      authorization = isFurther ? this.askFurther(target, objectId) : this.ask(target, objectId);
      answers.set(target, authorization);
      authorization.then(
        (settled) => {
          // the object may have been unregistered meanwhile
          if (answers.get(target) === authorization) answers.set(target, settled);
        },
        // the rejected promise stays: the connection is not authorized
        () => undefined,
      );
    }
    return authorization;
  }

  /** True when the object has no guards, or its guards have authorized the connection. Asks no guard. */
  isAuthorized(target: PyroTarget): boolean {
    const { guardedBy } = target;
    if (guardedBy !== undefined) return this.isAuthorized(guardedBy.target);
    if (target.authorize === undefined) return true;
    const authorization = this.answers?.get(target);
    return authorization !== undefined && !(authorization instanceof Promise);
  }

  /** Drops the answer for an object that was unregistered: the connection may outlive many objects. */
  forget(target: PyroTarget): void {
    this.answers?.delete(target);
  }

  /** The answers of the guards of objects so far. */
  *given(): Iterable<[PyroTarget, Authorization]> {
    for (const [target, answer] of this.answers ?? []) if (!(answer instanceof Promise)) yield [target, answer];
  }

  /** Asks the guards of a further object. The handshake data of each new connection may be a guess, so refusals count for the address. */
  private async askFurther(target: PyroTarget, objectId: string): Promise<Authorization> {
    try {
      return await this.ask(target, objectId);
    } catch (error) {
      // a connection has one handshake, and so one guess, whatever number of objects refuse it
      await (this.refusal ??= this.noteRefusal());
      throw error;
    }
  }

  /** A client whose address is refused often is told late, so that guessing takes long. */
  private async noteRefusal(): Promise<void> {
    const delayMs = this.connection.address?.refusedByGuards(performance.now()) ?? 0;
    if (delayMs === 0) return;
    // the call of a client that has gone must not wait
    const gone = new AbortController();
    const forget = this.connection.onGone(() => gone.abort());
    await sleep(delayMs, undefined, { ref: false, signal: gone.signal }).catch(() => undefined);
    forget();
  }

  private async ask(target: PyroTarget, objectId: string): Promise<Authorization> {
    try {
      const { ofDaemon } = this;
      const asking = runForConnection(this.connection, () => target.authorize!(this.requestFor(objectId)));
      const given = authorizationOf(await endsInTime(asking, this.timeoutMs, 'a guard'));
      const { response = ofDaemon.response } = given;
      // a key names the principal of the same answer
      const { principal, principalKey } = given.principal === undefined && given.principalKey === undefined ? ofDaemon : given;
      return { response, principal, principalKey };
    } catch (error) {
      throw new SecurityError(safeText(error) || 'access denied', { cause: error });
    }
  }

  private requestFor(objectId: string): AuthorizeRequest {
    const { connection } = this;
    return { connection, objectId, data: connection.handshake, annotations: connection.handshakeAnnotations };
  }
}

/**
 * Checks a handshake hook when the daemon starts. A hook with two parameters, as in Python, would never see the handshake data, and refuse
 * everybody.
 *
 * @throws {PyroError} `CONFIG`, when the hook takes more than one parameter
 */
export function checkHandshakeHook(hooks: Partial<Pick<Daemon, 'validateHandshake'>>): void {
  const count = hooks.validateHandshake?.length ?? 0;
  if (count <= 1) return;
  throw configError(
    `validateHandshake has ${count} parameters; it takes one object: validateHandshake({ connection, objectId, data, annotations })`,
  );
}

/**
 * Reads the answer of a handshake hook.
 *
 * @throws {PyroError} `CONFIG`, when the answer is an object with other members than those of an {@link Authorization}, or with none of
 *   them: nobody would read a Map, or the dict that the client should get
 */
export function authorizationOf(answer: HandshakeAnswer): Authorization {
  if (answer === undefined) return OPEN;
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return { response: answer };
  const names = Object.keys(answer);
  // of bytes the members are their indices
  const unknown = ArrayBuffer.isView(answer) ? undefined : names.find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined || names.length === 0 || ArrayBuffer.isView(answer))
    throw configError(
      `validateHandshake gave ${unknown === undefined ? withoutMembers(answer) : `an object with the member ${JSON.stringify(unknown)}`}; ` +
        'it gives { response, principal }, an object for the client as the response, or nothing for the default answer',
    );
  const { principalKey } = answer as Authorization;
  if (principalKey !== undefined && typeof principalKey !== 'string')
    throw configError(`validateHandshake gave a principalKey that is ${optionText(principalKey)}; it must be a text`);
  return answer as Authorization;
}

/** Names an object that has no members of its own. */
function withoutMembers(answer: object): string {
  const name = (answer.constructor as { name?: string } | undefined)?.name ?? 'Object';
  return name === 'Object' ? 'an object without members' : `an object of the class ${name}`;
}

const MEMBERS = ['response', 'principal', 'principalKey'];

/** The principal of an answer, without members that are undefined. */
export function principalOf({ principal, principalKey }: Authorization): Pick<Authorization, 'principal' | 'principalKey'> {
  return { ...(principal !== undefined && { principal }), ...(principalKey !== undefined && { principalKey }) };
}

/** True when both answers are for the same principal: by their keys where one has a key, else by identity. */
export function isSamePrincipal(one: Authorization, other: Authorization): boolean {
  if (one.principalKey !== undefined || other.principalKey !== undefined) return one.principalKey === other.principalKey;
  return Object.is(one.principal, other.principal);
}
