import type {
  AttributeSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
} from '../../daemon/contract/signatures.js';
import { isPrivateName } from '../../objects/private-names.js';
import type { ClassMember } from './source-members.js';
import { PythonTypes, type SourceClass } from './python-types.js';
import { withReachedTypes } from './reached-types.js';
import { type SourceFile, SourceModule } from './source-module.js';
import { SourceModules } from './source-modules.js';
import { childrenOf, type Definition, nodesIn, type PythonParser, type SyntaxNode } from './syntax-tree.js';
import { unknownBases } from './unknown-bases.js';

/** The classes of some Python sources that Pyro5 can serve. */
export interface SourceSignatures {
  /** The classes with exposed members. */
  readonly classes: readonly ObjectSignatures[];
  /** Sentences about classes whose base class is in no source. */
  readonly unknownBases: readonly string[];
}

/**
 * Reads the classes of Python sources that Pyro5 can serve, with their exposed members. Classes and types that a source imports come from
 * the other sources. The sources are parsed and never run, so changes that they make to their classes at run time are not seen.
 */
export function readSourceSignatures(files: readonly SourceFile[], parser: PythonParser): SourceSignatures {
  const modules = new SourceModules(files.map((file) => new SourceModule(file, parser)));
  const types = new PythonTypes(modules);
  const classes = modules.all
    .flatMap((module) => module.definitions.map((definition) => signaturesOf({ module, definition }, modules, types)))
    .filter(({ methods, attributes }) => hasMembers(methods) || hasMembers(attributes));
  return { classes, unknownBases: unknownBases(modules) };
}

const hasMembers = (members: object): boolean => Object.keys(members).length > 0;

function signaturesOf(source: SourceClass, modules: SourceModules, types: PythonTypes): ObjectSignatures {
  const { definition, module } = source;
  const signatures: ObjectSignatures = {
    class: definition.name,
    ...module.source.docOf(definition),
    methods: {},
    attributes: {},
  };
  for (const each of types.lineOf(source)) new SourceClassReader(each, modules).addTo(signatures);
  return withReachedTypes(signatures, (name) => types.typeNamed(name));
}

/** Reads the members that the body of a class exposes. */
class SourceClassReader {
  constructor(
    private readonly read: SourceClass,
    private readonly modules: SourceModules,
  ) {}

  addTo({ methods, attributes }: ObjectSignatures): void {
    const { module, definition } = this.read;
    const isExposedClass = module.decorators.has(definition, 'expose');
    for (const [name, member] of module.members.of(definition)) {
      if (member.kind === 'accessor') {
        if (Object.hasOwn(attributes, name)) attributes[name]!.writable ||= member.isSetter;
        continue;
      }
      // an override hides the member of the base class, even if the override is not exposed
      delete methods[name];
      delete attributes[name];
      if (isPrivateName(name) || !(isExposedClass || member.isExposed)) continue;
      if (member.kind === 'method') methods[name] = this.method(member.definition);
      else attributes[name] = this.attribute(member);
    }
  }

  /** The text of an annotation, with the names that types have in all sources. */
  private annotationOf(node: SyntaxNode | null): string | undefined {
    const text = this.read.module.source.annotationOf(node);
    return text && this.modules.named(text, this.read.module);
  }

  private attribute({ getter, isWritable }: ClassMember & { kind: 'property' }): AttributeSignature {
    const type = this.annotationOf(getter?.node.getChild('TypeDef') ?? null);
    const doc = getter === undefined ? {} : this.read.module.source.docOf(getter);
    return { ...(type !== undefined && { type }), ...doc, readable: true, writable: isWritable };
  }

  private method(definition: Definition): MethodSignature {
    const { node } = definition;
    const { source, decorators } = this.read.module;
    const returns = this.annotationOf(node.getChild('TypeDef'));
    const body = node.getChild('Body');
    const isGenerator =
      body !== null && [...nodesIn(body, true)].some(({ name }) => /^Yield(?:Statement|Expression)$/.test(name));
    const list = node.getChild('ParamList');
    const parameters = list === null ? [] : this.parameters(list);
    return {
      parameters: decorators.has(definition, 'staticmethod') ? parameters : parameters.slice(1),
      ...(returns !== undefined && { returns }),
      ...source.docOf(definition),
      oneway: decorators.has(definition, 'oneway'),
      stream: isGenerator,
    };
  }

  private parameters(list: SyntaxNode): ParameterSignature[] {
    const { source } = this.read.module;
    let parameters: ParameterSignature[] = [];
    let isKeywordOnly = false;
    let begin = list.firstChild!.to;
    let nodes: SyntaxNode[] = [];
    for (const node of childrenOf(list).slice(1)) {
      if (node.name !== ',' && node.name !== ')') {
        nodes.push(node);
        continue;
      }
      const [first, second] = nodes;
      if (first === undefined) {
        const isMark = /^[^#]*\//m.test(source.textOf({ from: begin, to: node.from }));
        if (isMark) parameters = parameters.map((each) => ({ ...each, kind: 'positional-only' }));
      } else if (first.name === '*' || first.name === '**') {
        isKeywordOnly = true;
        const kind = first.name === '*' ? 'varargs' : 'kwargs';
        if (second !== undefined) parameters.push(this.parameter(second, nodes, kind));
      } else {
        parameters.push(this.parameter(first, nodes, isKeywordOnly ? 'keyword' : 'positional'));
      }
      nodes = [];
      begin = node.to;
    }
    return parameters;
  }

  private parameter(name: SyntaxNode, nodes: readonly SyntaxNode[], kind: ParameterSignature['kind']): ParameterSignature {
    const type = this.annotationOf(nodes.find((node) => node.name === 'TypeDef') ?? null);
    const hasDefault = nodes.some((node) => node.name === 'AssignOp');
    const required = !hasDefault && kind !== 'varargs' && kind !== 'kwargs';
    return { name: this.read.module.source.textOf(name), kind, required, ...(type !== undefined && { type }) };
  }
}
