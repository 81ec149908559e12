import type { Duplex } from 'node:stream';

/** Receives the events of one socket. */
export interface SocketOwner {
  /** True while {@link onData} copies all bytes before it returns. */
  readonly copiesData: boolean;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onError(error: Error): void;
  onClose(): void;
}

/** The member of a socket that holds its owner. */
const OWNER = Symbol('owner');

type OwnedSocket = Duplex & { [OWNER]: SocketOwner };

/**
 * Lets `owner` receive the events of a socket.
 *
 * All sockets share these four listeners: functions of their own take 0.3 KiB for each connection.
 */
export function listen(socket: Duplex, owner: SocketOwner): void {
  (socket as OwnedSocket)[OWNER] = owner;
  socket.on('data', onData);
  // before the socket's own listener, which ends the other half: requests that have arrived are still answered
  socket.prependListener('end', onEnd);
  socket.on('error', onError);
  socket.on('close', onClose);
}

/** True when the memory of a chunk may be used again as soon as the socket has emitted the chunk. */
export function copiesData(socket: Duplex): boolean {
  return (socket as Partial<OwnedSocket>)[OWNER]?.copiesData === true;
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[OWNER].onData(chunk);
}

function onEnd(this: OwnedSocket): void {
  this[OWNER].onEnd();
}

function onError(this: OwnedSocket, error: Error): void {
  this[OWNER].onError(error);
}

function onClose(this: OwnedSocket): void {
  this[OWNER].onClose();
}
