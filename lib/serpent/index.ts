/**
 * Python literals: what the `serpent` package writes, and what `ast.literal_eval` reads. Works on its own.
 *
 * @module
 */
export { SerpentError, type SerpentErrorCode } from './serpent-error.js';
export type { SerpentLimits } from './value-limits.js';
export { loads, parse, type LoadsOptions, type Parsed } from './reader.js';
export { PyComplex, PyFloat, pyFloat, PyFrozenSet, PyTuple, pyTuple } from './values.js';
export { dumps } from './writer.js';
export type { DumpsOptions } from './expression-writer.js';
