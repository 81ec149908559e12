import { servedMembers } from '../metadata/member-metadata.js';
import { methodsWithKeywords } from '../metadata/parameter-metadata.js';
import type { ObjectDefinition } from './object-definition.js';

/** Texts about what the decorators of a class say, and nobody uses: tags without a name, and `@PyroKwargs()` without `@PyroMethod`. */
export function unusedDecoratorTexts({ type, instanceType, name, tags }: ObjectDefinition): string[] {
  const texts: string[] = [];
  if (tags.length > 0 && name === undefined) {
    texts.push(
      `${type.name} has metadata, which a name server keeps with a name, and has no name: give @PyroController a name, too`,
    );
  }
  const exposed = new Set(servedMembers(type, instanceType).map(({ metadata }) => metadata.key));
  for (const method of methodsWithKeywords(instanceType)) {
    if (exposed.has(method)) continue;
    texts.push(
      `${instanceType.name}.${method} has a parameter with @PyroKwargs(), but no @PyroMethod(), so that no client can call it`,
    );
  }
  return texts;
}
