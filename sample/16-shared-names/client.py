"""Three name servers are one: what one is told, the others know, and one of them may end at any time."""
import sys

import Pyro5.api
import Pyro5.errors


def name_server(location):
    host, port = location.split(":")
    return Pyro5.api.locate_ns(host, int(port))


def main(locations):
    first, second, third = locations.split(",")
    for number, location in enumerate((first, second, third)):
        with name_server(location) as names:
            print("name server", number, "knows", sorted(names.list(prefix="lab.")))
    with name_server(first) as names:
        names.register("lab.visitor", "PYRO:visitor@localhost:4711", safe=True)
    with Pyro5.api.Proxy("PYRONAME:lab.lamp@" + second) as lamp:
        lamp.switch_off(0)
        print("name server 0 is off, the lamp is", lamp.colour())
    try:
        name_server(first)
    except Pyro5.errors.NamingError:
        print("name server 0 does not answer")
    with name_server(third) as names:
        try:
            names.register("lab.visitor", "PYRO:thief@localhost:4712", safe=True)
        except Pyro5.errors.NamingError as error:
            print("name server 2:", error)
        names.remove("lab.visitor")
    with name_server(second) as names:
        print("name server 1 knows", sorted(names.list(prefix="lab.")))


if __name__ == "__main__":
    main(sys.argv[1])
