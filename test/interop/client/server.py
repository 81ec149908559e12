"""Pyro5's own daemon or name server, for the tests of our client. Prints its location, and ends with its standard input.

usage: server.py thread|multiplex|nameserver [--host H] [--port N] [--unixsocket PATH] [--bcport N] [--storage memory|sql:FILE] [--tls CERT KEY CA]
    [--linger SECONDS] [--journal FILE] [--threads N]
"""

import argparse
import os
import sys
import threading
import time
import warnings

import Pyro5.api
import Pyro5.errors
import Pyro5.nameserver
from Pyro5 import config
from Pyro5.callcontext import current_context


MEETING = threading.Barrier(50)


class Sample:
    """A class that only registered converters know."""


@Pyro5.api.expose
class Motor:
    def position(self):
        return 1

    def numbers(self):
        try:
            yield 1
            yield 2
        finally:
            Factory.closed += 1


@Pyro5.api.expose
class Factory:
    """Makes objects, which travel as proxies, in every place where a result may hold them."""

    closed = 0

    def motor(self):
        motor = Motor()
        self._pyroDaemon.register(motor)
        return motor

    def motors(self):
        return [self.motor(), {"motor": self.motor()}]

    @property
    def main_motor(self):
        return self.motor()

    def stream(self):
        yield self.motor()
        yield self.motor()

    def closed_streams(self):
        return Factory.closed

    def connections(self):
        return len(self._pyroDaemon.transportServer.pool.busy)


class OwnSecurityError(Pyro5.errors.SecurityError):
    pass


class Journal:
    """A file with the calls that were run; it outlives the server."""

    file = None

    @classmethod
    def add(cls, key):
        os.write(cls.file, f"{key}\n".encode())


@Pyro5.api.expose
@Pyro5.api.behavior(instance_mode="single")
class Thing:
    def __init__(self):
        self._value = 12
        self.closed = []
        self.notes = []
        self.gates = {}

    def echo(self, value):
        return value

    def add(self, a, b=10, *, c=0):
        return a + b + c

    def named(self, *args, **kwargs):
        return [list(args), kwargs]

    def type_name(self, value):
        return type(value).__name__

    def __len__(self):
        return 3

    def then(self):
        return "never by await"

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, value):
        self._value = value

    @property
    def items(self):
        return iter(["a", "b"])

    def slow(self, seconds, value=None):
        time.sleep(seconds)
        return value

    def hold(self, name):
        """Returns when let_go() is called with the same name, before or after."""
        self.gates.setdefault(name, threading.Event()).wait()
        self.notes.append(name)
        return name

    def let_go(self, name):
        self.gates.setdefault(name, threading.Event()).set()

    def lingering_streams(self):
        """The number of streams whose client has disconnected."""
        return sum(client is None for client, *_ in list(self._pyroDaemon.streaming_responses.values()))

    def meet(self):
        """Returns when fifty calls run at the same time; fails when they never do."""
        return MEETING.wait(timeout=20)

    def count(self, key):
        Journal.add(key)
        return key

    @Pyro5.api.oneway
    def note(self, value):
        self.notes.append(value)

    def noted(self):
        return self.notes

    def clear(self):
        self.notes.clear()
        self.closed.clear()

    def fail(self, message):
        error = ValueError(message, 42)
        error.extra = {"a": [1]}
        raise error

    def insecure_items(self):
        yield 1
        raise Pyro5.errors.SecurityError("item")

    @Pyro5.api.callback
    def fail_callback(self):
        raise ValueError("of a callback")

    @Pyro5.api.callback
    def fail_deeply(self):
        nested = []
        for _ in range(60):
            nested = [nested]
        raise ValueError(nested)

    def fail_own_security(self):
        raise OwnSecurityError("own")

    def fail_security(self):
        raise Pyro5.errors.SecurityError("not for you")

    def fail_comm(self):
        raise Pyro5.errors.SerializeError("made up")

    def numbers(self, to):
        try:
            yield from range(1, to + 1)
        finally:
            self.closed.append("numbers")

    def ticks(self, seconds):
        try:
            while True:
                time.sleep(seconds)
                yield "tick"
        finally:
            self.closed.append("ticks")

    def breaking(self):
        yield 1
        raise ZeroDivisionError("broken")

    def unreadable_items(self):
        yield 1
        yield Sample()
        yield 3

    def open_streams(self):
        return len(self._pyroDaemon.streaming_responses)

    def closed_streams(self):
        return self.closed

    def annotations(self):
        current_context.response_annotations = {"BACK": b"and back"}
        return {key: bytes(value) for key, value in current_context.annotations.items()}

    def correlation(self):
        return str(current_context.correlation_id)

    def client(self):
        return list(current_context.client_sock_addr)

    def flags(self):
        return current_context.msg_flags

    def blob(self, blob):
        return [blob.info, blob.deserialized()]

    def self_proxy(self):
        return Pyro5.api.Proxy(self._pyroDaemon.uriFor(self._pyroId))

    def foreign_proxy(self, uri, handshake):
        proxy = Pyro5.api.Proxy(uri)
        proxy._pyroHandshake = handshake
        return proxy

    def own_uri(self):
        return self._pyroDaemon.uriFor(self._pyroId)

    def proxy_state(self, proxy):
        uri, oneway, methods, attrs, handshake, serializer = proxy.__getstate__()
        return [uri, sorted(oneway), sorted(methods), sorted(attrs), handshake, serializer]

    def call_back(self, proxy, *args):
        proxy._pyroClaimOwnership()
        with proxy:
            return proxy.call(*args)

    def keep(self, proxy):
        self.kept = proxy

    def call_kept(self, *args):
        # several threads use the stored proxy: each thread claims it first
        self.kept._pyroClaimOwnership()
        return self.kept.call(*args)

    def big(self, size):
        return "x" * size

    def kill(self):
        os._exit(1)


@Pyro5.api.expose
class Session:
    made = 0

    def __init__(self):
        Session.made += 1
        self.id = Session.made

    def number(self):
        return self.id


class Bare:
    """Exposes nothing."""


class Daemon(Pyro5.api.Daemon):
    def validateHandshake(self, conn, data):
        if data == "refuse me":
            raise ValueError("not you")
        if data == "slow":
            time.sleep(20)
        return ["welcome", data]

    def annotations(self):
        return {"DAEM": b"on"}


def serve(options):
    if options.tls:
        certificate, key, authority = options.tls
        config.SSL = True
        config.SSL_SERVERCERT = certificate
        config.SSL_SERVERKEY = key
        config.SSL_CACERTS = authority
        config.SSL_REQUIRECLIENTCERT = True
    config.SERVERTYPE = options.kind
    config.COMMTIMEOUT = 0.0
    config.ITER_STREAM_LINGER = options.linger
    daemon = Daemon(host=options.host, port=options.port, unixsocket=options.unixsocket)
    daemon.register(Thing, "thing")
    daemon.register(Session, "session")
    # Pyro5 warns when a client asks for the members of a class that exposes nothing
    warnings.filterwarnings("ignore", message="Class .* doesn't expose any methods")
    daemon.register(Bare, "bare")
    daemon.register(Factory(), "factory")
    return daemon


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--unixsocket")
    parser.add_argument("--bchost")
    parser.add_argument("--bcport", type=int)
    parser.add_argument("--storage", default="memory")
    parser.add_argument("--linger", type=float, default=30.0)
    parser.add_argument("--tls", nargs=3)
    parser.add_argument("--journal")
    parser.add_argument("--threads", type=int, default=100)
    options = parser.parse_args()
    if options.journal:
        Journal.file = os.open(options.journal, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    config.THREADPOOL_SIZE = options.threads
    if options.kind == "nameserver":
        # tests ask for metadata that Pyro5 cannot write in some serializers
        warnings.filterwarnings("ignore", "Pyro protocol error occurred")
        broadcast = options.bcport is not None
        _uri, daemon, responder = Pyro5.nameserver.start_ns(
            options.host, options.port, broadcast, options.bchost, options.bcport, options.unixsocket,
            storage=options.storage)
        if responder:
            responder.runInThread()
            print("BROADCAST", responder.getPort(), flush=True)
    else:
        daemon = serve(options)
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    print("READY", daemon.locationStr, flush=True)
    sys.stdin.read()
    os._exit(0)


main()
