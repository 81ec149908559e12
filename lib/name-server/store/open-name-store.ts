import { configError } from '../../options/option-checks.js';
import { optionText } from '../../protocol/safe-text.js';
import { MemoryNameStore } from './memory-store.js';
import type { NameStore } from './name-store.js';

/**
 * Opens the store that a text names: `memory`.
 *
 * @throws {PyroError} `CONFIG`, when the text names no store
 */
export async function openNameStore(storage: string): Promise<NameStore> {
  if (storage === 'memory') return new MemoryNameStore();
  throw configError(`storage is ${optionText(storage)}; it must be memory`);
}
