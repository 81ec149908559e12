import { processWide } from '../copies/process-wide.js';
import type { ModulesContainer } from '@nestjs/core';
import { addFirstHookOf, firstDestroyedModule } from './nest-internals.js';

/** The progress of an application's start. */
interface Phase {
  isInitialized: boolean;
  isBootstrapped: boolean;
  readonly waiting: (() => void)[];
}

/** The binder of one copy of this package notes what a server of another copy asks for. */
const phases = processWide('application-phases', () => new WeakMap<ModulesContainer, Phase>());
const HOOK = Symbol('PyroServer init');

/**
 * Follows an application from the creation of its providers on, so that a server that is connected after `app.init()` knows that
 * the application is initialized.
 */
export function followApplication(modules: ModulesContainer): void {
  if (phases.has(modules)) return;
  const phase: Phase = { isInitialized: false, isBootstrapped: false, waiting: [] };
  phases.set(modules, phase);
  const module = firstDestroyedModule(modules);
  if (!module) return;
  // Nest initializes this module last
  addFirstHookOf(module, HOOK, {
    onModuleInit: () => {
      phase.isInitialized = true;
      for (const then of phase.waiting.splice(0)) then();
    },
    onApplicationBootstrap: () => {
      phase.isBootstrapped = true;
    },
  });
}

/** True once every `onModuleInit` of the application has run. */
export function isInitialized(modules: ModulesContainer): boolean {
  return phases.get(modules)?.isInitialized ?? false;
}

/** True once every `onApplicationBootstrap` of the application has run. */
export function isBootstrapped(modules: ModulesContainer): boolean {
  return phases.get(modules)?.isBootstrapped ?? false;
}

/** Calls `then` when the application is initialized: at once, when it is already. */
export function whenInitialized(modules: ModulesContainer, then: () => void): void {
  const phase = phases.get(modules);
  if (phase?.isInitialized) then();
  else phase?.waiting.push(then);
}
