import type { KeywordArguments } from '../call/outgoing-call.js';
import type { RemoteStream } from '../call/remote-stream.js';

declare const untyped: unique symbol;

/** The interface of an object when none is given: every name is a method with unknown arguments and result. */
export interface UntypedRemote {
  /** Marks the interface. No object has this member. */
  readonly [untyped]: true;
}

/** The methods of `T` as they are called on a proxy. */
export type RemoteMethods<T> = [T] extends [UntypedRemote]
  ? {
      /** Calls the method with this wire name. The error is a `PyroRemoteError` (`builtins.AttributeError`) when the object does not expose it. */
      readonly [name: string]: (...args: unknown[]) => Promise<unknown>;
    }
  : { readonly [K in MethodName<T>]: CallSignature<T[K], 'call'> };

/** The methods of `T` as they are called on the recorder of a batch: without a result. */
export type BatchMethods<T> = [T] extends [UntypedRemote]
  ? {
      /** Adds a call of the method with this wire name to the batch. */
      readonly [name: string]: (...args: unknown[]) => void;
    }
  : { readonly [K in MethodName<T>]: CallSignature<T[K], 'batch'> };

/** Names of the methods of `T`. */
export type MethodName<T> = { [K in keyof T]-?: NonNullable<T[K]> extends (...args: never[]) => unknown ? K : never }[keyof T] &
  string;

/** Names of the attributes of `T`. */
export type AttributeName<T> = [T] extends [UntypedRemote] ? string : Exclude<keyof T & string, MethodName<T>>;

/** Type of an attribute. */
export type AttributeValue<T, K> = [T] extends [UntypedRemote] ? unknown : K extends keyof T ? RemoteResult<T[K]> : never;

/** The last three overloads of a method. For a method with fewer overloads, TypeScript infers the first overload several times. */
type CallSignature<F, Way> =
  NonNullable<F> extends { (...args: infer A): infer R; (...args: infer B): infer S; (...args: infer C): infer U }
    ? [A, R, C, U] extends [C, U, A, R]
      ? Overload<C, U, Way>
      : Overload<A, R, Way> & Overload<B, S, Way> & Overload<C, U, Way>
    : never;

/** An overload, and the same with `kwargs(…)` after some of the first arguments. */
interface Overload<A extends readonly unknown[], R, Way> {
  (...args: A): Result<R, Way>;
  (...args: [...Leading<A>, Keywords<A>]): Result<R, Way>;
}

type Result<R, Way> = Way extends 'batch' ? void : Promise<RemoteResult<R>>;

/** The result of a call when the method returns `R`: the value of a promise, a stream for an iterator. */
export type RemoteResult<R> = 0 extends 1 & R
  ? R
  : R extends PromiseLike<infer U>
    ? RemoteResult<U>
    : R extends AsyncIterable<infer I> | Iterator<infer I, unknown, never>
      ? RemoteStream<I>
      : R;

/** The keyword arguments that a method takes: those among its parameters, or any. */
type Keywords<A extends readonly unknown[]> = [Extract<A[number], KeywordArguments>] extends [never]
  ? KeywordArguments
  : Extract<A[number], KeywordArguments>;

/** All tuples that are the first elements of `A`, without keyword arguments. */
type Leading<A extends readonly unknown[]> = A extends readonly []
  ? []
  : A extends readonly [...infer Positional, KeywordArguments]
    ? Leading<Positional>
    : A extends readonly [infer First, ...infer Rest]
      ? [] | [First, ...Leading<Rest>]
      : number extends A['length']
        ? A
        : A extends readonly [(infer First)?, ...infer Rest]
          ? NonNullable<First> extends KeywordArguments
            ? []
            : [] | [First, ...Leading<Rest>]
          : [];
