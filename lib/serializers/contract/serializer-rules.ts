import {
  objectRule,
  oneOf,
  type OptionRule,
  type OptionRules,
  someOf,
  SWITCH,
  withMethods,
} from '../../options/option-checks.js';
import { SERIALIZER_NAMES } from '../../protocol/constants.js';
import type { ArrayEncoding, ArrayOptions, DateMode, ValueMode } from './serializer.js';

/** Takes the name of one serializer. */
export const ONE_SERIALIZER: OptionRule = oneOf(...SERIALIZER_NAMES);

/** Takes a list with the names of serializers. */
export const SOME_SERIALIZERS: OptionRule = someOf(...SERIALIZER_NAMES);

const DATE_MODES: readonly DateMode[] = ['text', 'Date'];
const VALUE_MODES: readonly ValueMode[] = ['natural', 'faithful'];

const ARRAY_ENCODINGS: readonly ArrayEncoding[] = ['bytes', 'npy', 'msgpack-numpy', 'list'];

const ARRAY_RULES: OptionRules<ArrayOptions> = { write: oneOf(...ARRAY_ENCODINGS), typedArrays: SWITCH, read: SWITCH };

/** Takes a registry of classes, also that of another copy of this package. */
export const CLASS_REGISTRY: OptionRule = withMethods('a ClassRegistry', 'converterOf', 'converterNamed');

/** The rules of the options that daemons and proxies hand to their serializers. */
export const VALUE_RULES = {
  compression: SWITCH,
  serpentBytesRepr: SWITCH,
  values: oneOf(...VALUE_MODES),
  dates: oneOf(...DATE_MODES),
  arrays: objectRule('an object with the options of arrays', ARRAY_RULES),
  classes: CLASS_REGISTRY,
} satisfies OptionRules<{
  compression: boolean;
  serpentBytesRepr: boolean;
  values: ValueMode;
  dates: DateMode;
  arrays: ArrayOptions;
  classes: object;
}>;
