import type { ObjectSignatures, TypeSignature } from '../../daemon/contract/signatures.js';

const NAME = /[\p{ID_Start}_][\p{ID_Continue}]*/gu;

/** The names in the texts of types of an object. */
export function namesOfTypes(signatures: ObjectSignatures): Set<string> {
  return new Set([...typeTexts(signatures)].flatMap((text) => [...text.matchAll(NAME)].map(([name]) => name)));
}

/** The signatures, with only the types that their texts name, directly or through other types. */
export function withReachedTypes(
  signatures: ObjectSignatures,
  typeNamed: (name: string) => TypeSignature | undefined,
): ObjectSignatures {
  const reached = new Map<string, TypeSignature>();
  const open = typeTexts(signatures);
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    for (const [name] of text.matchAll(NAME)) {
      const type = reached.has(name) ? undefined : typeNamed(name);
      if (type === undefined) continue;
      reached.set(name, type);
      for (const each of textsIn(type)) open.push(each);
    }
  }
  if (reached.size === 0) return signatures;
  return { ...signatures, types: Object.fromEntries([...reached].sort(([one], [other]) => (one < other ? -1 : 1))) };
}

function textsIn(type: TypeSignature): string[] {
  if ('alias' in type) return [type.alias];
  return [...Object.values(type.fields).map((field) => field.type), ...(type.base === undefined ? [] : [type.base])];
}

function typeTexts({ methods, attributes, types = {} }: ObjectSignatures): string[] {
  const texts = [
    ...Object.values(types).flatMap(textsIn),
    ...Object.values(attributes).flatMap(({ type, setType }) => [type, setType]),
    ...Object.values(methods).flatMap(({ returns, parameters }) => [returns, ...(parameters ?? []).map(({ type }) => type)]),
  ];
  return texts.filter((text) => text !== undefined);
}
