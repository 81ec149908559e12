"""Two customers at once: a connection is a cart."""
import sys
import time

import Pyro5.api


def main(cart_uri, shop_uri):
    with Pyro5.api.Proxy(shop_uri) as shop:
        with Pyro5.api.Proxy(cart_uri) as ann, Pyro5.api.Proxy(cart_uri) as bob:
            ann.add("apple")
            ann.add("pear")
            bob.add("pear")
            print("Ann has", ann.contents())
            print("Bob has", bob.contents())
            try:
                bob.add("pear")
            except LookupError as error:
                print("Bob:", error)
            print("Ann", ann.pay())
        print("both have left, Bob without paying")
        # the server hears of it a moment later
        deadline = time.monotonic() + 10
        while shop.left("pear") != 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        print("apples:", shop.left("apple"), "pears:", shop.left("pear"))


if __name__ == "__main__":
    main(*sys.argv[1].split())
