"""Uses the survey, which uses the spectrometer, and shows what was recorded of that."""
import json
import sys

import Pyro5.api


def main(uri, recording):
    with Pyro5.api.Proxy(uri) as survey:
        print("instrument:", survey.instrument())
        print("gain:", survey.raise_gain())
        print("brightest:", survey.brightest(449, 600, 5000))
        print("sees 1200 nm:", survey.can_see(1200))
    print("the recording:")
    with open(recording, encoding="utf-8") as lines:
        for line in lines:
            print(" ", *(f"{name}: {value}" for name, value in json.loads(line).items()))


if __name__ == "__main__":
    main(*sys.argv[1].split())
