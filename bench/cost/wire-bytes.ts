import type { SerializerName } from '../../lib/serializers/contract/serializer.js';
import { FORMS } from './forms.js';
import { arrayBytes } from './wire-arrays.js';
import { expanded, membersOf, type WireTree } from './wire-tree.js';

const formOf = ({ form }: { form: number }, name: SerializerName): string => FORMS[name][form % FORMS[name].length]!;

/** The bytes of a list with `count` copies of a tree. @param isVaried true: the texts and numbers of each copy differ */
export function wireOf(tree: WireTree, name: SerializerName, count: number, isVaried: boolean): Buffer {
  const write = WRITERS[name];
  const flags = { count: 0 };
  const copies = Array.from({ length: count }, (_, index) => write(tree, { index: isVaried ? index : 0, flags }));
  switch (name) {
    case 'serpent':
    case 'json':
      return Buffer.from(`[${(copies as string[]).join(',')}]`);
    case 'marshal':
      return Buffer.concat([Buffer.from('['), i32(count), ...(copies as Buffer[])]);
    default:
      return Buffer.concat([Buffer.from([0xdd]), u32(count), ...(copies as Buffer[])]);
  }
}

/** Number of the next text or number of a copy. */
interface Counter {
  index: number;
  /** Marshal: the flagged values so far, in all copies. */
  flags: { count: number };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const textOf = (counter: Counter, length: number): string => {
  let text = '';
  for (let rest = counter.index; text.length < length; rest = Math.floor(rest / 26)) text += LETTERS[rest % 26];
  return text;
};
const indexOf = (counter: Counter, length: number): string => String(((10 ** Math.min(length, 9) - 1 - counter.index) % 4e9) | 0);
/** Half of a surrogate pair. */
const HALF = Buffer.from([0xed, 0xa0, 0x80]);
const EXCEPTION: [string, unknown][] = [
  ['__class__', 'builtins.ValueError'],
  ['__exception__', true],
  ['args', ['x']],
  ['attributes', {}],
];
const URI: [string, unknown][] = [
  ['__class__', 'Pyro5.core.URI'],
  ['state', ['PYRO', 'o', null, 'h', 1]],
];

/** The members of a class dict of Pyro5, or of the dict of an array. The objects of proxies differ where the texts of copies do. */
function classDictOf(tree: WireTree & { is: 'exception' | 'uri' | 'proxy' | 'array' }, { index }: Counter): [string, unknown][] {
  if (tree.is === 'array') {
    return [
      ['__ndarray__', Array.from({ length: tree.count }, () => 1)],
      ['dtype', tree.dtype],
    ];
  }
  if (tree.is !== 'proxy') return tree.is === 'uri' ? URI : EXCEPTION;
  const methods = Array.from({ length: tree.methods }, (_, at) => `m${at}`);
  return [
    ['__class__', 'Pyro5.client.Proxy'],
    ['state', [`PYRO:o${index}@h:1`, [], methods, [], 'hello', null]],
  ];
}

const literal = (tree: WireTree, counter: Counter, json: boolean): string => {
  const quote = json ? '"' : "'";
  const write = (inner: WireTree): string => literal(inner, counter, json);
  switch (tree.is) {
    case 'none':
      return json ? 'null' : 'None';
    case 'word':
      return json ? 'true' : 'True';
    case 'int':
      return String(counter.index);
    case 'float':
      return `${counter.index}.5`;
    case 'complex':
      return `${counter.index}j`;
    case 'form':
      return formOf(tree, json ? 'json' : 'serpent');
    case 'text':
      return quote + textOf(counter, tree.length) + quote;
    case 'wide':
      return `${quote}${'\u20ac'.repeat(Math.max(0, tree.length - 1))}${textOf(counter, 1)}${quote}`;
    case 'escaped':
      return `${quote}${'\\n'.repeat(Math.max(0, tree.length - 1))}${textOf(counter, 1)}${quote}`;
    case 'index':
      return quote + indexOf(counter, tree.length) + quote;
    case 'bytes':
      return `b'${textOf(counter, tree.length)}'`;
    case 'bigint':
      return `1${String(counter.index).padStart(tree.length, '0')}`;
    case 'list':
      return `[${tree.items.map(write).join(',')}]`;
    case 'tuple':
      return json ? `[${tree.items.map(write).join(',')}]` : `(${tree.items.map((item) => `${write(item)},`).join('')})`;
    case 'set':
      return tree.items.length === 0 ? 'set()' : `{${tree.items.map(write).join(',')}}`;
    case 'dict':
      return `{${tree.entries.map(([key, value]) => `${write(key)}:${write(value)}`).join(',')}}`;
    case 'given':
      return quote + tree.text + quote;
    case 'halves':
      return quote + '\\ud800'.repeat(tree.length) + quote;
    case 'controls':
      return quote + (json ? '\\u0001' : '\x01').repeat(tree.length) + quote;
    case 'instance':
    case 'failure':
      return write({ is: 'dict', entries: membersOf(tree) });
    case 'crowd':
      return write(expanded(tree));
    case 'exception':
    case 'uri':
    case 'proxy':
    case 'array': {
      const text = JSON.stringify(Object.fromEntries(classDictOf(tree, counter)));
      return json ? text : text.replaceAll('"', "'").replace('true', 'True').replace('null', 'None');
    }
    case 'dimensions':
      return arrayBytes(tree, json ? 'json' : 'serpent').toString('latin1');
    case 'flagged':
    case 'shared':
      return write(tree.value);
  }
};

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const i32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const f64 = (value: number, little: boolean): Buffer => {
  const bytes = Buffer.alloc(8);
  if (little) bytes.writeDoubleLE(value);
  else bytes.writeDoubleBE(value);
  return bytes;
};
const sized = (small: number, large: number, length: number): Buffer =>
  length < 16 ? Buffer.from([small | length]) : Buffer.concat([Buffer.from([large]), u32(length)]);

/** Strings of the special trees, for the binary formats. */
const stringOf = (tree: WireTree & { length: number }, counter: Counter): string => {
  if (tree.is === 'controls') return '\x01'.repeat(tree.length);
  if (tree.is === 'wide') return '\u20ac'.repeat(Math.max(0, tree.length - 1)) + textOf(counter, 1);
  return tree.is === 'index' ? indexOf(counter, tree.length) : textOf(counter, tree.length);
};

const plainTree = (value: unknown): WireTree | undefined => {
  if (value === null) return { is: 'none' };
  if (value === true) return { is: 'word' };
  if (typeof value === 'number') return { is: 'int' };
  return undefined;
};

const msgpack = (tree: WireTree, counter: Counter): Buffer => {
  const write = (inner: WireTree): Buffer => msgpack(inner, counter);
  const fixed = (value: unknown): Buffer => {
    if (typeof value === 'string') return Buffer.concat([Buffer.from([0xd9, value.length]), Buffer.from(value)]);
    if (Array.isArray(value)) return Buffer.concat([sized(0x90, 0xdd, value.length), ...value.map(fixed)]);
    const plain = plainTree(value);
    return plain ? write(plain) : Buffer.from([0x80]);
  };
  switch (tree.is) {
    case 'none':
      return Buffer.from([0xc0]);
    case 'word':
      return Buffer.from([0xc3]);
    case 'int':
      return counter.index < 128 ? Buffer.from([counter.index]) : Buffer.concat([Buffer.from([0xce]), u32(counter.index)]);
    case 'float':
      return Buffer.concat([Buffer.from([0xcb]), f64(counter.index + 0.5, false)]);
    case 'complex':
      return Buffer.concat([Buffer.from([0xd8, 0x30]), f64(0, true), f64(counter.index, true)]);
    case 'form':
      return Buffer.from(formOf(tree, 'msgpack'), 'latin1');
    case 'text':
    case 'wide':
    case 'escaped':
    case 'controls':
    case 'given':
    case 'index': {
      const bytes = Buffer.from(tree.is === 'given' ? tree.text : stringOf(tree, counter));
      if (bytes.length < 32) return Buffer.concat([Buffer.from([0xa0 | bytes.length]), bytes]);
      return Buffer.concat([Buffer.from([0xdb]), u32(bytes.length), bytes]);
    }
    case 'bytes':
      return Buffer.concat([Buffer.from([0xc6]), u32(tree.length), Buffer.from(textOf(counter, tree.length))]);
    case 'bigint': {
      const digits = Buffer.from(`1${String(counter.index).padStart(tree.length, '0')}`);
      return Buffer.concat([Buffer.from([0xc9]), u32(digits.length), Buffer.from([0x31]), digits]);
    }
    case 'list':
    case 'tuple':
    case 'set':
      return Buffer.concat([sized(0x90, 0xdd, tree.items.length), ...tree.items.map(write)]);
    case 'dict':
      return Buffer.concat([sized(0x80, 0xdf, tree.entries.length), ...tree.entries.flat().map(write)]);
    case 'instance':
    case 'failure':
      return write({ is: 'dict', entries: membersOf(tree) });
    case 'crowd':
      return write(expanded(tree));
    case 'halves':
      throw new Error('msgpack has no halves of surrogate pairs');
    case 'exception':
    case 'uri':
    case 'proxy':
    case 'array': {
      const entries = classDictOf(tree, counter);
      return Buffer.concat([Buffer.from([0x80 | entries.length]), ...entries.flat().map(fixed)]);
    }
    case 'dimensions':
      return arrayBytes(tree, 'msgpack');
    case 'flagged':
    case 'shared':
      return write(tree.value);
  }
};

const marshal = (tree: WireTree, counter: Counter): Buffer => {
  const write = (inner: WireTree): Buffer => marshal(inner, counter);
  const fixed = (value: unknown): Buffer => {
    if (typeof value === 'string') return Buffer.concat([Buffer.from('z'), Buffer.from([value.length]), Buffer.from(value)]);
    if (Array.isArray(value)) return Buffer.concat([Buffer.from(')'), Buffer.from([value.length]), ...value.map(fixed)]);
    const plain = plainTree(value);
    return plain ? write(plain) : Buffer.from('{0');
  };
  switch (tree.is) {
    case 'none':
      return Buffer.from('N');
    case 'word':
      return Buffer.from('T');
    case 'int':
      return Buffer.concat([Buffer.from('i'), i32(counter.index)]);
    case 'float':
      return Buffer.concat([Buffer.from('g'), f64(counter.index + 0.5, true)]);
    case 'complex':
      return Buffer.concat([Buffer.from('y'), f64(0, true), f64(counter.index, true)]);
    case 'form':
      return Buffer.from(formOf(tree, 'marshal'), 'latin1');
    case 'text':
    case 'wide':
    case 'escaped':
    case 'controls':
    case 'given':
    case 'index': {
      const bytes = Buffer.from(tree.is === 'given' ? tree.text : stringOf(tree, counter));
      const isShort = tree.is !== 'wide' && bytes.length < 256;
      if (isShort) return Buffer.concat([Buffer.from('z'), Buffer.from([bytes.length]), bytes]);
      return Buffer.concat([Buffer.from('u'), i32(bytes.length), bytes]);
    }
    case 'halves':
      return Buffer.concat([Buffer.from('u'), i32(tree.length * HALF.length), Buffer.alloc(tree.length * HALF.length, HALF)]);
    case 'bytes':
      return Buffer.concat([Buffer.from('s'), i32(tree.length), Buffer.from(textOf(counter, tree.length))]);
    case 'bigint': {
      const digits = Math.max(5, Math.ceil(tree.length * 0.2215));
      const bytes = Buffer.alloc(digits * 2);
      bytes.writeUInt16LE(counter.index & 0x7fff, 0);
      bytes.writeUInt16LE(1, digits * 2 - 2);
      return Buffer.concat([Buffer.from('l'), i32(digits), bytes]);
    }
    case 'list':
      return Buffer.concat([Buffer.from('['), i32(tree.items.length), ...tree.items.map(write)]);
    case 'tuple':
      return Buffer.concat([Buffer.from('('), i32(tree.items.length), ...tree.items.map(write)]);
    case 'set':
      return Buffer.concat([Buffer.from('<'), i32(tree.items.length), ...tree.items.map(write)]);
    case 'dict':
      return Buffer.concat([Buffer.from('{'), ...tree.entries.flat().map(write), Buffer.from('0')]);
    case 'instance':
    case 'failure':
      return write({ is: 'dict', entries: membersOf(tree) });
    case 'crowd':
      return write(expanded(tree));
    case 'exception':
    case 'uri':
    case 'proxy':
    case 'array':
      return Buffer.concat([Buffer.from('{'), ...classDictOf(tree, counter).flat().map(fixed), Buffer.from('0')]);
    case 'dimensions':
      return arrayBytes(tree, 'marshal');
    case 'flagged': {
      counter.flags.count++;
      const bytes = write(tree.value);
      bytes[0]! |= 0x80;
      return bytes;
    }
    case 'shared': {
      const items: Buffer[] = [];
      const references = membersOf(tree.value).flatMap((member) =>
        member.map((part) => {
          const reference = Buffer.concat([Buffer.from('r'), i32(counter.flags.count)]);
          items.push(write(part.is === 'flagged' ? part : { is: 'flagged', value: part }));
          return reference;
        }),
      );
      const dict = Buffer.concat([Buffer.from('{'), ...references, Buffer.from('0')]);
      items.push(...Array.from({ length: tree.times }, () => dict));
      return Buffer.concat([Buffer.from('['), i32(items.length), ...items]);
    }
  }
};

const WRITERS: Record<SerializerName, (tree: WireTree, counter: Counter) => Buffer | string> = {
  serpent: (tree, counter) => literal(tree, counter, false),
  json: (tree, counter) => literal(tree, counter, true),
  marshal,
  msgpack,
};
