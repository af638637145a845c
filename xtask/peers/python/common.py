"""What the compared Python programs share: reading a workload, timing it, printing the figures.

The twin of ../common, whose data.rs describes a workload's file.
"""

import argparse
import json
import math
import pathlib
import time

import numpy as np

EPS = 1e-5
NORM_MOMENTUM = 0.1
MOMENTUM = 0.9
BETAS = (0.9, 0.999)
ADAM_EPS = 1e-8

STEPS = 10
MIN_STEPS = 10


class Layer:
    """A linear layer, and the batch normalization behind it or None."""

    def __init__(self, take, n_in, n_out, norm):
        self.weight = take(n_out, n_in)
        self.bias = take(n_out)
        names = ("weight", "bias", "running_mean", "running_var")
        self.norm = {name: take(n_out) for name in names} if norm else None


class Workload:
    """A network, its initial weights and its data."""

    def __init__(self, path):
        with open(path, "rb") as file:
            head = dict(pair.split("=") for pair in file.readline().decode().split())
            numbers = np.fromfile(file, dtype="<f4")
        position = 0

        def take(*shape):
            nonlocal position
            begin, position = position, position + math.prod(shape)
            return numbers[begin:position].reshape(shape)

        self.name = head["name"]
        self.widths = [int(width) for width in head["widths"].split(",")]
        self.batch, self.rows = int(head["batch"]), int(head["rows"])
        self.relu_last = head["relu_last"] == "1"
        self.loss, self.optimizer, self.lr = head["loss"], head["optimizer"], float(head["lr"])
        self.x = take(self.rows, self.widths[0])
        self.targets = take(self.rows, self.widths[-1]) if self.loss == "mse" else None
        self.labels = take(self.rows).astype(np.int64) if self.loss == "cross-entropy" else None
        last = len(self.widths) - 2
        self.layers = [
            Layer(take, self.widths[i], self.widths[i + 1], head["norm"] == "1" and i < last)
            for i in range(last + 1)
        ]
        self.order = take(self.rows).astype(np.int64) if head["epoch"] == "1" else None

    def relu_behind(self, i):
        return i + 1 < len(self.layers) or self.relu_last


class Program:
    """One workload, ready to run. `step` returns when its work is done, `step_rows` may leave that to `finish`."""

    def step(self):
        """A training step, or a call of inference, with all rows of the data."""
        raise NotImplementedError

    def step_rows(self, rows):
        """A training step with these rows of the data, gathered into a batch: a part of an epoch."""
        raise NotImplementedError

    def finish(self):
        """Waits for what is still under way."""

    def epoch(self, order, batch):
        """Every row once."""
        for begin in range(0, len(order), batch):
            self.step_rows(order[begin : begin + batch])
        self.finish()

    def loss(self):
        """The loss as the last step saw it; of inference, the mean square of the logits."""
        raise NotImplementedError


def measure(program, workload, seconds):
    """The loss after ten steps, and the sorted times of the following ones in microseconds; of an epoch, one time."""
    order, batch = workload.order, workload.batch
    for i in range(STEPS + 1):
        if order is None:
            program.step()
        else:
            program.step_rows(order[i * batch : (i + 1) * batch])
    loss = float(program.loss())
    if order is not None:
        # The last batch is a smaller one: programs that compile for a shape have now seen it.
        program.step_rows(order[len(order) - (len(order) % batch or batch) :])
        program.finish()
        begin = time.perf_counter_ns()
        program.epoch(order, batch)
        return loss, [(time.perf_counter_ns() - begin) / 1000]
    step, clock = program.step, time.perf_counter_ns
    end = clock() + int(0.2 * seconds * 1e9)
    while clock() < end:
        step()
    times = []
    end = clock() + int(seconds * 1e9)
    while len(times) < MIN_STEPS or clock() < end:
        begin = clock()
        step()
        times.append((clock() - begin) / 1000)
    return loss, sorted(times)


def main(load):
    """Runs a program on every workload asked for. `load` makes it ready for one, or returns None if it has none such."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--workloads", required=True)
    options = parser.parse_args()
    for name in options.workloads.split(","):
        workload = Workload(options.data / f"{name}.bin")
        program = load(workload, options.threads)
        if program is None:
            continue
        loss, times = measure(program, workload, options.seconds)
        figures = {
            "workload": name,
            "peer": options.peer,
            "threads": options.threads,
            "best_us": times[0],
            "median_us": times[len(times) // 2],
            "loss_after_10": loss if math.isfinite(loss) else None,
        }
        print(json.dumps(figures), flush=True)
