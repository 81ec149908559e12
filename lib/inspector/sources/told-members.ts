import type {
  AttributeSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
} from '../../daemon/contract/signatures.js';
import type { InspectedAttribute, InspectedMember, InspectedMethod, InspectedParameter } from '../contract/contract.js';
import { TypeTextReader } from './type-texts.js';

const KINDS = {
  'positional-only': 'positional',
  positional: 'positional',
  varargs: 'rest',
  keyword: 'keyword',
  kwargs: 'keywords',
} as const;

/** The members of an object, with the types and docs that its daemon tells by `get_signatures`. */
export function toldMembers(
  members: readonly InspectedMember[],
  { methods, attributes, types }: ObjectSignatures,
): InspectedMember[] {
  const texts = new TypeTextReader(types);
  return members.map((member) => {
    const { kind, name } = member;
    if (kind === 'method') return toldMethod(member, Object.hasOwn(methods, name) ? methods[name] : undefined, texts);
    return toldAttribute(member, Object.hasOwn(attributes, name) ? attributes[name] : undefined, texts);
  });
}

function toldMethod(member: InspectedMethod, told: MethodSignature | undefined, texts: TypeTextReader): InspectedMethod {
  if (told === undefined) return member;
  const { parameters, returns, doc, stream } = told;
  const known = member.parameters ?? [];
  return {
    ...member,
    isStream: member.isStream || stream,
    parameters: parameters?.map((each, index) => toldParameter(each, known[index], texts)) ?? member.parameters,
    ...(returns !== undefined && { returns }),
    ...(doc !== undefined && { doc }),
  };
}

/** @param known the same parameter in the snapshot of the daemon, which has the rules of its class */
function toldParameter(
  { name, kind, required, type, doc }: ParameterSignature,
  known: InspectedParameter | undefined,
  texts: TypeTextReader,
): InspectedParameter {
  const shape = known?.shape ?? (type === undefined ? undefined : texts.shapeOf(type));
  return {
    name: kind === 'positional' || kind === 'keyword' ? name : null,
    kind: KINDS[kind],
    isRequired: required,
    ...((type ?? known?.type) !== undefined && { type: type ?? known?.type }),
    ...(doc !== undefined && { doc }),
    ...(known?.rules && { rules: known.rules }),
    ...(shape && { shape }),
  };
}

/** @param known the attribute in the snapshot of the daemon, which knows the rules of its class */
function toldAttribute(
  known: InspectedAttribute,
  told: AttributeSignature | undefined,
  texts: TypeTextReader,
): InspectedAttribute {
  if (told === undefined) return known;
  const { type, setType = type, doc, readable, writable } = told;
  const shape = known.shape ?? (setType === undefined ? undefined : texts.shapeOf(setType));
  return {
    ...known,
    isReadable: readable,
    isWritable: writable,
    ...(type !== undefined && { type }),
    ...(doc !== undefined && { doc }),
    ...(shape && { shape }),
  };
}
