import { oneOf, type OptionRule, type OptionRules, someOf, SWITCH, withMethods } from '../../options/option-checks.js';
import { type DateMode, SERIALIZER_IDS, type ValueMode } from './serializer.js';

const SERIALIZER_NAMES = Object.keys(SERIALIZER_IDS);

/** Takes the name of one serializer. */
export const ONE_SERIALIZER: OptionRule = oneOf(...SERIALIZER_NAMES);

/** Takes a list with the names of serializers. */
export const SOME_SERIALIZERS: OptionRule = someOf(...SERIALIZER_NAMES);

const DATE_MODES: readonly DateMode[] = ['text', 'Date'];
const VALUE_MODES: readonly ValueMode[] = ['natural', 'faithful'];

/** The rules of the options that daemons and proxies hand to their serializers. */
export const VALUE_RULES = {
  compression: SWITCH,
  serpentBytesRepr: SWITCH,
  values: oneOf(...VALUE_MODES),
  dates: oneOf(...DATE_MODES),
  classes: withMethods('a ClassRegistry', 'converterOf', 'converterNamed'),
} satisfies OptionRules<{ compression: boolean; serpentBytesRepr: boolean; values: ValueMode; dates: DateMode; classes: object }>;
