"""Runs pieces of Python for python-interpreter.ts, one JSON object a line, until standard input ends.

{"body", "given"} -> {"result"} or {"error": "Type: text, and the traceback"}

The body is the body of a function with the arguments `given`. It may use the globals of this file; `state` keeps values between pieces.
"""
import array
import collections
import copy
import json
import linecache
import os
import socket
import sys
import tempfile
import textwrap
import threading
import time
import traceback
import types
import uuid

import Pyro5.api
import Pyro5.callcontext
import Pyro5.client
import Pyro5.core
import Pyro5.errors
import Pyro5.nameserver
import Pyro5.protocol
import Pyro5.serializers
import Pyro5.server
import Pyro5.socketutil
from Pyro5 import config
from Pyro5.api import Proxy, URI, expose
from Pyro5.callcontext import current_context
from Pyro5.serializers import SerializerBase, serializers

answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
# output of the pieces must not mix with the answers
sys.stdout = sys.stderr

state = types.SimpleNamespace()


def run(number, body, given):
    source = f"def piece({', '.join(given)}):\n" + textwrap.indent(textwrap.dedent(body), "    ") + "\n    return None\n"
    name = f"<piece {number}>"
    # with the source in linecache, tracebacks show the lines of the piece
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    exec(compile(source, name, "exec"), globals())
    return globals()["piece"](**given)


for number, line in enumerate(sys.stdin):
    question = json.loads(line)
    try:
        # globals of a body stay; changes of Pyro's configuration are undone
        config.reset(use_environment=False)
        current_context.annotations = {}
        current_context.correlation_id = None
        reply = json.dumps({"result": run(number, question["body"], question["given"])})
    except Exception as x:
        reply = json.dumps({"error": f"{type(x).__name__}: {x}\n{traceback.format_exc()}"})
    print(reply, file=answers, flush=True)
