import type { OnReadOpts, Socket } from 'node:net';
import { copiesData } from './socket-events.js';

/** The buffer that all sockets read into, as much at once as Node reads. Each chunk is copied before the next is read, by us or by the owner of the socket. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Lets a socket read into a buffer that is shared with other sockets. The socket emits its chunks as usual.
 *
 * Without this, Node allocates 64 KiB for each chunk and shrinks them to its size, which takes 1 µs of a small call (12.9 instead of
 * 11.8 µs with 16 connections).
 *
 * @param socket gives the socket, once it exists
 * @returns for the option `onread` of the socket
 */
export function sharedReads(socket: () => Socket): OnReadOpts {
  return {
    buffer: SHARED,
    callback(bytes) {
      const owner = socket();
      // as the socket itself does: chunks are kept only while nobody listens
      const isKept = !owner.readableFlowing || owner.readableLength > 0;
      const chunk = isKept || !copiesData(owner) ? Buffer.allocUnsafe(bytes) : undefined;
      if (chunk !== undefined) SHARED.copy(chunk, 0, 0, bytes);
      if (isKept) return owner.push(chunk);
      owner.emit('data', chunk ?? SHARED.subarray(0, bytes));
      return true;
    },
  };
}
