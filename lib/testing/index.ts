/**
 * Tools for tests of Pyro objects.
 *
 * @module nestjs-pyro/testing
 * @packageDocumentation
 */
export { connectInMemory, type InMemoryServer } from './connect-in-memory.js';
export { createMemoryPair } from '../transport/sockets/memory-pair.js';
export type { Header } from '../protocol/messages/header.js';
export type { OutgoingMessage } from '../protocol/messages/message.js';
export { type ReceivedFrame, RemoteFailure, ScriptedPeer, valueOf } from './scripted-peer.js';
