import { randomFillSync } from 'node:crypto';
import { CORRELATION_ID_BYTES } from './constants.js';

/** Random bytes are drawn for so many ids at once: one by one they cost a call more than all of its header. */
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
