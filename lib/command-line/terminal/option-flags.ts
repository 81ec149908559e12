interface FlagRule {
  /** Name of the option of the command. */
  readonly option: string;
  /** The option of a proxy, as its errors name it. */
  readonly pattern: RegExp;
  /** Makes the text of the command's option. */
  readonly flag: (match: string, ...groups: string[]) => string;
}

/** Options of proxies that commands set under another name. */
const RULES: readonly FlagRule[] = [
  {
    option: 'timeout',
    pattern: /\b(?:call|connect)TimeoutMs \((\d+) ms\)/g,
    flag: (_, ms) => `--timeout (${Number(ms) / 1_000} s)`,
  },
  { option: 'ns', pattern: /\bnameServer\.unixSocket\b/g, flag: () => '--ns' },
  ...['ca', 'cert', 'key'].map((option) => ({
    option,
    pattern: new RegExp(String.raw`\btls\.${option}\b|(?<=^tls: .*)\`${option}\``, 'gm'),
    flag: () => `--${option}`,
  })),
];

/** The message of an error of this package, with the names that the command has for the options that it was given. */
export function withFlags(message: string, given: object): string {
  return RULES.filter(({ option }) => (given as Record<string, unknown>)[option] !== undefined).reduce(
    (text, { pattern, flag }) => text.replace(pattern, flag),
    message,
  );
}
