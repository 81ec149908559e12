/**
 * What tests of Pyro objects need.
 *
 * @module
 */
export { connectInMemory, type InMemoryServer } from './connect-in-memory.js';
export { createMemoryPair } from '../transport/memory-pair.js';
export { RemoteFailure, ScriptedPeer, valueOf } from './scripted-peer.js';
