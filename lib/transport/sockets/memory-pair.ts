import { Duplex } from 'node:stream';

/**
 * Makes a connection within the process, with the back pressure of a socket.
 *
 * @returns both ends; each reads the bytes that the other writes. Ending or destroying one end closes the other
 */
export function createMemoryPair(): [Duplex, Duplex] {
  const left = new MemoryEnd();
  const right = new MemoryEnd();
  left.join(right);
  right.join(left);
  return [left, right];
}

class MemoryEnd extends Duplex {
  private peer!: MemoryEnd;
  private resumePeer: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: false });
  }

  join(peer: MemoryEnd): void {
    this.peer = peer;
  }

  override _read(): void {
    const resume = this.resumePeer;
    this.resumePeer = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.peer.destroyed) return done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    // like a socket, never within the writer's own stack
    process.nextTick(() => {
      if (this.peer.destroyed || this.peer.push(chunk)) done();
      else this.peer.resumePeer = done;
    });
  }

  override _final(done: () => void): void {
    process.nextTick(() => this.peer.push(null));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const resume = this.resumePeer;
    this.resumePeer = undefined;
    resume?.();
    process.nextTick(() => {
      if (!this.peer.destroyed) this.peer.destroy();
    });
    done(error);
  }
}
