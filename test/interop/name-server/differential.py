"""
Gives the same random operations to two name servers and compares the answers.

compare(uri, other_uri, seed, count, serializer) returns the differences, at most ten, as texts.

Three differences are meant: the second server's text of an error may go on or name the fault of a regex or
port in its own words, it lists names without tags in json and msgpack, where
Pyro5 cannot write its frozenset (nor the set of a PYROMETA uri in marshal), and its own name cannot be given away.
"""

import random

from Pyro5 import config, core
from Pyro5.client import Proxy

NAMES = ["lab.camera", "lab.stage", "lab.stage.x", "lab", "Lab.camera", "test.1", "test.10", "a%b", "a_b", "ünïcode€", "", "Pyro.NameServer", "Pyro.Other", "with space", "__proto__", "1023"]
URIS = ["PYRO:a@host:1", "PYRO:b@[::1]:2", "PYRO:c@./u:/tmp/sock", "PYRONAME:other", "PYROMETA:x", "PYRO:ünï@host:3", "nonsense", "PYRO:a", "PYRO:a@host", ""]
TAGS = ["a", "b", "class:Thing", "ünï", "", "with space"]
PREFIXES = ["lab.", "lab", "test.1", "", "Pyro", "a%", "a_", "x", None]
REGEXES = [r"lab\..*", "test.1$", ".*", "", "Pyro.*", r".+stage", r"^lab", r"(lab|test)\.", "[a-z]+", "lab$", None]


def random_tags(rng):
    kind = rng.randrange(8)
    tags = rng.sample(TAGS, rng.randrange(4))
    if kind < 3:
        return tags
    if kind < 5:
        return set(tags)
    if kind == 5:
        return None
    return rng.choice(["text", 5, {}, {"a": 1}, (), ("a", "b"), True, 1.5])


def random_searched_tags(rng):
    if rng.random() < 0.7:
        return random_tags(rng)
    # a registration with such tags is refused by the second server
    return rng.sample([*TAGS, 1, 0, 1.5, None, True], rng.randrange(1, 4)) + rng.choice([[], [], [], [["a"]], [{"a": 1}]])


def random_call(rng):
    kind = rng.randrange(13)
    if kind < 4:
        uri = rng.choice(URIS + [5, None])
        if isinstance(uri, str) and uri.startswith("PYRO:a@") and rng.random() < 0.5:
            uri = core.URI(uri) if uri != "PYRO:a@host" else uri
        return "register", [rng.choice(NAMES + [None, 7] if rng.random() < 0.1 else NAMES), uri, rng.choice([False, False, True]), random_tags(rng)], {}
    if kind == 4:
        return "set_metadata", [rng.choice(NAMES), random_tags(rng)], {}
    if kind == 5:
        return "lookup", [rng.choice(NAMES)], {"return_metadata": rng.choice([True, False])}
    if kind == 6:
        return "remove", [rng.choice(NAMES + [1, 1.5, True, 0, False, ["lab"], {"a": 1}, {"lab"}] if rng.random() < 0.5 else NAMES)], {}
    if kind == 7 and rng.random() < 0.3:
        return "remove", [], {rng.choice(["prefix", "regex"]): rng.choice(["lab.stage", "test", "Pyro", "", None])}
    if kind == 8:
        return "list", [], {"prefix": rng.choice(PREFIXES), "return_metadata": rng.choice([True, False])}
    if kind == 9:
        return "list", [], {"regex": rng.choice(REGEXES), "return_metadata": rng.choice([True, False])}
    if kind == 10:
        return "list", [rng.choice(PREFIXES), rng.choice(REGEXES)], {}
    if kind == 11:
        return "yplookup", [], {rng.choice(["meta_all", "meta_any"]): random_searched_tags(rng), "return_metadata": rng.choice([True, False])}
    return rng.choice([("count", [], {}), ("ping", [], {}), ("yplookup", [["a"], ["b"]], {}), ("yplookup", [], {}), ("lookup", [], {}), ("list", ["a", None, False, 4], {})])


def plain(value, own):
    """A form of an answer that shows types, but no order of sets. `own` is the server's own URI."""
    if isinstance(value, dict):
        # a name that is registered again keeps its place in both
        return [(name, plain(entry, own)) for name, entry in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value).__name__, sorted(value)
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and isinstance(value[0], (str, core.URI)):
            return type(value).__name__, plain(value[0], own), plain_tags(value[1])
        return type(value).__name__, [plain(entry, own) for entry in value]
    return type(value).__name__, str(value).replace(own, "OWN")


def plain_tags(tags):
    # an empty set arrives as a tuple or a list, depending on the serializer
    return sorted(tags)


class Failure:
    def __init__(self, kind, text):
        self.kind, self.text = kind, text

    def __str__(self):
        return f"{self.kind}: {self.text}"


def same(theirs, ours):
    if isinstance(theirs, Failure) and isinstance(ours, Failure):
        is_own_text = theirs.text.startswith(("invalid regex", "invalid port in uri"))
        return theirs.kind == ours.kind and (ours.text.startswith(theirs.text) or is_own_text)
    if isinstance(theirs, Failure):
        return "frozenset" in theirs.text or theirs.text == "unmarshallable object"
    # a search by tags gives the names in any order
    return theirs == ours or isinstance(theirs, list) and sorted(theirs, key=str) == sorted(ours, key=str)


def answer(proxy, method, args, kwargs):
    try:
        return plain(proxy._pyroInvoke(method, args, kwargs), str(proxy._pyroUri))
    except Exception as error:  # noqa: BLE001
        return Failure(type(error).__name__, str(error))


def compare(uri, other_uri, seed, count, serializer):
    config.SERIALIZER = serializer
    rng = random.Random(seed)
    differences = []
    with Proxy(uri) as one, Proxy(other_uri) as other:
        for number in range(count):
            method, args, kwargs = random_call(rng)
            if method == "register" and args[0] == "Pyro.NameServer":
                continue
            theirs, ours = (answer(proxy, method, args, kwargs) for proxy in (one, other))
            if not same(theirs, ours):
                differences.append(f"{number}: {method}{args}{kwargs}: {theirs} != {ours}")
                if len(differences) == 10:
                    break
    return differences
