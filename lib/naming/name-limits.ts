import { NAMES_SHARE_BYTES } from '../options/heap-share.js';
import { numberRules, type OptionRule, objectRule } from '../options/option-checks.js';
import { NamingError } from '../protocol/errors.js';
import { overLimit } from '../protocol/over-limit.js';

/** The limits of the texts of one name, of name servers and of watches. */
export const NAME_TEXT_LIMITS = {
  maxNameLength: 1_000,
  maxUriLength: 4_000,
  maxTags: 100,
  maxTagLength: 1_000,
  maxTagsLength: 10_000,
};

/** For a watch that holds one name: its texts are not limited. */
export const NO_TEXT_LIMITS = Object.fromEntries(
  Object.keys(NAME_TEXT_LIMITS).map((name) => [name, Number.MAX_SAFE_INTEGER]),
) as typeof NAME_TEXT_LIMITS;

/** Default number of names that a name server stores, and that a watch holds. */
export const DEFAULT_MAX_NAMES = 200_000;

/** The limits of one watch. Those of names and texts are called as the limits of a name server of this library, and have the same defaults. */
export interface NameWatchLimits {
  /** Names that the watch holds. Default 200,000. */
  maxNames: number;
  /** Memory of the names, URIs and tags that the watch holds, as estimated, in bytes. Default an eighth of the heap limit of the process. */
  maxHeldBytes: number;
  /** Characters of a name. Default 1,000. */
  maxNameLength: number;
  /** Characters of a URI. Default 4,000. */
  maxUriLength: number;
  /** Metadata tags of a name. Default 100. */
  maxTags: number;
  /** Characters of a tag. Default 1,000. */
  maxTagLength: number;
  /** Characters of all metadata tags of a name. Default 10,000. */
  maxTagsLength: number;
}

/** The defaults of a watch. */
export const DEFAULT_WATCH_LIMITS: NameWatchLimits = {
  maxNames: DEFAULT_MAX_NAMES,
  maxHeldBytes: NAMES_SHARE_BYTES,
  ...NAME_TEXT_LIMITS,
};

/** The rule of the option `limits` of a watch. */
export const WATCH_LIMITS_RULE: OptionRule = objectRule('an object with limits', numberRules(DEFAULT_WATCH_LIMITS, {}));

/** The error of a watch that its name server takes over a limit. */
export function watchOverLimit(limit: keyof NameWatchLimits, { [limit]: most }: NameWatchLimits, what: string): NamingError {
  const text = `the watch ends: ${what}, over limits.${limit} (${most}) of the watch; watch fewer names by prefix or tags, or raise the limit`;
  return overLimit(limit, new NamingError(text));
}
