import { relative } from 'node:path';
import type ts from 'typescript';
import type {
  AttributeSignature,
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
  SignatureBook,
} from '../../daemon/contract/signatures.js';
import { type PyroNaming, wireNameOf } from '../../objects/naming.js';
import { withArgumentTypes } from './argument-types.js';
import { decoratorNamed, decoratorsOf, literalOf, optionsOf, type SourceDecorator } from './decorators.js';
import { docOf, type Project } from './project.js';
import { pythonNameFor } from '../python/python-names.js';
import { MODULE_NAMES } from './module-names.js';
import { capitalized } from './python-texts.js';
import { PythonTypeTexts } from './python-type-text.js';
import { isMember, type ServedClass, servedClasses } from './served-classes.js';

export interface ProjectSignatures extends SignatureBook {
  /** The names of classes and enums in the module that `nestjs-pyro python classes` prints, by their dotted names. */
  readonly printedNames: ReadonlyMap<string, string>;
}

/**
 * Reads the signatures of the served classes of a project from their TypeScript types.
 *
 * @param naming the option `naming` of the server
 * @throws {Error} when two classes have the same name
 */
export function readProjectSignatures(project: Project, naming: PyroNaming | undefined): ProjectSignatures {
  const classes = servedClasses(project);
  const at = classes.findIndex(({ name }, index) => classes[index + 1]?.name === name);
  if (at >= 0) {
    const files = [classes[at]!, classes[at + 1]!].map(({ declaration }) => relative('.', declaration.getSourceFile().fileName));
    const { name } = classes[at]!;
    throw new Error(
      `two served classes have the name ${name}, in ${files.join(' and ')}: rename one, or read a project without it (-p)`,
    );
  }
  const pythonNames = new Map(classes.map(({ symbol, name }) => [symbol, pythonNameFor(name, MODULE_NAMES)]));
  const texts = new PythonTypeTexts(project, pythonNames);
  const signatures = classes.map((each) => {
    const read = new DecoratedClassReader(project, texts, each, each.naming ?? naming).read();
    return { ...read, class: pythonNames.get(each.symbol)! };
  });
  const complete = withArgumentTypes(signatures, texts.types, texts.resultNames);
  return {
    printedNames: texts.printedNames,
    classes: Object.fromEntries(classes.map(({ name }, index) => [name, complete[index]!])),
  };
}

class DecoratedClassReader {
  constructor(
    private readonly project: Project,
    private readonly texts: PythonTypeTexts,
    private readonly served: ServedClass,
    private readonly naming: PyroNaming | undefined,
  ) {}

  read(): ObjectSignatures {
    const { checker } = this.project;
    const { name, symbol } = this.served;
    const signatures: ObjectSignatures = { class: name, ...docOf(this.project, symbol), methods: {}, attributes: {} };
    for (const member of checker.getDeclaredTypeOfSymbol(symbol).getProperties()) {
      const decorators = isMember(this.project, member) ? this.served.exposes(member) : undefined;
      if (decorators === undefined) continue;
      const options = this.memberOptions(decorators);
      const wireName = typeof options['name'] === 'string' ? options['name'] : wireNameOf(member.name, this.naming);
      if (member.flags & this.project.ts.SymbolFlags.Method)
        signatures.methods[wireName] = this.method(member, decorators, options);
      else signatures.attributes[wireName] = this.attribute(member);
    }
    return signatures;
  }

  private memberOptions(decorators: readonly SourceDecorator[]): ReturnType<typeof optionsOf> {
    const decorator = decoratorNamed(decorators, 'PyroMethod') ?? decoratorNamed(decorators, 'PyroProperty');
    const options = decorator === undefined ? {} : optionsOf(this.project, decorator, 'name');
    const params = decoratorNamed(decorators, 'params')?.args.map((each) => literalOf(this.project, each));
    const isOneway = options['oneway'] === true || decoratorNamed(decorators, 'oneway') !== undefined;
    return { ...options, ...(isOneway && { oneway: true }), ...(params && { params: params.map(String) }) };
  }

  private attribute(member: ts.Symbol): AttributeSignature {
    const { ts } = this.project;
    const hint = this.served.name + capitalized(member.name);
    const getter = member.declarations?.find((each) => ts.isGetAccessor(each));
    const setter = member.declarations?.find((each) => ts.isSetAccessor(each));
    const setType = setter && this.texts.textOf(this.setTypeOf(member, setter, getter), 'argument', hint);
    return {
      type: getter ? this.texts.textOf(this.typeOf(member), 'result', hint) : setType!,
      ...(getter && setType !== undefined && { setType }),
      ...docOf(this.project, member),
      readable: getter !== undefined,
      writable: setter !== undefined,
    };
  }

  /** The type of the values that a setter takes. */
  private setTypeOf(
    member: ts.Symbol,
    { parameters }: ts.SetAccessorDeclaration,
    getter: ts.GetAccessorDeclaration | undefined,
  ): ts.Type {
    const { checker } = this.project;
    const type = this.typeOf(member);
    const [value] = parameters;
    const taken = value && checker.getTypeAtLocation(value);
    const given = getter && checker.getTypeAtLocation(getter);
    // where both are the same in a generic base class, the class says what its type parameters are
    return taken === undefined || taken === given ? type : taken;
  }

  private method(
    member: ts.Symbol,
    decorators: readonly SourceDecorator[],
    options: ReturnType<typeof optionsOf>,
  ): MethodSignature {
    const { checker } = this.project;
    const type = checker.getTypeOfSymbolAtLocation(member, this.served.declaration);
    const [first, ...others] = type.getCallSignatures();
    const implementation = this.implementationOf(member);
    // the implementation accepts the arguments of all overloads
    const isOverloaded = others.length > 0 && implementation !== undefined;
    const signature = (isOverloaded ? checker.getSignatureFromDeclaration(implementation) : first)!;
    const hint = this.served.name + capitalized(member.name);
    const isStream = (options['stream'] !== undefined && options['stream'] !== false) || this.hasStreamOption(decorators);
    const returns = this.texts.resultOf(checker.getReturnTypeOfSignature(signature), isStream, `${hint}Result`);
    return {
      parameters: this.parameters(signature, member, options['params'], hint),
      returns: options['oneway'] === true ? 'None' : returns,
      ...docOf(this.project, member),
      oneway: options['oneway'] === true,
      stream: returns.startsWith('Iterator['),
    };
  }

  /** The declaration with the body. It has the decorators; an overload has none. */
  private implementationOf(member: ts.Symbol): ts.MethodDeclaration | undefined {
    const { ts } = this.project;
    return member.declarations?.find(
      (each): each is ts.MethodDeclaration => ts.isMethodDeclaration(each) && each.body !== undefined,
    );
  }

  /** True for `stream: { … }`, even if its members cannot be read. */
  private hasStreamOption(decorators: readonly SourceDecorator[]): boolean {
    const { ts } = this.project;
    const [options] = decoratorNamed(decorators, 'PyroMethod')?.args ?? [];
    if (options === undefined || !ts.isObjectLiteralExpression(options)) return false;
    const stream = options.properties.find((each) => each.name?.getText() === 'stream');
    return stream !== undefined && ts.isPropertyAssignment(stream) && stream.initializer.kind !== ts.SyntaxKind.FalseKeyword;
  }

  private parameters(signature: ts.Signature, member: ts.Symbol, params: unknown, hint: string): ParameterSignature[] {
    const implementation = this.implementationOf(member);
    const names = Array.isArray(params) ? params.map(String) : undefined;
    let next = 0;
    const read: ParameterSignature[] = [];
    let keywords: ParameterSignature | undefined;
    for (const [index, symbol] of signature.getParameters().entries()) {
      const declaration = implementation?.parameters[index] ?? (symbol.valueDeclaration as ts.ParameterDeclaration | undefined);
      if (declaration === undefined) continue;
      const decorators = decoratorsOf(this.project, declaration);
      const payload = decoratorNamed(decorators, 'Payload');
      const own = `${hint}${capitalized(symbol.name)}`;
      if (decoratorNamed(decorators, 'PyroKwargs')) {
        keywords = { name: symbol.name, kind: 'kwargs', required: false, type: this.texts.keywordsOf(this.typeOf(symbol), own) };
      } else if (payload !== undefined || decorators.length === 0) {
        const given = names?.[next++];
        const label = payload?.args[0] && literalOf(this.project, payload.args[0]);
        read.push(this.parameter(symbol, declaration, given, payload && (typeof label === 'string' ? label : null), own));
        if (given?.startsWith('**')) keywords = read.pop();
      }
    }
    return keywords === undefined ? read : [...read, keywords];
  }

  /**
   * @param given the parameter in the option `params`
   * @param label the name that `@Payload` gives; null for a `@Payload` without a name, which gets all arguments
   */
  private parameter(
    symbol: ts.Symbol,
    declaration: ts.ParameterDeclaration,
    given: string | undefined,
    label: string | null | undefined,
    hint: string,
  ): ParameterSignature {
    const { ts, checker } = this.project;
    const doc = docOf(this.project, symbol);
    const type = this.typeOf(symbol);
    const [, stars = '', givenName, mark] = /^(\.\.\.|\*\*)?([^?]*)(\?)?$/.exec(given ?? '') ?? [];
    if (stars === '**')
      return { name: givenName!, kind: 'kwargs', required: false, type: this.texts.keywordsOf(type, hint), ...doc };
    if (label === null) return { name: symbol.name, kind: 'varargs', required: false, type: 'Any', ...doc };
    const isRest = declaration.dotDotDotToken !== undefined || stars === '...';
    // the names are read from JavaScript, where `pause?` is `pause`: clients have to give it
    const isOptional = given === undefined ? declaration.initializer !== undefined : mark === '?';
    const name = givenName || this.parameterName(declaration, label);
    if (isRest) {
      const item = checker.getIndexTypeOfType(type, ts.IndexKind.Number) ?? type;
      return { name, kind: 'varargs', required: false, type: this.texts.textOf(item, 'argument', hint), ...doc };
    }
    // a client that leaves a parameter out does not send None
    const mayLack = isOptional || declaration.questionToken !== undefined;
    const text = this.texts.textOf(mayLack ? withoutUndefined(this.project, type) : type, 'argument', hint);
    return { name, kind: name === null ? 'positional-only' : 'positional', required: !isOptional, type: text, ...doc };
  }

  private parameterName({ name }: ts.ParameterDeclaration, label: string | undefined): string | null {
    if (label !== undefined && !/^\d+$/.test(label)) return label;
    return this.project.ts.isIdentifier(name) ? wireNameOf(name.text, this.naming) : null;
  }

  private typeOf(symbol: ts.Symbol): ts.Type {
    return this.project.checker.getTypeOfSymbolAtLocation(symbol, this.served.declaration);
  }
}

function withoutUndefined({ ts, checker }: Project, type: ts.Type): ts.Type {
  const isNullable = type.isUnion() && type.types.some(({ flags }) => flags & ts.TypeFlags.Null);
  return isNullable ? type : checker.getNonNullableType(type);
}
