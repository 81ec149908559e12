"""Pyro5's own config items: their defaults, and the values that Python reads from environment variables. Reads from standard input the pairs
of item and text to try, as JSON, and prints JSON."""

import json
import os
import sys

from Pyro5.configure import Configuration


def read(item, text):
    """Returns the value of the item in a list; None when Python refuses the text."""
    os.environ["PYRO_" + item] = text
    try:
        return [getattr(Configuration(), item)]
    except ValueError:
        return None
    finally:
        del os.environ["PYRO_" + item]


defaults = Configuration().as_dict()
json.dump({
    "defaults": {item: ", ".join(value) if isinstance(value, list) else str(value) for item, value in defaults.items()},
    "read": [read(item, text) for item, text in json.load(sys.stdin)],
}, sys.stdout)
