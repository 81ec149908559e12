"""Prints the public names of Pyro5's API, one a line: what docs/audit/pyro5-parity.md must have a row for.

Classes and functions by name, members as `Class.member`, parameters of constructors and functions as `name(parameter)`.
"""
import inspect

import Pyro5.api
import Pyro5.callcontext
import Pyro5.client
import Pyro5.core
import Pyro5.errors
import Pyro5.nameserver
import Pyro5.serializers
import Pyro5.server


def own(module):
    return {name: value for name, value in vars(module).items()
            if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__}


def parameters(name, function):
    for parameter in inspect.signature(function).parameters:
        if parameter not in ("self", "cls"):
            yield f"{name}({parameter})"


def server_names():
    for name, value in own(Pyro5.server).items():
        yield name
        if inspect.isclass(value):
            yield from (f"{name}.{member}" for member in vars(value) if not member.startswith("_"))
            yield from parameters(name, value)
        else:
            yield from parameters(name, value)
    with Pyro5.server.Daemon() as daemon:
        yield from (f"Daemon.{member}" for member in vars(daemon) if not member.startswith("_"))


def members(name, cls, prefix=""):
    for member in sorted(set(dir(cls)) - set(dir(object))):
        if member.startswith(prefix) if prefix else not member.startswith("_"):
            yield f"{name}.{member}"


def api_names():
    for name, value in vars(Pyro5.api).items():
        if not name.startswith("_") and not inspect.ismodule(value) and getattr(value, "__module__", "").startswith("Pyro5"):
            yield name
    yield from members("Proxy", Pyro5.client.Proxy, "_pyro")
    yield from parameters("Proxy", Pyro5.client.Proxy)
    yield from sorted(name for name in ("Proxy." + attribute for attribute in Pyro5.client.Proxy._Proxy__pyroAttributes) if "._pyro" in name)
    yield from members("SerializedBlob", Pyro5.client.SerializedBlob)
    yield from members("URI", Pyro5.core.URI)
    yield from parameters("locate_ns", Pyro5.core.locate_ns)
    yield from parameters("resolve", Pyro5.core.resolve)
    yield from members("NameServer", Pyro5.nameserver.NameServer)
    yield from members("current_context", type(Pyro5.callcontext.current_context))
    yield from (f"current_context.{name}" for name in vars(Pyro5.callcontext.current_context))
    yield from members("SerializerBase", Pyro5.serializers.SerializerBase)
    yield from (f"errors.{name}" for name in own(Pyro5.errors))


for name in dict.fromkeys([*server_names(), *api_names()]):
    print(name)
