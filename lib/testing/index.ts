/**
 * Tools for tests of Pyro objects.
 *
 * @module
 */
export { connectInMemory, type InMemoryServer } from './connect-in-memory.js';
export { createMemoryPair } from '../transport/memory-pair.js';
export { RemoteFailure, ScriptedPeer, valueOf } from './scripted-peer.js';
