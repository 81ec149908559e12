/**
 * Writes Python literals as the `serpent` package does, and reads every literal that `ast.literal_eval` reads. This entry works without the
 * rest of the package.
 *
 * @module nestjs-pyro/serpent
 * @packageDocumentation
 */
export { SerpentError, type SerpentErrorCode } from './serpent-error.js';
export type { SerpentLimits } from './value-limits.js';
export { loads, parse, type LoadsOptions, type Parsed } from './reader.js';
export { PyComplex, PyFloat, pyFloat, PyFrozenSet, PyTuple, pyTuple } from './values.js';
export { dumps } from './writer.js';
export type { DumpsOptions } from './expression-writer.js';
