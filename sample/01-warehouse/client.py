"""Uses the warehouse as any Pyro5 object: this script knows nothing of Nest."""
import sys

import Pyro5.api


def main(uri):
    with Pyro5.api.Proxy(uri) as stranger:
        try:
            stranger.list_contents()
        except Pyro5.errors.CommunicationError as refusal:
            print("without a token:", str(refusal).rpartition(": ")[2])

    with Pyro5.api.Proxy(uri) as warehouse:
        warehouse._pyroHandshake = "token-of-ann"
        print("in stock:", warehouse.list_contents())
        print(warehouse.take("chair"))
        warehouse.store({"name": "lamp", "quantity": 3})
        print("items:", warehouse.item_count)
        try:
            warehouse.take(item="piano")
        except LookupError as error:
            print("LookupError:", error)
        try:
            warehouse.store({"name": "lamp", "quantity": 1000})
        except ValueError as error:
            print("ValueError:", *error.args)
        for entry in warehouse.history():
            print("history:", entry["person"], entry["item"], entry["quantity"])


if __name__ == "__main__":
    main(sys.argv[1])
