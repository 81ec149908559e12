import { randomFillSync } from 'node:crypto';
import { CORRELATION_ID_BYTES } from '../protocol/constants.js';
import { outgoingCorrelationId } from './current-call.js';

/** Number of ids whose random bytes are drawn at once. Drawing the bytes of one id takes longer than writing a whole header. */
const IDS_PER_BLOCK = 256;

/** Makes correlation ids in blocks. An id is an offset in a block, because making a Buffer for each id takes longer than making its bytes. */
export class IdPool {
  private idBlock = Buffer.alloc(0);
  private idAt = 0;

  /** The block of the id that {@link take} made. */
  get block(): Buffer {
    return this.idBlock;
  }

  /** Makes a random id (UUID version 4). @returns the offset of its 16 bytes in {@link block} */
  take(): number {
    let at = this.idAt + CORRELATION_ID_BYTES;
    if (at >= this.idBlock.length) {
      this.idBlock = randomFillSync(Buffer.allocUnsafeSlow(CORRELATION_ID_BYTES * IDS_PER_BLOCK));
      at = 0;
    }
    this.idAt = at;
    const { idBlock } = this;
    idBlock[at + 6] = (idBlock[at + 6]! & 0x0f) | 0x40;
    idBlock[at + 8] = (idBlock[at + 8]! & 0x3f) | 0x80;
    return at;
  }
}

/** Copies the 16 bytes of an id. */
export function copyId(from: Buffer, fromAt: number, to: Buffer, toAt: number): void {
  for (let index = 0; index < CORRELATION_ID_BYTES; index++) to[toAt + index] = from[fromAt + index]!;
}

/** True when the 16 bytes of two ids are equal. */
export function isSameId(one: Buffer, oneAt: number, other: Buffer, otherAt: number): boolean {
  for (let index = 0; index < CORRELATION_ID_BYTES; index++) if (one[oneAt + index] !== other[otherAt + index]) return false;
  return true;
}

/** The random ids of all proxies. They share a block, because a block takes 4 KiB. */
const randomIds = new IdPool();

/** Gives the correlation ids of requests. */
export interface CorrelationIdSource {
  /** The block of the id that {@link take} gave. */
  readonly block: Buffer;
  /** Gives the id of the next request. @returns the offset of its 16 bytes in {@link block} */
  take(): number;
}

/** Gives one id. */
export class GivenId implements CorrelationIdSource {
  /** @param block the 16 bytes of the id */
  constructor(readonly block: Buffer) {}

  take(): number {
    return 0;
  }
}

/** Makes the correlation ids of outgoing calls. */
export class CorrelationIds implements CorrelationIdSource {
  private given: Buffer | undefined;
  /** The text of the given id that was used last, and its bytes. */
  private lastText: string | undefined;
  private lastBytes: Buffer | undefined;

  /** The block of the id that {@link take} made. */
  get block(): Buffer {
    return this.given ?? randomIds.block;
  }

  /**
   * Makes the id of a call: the id given with `withCorrelationId`, else the id of the current call, else a random id.
   *
   * @returns the offset of its 16 bytes in {@link block}
   */
  take(): number {
    const given = outgoingCorrelationId();
    this.given = given === undefined ? undefined : this.bytesOf(given);
    return given === undefined ? randomIds.take() : 0;
  }

  /** The bytes of an id. The last id is kept, because a served call often makes several calls, which carry its id. */
  private bytesOf(id: string): Buffer {
    if (id !== this.lastText) {
      this.lastText = id;
      this.lastBytes = correlationBytes(id);
    }
    return this.lastBytes!;
  }
}

/** @param id a UUID in its usual text form */
export function correlationBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

/** The usual text form of a UUID. @param hex its 32 hex digits */
export function correlationText(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
