"""Two users and a stranger at one microscope."""
import sys

import Pyro5.api


class WelcomedProxy(Pyro5.api.Proxy):
    def _pyroValidateHandshake(self, response):
        print("welcome,", response["welcome"])


def as_user(uri, token):
    proxy = WelcomedProxy(uri)
    proxy._pyroHandshake = token
    return proxy


def main(uri):
    with as_user(uri, "a guess") as stage:
        try:
            stage.where()
        except Pyro5.errors.CommunicationError as refusal:
            print("refused:", str(refusal).rpartition(": ")[2])

    with as_user(uri, "token-of-ann") as stage:
        stage.move(40)
        print(stage.where())

    with as_user(uri, "token-of-bob") as stage:
        print(stage.where())
        try:
            stage.move(-40)
        except PermissionError as error:
            print("PermissionError:", error)


if __name__ == "__main__":
    main(sys.argv[1])
