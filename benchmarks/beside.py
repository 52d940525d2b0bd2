"""Training beside other work: ``python -m benchmarks beside``.

Steps of a training on two threads, alone and while another process keeps one core busy, with OpenMP's threads spinning
while they wait (its own way, ``OMP_WAIT_POLICY`` unset) and asleep (as ``import dicom_router`` sets it). Each in a
process of its own, since OpenMP reads the variable once. Wall time: it is what contention costs.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

VARIABLE: Final = "OMP_WAIT_POLICY"
NETWORKS: Final = ("resnet18", "efficientnet_b0")
STEPS: Final = """
import sys, time, timm, torch
torch.manual_seed(0)
torch.set_num_threads(2)
network = timm.create_model(sys.argv[1], in_chans=1, num_classes=5).train()
optimizer = torch.optim.AdamW(network.parameters())
pixels, labels = torch.rand(32, 1, 96, 96), torch.arange(32) % 5
def step():
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(network(pixels), labels).backward()
    optimizer.step()
step()
start = time.perf_counter()
for _ in range(int(sys.argv[2])):
    step()
print((time.perf_counter() - start) / int(sys.argv[2]))
"""


def seconds(network: str, steps: int, policy: str | None) -> float:
    """Return the seconds of a step, with ``OMP_WAIT_POLICY`` set to ``policy`` or unset."""
    others = {name: value for name, value in os.environ.items() if name != VARIABLE}
    variables = others if policy is None else {**others, VARIABLE: policy}
    command = (sys.executable, "-c", STEPS, network, str(steps))
    return float(subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout)


@contextmanager
def busy() -> Iterator[None]:
    """Keep a core busy."""
    process = multiprocessing.get_context("spawn").Process(target=_turn, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _turn() -> None:
    while True:
        pass


def main() -> None:
    """Print seconds a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    for network in NETWORKS:
        for words, policy in (("spinning", None), ("asleep", "PASSIVE")):
            alone = seconds(network, options.steps, policy)
            with busy():
                beside = seconds(network, options.steps, policy)
            print(f"{network:16} {words:9} alone {alone:6.3f} s a step, beside {beside:6.3f} s", flush=True)


if __name__ == "__main__":
    main()
