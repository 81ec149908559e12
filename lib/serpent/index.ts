/**
 * Writes Python literals as the `serpent` package does, and reads every literal that `ast.literal_eval` reads. This entry works without the
 * rest of the package.
 *
 * @module
 */
export { SerpentError, type SerpentErrorCode } from './errors.js';
export type { SerpentLimits } from './limits.js';
export { loads, parse, type LoadsOptions, type Parsed } from './reader.js';
export { PyComplex, PyFloat, pyFloat, PyFrozenSet, PyTuple, pyTuple } from './values.js';
export { dumps } from './writer.js';
export type { DumpsOptions } from './expression-writer.js';
