/** The Python file that `nestjs-pyro python signatures` prints. It needs nothing but Pyro5. */
export const SIGNATURES_FILE = String.raw`"""Signatures and docs of Pyro objects, printed by: npx nestjs-pyro python signatures

Server: Pyro5.api.Daemon(interface=SignaturesDaemonObject). Client: remote_help(proxy) prints what help() prints of local objects.
"""
import dataclasses
import enum
import inspect
import textwrap
import typing
import weakref

import Pyro5.api
import Pyro5.core
import Pyro5.server

KINDS = ["positional-only", "positional", "varargs", "keyword", "kwargs"]


def _type(name, hint):
    return {} if hint is inspect.Signature.empty else {name: hint if isinstance(hint, str) else inspect.formatannotation(hint)}


def _doc(member):
    doc = inspect.getdoc(member)
    return {"doc": doc} if doc else {}


def _method(cls, name, oneway):
    function = getattr(cls, name)
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    is_bound = not isinstance(inspect.getattr_static(cls, name), (staticmethod, classmethod))
    if is_bound and parameters and parameters[0].kind != inspect.Parameter.VAR_POSITIONAL:
        del parameters[0]  # self
    told = [{"name": p.name, "kind": KINDS[p.kind], **_type("type", p.annotation),
             "required": p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)} for p in parameters]
    return {"parameters": told, "oneway": oneway, "stream": inspect.isgeneratorfunction(function),
            **_type("returns", signature.return_annotation), **_doc(function)}


def _attribute(descriptor):
    returns = inspect.signature(descriptor.fget).return_annotation if getattr(descriptor, "fget", None) else inspect.Signature.empty
    return {"readable": True, "writable": getattr(descriptor, "fset", True) is not None, **_type("type", returns), **_doc(descriptor)}


def _hints(member):
    try:
        return typing.get_type_hints(member)
    except Exception:  # a name that is not defined at run time
        return {}


def _described(cls):
    """What a class is, and the hints that it leads to; None for classes of which nothing is known"""
    if issubclass(cls, enum.Flag):
        return {"alias": "int"}, []  # members can be combined
    if issubclass(cls, enum.Enum):
        values = [member.value for member in cls]
        return {"alias": "Literal[%s]" % ", ".join(map(repr, values)) if values and {*map(type, values)} <= {int, str} else "Any"}, []
    hints = _hints(cls)
    if issubclass(cls, tuple):
        members = [hints.get(name, typing.Any) for name in getattr(cls, "_fields", ())]
        return ({"alias": "tuple[%s]" % ", ".join(map(inspect.formatannotation, members))}, members) if members else None
    names = hints if hasattr(cls, "__required_keys__") else getattr(cls, "model_fields", None)  # TypedDict, pydantic
    if dataclasses.is_dataclass(cls) or hasattr(cls, "__attrs_attrs__"):
        names = [field.name for field in getattr(cls, "__attrs_attrs__", None) or dataclasses.fields(cls)]
    if names is None:
        return None
    fields = {name: {"type": inspect.formatannotation(hints.get(name, typing.Any)),
                     "required": name not in getattr(cls, "__optional_keys__", ())} for name in names}
    doc = vars(cls).get("__doc__") or cls.__name__ + "("  # dataclasses make a doc of their signature
    return {"fields": fields, **({} if doc.startswith(cls.__name__ + "(") else {"doc": inspect.cleandoc(doc)})}, list(hints.values())


def _types(members):
    """The dataclasses, enums and the like that type hints name, and those that these name"""
    found, hints = {}, [hint for member in members for hint in _hints(member).values()]
    while hints:
        hint = hints.pop()
        hints += hint if isinstance(hint, list) else typing.get_args(hint)
        if inspect.isclass(hint) and hint.__name__ not in found and (described := _described(hint)):
            found[hint.__name__], more = described
            hints += more
    return {"types": found} if found else {}


@Pyro5.api.expose
class SignaturesDaemonObject(Pyro5.server.DaemonObject):
    def get_signatures(self, objectId):
        members, obj = self.get_metadata(objectId), self.daemon.objectsById[objectId]
        obj = obj() if isinstance(obj, weakref.ref) else obj
        cls = obj if inspect.isclass(obj) else type(obj)
        return {"class": cls.__name__, **_doc(cls),
                "methods": {name: _method(cls, name, name in members["oneway"]) for name in members["methods"]},
                "attributes": {name: _attribute(getattr(cls, name)) for name in members["attrs"]},
                **_types([getattr(cls, name) for name in members["methods"]]
                         + [getattr(getattr(cls, name), "fget", None) for name in members["attrs"]])}


def remote_help(proxy):
    """Prints the signatures and docs of a remote object"""
    proxy._pyroBind()
    told = proxy._pyroInvoke("get_signatures", [proxy._pyroUri.object], {}, objectId=Pyro5.core.DAEMON_NAME)
    lines = [(0, "class " + (told["class"] or "object"), told)]
    lines += [(1, name + _hint(each), each) for name, each in sorted(told["attributes"].items())]
    lines += [(1, "%s(%s)%s" % (name, _parameters(each), _hint(each, "returns", " -> ")), each)
              for name, each in sorted(told["methods"].items())]
    for depth, line, each in lines:
        doc = textwrap.indent(each["doc"], "    ") + "\n" if "doc" in each else ""
        text = textwrap.indent(line + "\n" + doc, "    " * depth)
        # the other program chose the text: a terminal must not obey it
        print("".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text))


def _hint(told, key="type", sign=": "):
    return sign + told[key] if key in told else ""


def _parameters(method):
    marks = {"varargs": "*", "kwargs": "**"}
    return ", ".join(marks.get(p["kind"], "") + (p["name"] or "_") + _hint(p) + ("" if p["required"] or p["kind"] in marks else " = ...")
                     for p in method["parameters"]) if method["parameters"] is not None else "..."
`;
