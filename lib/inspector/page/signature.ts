import type { InspectedMember, InspectedParameter } from '../contract.js';

/** A member as a person would write it down. */
export function signatureOf(member: InspectedMember): string {
  if (member.kind === 'attribute') {
    const access = member.isReadable ? (member.isWritable ? '' : ' (read only)') : ' (write only)';
    return `${member.name}${member.type === undefined ? '' : `: ${member.type}`}${access}`;
  }
  const parameters = member.parameters?.map(parameterText).join(', ') ?? '…';
  const returns = member.returns === undefined ? '' : ` → ${member.returns}`;
  return `${member.name}(${parameters})${returns}${member.isOneway ? ' (oneway)' : ''}`;
}

function parameterText({ name, kind, isRequired, type }: InspectedParameter, index: number): string {
  if (kind === 'rest') return '…';
  if (kind === 'keywords') return '**keywords';
  return `${kind === 'keyword' ? '*, ' : ''}${name ?? `argument ${index + 1}`}${isRequired ? '' : '?'}${type ? `: ${type}` : ''}`;
}
