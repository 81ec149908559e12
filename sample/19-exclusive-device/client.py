"""Ann's program is killed in the middle of a motion. The stage is parked, and Bob, who waits, gets it."""
import subprocess
import sys
import threading
import time

import Pyro5.api


def connect(uri, name, token=None):
    stage = Pyro5.api.Proxy(uri)
    stage._pyroHandshake = {"name": name, "token": token}
    return stage


def attempt(what, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
        print(what, "- done")
    except Exception as error:
        print(f"{what} - {type(error).__name__}: {error}")


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen within 30 s")
        time.sleep(0.01)


def run_ann(uri):
    """Moves the stage to and fro until somebody kills this program."""
    with connect(uri, "Ann", "token-of-ann") as ann:
        ann.acquire()
        print("Ann holds the stage", flush=True)
        while True:
            ann.move_to(100)
            ann.move_to(20)


def run_bob(uri):
    """Waits for the stage, and uses it."""
    with connect(uri, "Bob", "token-of-bob") as bob:
        bob.acquire(wait_seconds=60)
        status = bob.status()
        print(f"Bob holds the stage; parked: {status['parked']}, at {status['position']} mm")
        print("Bob moves it to", bob.move_to(7.5), "mm")
        attempt("Bob moves it too far", bob.move_to, 120)
        bob.release()
        print("Bob releases it; it stays at", bob.status()["position"], "mm")


def show_killed_holder(uri, ann_program):
    print(ann_program.stdout.readline(), end="")
    with connect(uri, "Bob", "token-of-bob") as bob, connect(uri, "Gus") as guest:
        wait_for(lambda: guest.status()["position"] > 30)
        print("Gus, a guest, sees it move; the holder is", guest.status()["holder"])
        attempt("Gus acquires", guest.acquire)
        attempt("Bob moves", bob.move_to, 50)
        attempt("Bob acquires", bob.acquire)
        attempt("Bob acquires within 0.1 s", bob.acquire, wait_seconds=0.1)
        waiting_bob = threading.Thread(target=run_bob, args=(uri,))
        waiting_bob.start()
        wait_for(lambda: guest.status()["waiting"] == ["Bob"])
        print("Bob waits in the queue")
        ann_program.kill()
        print("Ann's program is killed")
        waiting_bob.join()


def show_end_of_lease(uri):
    with connect(uri, "Ann", "token-of-ann") as ann, connect(uri, "Bob", "token-of-bob") as bob:
        ann.acquire(lease_seconds=0.2)
        bob.acquire(wait_seconds=60)
        status = bob.status()
        print(f"Ann does nothing for 0.2 s; parked: {status['parked']}, the holder is {status['holder']}")
        attempt("Ann moves", ann.move_to, 50)


def show_refused_handshakes(uri):
    for who, stage in [("a client without a name", Pyro5.api.Proxy(uri)), ("Ann with a wrong token", connect(uri, "Ann", "a guess"))]:
        try:
            stage.status()
        except Pyro5.errors.CommunicationError as error:
            print(f"{who} - {str(error).split('rejected: ')[-1]}")


def main(uri):
    ann_program = subprocess.Popen([sys.executable, __file__, uri, "ann"], stdout=subprocess.PIPE, text=True)
    try:
        show_killed_holder(uri, ann_program)
    finally:
        ann_program.kill()
        ann_program.wait()
    show_end_of_lease(uri)
    show_refused_handshakes(uri)


if __name__ == "__main__":
    if sys.argv[2:] == ["ann"]:
        run_ann(sys.argv[1])
    else:
        main(sys.argv[1])
