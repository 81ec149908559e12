"""Names as at pyro5-ns: looked up, registered, removed; and followed, which pyro5-ns cannot."""
import sys

import Pyro5.api


def main(uri):
    where = Pyro5.api.URI(uri).location
    host, port = where.split(":")
    with Pyro5.api.locate_ns(host, int(port)) as names:
        with Pyro5.api.Proxy("PYRONAME:lab.lamp@" + where) as lamp:
            print("by name:", lamp.colour())
            names.register("lab.visitor", "PYRO:visitor@localhost:4711", metadata={"guest"})
            print("the app has seen the visitor:", lamp.has_seen("lab.visitor"))
        with Pyro5.api.Proxy("PYROMETA:light@" + where) as light:
            print("by tag:", light.colour())
        print("names:", sorted(names.list(prefix="lab.")))
        try:
            names.register("lab.lamp", "PYRO:thief@localhost:4711")
        except Pyro5.errors.NamingError as error:
            print("the lamp keeps its name:", str(error).split(" belongs")[0])
        names.remove("lab.visitor")
        print("names:", sorted(names.list(prefix="lab.")))


if __name__ == "__main__":
    main(sys.argv[1])
