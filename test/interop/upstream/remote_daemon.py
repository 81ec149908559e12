"""pytest plugin that runs Pyro5's own server tests against a daemon in another process.

Where the tests make a ``Pyro5.server.Daemon`` and register their objects, this makes a stand-in for a daemon that a control server
starts elsewhere, with the same objects in it. Set-up and tear-down of the tests run as they are: each test gets a new daemon.

The control server is named by the environment variable ``REMOTE_DAEMON_CONTROL``. ``POST /`` starts a daemon and answers with its
location (``host:port``), ``DELETE /<location>`` shuts it down. ``REMOTE_DAEMON_SERIALIZER`` names the serializer of the clients.

``REMOTE_DAEMON_ONLY``, if set, holds the names of the tests to run, with commas between them.

Prints at the end a line ``outcomes: `` with a JSON object of the tests' names and how they ended.
"""
import json
import os
import threading
import urllib.request

import Pyro5
import Pyro5.client
import Pyro5.core
import Pyro5.server

CLASSES = {"TestServerOnce", "TestServerThreadNoTimeout"}

EXCLUDED = {
    # they need the daemon in their own process
    "TestServerOnce::testAutoProxy": "registers an object that the test itself made",
    "TestServerOnce::testRegisterWeak": "registers an object that the test itself made",
    "TestServerOnce::testCleanup": "looks at the shutdown of its own daemon",
    "TestServerOnce::testResourceFreeing": "looks into a registered object",
    "TestServerOnce::testNatPortIPv6": "makes a daemon of its own",
    "TestServerThreadNoTimeout::testTimeoutConnect": "makes a daemon of its own",
    "TestServerThreadNoTimeout::testGeneratorLinger": "changes the daemon's configuration",
    "TestServerThreadNoTimeout::testGeneratorNoLinger": "changes the daemon's configuration",
    # they look for Python source in the traceback
    "TestServerOnce::testNonserializableException_other": "expects the text of a Python serializer's error",
    "TestServerOnce::testPyroTracebackNormal": "expects a line of Python source",
    "TestServerOnce::testPyroTracebackBatch": "expects a line of Python source",
}

ONLY = [name for name in os.environ.get("REMOTE_DAEMON_ONLY", "").split(",") if name]

REGISTERED = {"something", "unexposed"}

outcomes = {}


def control(method, path=""):
    request = urllib.request.Request(os.environ["REMOTE_DAEMON_CONTROL"] + path, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read().decode()


class RemoteDaemon:
    """The part of a daemon that the tests use, for a daemon in another process."""

    def __init__(self, port=0):
        assert port == 0
        # set here, because the tests' own set-up has just chosen serpent
        Pyro5.config.SERIALIZER = os.environ["REMOTE_DAEMON_SERIALIZER"]
        self.location = control("POST")
        self.ended = threading.Event()

    def register(self, _object, object_id):
        assert object_id in REGISTERED, f"the remote daemon has no object {object_id}"
        return self.uriFor(object_id)

    def uriFor(self, object_id):
        return Pyro5.core.URI(f"PYRO:{object_id}@{self.location}")

    def proxyFor(self, object_id):
        # Pyro5's own proxyFor fills in the metadata, which tests of an unconnected proxy rely on
        proxy = Pyro5.client.Proxy(self.uriFor(object_id))
        proxy._pyroGetMetadata()
        return proxy

    def requestLoop(self):
        self.ended.wait()

    def shutdown(self):
        control("DELETE", self.location)
        self.ended.set()


def pytest_configure(config):
    Pyro5.server.Daemon = RemoteDaemon


def pytest_collection_modifyitems(config, items):
    names = {item.nodeid.partition("::")[2] for item in items}
    unknown = EXCLUDED.keys() - names
    assert not unknown, f"excluded, but not there: {', '.join(sorted(unknown))}"
    selected = [item for item in items if item.cls.__name__ in CLASSES and item.nodeid.partition("::")[2] not in EXCLUDED]
    if ONLY:
        selected = [item for item in selected if item.name in ONLY]
    config.hook.pytest_deselected(items=[item for item in items if item not in selected])
    items[:] = selected


def pytest_runtest_logreport(report):
    # three reports a test: set-up, call, tear-down
    name = report.nodeid.rpartition("::")[2]
    if outcomes.get(name, "passed") == "passed":
        outcomes[name] = report.outcome


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"outcomes: {json.dumps(outcomes)}")
