"""Uses the furnace by Pyro and by REST. client.ts uses it by MCP."""
import json
import sys
import urllib.error
import urllib.request

import Pyro5.api

ORDERS = [{"celsius": 900, "minutes": 30}, {"celsius": 3000, "minutes": 0.5, "colour": "red"}]


def by_pyro(uri, token):
    with Pyro5.api.Proxy(uri) as furnace:
        furnace._pyroHandshake = token
        print("  status:", json.dumps(furnace.status()))
        for order in ORDERS:
            try:
                print("  heat:", json.dumps(furnace.heat(**order)))
            except (PermissionError, ValueError) as error:
                print("  heat:", type(error).__name__, *error.args, sep="\n    ")


def by_rest(url, token):
    def request(path, body=None):
        headers = {"authorization": "Bearer " + token, "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=60) as response:
            return response.read().decode()

    print("  status:", request("/furnace"))
    for order in ORDERS:
        try:
            print("  heat:", request("/furnace/heat", order))
        except urllib.error.HTTPError as error:
            messages = json.load(error)["message"]
            print("  heat:", error.code, *(messages if isinstance(messages, list) else [messages]), sep="\n    ")


def main(uri, url):
    for protocol, use, address in [("Pyro", by_pyro, uri), ("REST", by_rest, url)]:
        for person, token in [("Bob, a guest", "token-of-bob"), ("Ann, an operator", "token-of-ann"), ("a stranger", "a guess")]:
            print(f"{protocol}, {person}:")
            try:
                use(address, token)
            except (Pyro5.errors.CommunicationError, urllib.error.HTTPError) as error:
                print("  not let in:", str(error).split("rejected: ")[-1])


if __name__ == "__main__":
    main(*sys.argv[1].split())
