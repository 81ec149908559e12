"""TLS with certificates on both sides."""
import sys

import Pyro5.api
from Pyro5 import config


def main(uri, directory):
    with Pyro5.api.Proxy(uri) as stranger:
        try:
            stranger.switch_on()
        except Pyro5.errors.CommunicationError:
            print("without TLS: not let in")

    config.SSL = True
    config.SSL_CACERTS = directory + "/ca.pem"
    config.SSL_CLIENTCERT = directory + "/operator.pem"
    config.SSL_CLIENTKEY = directory + "/operator.key"
    with Pyro5.api.Proxy(uri) as laser:
        print(laser.switch_on())


if __name__ == "__main__":
    main(*sys.argv[1].split())
