import { parseJson } from '../values/exact-json.js';
import { PYTHON_KEYWORDS } from '../values/python-keywords.js';

/** A call as the form has it. */
export interface WrittenCall {
  uri: string;
  kind: 'method' | 'get' | 'set';
  member: string;
  /** Texts as a person typed them: JSON, or literals of Python. */
  args: readonly string[];
  kwargs: Readonly<Record<string, string>>;
  isLiteral: boolean;
  handshake: string | null;
}

const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** The line of Python that does the same as a call of the page. */
export function pythonLine({ uri, kind, member, args, kwargs, isLiteral, handshake }: WrittenCall): string {
  const read = (text: string): string => (isLiteral ? text.trim() : pythonOf(text));
  const proxy = `Pyro5.api.Proxy(${pythonText(uri)})`;
  const line = (on: string): string => {
    if (kind === 'get') return isName(member) ? `${on}.${member}` : `getattr(${on}, ${pythonText(member)})`;
    if (kind === 'set')
      return isName(member)
        ? `${on}.${member} = ${read(args[0] ?? '')}`
        : `setattr(${on}, ${pythonText(member)}, ${read(args[0] ?? '')})`;
    const named = Object.entries(kwargs);
    const keywords = named.filter(([name]) => isName(name)).map(([name, text]) => `${name}=${read(text)}`);
    const others = named.filter(([name]) => !isName(name)).map(([name, text]) => `${pythonText(name)}: ${read(text)}`);
    const all = [...args.map(read), ...keywords, ...(others.length > 0 ? [`**{${others.join(', ')}}`] : [])].join(', ');
    return isName(member) ? `${on}.${member}(${all})` : `getattr(${on}, ${pythonText(member)})(${all})`;
  };
  if (handshake === null) return line(proxy);
  return `proxy = ${proxy}; proxy._pyroHandshake = ${pythonOf(handshake)}; ${line('proxy')}`;
}

function isName(text: string): boolean {
  return IDENTIFIER.test(text) && !PYTHON_KEYWORDS.has(text);
}

/** The Python literal of an argument: of JSON its value, of another text the text itself. */
function pythonOf(text: string): string {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return pythonText(text);
  }
  return literalOf(value);
}

function literalOf(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return pythonText(value);
  if (Array.isArray(value)) return `[${value.map(literalOf).join(', ')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([name, member]) => `${pythonText(name)}: ${literalOf(member)}`)
      .join(', ')}}`;
  return typeof value === 'number' ? numberLiteral(value) : String(value as bigint);
}

/** A number that is no safe int travels as a float. */
function numberLiteral(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'float("inf")' : 'float("-inf")';
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

/** A text between double quotes, on one line. JSON's escapes are Python's, too. */
function pythonText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
