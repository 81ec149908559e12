import { isOnMember } from '../../objects/decorated-member.js';
import { decoratedClassName } from '../metadata/member-metadata.js';

/**
 * The name of a decorated member for errors: `Class.member`.
 *
 * @param decorator the decorator, for the error: `@PyroMethod`
 * @param member what the decorator got as its second argument
 * @throws {TypeError} when the compiler calls decorators as the standard says: Nest and this package need TypeScript's own kind
 */
export function decoratedName(decorator: string, target: unknown, member: unknown): string {
  checkDecoratorKind(decorator, member);
  const type = typeof target === 'function' ? target.name : decoratedClassName(target as object);
  return `${type}.${String(member)}`;
}

/**
 * Refuses a decorator of classes that stands on a member or a parameter. There nobody would read what the decorator notes.
 *
 * @param args the arguments of the decorator
 * @param remedy the decorator that members take, for the error
 * @throws {TypeError}
 */
export function checkIsClass(decorator: string, args: readonly unknown[], remedy: string): void {
  const [target, member = 'constructor'] = args;
  checkDecoratorKind(decorator, member);
  if (isOnMember(args))
    throw new TypeError(`${decoratedName(decorator, target, member)}: ${decorator} is for classes; ${remedy}`);
}

/** @throws {TypeError} when the second argument of a decorator is the context of a standard decorator */
export function checkDecoratorKind(decorator: string, second: unknown): void {
  if (typeof second !== 'object' || second === null || !('kind' in second)) return;
  const { kind, name } = second as { kind: unknown; name?: unknown };
  throw new TypeError(
    `${decorator} on the ${String(kind)} ${String(name)} was called as a standard decorator, which Nest cannot use: set ` +
      '"experimentalDecorators": true and "emitDecoratorMetadata": true in the compilerOptions of tsconfig.json ' +
      '(SWC: legacyDecorator and decoratorMetadata; other compilers read tsconfig.json or have options of their own)',
  );
}

/**
 * @param first what the decorator got as its first argument
 * @throws {TypeError} when it is the prototype of a class: the decorator was written without parentheses
 */
export function checkParentheses(decorator: string, first: unknown): void {
  if (typeof first !== 'object' || first === null || !Object.hasOwn(first, 'constructor')) return;
  const { constructor } = first;
  if (typeof constructor === 'function' && constructor.prototype === first) throw withoutParentheses(decorator, constructor.name);
}

/** @param type name of the class that the decorator is used in */
export function withoutParentheses(decorator: string, type: string): TypeError {
  return new TypeError(`${decorator} is used without parentheses in ${type}: write ${decorator}()`);
}
