import type { MethodSignature, ObjectSignatures, ParameterSignature } from '../../daemon/contract/signatures.js';
import { docLines, nested } from './doc-comment.js';

/** The signatures and docs of an object as lines, in the form of Python's `help()`. */
export function signatureLines({ class: name, doc, attributes, methods }: ObjectSignatures): string[] {
  const members = [
    ...sortedEntries(attributes).map(([member, each]) => [attributeText(member, each), each.doc] as const),
    ...sortedEntries(methods).map(([member, each]) => [methodText(member, each), each.doc] as const),
  ];
  const head = name === null ? [] : [`class ${name}`, ...nested(docLines(doc)), ''];
  return [...head, ...members.flatMap(([text, of]) => [text, ...nested(docLines(of))])];
}

function attributeText(name: string, { type, readable, writable }: ObjectSignatures['attributes'][string]): string {
  const access = writable ? (readable ? '' : '   # write only') : '   # read only';
  return `${name}${type === undefined ? '' : `: ${type}`}${access}`;
}

function methodText(name: string, { parameters, returns, oneway, stream }: MethodSignature): string {
  const result = returns === undefined ? '' : ` -> ${returns}`;
  const notes = [oneway ? 'oneway' : '', stream && !result.includes('Iterator') && !result.includes('Generator') ? 'stream' : ''];
  const note = notes.filter((each) => each !== '').join(', ');
  return `${name}(${parameters === null ? '…' : parameterTexts(parameters).join(', ')})${result}${note === '' ? '' : `   # ${note}`}`;
}

function parameterTexts(parameters: readonly ParameterSignature[]): string[] {
  const texts = parameters.map(({ name, kind, required, type }) => {
    const stars = kind === 'varargs' ? '*' : kind === 'kwargs' ? '**' : '';
    const own = `${stars}${name ?? (stars === '' ? '_' : 'args')}${type === undefined ? '' : `: ${type}`}`;
    return required || stars !== '' ? own : `${own} = …`;
  });
  const firstKeyword = parameters.findIndex(({ kind }) => kind === 'keyword');
  if (firstKeyword >= 0 && !parameters.some(({ kind }) => kind === 'varargs')) texts.splice(firstKeyword, 0, '*');
  const lastUnnamed = parameters.findLastIndex(({ kind }) => kind === 'positional-only');
  if (lastUnnamed >= 0) texts.splice(lastUnnamed + 1, 0, '/');
  return texts;
}

/** The members of an object, sorted by their names. */
export function sortedEntries<T>(members: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1));
}
