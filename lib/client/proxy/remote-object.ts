import type { KeywordArguments } from '../options/keyword-arguments.js';
import type { RemoteProxy } from './remote-proxy.js';
import type { RemoteStream } from '../call/remote-stream.js';

declare const untyped: unique symbol;

/** Stands for an object of which no interface is given: every name is a method of unknown arguments and result. */
export interface UntypedRemote {
  readonly [untyped]: true;
}

/**
 * A remote object as it is called here, of the interface `T` that describes it: its methods return promises, its iterators are
 * streams, its attributes are read and written by `$get` and `$set`.
 *
 * ```ts
 * interface Camera {
 *   gain: number;
 *   expose(seconds: number, binning?: number): Buffer;
 *   frames(): Iterator<Buffer>;
 * }
 * const camera = await PyroProxy.connect<Camera>('PYRONAME:lab.camera');
 * await camera.expose(0.5, kwargs({ binning: 2 }));
 * ```
 */
export type RemoteObject<T = UntypedRemote> = RemoteProxy<T> & RemoteMethods<T>;

/** The methods of `T`, called over the network. */
export type RemoteMethods<T> = [T] extends [UntypedRemote]
  ? { readonly [name: string]: (...args: unknown[]) => Promise<unknown> }
  : { readonly [K in MethodName<T>]: Signature<T[K], 'call'> };

/** What a batch records: the methods of `T`, without a result yet. */
export type BatchMethods<T> = [T] extends [UntypedRemote]
  ? { readonly [name: string]: (...args: unknown[]) => void }
  : { readonly [K in MethodName<T>]: Signature<T[K], 'batch'> };

type AnyFunction = (...args: never[]) => unknown;

/** Names of the methods of `T`. */
export type MethodName<T> = { [K in keyof T]-?: NonNullable<T[K]> extends AnyFunction ? K : never }[keyof T] & string;

/** Names of the attributes of `T`. */
export type AttributeName<T> = [T] extends [UntypedRemote] ? string : Exclude<keyof T & string, MethodName<T>>;

/** Type of an attribute. */
export type AttributeValue<T, K> = [T] extends [UntypedRemote] ? unknown : K extends keyof T ? RemoteResult<T[K]> : never;

/** Of a method with more than three overloads the last three count. Where there are fewer, TypeScript infers the first one again. */
type Signature<F, Way> =
  NonNullable<F> extends { (...args: infer A): infer R; (...args: infer B): infer S; (...args: infer C): infer U }
    ? [A, R, C, U] extends [C, U, A, R]
      ? Overload<C, U, Way>
      : Overload<A, R, Way> & Overload<B, S, Way> & Overload<C, U, Way>
    : never;

/** The arguments may also be some of the first ones and `kwargs(…)`. */
interface Overload<A extends readonly unknown[], R, Way> {
  (...args: A): Result<R, Way>;
  (...args: [...Leading<A>, KeywordArguments]): Result<R, Way>;
}

type Result<R, Way> = Way extends 'batch' ? void : Promise<RemoteResult<R>>;

/** What a result of type `R` is here: promises are awaited, iterators are streams. */
export type RemoteResult<R> = 0 extends 1 & R
  ? R
  : R extends PromiseLike<infer U>
    ? RemoteResult<U>
    : R extends AsyncIterable<infer I> | Iterator<infer I, unknown, never>
      ? RemoteStream<I>
      : R;

/** Every tuple that `A` begins with. */
type Leading<A extends readonly unknown[]> = A extends readonly []
  ? []
  : A extends readonly [infer First, ...infer Rest]
    ? [] | [First, ...Leading<Rest>]
    : number extends A['length']
      ? A
      : A extends readonly [(infer First)?, ...infer Rest]
        ? [] | [First, ...Leading<Rest>]
        : [];
