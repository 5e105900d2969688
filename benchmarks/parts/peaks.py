"""What the machine can do at most, by PyTorch. Run inside its image; prints JSON.

The best of several times: operations a second of a product of matrices and of 3x3 convolutions,
these in bfloat16 too where the processor has it, and bytes a second that a copy reads and writes.
"""

import json
import time

import torch
from torch.nn import functional

_TIMES = 7


def main():
    """Measure and print."""
    torch.manual_seed(0)
    left, right = torch.rand(2, 2048, 2048)
    images, weight = torch.rand(16, 256, 32, 32), torch.rand(256, 256, 3, 3)
    long, other = torch.rand(2, 1 << 26)
    convolution = 2 * 16 * 32 * 32 * weight.numel()
    found = {
        "float32_matmul": 2 * 2048 ** 3 / fastest(lambda: left @ right),
        "float32_convolution": convolution / fastest(lambda: convolved(images, weight)),
        "bfloat16_convolution": None,
        "copy_bytes": 2 * 4 * len(long) / fastest(lambda: other.copy_(long))}
    if has_bfloat16():
        half = images.bfloat16(), weight.bfloat16()
        found["bfloat16_convolution"] = convolution / fastest(lambda: convolved(*half))
    print(json.dumps(found))


def fastest(work):
    """Seconds, the fewest of several times."""
    seconds = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def convolved(images, weight):
    """A 3x3 convolution of images whose channels are last in memory."""
    return functional.conv2d(images.contiguous(memory_format=torch.channels_last), weight, padding=1)


def has_bfloat16():
    """Whether the processor multiplies such numbers itself."""
    with open("/proc/cpuinfo") as stream:
        flags = stream.read()
    return "avx512_bf16" in flags or "amx_bf16" in flags


if __name__ == "__main__":
    with torch.no_grad():
        main()
