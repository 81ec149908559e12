import { ENHANCER_KEYS } from '../nest-internals.js';
import { validatesByType } from '../nest-pipes.js';
import type { ObjectDefinition, Operation } from './object-definition.js';
import type { PlannedParameter } from './parameter-plan.js';

/** The sources of parameters whose values come from clients. */
const FROM_CLIENTS: ReadonlySet<PlannedParameter['source']['kind']> = new Set(['argument', 'rest', 'arguments', 'keywords']);

/**
 * Finds methods and attributes whose ValidationPipe lets every argument pass: the pipe validates by the types of the parameters, and the
 * compiler has emitted none. A guard against wrong arguments would be missing without a word.
 *
 * @param globalPipes pipes of the application and of the microservice, and the classes of those that Nest makes for each call
 * @returns the text of a warning; undefined when nothing is lost
 */
export function unvalidatedText(
  { type, instanceType, methods, setters }: ObjectDefinition,
  globalPipes: readonly unknown[],
): string | undefined {
  const common = [...globalPipes, ...[type, instanceType].flatMap(pipesOf)];
  const members = [...methods, ...setters].filter(([, operation]) => isUnvalidated(operation, common));
  if (members.length === 0) return undefined;
  const names = members.map(([name]) => `${type.name}.${name}`);
  return (
    `the ValidationPipe of ${names.join(', ')} lets every argument pass, because the compiler has emitted no types of the parameters: ` +
    'set emitDecoratorMetadata in tsconfig.json, and compile with tsc or SWC, since esbuild and tsx emit no types'
  );
}

function isUnvalidated({ handler, parameters, parameterTypes }: Operation, common: readonly unknown[]): boolean {
  if (parameterTypes !== undefined) return false;
  const pipes = [...common, ...pipesOf(handler)];
  return parameters
    .filter(({ source, type }) => FROM_CLIENTS.has(source.kind) && type === undefined)
    .some((parameter) => [...pipes, ...parameter.pipes].some(validatesByType));
}

function pipesOf(holder: object): readonly unknown[] {
  return (Reflect.getMetadata(ENHANCER_KEYS.pipes, holder) ?? []) as unknown[];
}
