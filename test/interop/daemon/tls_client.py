"""Calls `whoami` with Python's own client, configured by the arguments, and prints the result as JSON.

usage: tls_client.py URI CONFIG (a JSON object of config items)
"""

import json
import sys

import Pyro5.api
from Pyro5 import config

_, uri, items = sys.argv
for name, value in {"COMMTIMEOUT": 10.0, **json.loads(items)}.items():
    setattr(config, name, value)
try:
    with Pyro5.api.Proxy(uri) as proxy:
        print(json.dumps({"result": proxy.whoami()}))
except Exception as error:
    print(json.dumps({"error": type(error).__name__, "text": str(error)}))
