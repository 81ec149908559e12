"""Sets a thermostat over Pyro and reads it over HTTP, and the other way round."""
import json
import sys
import urllib.request

import Pyro5.api


def main(uri, url):
    address = url + "/thermostat"
    with Pyro5.api.Proxy(uri) as thermostat:
        thermostat.set(23.5)
        with urllib.request.urlopen(address) as answer:
            print("over HTTP:", json.load(answer))

        body = json.dumps({"celsius": 18.25}).encode()
        urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="PUT")).close()
        print("over Pyro:", thermostat.read())


if __name__ == "__main__":
    main(*sys.argv[1].split())
