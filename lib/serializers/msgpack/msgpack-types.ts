/** First bytes of msgpack. @see https://github.com/msgpack/msgpack/blob/master/spec.md */
export const MSGPACK = {
  fixmap: 0x80,
  fixarray: 0x90,
  fixstr: 0xa0,
  nil: 0xc0,
  false: 0xc2,
  true: 0xc3,
  bin8: 0xc4,
  bin16: 0xc5,
  bin32: 0xc6,
  ext8: 0xc7,
  ext16: 0xc8,
  ext32: 0xc9,
  float32: 0xca,
  float64: 0xcb,
  uint8: 0xcc,
  uint16: 0xcd,
  uint32: 0xce,
  uint64: 0xcf,
  int8: 0xd0,
  int16: 0xd1,
  int32: 0xd2,
  int64: 0xd3,
  fixext1: 0xd4,
  fixext2: 0xd5,
  fixext4: 0xd6,
  fixext8: 0xd7,
  fixext16: 0xd8,
  str8: 0xd9,
  str16: 0xda,
  str32: 0xdb,
  array16: 0xdc,
  array32: 0xdd,
  map16: 0xde,
  map32: 0xdf,
  negativeFixint: 0xe0,
} as const;

/**
 * Extension types of Pyro5. The numbers are in the byte order of the machine that wrote them. The message does not say which order;
 * little-endian is assumed.
 *
 * @see Pyro5/serializers.py, `MsgpackSerializer.ext_hook`
 */
export const PYRO_EXT = {
  /** Two doubles. */
  complex: 0x30,
  /** Decimal digits. */
  int: 0x31,
  /** A double: seconds since 1970 in UTC. */
  datetime: 0x32,
  /** A long: days since the year 0. */
  date: 0x33,
} as const;
