"""Training beside another: ``python -m benchmarks beside``.

Steps of a training on two threads, alone and while a second one like it runs, with OpenMP's threads as they wait by
themselves, spinning, and as ``import dicom_router`` has them wait. Each in a process of its own, since OpenMP reads its
variables once. Wall time, since contention costs nothing else.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

import dicom_router

VARIABLES: Final = dicom_router.OPENMP
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


def seconds(network: str, steps: int, variables: Mapping[str, str], trainings: int) -> float:
    """Return the seconds of a step, the mean over so many trainings at once."""
    others = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    command = (sys.executable, "-c", STEPS, network, str(steps))
    running = [
        subprocess.Popen(command, env={**others, **variables}, stdout=subprocess.PIPE, text=True)
        for _ in range(trainings)
    ]
    return sum(float(each.communicate()[0]) for each in running) / trainings


def main() -> None:
    """Print seconds a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    for network in NETWORKS:
        for words, variables in (("by itself", {}), ("as set here", VARIABLES)):
            alone, beside = (seconds(network, options.steps, variables, trainings) for trainings in (1, 2))
            print(f"{network:16} {words:12} alone {alone:6.3f} s a step, beside another {beside:6.3f} s", flush=True)


if __name__ == "__main__":
    main()
