/**
 * What tests of Pyro objects need.
 *
 * @module
 */
export { createMemoryPair } from '../transport/memory-pair.js';
export { RemoteFailure, ScriptedPeer, valueOf } from './scripted-peer.js';
