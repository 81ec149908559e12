import { randomFillSync } from 'node:crypto';
import { CORRELATION_ID_BYTES } from '../protocol/constants.js';
import { outgoingCorrelationId } from './current-call.js';

/** Random bytes are drawn for so many ids at once: drawing them for one id takes longer than writing a whole header. */
const IDS_PER_DRAW = 64;

/** Makes random correlation ids (UUID version 4). */
export class RandomIds {
  private drawn = Buffer.alloc(0);

  /** 16 bytes. */
  next(): Buffer {
    if (this.drawn.length === 0) this.drawn = randomFillSync(Buffer.allocUnsafe(CORRELATION_ID_BYTES * IDS_PER_DRAW));
    const id = this.drawn.subarray(0, CORRELATION_ID_BYTES);
    this.drawn = this.drawn.subarray(CORRELATION_ID_BYTES);
    id[6] = (id[6]! & 0x0f) | 0x40;
    id[8] = (id[8]! & 0x3f) | 0x80;
    return id;
  }
}

/** Makes the correlation ids of outgoing calls. */
export class CorrelationIds {
  private readonly random = new RandomIds();

  /** 16 bytes: the id given with `withCorrelationId`, else the id of the current call, else a random id. */
  next(): Buffer {
    const given = outgoingCorrelationId();
    return given === undefined ? this.random.next() : correlationBytes(given);
  }
}

/** @param id a UUID in its usual text form */
export function correlationBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}
