import { PyroError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { overLimit } from '../../protocol/over-limit.js';
import type { RemoteAddress } from '../connection/remote-addresses.js';
import type { ItemStream } from './item-stream.js';

/** Longest time for which a closed stream whose iterator still runs counts as a stream, and its arguments as those of a running request. */
const CLOSE_GRACE_MS = 5_000;
/** Memory of a closed stream whose iterator still runs, besides its arguments: its call, its request and its connection. */
const STREAM_BYTES = 8 * 1024;
/** The part of `maxInFlightValueBytes` that hung streams may hold, and those of one remote address. */
const HUNG_PART = 1 / 2;
const HUNG_PART_OF_ADDRESS = 1 / 4;

/** The memory that the iterator of a hung stream may hold. */
interface HungStream {
  readonly bytes: number;
  readonly address: RemoteAddress | undefined;
}

/**
 * The closed streams of a daemon whose iterators still run.
 *
 * A generator that waits for an event cannot be closed before the event comes, which may be never. So the stream is given up after
 * {@link CLOSE_GRACE_MS}: it is hung. A hung stream takes nothing from running requests, but while hung streams hold much memory, no
 * further stream is opened. It is forgotten when its iterator has ended, or was collected by V8.
 */
export class EndedStreams {
  /** Streams whose iterators still run. */
  running = 0;
  /** Those of them that are not hung. They count under `maxStreams`. */
  ending = 0;
  /** Memory that the hung streams may hold. */
  private hungBytes = 0;
  private readonly collected = new FinalizationRegistry<HungStream>((hung) => this.forget(hung));

  constructor(private readonly limits: { readonly maxInFlightValueBytes: number }) {}

  /** @param release called once: when the iterator and the method of the call have ended, or the stream is hung */
  add(stream: ItemStream, release: () => void): void {
    const callEnded = stream.endCall();
    if (callEnded === undefined) return release();
    this.running++;
    this.ending++;
    let hung: HungStream | undefined;
    const timer = setTimeout(() => {
      hung = this.giveUp(stream);
      this.ending--;
      release();
    }, CLOSE_GRACE_MS).unref();
    void callEnded.then(() => {
      if (hung !== undefined) return this.end(hung);
      clearTimeout(timer);
      this.running--;
      this.ending--;
      release();
    });
  }

  /** Why no further stream is opened; undefined: the daemon opens one. @param address of the client, where its uses are limited */
  refusal(address: RemoteAddress | undefined): Error | undefined {
    if (this.hungBytes === 0) return undefined;
    const { maxInFlightValueBytes: all } = this.limits;
    const most = Math.floor(all * HUNG_PART);
    if (this.hungBytes >= most) return tooManyHung('', this.hungBytes, most, all);
    const mostOfAddress = Math.floor(all * HUNG_PART_OF_ADDRESS);
    if (address === undefined || address.hungStreamBytes < mostOfAddress) return undefined;
    return tooManyHung(` of ${address.name}`, address.hungStreamBytes, mostOfAddress, all);
  }

  private giveUp(stream: ItemStream): HungStream {
    const { connection, request } = stream.call;
    const hung = { bytes: request.heldBytes + STREAM_BYTES, address: connection.address };
    this.count(hung, 1);
    this.collected.register(stream.iterator, hung, hung);
    stream.terminatePulls();
    return hung;
  }

  /** The iterator of a hung stream has ended. */
  private end(hung: HungStream): void {
    if (this.collected.unregister(hung)) this.forget(hung);
  }

  private forget(hung: HungStream): void {
    this.running--;
    this.count(hung, -1);
  }

  private count({ bytes, address }: HungStream, sign: 1 | -1): void {
    this.hungBytes += sign * bytes;
    if (address !== undefined) address.hungStreamBytes += sign * bytes;
  }
}

function tooManyHung(whose: string, held: number, most: number, all: number): Error {
  const text = `closed item streams${whose} whose iterators still run hold ${held} bytes of memory, of at most ${most} (maxInFlightValueBytes is ${all}); end such iterators when the signal of their call aborts`;
  return overLimit('maxInFlightValueBytes', refusal(new PyroError(text)));
}
