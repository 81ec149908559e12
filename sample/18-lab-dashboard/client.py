"""A viewer without a browser: reads the events while instruments fail, disappear and return."""
import json
import sys
import urllib.request

import Pyro5.api


def read_events(url):
    """The statuses of all instruments, by their names, one dict for each event."""
    with urllib.request.urlopen(url + "/events", timeout=60) as response:
        for line in response:
            if line.startswith(b"data: {"):
                yield {instrument["name"]: instrument for instrument in json.loads(line[6:])["instruments"]}


def wait_for(events, name, state):
    for statuses in events:
        if statuses[name]["state"] == state:
            return statuses


def health(url, name):
    with urllib.request.urlopen(url + "/health", timeout=60) as response:
        result = json.load(response)
        return f"{response.status}, {name} degraded: {result['details'][name].get('degraded', False)}"


def main(url, thermometer_uri, balance_uri, gauge_uri, switch_uri):
    with urllib.request.urlopen(url, timeout=60) as page:
        print("policy of the page:", page.headers["content-security-policy"].split("; ")[0])
    events = read_events(url)
    for name in ["thermometer", "balance", "gauge"]:
        wait_for(events, name, "live")
        print(name, "is live")

    with Pyro5.api.Proxy(balance_uri) as balance:
        balance.move_lid(True)
        print("balance is failing:", wait_for(events, "balance", "failing")["balance"]["lastError"]["text"])
        balance.move_lid(False)
        status = wait_for(events, "balance", "live")["balance"]
        print("balance is live again; it keeps its last error:", status["lastError"]["text"])

    with Pyro5.api.Proxy(switch_uri) as switch:
        switch.turn_off("gauge")
        status = wait_for(events, "gauge", "away")["gauge"]
        print("gauge is away; its last value is kept:", status["value"] > 1000)
        print("thermometer goes on:", wait_for(events, "thermometer", "live")["thermometer"]["state"])
        print("health:", health(url, "gauge"))
        switch.turn_on("gauge")
        print("gauge is", wait_for(events, "gauge", "live")["gauge"]["state"], "again")


if __name__ == "__main__":
    main(*sys.argv[1].split())
