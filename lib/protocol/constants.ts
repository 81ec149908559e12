/** Message types. @see Pyro5/protocol.py, `MSG_*` */
export const MESSAGE_TYPES = { connect: 1, connectOk: 2, connectFail: 3, invoke: 4, result: 5, ping: 6 } as const;

/** Message flags, one bit each. @see Pyro5/protocol.py, `FLAGS_*` */
export const FLAGS = {
  exception: 1,
  compressed: 2,
  oneway: 4,
  batch: 8,
  itemStream: 16,
  keepSerialized: 32,
  correlationId: 64,
} as const;

/** Wire ids of the serializers. @see Pyro5/serializers.py, `serializer_id` */
export const SERIALIZER_IDS = { serpent: 1, marshal: 2, json: 3, msgpack: 4 } as const;

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
