import { createParamDecorator, UseFilters } from '@nestjs/common';
import { PyroBinder } from '../binding/pyro-binder.js';
import { remainingKeywords } from '../metadata/parameter-metadata.js';
import { checkParentheses, decoratedName } from './decorator-target.js';

const remaining = createParamDecorator(remainingKeywords);

/**
 * A parameter that takes the keyword arguments that no other parameter took, as a plain object: Python's `**kwargs`.
 * It takes no positional argument. Pipes may be given; a ValidationPipe sees the type of the parameter.
 *
 * @throws {TypeError} when the decorator is used without parentheses, and on what is no parameter of an instance's method
 */
export const PyroKwargs = (...dataOrPipes: unknown[]): ParameterDecorator => {
  checkParentheses('@PyroKwargs', dataOrPipes[0]);
  const decorate = remaining(...dataOrPipes);
  return (prototype, method, index: unknown) => {
    if (typeof index !== 'number' || method === undefined)
      throw new TypeError('@PyroKwargs() stands before a parameter of a method: method(first, @PyroKwargs() options)');
    if (typeof prototype === 'function') {
      const where = decoratedName('@PyroKwargs', prototype, method);
      throw new TypeError(`${where}: @PyroKwargs() is for methods of instances: a static method cannot be exposed`);
    }
    decorate(prototype, method, index);
    // a class without @PyroController has no binder, and the warning about this class needs a binder
    UseFilters(PyroBinder)(prototype, method, Object.getOwnPropertyDescriptor(prototype, method)!);
  };
};
