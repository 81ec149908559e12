/** Smaller chunks are copied together, so that many of them take no more memory than their bytes. */
const SMALL_CHUNK_BYTES = 16 * 1024;
const TAIL_BYTES = 64 * 1024;

/**
 * A message that arrives in many chunks. The chunks are kept as they come, and put together once, when the last of them is there: each byte is
 * copied once, and never is more than twice as much memory held as was received.
 */
export class LargeMessage {
  private readonly chunks: Buffer[] = [];
  /** Small chunks are collected here. */
  private tail: Buffer | undefined;
  private tailLength = 0;
  private size = 0;

  /** @param total size of the message in bytes */
  constructor(readonly total: number) {}

  /** Received bytes, also those behind the message. */
  get receivedBytes(): number {
    return this.size;
  }

  get isComplete(): boolean {
    return this.size >= this.total;
  }

  add(chunk: Buffer): void {
    this.size += chunk.length;
    if (chunk.length < SMALL_CHUNK_BYTES) return this.addSmall(chunk);
    this.endTail();
    this.chunks.push(chunk);
  }

  /** @returns the message, and the bytes behind it */
  finish(): { message: Buffer; rest: Buffer } {
    this.endTail();
    const { chunks, total, size } = this;
    const behind: Buffer[] = [];
    for (let surplus = size - total; surplus > 0;) {
      const last = chunks.pop()!;
      const kept = Math.max(0, last.length - surplus);
      surplus -= last.length - kept;
      behind.unshift(last.subarray(kept));
      if (kept > 0) chunks.push(last.subarray(0, kept));
    }
    return { message: Buffer.concat(chunks, total), rest: behind.length === 1 ? behind[0]! : Buffer.concat(behind) };
  }

  private addSmall(chunk: Buffer): void {
    if (this.tail !== undefined && this.tailLength + chunk.length > TAIL_BYTES) this.endTail();
    this.tail ??= Buffer.allocUnsafeSlow(TAIL_BYTES);
    chunk.copy(this.tail, this.tailLength);
    this.tailLength += chunk.length;
  }

  private endTail(): void {
    if (this.tail === undefined) return;
    this.chunks.push(this.tail.subarray(0, this.tailLength));
    this.tail = undefined;
    this.tailLength = 0;
  }
}
