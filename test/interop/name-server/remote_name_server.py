"""
A pytest plugin that lets Pyro5's tests/test_naming.py run against name servers elsewhere.

`Pyro5.nameserver.start_ns` starts nothing: it gives the name servers of the environment, NS_URI and NS_BCPORT, and for a server on all
interfaces NS_URI_ALL and NS_BCPORT_ALL. Tests that start no name server, or look into Python's own, are left out.
"""

import os

import Pyro5.client
import Pyro5.core
import Pyro5.nameserver

WITH_LIVE_SERVER = {
    "testLookupUnixsockParsing",
    "testLookupAndRegister",
    "testDaemonPyroObj",
    "testMulti",
    "testResolve",
    "testRefuseDottedNames",
    "testBCLookup0000",
}


class RemoteDaemon:
    def requestLoop(self):
        pass

    def shutdown(self):
        pass


class RemoteResponder:
    def __init__(self, port):
        self.port = port

    def runInThread(self):
        return self

    def join(self):
        pass

    def getPort(self):
        return self.port

    def close(self):
        pass


def start_ns(host=None, port=None, enableBroadcast=True, bchost=None, bcport=None, unixsocket=None, nathost=None, natport=None, storage=None):
    suffix = "" if host else "_ALL"
    uri = Pyro5.core.URI(os.environ["NS_URI" + suffix])
    with Pyro5.client.Proxy(os.environ["NS_URI"]) as server:
        server.remove(regex=".*")
    return uri, RemoteDaemon(), RemoteResponder(int(os.environ["NS_BCPORT" + suffix]))


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if item.name not in WITH_LIVE_SERVER]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item.name in WITH_LIVE_SERVER]


def pytest_configure(config):
    Pyro5.nameserver.start_ns = start_ns
