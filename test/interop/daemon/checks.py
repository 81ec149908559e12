"""Checks of our daemon with Python's own client. Run by pytest from daemon.test.ts, which passes the daemon's address."""
import os
import threading
import time
import uuid

import pytest
import serpent
import Pyro5.api
import Pyro5.client
import Pyro5.core
import Pyro5.errors
import Pyro5.protocol
from Pyro5 import config
from Pyro5.callcontext import current_context

LOCATION = os.environ["CHECKED_LOCATION"]


@pytest.fixture(autouse=True)
def defaults():
    config.reset(use_environment=False)
    current_context.annotations = {}
    current_context.correlation_id = None
    yield
    config.reset(use_environment=False)


def wait_until(condition):
    deadline = time.time() + 20
    while not condition():
        assert time.time() < deadline, "it did not come to hold within 20 s"
        time.sleep(0.01)


def proxy(object_id="thing", handshake=None):
    result = Pyro5.client.Proxy("PYRO:%s@%s" % (object_id, LOCATION))
    if handshake is not None:
        result._pyroHandshake = handshake
    return result


class TestConnect:
    def test_metadata(self):
        with proxy() as p:
            p._pyroBind()
            assert p._pyroOneway == {"note"}
            assert p._pyroAttrs == {"value", "fixed"}
            assert {"add", "echo", "count", "__len__", "__getitem__"} < p._pyroMethods
            assert not {"unexposed", "constructor", "toString"} & p._pyroMethods

    def test_unknown_object(self):
        with proxy("nobody") as p, pytest.raises(Pyro5.errors.CommunicationError, match="rejected: unknown object"):
            p._pyroBind()

    def test_guard_refuses_and_lets_in(self):
        with proxy("guarded") as p, pytest.raises(Pyro5.errors.CommunicationError, match="rejected: wrong password"):
            p.whoami()
        with proxy("guarded", "secret") as p:
            assert p.whoami() == "owner of secret"

    def test_guard_response_reaches_validation(self):
        seen = []

        class Validating(Pyro5.client.Proxy):
            def _pyroValidateHandshake(self, response):
                seen.append(response)

        with Validating("PYRO:guarded@" + LOCATION) as p:
            p._pyroHandshake = "secret"
            p._pyroBind()
        assert seen == ["come in"]

    def test_guard_holds_on_another_objects_connection(self):
        with proxy("thing", "guess") as p:
            p._pyroBind()
            with pytest.raises(Pyro5.errors.SecurityError, match="wrong password"):
                p._pyroInvoke("whoami", (), {}, objectId="guarded")
            with pytest.raises(Pyro5.errors.SecurityError, match="wrong password"):
                p._pyroGetMetadata("guarded")
            assert p.add(1, 1) == 2
        with proxy("thing", "secret") as p:
            p._pyroBind()
            assert p._pyroInvoke("whoami", (), {}, objectId="guarded") == "owner of secret"

    def test_handshake_data_over_the_limit(self):
        with proxy("thing", "x" * (1024 * 1024)) as p:
            with pytest.raises(Pyro5.errors.CommunicationError, match=r"maxHandshakeBytes is 65536"):
                p._pyroBind()
        with proxy("thing", "x" * (60 * 1000)) as p:
            p._pyroBind()

    @pytest.mark.parametrize("handshake", ["hello", None, 5, ["list", 1.5], {"a": {"b": (1, 2)}}, "\u20ac"])
    def test_any_handshake_data(self, handshake):
        with proxy("thing", handshake) as p:
            p._pyroHandshake = handshake
            assert p.add(1, 2) == 3


class TestCalls:
    def test_arguments(self):
        with proxy() as p:
            assert p.add(1, 2) == 3
            assert p.add(1) == 11
            assert p.add(a=1, b=5) == 6
            assert p.add(1, b=5) == 6

    def test_wrong_arguments(self):
        with proxy() as p:
            with pytest.raises(TypeError, match=r"add\(\) missing 1 required positional argument: 'a'"):
                p.add()
            with pytest.raises(TypeError, match=r"add\(\) takes from 2 to 3 positional arguments but 4 were given"):
                p.add(1, 2, 3)
            with pytest.raises(TypeError, match=r"add\(\) got an unexpected keyword argument 'c'"):
                p.add(1, c=2)
            assert p.add(1, 1) == 2

    @pytest.mark.parametrize(
        "value",
        [
            None, True, False, 0, -1, 2**53, 2**64, -(2**100), 1.5, 1e300, float("inf"), "", "text", "\u20ac \U0001f600 \x00 \ud800", [], [1, [2, [3]]],
            {}, {"a": 1}, {1: 2, (1, 2): "x"}, {1, 2, 3}, {"constructor": 1, "toString": 2, "then": 3},
        ],
    )
    def test_values_come_back(self, value):
        with proxy() as p:
            assert p.echo(value) == value

    def test_bytes_come_back(self):
        with proxy() as p:
            data = bytes(range(256)) * 1000
            assert serpent.tobytes(p.echo(data)) == data
            config.SERPENT_BYTES_REPR = True
            assert serpent.tobytes(p.echo(data)) == data

    def test_proto_key_is_refused(self):
        with proxy() as p, pytest.raises(ValueError, match="__proto__"):
            p.echo({"__proto__": {"polluted": True}})
        with proxy() as p:
            assert p.echo({}) == {}

    def test_attributes(self):
        with proxy() as p:
            p.value = 42
            assert p.value == 42
            p.value = 12
            assert p.fixed == "fixed"
            with pytest.raises(AttributeError):
                p.fixed = 1
            with pytest.raises(AttributeError):
                p.unexposed

    def test_dunder_methods(self):
        with proxy() as p:
            assert len(p) == 3
            assert p[1] == "item 1"
            with pytest.raises(IndexError, match="no item 9"):
                p[9]

    @pytest.mark.parametrize("name", ["_private", "__init__", "__class__", "constructor", "toString", "hasOwnProperty", "unexposed", "echo.call", "value", "__proto__"])
    def test_unreachable(self, name):
        with proxy() as p:
            p._pyroBind()
            with pytest.raises(AttributeError, match="attempt to access"):
                p._pyroInvoke(name, (), {})
            with pytest.raises(AttributeError):
                p._pyroInvoke("__getattr__", ("_" + name,), None)
            assert p.add(1, 1) == 2

    def test_errors_keep_the_session(self):
        with proxy("session") as p:
            first = p.number()
            for _ in range(3):
                with pytest.raises(ZeroDivisionError) as error:
                    p.fail("builtins.ZeroDivisionError")
                assert error.value.args == ("failed", 1)
                assert error.value.extra == {"a": [1]}
                assert any("checks" in line or "fail" in line for line in error.value._pyroTraceback)
            with pytest.raises(ValueError, match="out of range"):
                p.fail("range")
            with pytest.raises(RuntimeError, match="just an error"):
                p.fail("error")
            with pytest.raises(Pyro5.errors.PyroError, match="result cannot be sent"):
                p.unsendable()
            with pytest.raises(Pyro5.errors.NamingError, match="failed"):
                p.fail("Pyro5.errors.NamingError")
            assert p.number() == first

    def test_errors_of_ours_are_never_communication_errors(self):
        with proxy("session") as p:
            first = p.number()
            for kind in ["TimeoutError", "ConnectionClosedError", "ProtocolError", "SerializeError", "MessageTooLargeError", "CommunicationError"]:
                for where in ["ours ", "relayed Pyro5.errors.", "Pyro5.errors."]:
                    with pytest.raises((TimeoutError, ConnectionError, Pyro5.errors.PyroError)) as error:
                        p.fail(where + kind)
                    assert not isinstance(error.value, Pyro5.errors.CommunicationError), where + kind
            assert p.number() == first

    def test_compression(self):
        config.COMPRESSION = True
        with proxy() as p:
            text = "squeeze " * 50_000
            assert p.echo(text) == text
            assert p.add(1, 2) == 3

    def test_oneway_does_not_wait(self):
        with proxy() as p:
            p.clear()
            for i in range(5):
                p.note(i)
            p._pyroOneway.add("hold")
            p.hold("held")
            assert p.add(1, 1) == 2
            assert p.notes() == [0, 1, 2, 3, 4]
            p.let_go()
            wait_until(lambda: p.notes() == [0, 1, 2, 3, 4, "held"])

    def test_oneway_and_gone(self):
        with proxy() as p:
            p.clear()
        for i in range(20):
            with proxy() as p:
                p._pyroBind()
                p.note(i)
        with proxy() as p:
            wait_until(lambda: sorted(p.notes()) == list(range(20)))

    def test_ping_and_daemon_object(self):
        with proxy("Pyro.Daemon") as p:
            p._pyroBind()
            Pyro5.protocol.SendingMessage.ping(p._pyroConnection)
            assert p.ping() is None
            assert "thing" in p.registered() and "guarded" not in p.registered()
            assert LOCATION in p.info()
            assert p.get_metadata("thing")["oneway"] == {"note"}
            with pytest.raises(Pyro5.errors.DaemonError, match="unknown object"):
                p.get_metadata("nobody")


class TestBatches:
    def test_results_then_error(self):
        with proxy() as p:
            p.clear()
            batch = Pyro5.client.BatchProxy(p)
            batch.add(1, 2)
            batch.add(a=1, b=1)
            batch.fail("builtins.ZeroDivisionError")
            batch.note("never")
            results = batch()
            assert next(results) == 3
            assert next(results) == 2
            with pytest.raises(ZeroDivisionError) as error:
                next(results)
            assert "Remote traceback" in "".join(Pyro5.errors.get_pyro_traceback(ZeroDivisionError, error.value, None))
            with pytest.raises(StopIteration):
                next(results)
            assert p.notes() == []

    def test_oneway(self):
        with proxy() as p:
            p.clear()
            batch = Pyro5.client.BatchProxy(p)
            batch.note(1)
            batch.slow(50, 2)
            batch.note(3)
            assert batch(oneway=True) is None
            assert p.notes() == [1, 2, 3]

    def test_stream_is_refused(self):
        with proxy() as p:
            batch = Pyro5.client.BatchProxy(p)
            batch.count(3)
            with pytest.raises(Pyro5.errors.PyroError, match="cannot be part of a batch"):
                list(batch())


class TestStreams:
    @pytest.mark.parametrize("method", ["count", "count_async", "iterator"])
    def test_all_items(self, method):
        with proxy() as p:
            assert list(getattr(p, method)(5)) == [1, 2, 3, 4, 5]

    def test_attribute_of_iterator(self):
        with proxy("session") as p:
            assert list(p.items) == ["a", "b"]

    def test_error_in_the_middle(self):
        with proxy() as p:
            stream = p.breaking()
            assert next(stream) == 1
            with pytest.raises(ValueError, match="broken"):
                next(stream)
            with pytest.raises(Pyro5.errors.PyroError, match="item stream terminated"):
                next(stream)

    def test_close_runs_the_finally_block(self):
        with proxy() as p:
            p.clear()
            stream = p.count(1000)
            next(stream)
            stream.close()
            wait_until(lambda: p.notes() == ["closed"])

    def test_reconnect_within_linger(self):
        with proxy() as p:
            stream = p.count(3)
            assert next(stream) == 1
            p._pyroReconnect()
            assert next(stream) == 2
            assert list(stream) == [3]

    def test_taken_up_only_by_the_same_principal(self):
        with proxy("guarded", "secret") as p:
            stream = p.items()
            assert next(stream) == 1
            stream_id = stream.streamId
        with proxy("thing", "other") as p:
            p._pyroBind()
            with pytest.raises(Pyro5.errors.PyroError, match="item stream terminated"):
                p._pyroInvoke("get_next_stream_item", [stream_id], {}, objectId="Pyro.Daemon")
        with proxy("thing", "secret") as p:
            p._pyroBind()
            assert p._pyroInvoke("get_next_stream_item", [stream_id], {}, objectId="Pyro.Daemon") == 2


class TestContext:
    def test_annotations_both_ways(self):
        with proxy() as p:
            current_context.annotations = {"XYZZ": b"there"}
            assert serpent.tobytes(p.annotated()["XYZZ"]) == b"there"
            assert current_context.response_annotations["BACK"] == b"and back"

    def test_annotations_travel_with_the_item_they_were_set_for(self):
        def received():
            return {name: bytes(data) for name, data in current_context.response_annotations.items()}

        with proxy() as p:
            assert [(item, received()) for item in p.annotated_items(3)] == [
                (1, {"ITEM": b"number 1"}),
                (2, {}),
                (3, {"ITEM": b"number 3"}),
            ]
            assert received() == {"LAST": b"over"}

    def test_correlation_id(self):
        with proxy() as p:
            current_context.correlation_id = uuid.uuid4()
            assert p.correlation() == str(current_context.correlation_id)
            current_context.correlation_id = None
            first, second = p.correlation(), p.correlation()
            assert uuid.UUID(first) != uuid.UUID(second)

    def test_blob(self):
        with proxy() as p:
            assert p.blob(Pyro5.client.SerializedBlob("information", [1, {"a": 2}])) == ["information", [1, {"a": 2}]]

    def test_autoproxy(self):
        with proxy() as p:
            me = p.self()
            assert isinstance(me, Pyro5.client.Proxy)
            assert me._pyroUri == p._pyroUri
            assert me.add(2, 2) == 4
            me._pyroRelease()

    def test_uri_and_proxy_come_back(self):
        with proxy() as p:
            uri = Pyro5.core.URI("PYRO:obj@somewhere:123")
            assert p.echo(uri) == uri
            back = p.echo([p])[0]
            assert isinstance(back, Pyro5.client.Proxy) and back._pyroUri == p._pyroUri


class TestInstances:
    def test_session(self):
        with proxy("session") as one, proxy("session") as two:
            first = one.number()
            assert one.number() == first
            assert two.number() != first
            one._pyroReconnect()
            assert one.number() != first

    def test_single_and_percall(self):
        with proxy("single") as one, proxy("single") as two:
            assert one.number() == two.number() == one.number()
        with proxy("percall") as one:
            assert len({one.number() for _ in range(5)}) == 5

    def test_a_hundred_clients_at_once(self):
        with proxy("sessions") as p:
            alive = p.alive()
        ready, results, errors = threading.Barrier(101), [], []

        def client():
            try:
                with proxy("session") as p:
                    number = p.number()
                    ready.wait(30)
                    results.append((number, p.number()))
                    ready.wait(30)
            except Exception as x:
                errors.append(x)
                ready.abort()

        threads = [threading.Thread(target=client) for _ in range(100)]
        for thread in threads:
            thread.start()
        ready.wait(30)
        with proxy("sessions") as p:
            assert p.alive() == alive + 100
        ready.wait(30)
        for thread in threads:
            thread.join()
        assert not errors
        assert all(first == second for first, second in results)
        assert len({first for first, _ in results}) == 100
        with proxy("sessions") as p:
            wait_until(lambda: p.alive() == alive)
