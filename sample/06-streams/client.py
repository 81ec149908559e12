"""A slow reader of fast sources."""
import sys
import time

import Pyro5.api


def main(uri):
    with Pyro5.api.Proxy(uri) as recorder:
        print("a generator waits for its reader:")
        for sample in recorder.samples():
            print(" ", sample)
            time.sleep(0.05)
            if sample >= 16:
                break
        print("  samples taken:", recorder.samples_taken)

        print("an Observable does not:")
        print("  dropOldest:", list(recorder.latest_events(20)))
        print("  dropNewest:", list(recorder.first_events(20)))
        try:
            list(recorder.all_events(20))
        except BufferError as error:
            print("  error: BufferError:", error)
        print("  no reader too slow:", list(recorder.all_events(5)))


if __name__ == "__main__":
    main(sys.argv[1])
