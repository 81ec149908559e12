import { Socket } from 'node:net';
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
 * All sockets share these four listeners: separate functions would take 0.3 KiB for each connection.
 */
export function listen(socket: Duplex, owner: SocketOwner): void {
  (socket as OwnedSocket)[OWNER] = owner;
  socket.on('data', onData);
  // TLS sockets and other streams have their own `push`
  if (isPlainSocket(socket)) socket.push = pushChunk;
  // before the socket's own listener, which ends the other half: requests that have arrived are still answered
  socket.prependListener('end', onEnd);
  socket.on('error', onError);
  socket.on('close', onClose);
}

function isPlainSocket(socket: Duplex): boolean {
  return socket.constructor === Socket;
}

/**
 * Hands a chunk that a socket has read to its owner.
 *
 * The socket's own `push` emits the chunk, and schedules a further read in a later tick, although a flowing socket reads anyway. That tick
 * takes 0.4 µs of a small call (8.5 instead of 8.1 µs with 64 connections), and 0.4 KiB.
 */
function pushChunk(this: OwnedSocket, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  // Node handles the end, chunks of a paused socket, and sockets with other listeners
  if (chunk === null || !this.readableFlowing || this.readableLength > 0 || this.listenerCount('data') > 1)
    return Socket.prototype.push.call(this, chunk, encoding);
  this[OWNER].onData(chunk);
  return true;
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
