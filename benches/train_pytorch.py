"""What `antiphon bench train --json` measures, in PyTorch: same sizes, same work, same JSON."""

import json
import statistics
import time

import torch

SIZES = [(100, 1024, 1), (100, 256, 1), (16, 128, 64), (10, 2048, 1)]
WARM_UP_STEPS, LEAST_STEPS, LEAST_SECONDS = 3, 5, 3.0
THREADS = 2


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
        "median_ms": 1e3 * statistics.median(times),
        "minimum_ms": 1e3 * min(times),
        "gflops": flops / min(times) / 1e9,
    }


torch.set_num_threads(THREADS)
print(json.dumps([time_training(*size) for size in SIZES], indent=2))
