"""Checks of Nest objects with a Python client; run by python-client.test.ts."""
import os

import Pyro5.api
import Pyro5.errors
import pytest

LOCATION = os.environ["CHECKED_LOCATION"]


def uri(name):
    return f"PYRO:{name}@{LOCATION}"


@pytest.fixture
def warehouse():
    with Pyro5.api.Proxy(uri("example.warehouse")) as proxy:
        yield proxy


def test_methods_and_keywords(warehouse):
    assert warehouse.list() == ["chair", "bike"]
    assert warehouse.take_item("me") == {"person": "me", "item": "chair", "call": "take_item"}
    assert warehouse.take_item(item_name="bike", person="you")["item"] == "bike"
    assert len(warehouse.list()) == 0


def test_sessions_are_apart(warehouse):
    warehouse.take_item("me")
    with Pyro5.api.Proxy(uri("example.warehouse")) as other:
        assert other.list() == ["chair", "bike"]


def test_dunder_method(warehouse):
    assert len(warehouse) == 2


def test_keyword_parameter(warehouse):
    assert warehouse.options(a=1, b=[2]) == {"a": 1, "b": [2]}


def test_wrong_calls(warehouse):
    class Warehouse:
        def take_item(self, person, item_name="chair"):
            pass

    for args, kwargs in [((), {}), ((1, 2, 3), {}), ((1,), {"person": 2}), ((1,), {"x": 2})]:
        with pytest.raises(TypeError) as theirs:
            Warehouse().take_item(*args, **kwargs)
        with pytest.raises(TypeError) as ours:
            warehouse.take_item(*args, **kwargs)
        expected = str(theirs.value).replace("test_wrong_calls.<locals>.", "").split(". Did you mean")[0]
        assert str(ours.value) == expected
    with pytest.raises(AttributeError):
        warehouse.unknown


def test_exception(warehouse):
    with pytest.raises(ValueError) as caught:
        warehouse.take_item("me", "moon")
    assert caught.value.args == ("no such item", "moon")
    assert caught.value.item == "moon"
    assert "takeItem" in "".join(caught.value._pyroTraceback)
    assert warehouse.list() == ["chair", "bike"]


def test_attributes(warehouse):
    assert warehouse.capacity == 20
    warehouse.capacity = 50
    assert warehouse.capacity == 50


def test_stream(warehouse):
    assert list(warehouse.history()) == [1, 2, 3]
    stream = warehouse.history()
    assert next(stream) == 1
    stream.close()


def test_batch(warehouse):
    batch = Pyro5.api.BatchProxy(warehouse)
    batch.list()
    batch.take_item(person="me")
    batch.take_item("me", "moon")
    results = batch()
    assert next(results) == ["chair", "bike"]
    assert next(results)["item"] == "chair"
    with pytest.raises(ValueError):
        next(results)


def test_handshake():
    with Pyro5.api.Proxy(uri("example.guarded")) as proxy:
        answers = []
        proxy._pyroHandshake = "token"
        type(proxy)._pyroValidateHandshake, before = lambda self, response: answers.append(response), type(proxy)._pyroValidateHandshake
        try:
            assert proxy.who() == "ann"
        finally:
            type(proxy)._pyroValidateHandshake = before
        assert answers == [{"welcome": "ann"}]


@pytest.mark.parametrize("token, reason", [("wrong", "Forbidden resource"), ("empty", "a token is needed")])
def test_refused(token, reason):
    with Pyro5.api.Proxy(uri("example.guarded")) as proxy:
        proxy._pyroHandshake = token
        with pytest.raises(Pyro5.errors.CommunicationError, match=f"rejected: {reason}"):
            proxy.who()
