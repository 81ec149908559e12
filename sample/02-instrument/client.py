"""A script of the lab: it calls Nest, which calls the instrument."""
import sys

import Pyro5.api


def main(uri):
    with Pyro5.api.Proxy(uri) as survey:
        print("gain:", survey.set_gain(2))
        print("brightest:", survey.brightest(400, 700, enough=9000))
        try:
            survey.set_gain(11)
        except ValueError as error:
            print("ValueError:", error)


if __name__ == "__main__":
    main(sys.argv[1])
