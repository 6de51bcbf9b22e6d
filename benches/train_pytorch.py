"""What `antiphon bench train --json` measures, in PyTorch: same sizes, same work, same JSON.

Given the path of `antiphon`, measures both in turn, on the same number of threads, and prints
how many times as fast `antiphon` is at each size: `train_pytorch.py target/release/antiphon`.
"""

import argparse
import json
import statistics
import subprocess
import time

import torch

SIZES = [(100, 1024, 1), (100, 256, 1), (16, 128, 64), (10, 2048, 1)]
WARM_UP_STEPS, LEAST_STEPS, LEAST_SECONDS = 3, 5, 3.0


def time_training(rows, units, steps):
    """Times forward pass, loss, backward pass and Adam of one LSTM layer under a dense head."""
    torch.manual_seed(1)
    lstm = torch.nn.LSTM(units, units)
    head = torch.nn.Linear(units, units)
    parameters = [*lstm.parameters(), *head.parameters()]
    adam = torch.optim.Adam(parameters, lr=1e-4, fused=True)
    frames = torch.rand(steps, rows, units) * 1.6 - 0.8
    labels = torch.rand(steps, rows, units) * 1.6 - 0.8
    state = (torch.zeros(1, rows, units), torch.zeros(1, rows, units))
    times = []
    start = None
    while len(times) < WARM_UP_STEPS + LEAST_STEPS or time.perf_counter() - start < LEAST_SECONDS:
        if len(times) == WARM_UP_STEPS:
            start = time.perf_counter()
        before = time.perf_counter()
        outputs, state = lstm(frames, state)
        state = tuple(s.detach() for s in state)
        loss = torch.nn.functional.mse_loss(torch.tanh(head(outputs)), labels)
        adam.zero_grad()
        loss.backward()
        adam.step()
        times.append(time.perf_counter() - before)
    times = times[WARM_UP_STEPS:]
    flops = 2 * rows * steps * (4 * units * 2 * units + units * units) * 3
    return {
        "rows": rows,
        "units": units,
        "time_steps": steps,
        "threads": torch.get_num_threads(),
        "median_ms": 1e3 * statistics.median(times),
        "minimum_ms": 1e3 * min(times),
        "gflops": flops / min(times) / 1e9,
    }


def best(rounds):
    """For each size the least of the medians and of the minima, in ms: load only adds to them."""
    return [[min(r[key] for r in size) for key in ("median_ms", "minimum_ms")]
            for size in zip(*rounds)]


def compare(antiphon, threads, rounds):
    """Measures both in turn, and prints the ratios."""
    command = [antiphon, "bench", "train", "--json", "--threads", str(threads)]
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))
        theirs.append([time_training(*size) for size in SIZES])
    print(f"{threads} threads, {rounds} rounds, PyTorch {torch.__version__} "
          f"({torch.backends.cpu.get_cpu_capability()})")
    print("rows  units  steps      medians: antiphon  PyTorch  ratio    minima: antiphon  PyTorch  ratio")
    for size, (median, minimum), (their_median, their_minimum) in zip(
        SIZES, best(ours), best(theirs)
    ):
        print("{:4}  {:5}  {:5}  {:21.2f}  {:7.2f}  {:5.2f}  {:18.2f}  {:7.2f}  {:5.2f}".format(
            *size, median, their_median, their_median / median,
            minimum, their_minimum, their_minimum / minimum))


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("antiphon", nargs="?", help="path of the program to compare with")
parser.add_argument("--threads", type=int, default=2, help="threads of both (default: 2)")
parser.add_argument("--rounds", type=int, default=3, help="measurements of each (default: 3)")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
if arguments.antiphon:
    compare(arguments.antiphon, arguments.threads, arguments.rounds)
else:
    print(json.dumps([time_training(*size) for size in SIZES], indent=2))
