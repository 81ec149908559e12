/** The Python file that `nestjs-pyro python signatures` prints. It needs nothing but Pyro5. */
export const SIGNATURES_FILE = String.raw`"""Signatures and docs of Pyro objects, printed by: npx nestjs-pyro python signatures

Server: Pyro5.api.Daemon(interface=SignaturesDaemonObject). Client: remote_help(proxy) prints what help() prints of local objects.
"""
import inspect
import textwrap
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
    if inspect.isfunction(inspect.getattr_static(cls, name)):
        del parameters[0]  # self
    told = [{"name": p.name, "kind": KINDS[p.kind], **_type("type", p.annotation),
             "required": p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)} for p in parameters]
    return {"parameters": told, "oneway": oneway, "stream": inspect.isgeneratorfunction(function),
            **_type("returns", signature.return_annotation), **_doc(function)}


def _attribute(descriptor):
    returns = inspect.signature(descriptor.fget).return_annotation if getattr(descriptor, "fget", None) else inspect.Signature.empty
    return {"readable": True, "writable": getattr(descriptor, "fset", True) is not None, **_type("type", returns), **_doc(descriptor)}


@Pyro5.api.expose
class SignaturesDaemonObject(Pyro5.server.DaemonObject):
    def get_signatures(self, objectId):
        members, obj = self.get_metadata(objectId), self.daemon.objectsById[objectId]
        obj = obj() if isinstance(obj, weakref.ref) else obj
        cls = obj if inspect.isclass(obj) else type(obj)
        return {"class": cls.__name__, **_doc(cls),
                "methods": {name: _method(cls, name, name in members["oneway"]) for name in members["methods"]},
                "attributes": {name: _attribute(getattr(cls, name)) for name in members["attrs"]}}


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
        print(textwrap.indent(line + "\n" + doc, "    " * depth))


def _hint(told, key="type", sign=": "):
    return sign + told[key] if key in told else ""


def _parameters(method):
    marks = {"varargs": "*", "kwargs": "**"}
    return ", ".join(marks.get(p["kind"], "") + (p["name"] or "_") + _hint(p) + ("" if p["required"] or p["kind"] in marks else " = ...")
                     for p in method["parameters"]) if method["parameters"] is not None else "..."
`;
