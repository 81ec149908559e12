"""Three workers that pull jobs from Nest, and a customer whom Nest calls back with their results."""
import sys
import threading

import Pyro5.api


def factorize(number):
    factors, factor = [], 2
    while number > 1:
        while number % factor == 0:
            factors.append(factor)
            number //= factor
        factor += 1
    return factors


def work(uri):
    with Pyro5.api.Proxy(uri) as dispatcher:
        while True:
            job = dispatcher.next_job()
            if job is None:
                return
            dispatcher.done(job, factorize(job["number"]))


@Pyro5.api.expose
class Customer:
    def __init__(self, expected):
        self.results = {}
        self.expected = expected
        self.complete = threading.Event()

    @Pyro5.api.callback
    def finished(self, number, factors):
        self.results[number] = factors
        if len(self.results) == self.expected:
            self.complete.set()


def main(uri):
    numbers = [12, 97, 1001, 5040, 65537, 999983]
    customer = Customer(len(numbers))
    daemon = Pyro5.api.Daemon(host="127.0.0.1")
    daemon.register(customer)
    threading.Thread(target=daemon.requestLoop, daemon=True).start()

    with Pyro5.api.Proxy(uri) as dispatcher:
        print("submitted:", dispatcher.submit(numbers, customer))
    workers = [threading.Thread(target=work, args=(uri,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    if not customer.complete.wait(30):
        raise SystemExit("the results did not come")
    for worker in workers:
        worker.join()
    for number in numbers:
        print(number, "=", " * ".join(map(str, customer.results[number])))


if __name__ == "__main__":
    main(sys.argv[1])
