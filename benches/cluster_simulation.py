#!/usr/bin/env python3
"""How long a large plan takes on many workers, and what lies on the NATS server meanwhile.

    benches/cluster_simulation.py --workers 1000 --variations 10000000

A simulation of events: a job waits in the queue, is answered, is handed in, is fetched. What
each of these takes is measured by benches/cluster.py, and can be said by options. The server
and whoever sends do one thing at a time; workers are independent, and some die.
"""

import argparse
import heapq
import random


def simulate(o):
    rng = random.Random(1)
    # Ends of what somebody is doing: (when, what, worker).
    events, now = [], 0.0
    server_free = client_free = 0.0
    sent = done = queue = deepest = lost = 0
    in_store = most_in_store = 0.0
    in_flight = 0
    idle = list(range(o.workers))

    def serve(when, seconds):
        """When the server is done with something that comes at `when`."""
        nonlocal server_free
        server_free = max(server_free, when) + seconds
        return server_free

    def give_out(when):
        nonlocal queue
        while queue and idle:
            worker = idle.pop()
            queue -= 1
            begins = serve(when, o.server_ms / 3000)
            takes = rng.lognormvariate(0, o.spread) * o.answer
            if rng.random() < o.deaths:
                # Another gets the job when nothing was heard of this one for a while.
                heapq.heappush(events, (begins + takes * rng.random() + o.wait, "lost", worker))
            else:
                heapq.heappush(events, (begins + takes, "made", worker))

    def send(when):
        nonlocal sent, queue, in_flight, client_free, deepest
        while sent < o.variations and in_flight < o.jobs:
            client_free = max(client_free, when) + o.client_ms / 2000
            sent += 1
            in_flight += 1
            queue += 1
        deepest = max(deepest, queue)
        give_out(max(when, client_free))

    send(0.0)
    while done < o.variations:
        now, what, worker = heapq.heappop(events)
        if what == "lost":
            lost += 1
            queue += 1
            idle.append(worker)
        elif what == "made":
            stored = serve(now, o.server_ms / 3000)
            in_store += o.result_kb
            most_in_store = max(most_in_store, in_store)
            idle.append(worker)
            client_free = max(client_free, stored) + o.client_ms / 2000
            fetched = serve(client_free, o.server_ms / 3000)
            heapq.heappush(events, (fetched, "fetched", -1))
        else:
            in_store -= o.result_kb
            in_flight -= 1
            done += 1
        if what == "fetched":
            send(now)
        else:
            give_out(now)
    ideal = o.variations * o.answer / o.workers
    print(f"{o.variations} variations of {o.answer} s on {o.workers} workers, {o.jobs} in flight: "
          f"{now / 3600:.2f} h, {o.variations / now:.0f} a second; without any overhead "
          f"{ideal / 3600:.2f} h")
    print(f"deepest queue {deepest}; most in the object store {most_in_store / 1024:.0f} MB of "
          f"results; {lost} jobs were lost by workers and done again")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--variations", type=int, default=10_000_000)
    parser.add_argument("--jobs", type=int, default=1024, help="in flight of each who sends")
    parser.add_argument("--answer", type=float, default=1.0, help="seconds of one answer")
    parser.add_argument("--spread", type=float, default=0.3, help="how unequal they are")
    parser.add_argument("--server-ms", type=float, default=7.5,
                        help="of the server's time for one job, in milliseconds")
    parser.add_argument("--client-ms", type=float, default=10.0,
                        help="of the time of whoever sends, for one job, in milliseconds")
    parser.add_argument("--result-kb", type=float, default=700.0, help="of one result")
    parser.add_argument("--deaths", type=float, default=0.001, help="jobs of which a worker dies")
    parser.add_argument("--wait", type=float, default=10.0, help="seconds until that is noticed")
    simulate(parser.parse_args())


if __name__ == "__main__":
    main()
