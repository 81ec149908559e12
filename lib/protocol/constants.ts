/** Message types. @see Pyro5/protocol.py, `MSG_*` */
export const MESSAGE_TYPES = {
  /** First message of a client: the handshake. */
  connect: 1,
  /** The handshake is accepted. */
  connectOk: 2,
  /** The handshake is refused. The data is the reason, a text. */
  connectFail: 3,
  /** A request: one call, or a batch of calls. */
  invoke: 4,
  /** The reply to a request. */
  result: 5,
  /** A client asks whether the daemon answers. The answer has this type, too. */
  ping: 6,
} as const;

/** Message flags, one bit each. @see Pyro5/protocol.py, `FLAGS_*` */
export const FLAGS = {
  /** Of a reply: the data is an exception. */
  exception: 1,
  /** The data is compressed with zlib. */
  compressed: 2,
  /** Of a request: the client waits for no reply. */
  oneway: 4,
  /** Of a request: the data has several calls. Of a reply: the data has their results. */
  batch: 8,
  /** Of a reply: the result is an item stream. Its id is in the annotation `STRM`. */
  itemStream: 16,
  /** Of a request: the arguments stay serialized. The method gets a `SerializedBlob`. */
  keepSerialized: 32,
  /** The header has a correlation id. */
  correlationId: 64,
} as const;

/** Wire ids of the serializers. @see Pyro5/serializers.py, `serializer_id` */
export const SERIALIZER_IDS = { serpent: 1, marshal: 2, json: 3, msgpack: 4 } as const;
export const SERIALIZER_NAMES = Object.keys(SERIALIZER_IDS) as readonly (keyof typeof SERIALIZER_IDS)[];

/** Size of the header. */
export const HEADER_BYTES = 40;
export const CORRELATION_ID_BYTES = 16;
/** Offset of the correlation id in a header. */
export const CORRELATION_ID_AT = 20;
/** Version of the wire protocol, in the header of each message. */
export const PROTOCOL_VERSION = 502;
export const TAG = 0x5059524f; // 'PYRO'
export const MAGIC = 0x4dc5;

/** Id of the object that describes a daemon. */
export const DAEMON_OBJECT_ID = 'Pyro.Daemon';
/** Id of the object that tells the state of a daemon of this library. Python's daemons do not have the object. */
export const INSPECTOR_OBJECT_ID = 'Pyro.Inspector';
/** Id of the object of a name server. */
export const NAME_SERVER_OBJECT_ID = 'Pyro.NameServer';

/** Port of a name server. The URI or the option `nameServer` can name another port. */
export const DEFAULT_NAME_SERVER_PORT = 9090;
/** UDP port on which name servers are asked where they are. */
export const DEFAULT_BROADCAST_PORT = 9091;

/** The methods of a request that reads or writes an attribute. @see Pyro5/client.py, `Proxy.__getattr__` */
export const GET_ATTRIBUTE = '__getattr__';
export const SET_ATTRIBUTE = '__setattr__';

/** The method of a request that makes several calls. @see Pyro5/client.py, `BatchProxy` */
export const BATCH_METHOD = '<batch>';

/** The methods of `Pyro.Daemon`. Python's daemons have no `get_signatures`. @see Pyro5/server.py, `DaemonObject` */
export const DAEMON_METHODS = {
  registered: 'registered',
  ping: 'ping',
  metadata: 'get_metadata',
  signatures: 'get_signatures',
  nextItem: 'get_next_stream_item',
  closeStream: 'close_stream',
} as const;

/** Default handshake data of a client, and default answer of a daemon. */
export const DEFAULT_HANDSHAKE = 'hello';
/** Annotation with the id of an item stream. */
export const STREAM_ANNOTATION = 'STRM';
/** Annotation of a message whose arguments stay serialized: marshal of (info, object id, method). */
export const BLOB_ANNOTATION = 'BLBI';

/** Default of `maxMessageBytes`: 256 MiB for annotations and data together, also after inflation. */
export const DEFAULT_MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

/** Default of `maxCheckedObjects`. To check an object takes some 10 µs. */
export const DEFAULT_MAX_CHECKED_OBJECTS = 100_000;

/** Default of `maxHostLookups`. */
export const DEFAULT_MAX_HOST_LOOKUPS = 256;
