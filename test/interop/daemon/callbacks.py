"""Python programs that our daemon calls back. Run by pytest from callbacks.test.ts, which passes the daemon's address."""
import os
import threading
import time
import uuid

import pytest
import Pyro5.api
import Pyro5.errors
from Pyro5 import config
from Pyro5.callcontext import current_context

LOCATION = os.environ["CHECKED_LOCATION"]


def proxy(object_id):
    return Pyro5.api.Proxy("PYRO:%s@%s" % (object_id, LOCATION))


class Listener:
    def __init__(self):
        self.heard = []
        self.correlations = []

    @Pyro5.api.expose
    def hear(self, value):
        self.heard.append(value)
        self.correlations.append(current_context.correlation_id)
        return len(self.heard)

    @Pyro5.api.expose
    def fail(self):
        raise ZeroDivisionError("in the callback")

    @Pyro5.api.expose
    def ask_again(self, value):
        """Calls the server that made this call."""
        self.correlations.append(current_context.correlation_id)
        with proxy("caller") as caller:
            return [value, caller.add(value, 1), caller.correlation()]

    @Pyro5.api.expose
    def numbers(self, count):
        yield from range(count)

    def wait_for(self, count):
        deadline = time.time() + 10
        while len(self.heard) < count:
            assert time.time() < deadline, "only heard %r" % self.heard
            time.sleep(0.01)


class Serving:
    """A daemon in its own thread, as in a client that receives callbacks."""

    def __init__(self, kind, threads=40):
        config.SERVERTYPE = kind
        config.THREADPOOL_SIZE = threads
        config.THREADPOOL_SIZE_MIN = min(threads, config.THREADPOOL_SIZE_MIN)
        self.daemon = Pyro5.api.Daemon(host="127.0.0.1")
        self.listener = Listener()
        self.daemon.register(self.listener, "listener")
        self.thread = threading.Thread(target=self.daemon.requestLoop, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self.listener

    def __exit__(self, *_):
        # threads that serve a connection outlive the daemon's shutdown
        self.daemon.unregister(self.listener)
        self.daemon.shutdown()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture(autouse=True)
def defaults():
    config.reset(use_environment=False)
    current_context.correlation_id = None
    yield
    current_context.correlation_id = None
    config.reset(use_environment=False)


@pytest.fixture(params=["thread", "multiplex"])
def kind(request):
    return request.param


@pytest.mark.parametrize("serializer", ["serpent", "marshal", "json", "msgpack"])
def test_an_object_that_is_passed_is_called_during_the_call(kind, serializer):
    with Serving(kind) as listener, proxy("caller") as caller:
        caller._pyroSerializer = serializer
        # Pyro5's marshal makes no proxies of objects by itself
        passed = listener if serializer != "marshal" else listener._pyroDaemon.proxyFor(listener)
        assert caller.call(passed, "hear", "hello") == 1
        assert caller.call(passed, "hear", [1, None]) == 2
        assert listener.heard == ["hello", [1, None]]


def test_its_errors_reach_the_method_that_called(kind):
    with Serving(kind) as listener, proxy("caller") as caller:
        with pytest.raises(ZeroDivisionError, match="in the callback"):
            caller.call(listener, "fail")
        assert caller.caught(listener, "fail") == ["builtins.ZeroDivisionError", ["in the callback"]]
        with pytest.raises(AttributeError):
            caller.call(listener, "nothing")


def test_a_callback_may_call_the_server_again(kind):
    with Serving(kind) as listener, proxy("caller") as caller:
        current_context.correlation_id = uuid.uuid4()
        value, result, correlation = caller.call(listener, "ask_again", 41)
        assert (value, result) == (41, 42)
        # the calls go back and forth between the two daemons
        assert listener.correlations == [current_context.correlation_id]
        assert correlation == str(current_context.correlation_id)


def test_many_threads_are_called_back_at_once():
    with Serving("thread") as listener:
        failures = []

        def work(number):
            try:
                with proxy("caller") as caller:
                    for n in range(10):
                        assert caller.call(listener, "ask_again", number * 100 + n)[1] == number * 100 + n + 1
            except BaseException as x:
                failures.append(x)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert failures == []
        assert not any(thread.is_alive() for thread in threads)


def test_callbacks_leave_no_connection_that_would_use_up_the_threads():
    with Serving("thread", threads=4) as listener, proxy("caller") as caller:
        for n in range(40):
            assert caller.call(listener, "hear", n) == n + 1


def test_a_kept_proxy_is_called_when_the_connection_that_brought_it_is_gone(kind):
    with Serving(kind) as listener:
        with proxy("room") as room:
            assert room.join(listener) == 1
        with proxy("room") as room:
            assert room.say("first") == 1
            assert room.say("second") == 1
        assert listener.heard == ["first", "second"]
        assert room.say_later("third", 200) is None
        room._pyroRelease()
        listener.wait_for(3)
    with proxy("room") as room:
        # the server drops a listener that has disconnected
        assert room.say("nobody there") == 0


def test_an_item_stream_of_the_client_is_passed_through(kind):
    with Serving(kind) as listener, proxy("caller") as caller:
        assert list(caller.relay(listener, 5)) == [0, 1, 2, 3, 4]


def test_the_server_cannot_be_sent_elsewhere():
    for uri in ["PYRO:x@192.0.2.1:9", "PYRO:x@./u:/run/secret", "PYRONAME:x", "PYROMETA:x"]:
        with proxy("caller") as caller, pytest.raises(Pyro5.errors.SecurityError, match="receivedProxies"):
            caller.call(Pyro5.api.Proxy(uri), "hear", 1)
