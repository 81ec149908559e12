/**
 * Copies bytes that stay when their message is gone. A view would keep all bytes that were received with it, and a part of Node's pool keeps
 * the pool: 8 KiB, or 64 in Node 26. So a copy has memory of its own.
 */
export function ownCopy(data: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(data.length);
  data.copy(copy);
  return copy;
}

/** Copies a view that keeps more than twice its bytes: a short message in a chunk of its socket, say. Other views stay as they are. */
export function withoutOtherBytes(data: Buffer): Buffer {
  return data.buffer.byteLength > 2 * data.length ? ownCopy(data) : data;
}
