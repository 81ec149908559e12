/**
 * Writes Python literals as the `serpent` package does, and reads every literal that `ast.literal_eval` reads. This entry works without the
 * rest of the package.
 *
 * @module nestjs-pyro/serpent
 * @packageDocumentation
 */
export { SerpentError, type SerpentErrorCode } from './values/serpent-error.js';
export type { SerpentLimits } from './values/value-limits.js';
export { loads, parse, type LoadsOptions, type Parsed } from './reading/reader.js';
export { PyComplex, PyFloat, pyFloat, PyFrozenSet, PyTuple, pyTuple } from './values/values.js';
export { dumps } from './writing/writer.js';
export type { DumpsOptions } from './writing/expression-writer.js';
