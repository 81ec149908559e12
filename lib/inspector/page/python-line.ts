import type { ClientNeeds } from '../contract/contract.js';
import { parseJson } from '../values/exact-json.js';
import { PYTHON_KEYWORDS } from '../values/python-keywords.js';

/** A call as the form has it. */
export interface WrittenCall {
  uri: string;
  /** Host of the page's address: a URI with the address of all interfaces is of the same machine, mostly. */
  pageHost: string;
  needs: ClientNeeds;
  kind: 'method' | 'get' | 'set';
  member: string;
  /** Texts as a person typed them: JSON, or literals of Python. */
  args: readonly string[];
  kwargs: Readonly<Record<string, string>>;
  isLiteral: boolean;
  handshake: string | null;
}

const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** A URI with the address of all interfaces, `0.0.0.0` or `[::]`, by its parts. */
const ALL_INTERFACES = /^(.*@)(?:0\.0\.0\.0|\[::\])(:\d+)$/;

/** Stand for what the page does not know, or must not show. */
const PLACEHOLDERS = {
  handshake: '<handshake data>',
  authority: '<PEM file of the authority>',
  certificate: '<PEM file of your certificate>',
  key: '<PEM file of its key>',
};

/**
 * The line of Python that does the same as a call of the page. Handshake data and files of the inspector have placeholders: handshake data
 * is a secret, and the files are on another machine.
 */
export function pythonLine(call: WrittenCall): string {
  const { uri, pageHost, needs, kind, member, args, kwargs, isLiteral, handshake } = call;
  const read = (text: string): string => (isLiteral ? text.trim() : pythonOf(text));
  const proxy = `Pyro5.api.Proxy(${pythonText(uri.replace(ALL_INTERFACES, `$1${pageHost}$2`))})`;
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
  const data = handshake === null ? (needs.handshake ? pythonText(PLACEHOLDERS.handshake) : undefined) : pythonOf(handshake);
  const statements = data === undefined ? [line(proxy)] : [`proxy = ${proxy}`, `proxy._pyroHandshake = ${data}`, line('proxy')];
  return [...configLines(needs), ...statements].join('; ');
}

function configLines({ tls, certificate }: ClientNeeds): string[] {
  if (!tls) return [];
  const own = certificate ? { SSL_CLIENTCERT: PLACEHOLDERS.certificate, SSL_CLIENTKEY: PLACEHOLDERS.key } : {};
  const files = Object.entries({ SSL_CACERTS: PLACEHOLDERS.authority, ...own }).map(
    ([item, text]) => `Pyro5.api.config.${item} = ${pythonText(text)}`,
  );
  return ['Pyro5.api.config.SSL = True', ...files];
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
