"""The compute capability of NVIDIA's cards by their names, for drivers that do not tell it: those before 510.

Newer cards than these need a newer driver. Source: NVIDIA, CUDA GPU Compute Capability, and its legacy page.
"""

import re

_NAMES = (  # the first that is in the name
    (8.0, r"A100|A30\b|A800"),
    (8.6, r"RTX 30\d\d|RTX A\d+|\bA(2|10|10G|16|40)\b"),
    (7.5, r"\bT4\b|RTX 20\d\d|GTX 16\d\d|TITAN RTX|Quadro RTX|\bT(400|500|600|1000|1200|2000)\b"),
    (7.0, r"V100|TITAN V\b|GV100"),
    (6.0, r"P100|GP100"),
    (6.1, r"GTX 10\d\d|GT 1030|TITAN Xp|NVIDIA TITAN X\b|TITAN X \(Pascal\)|Tesla P(4|6|40)\b|Quadro P\d+"),
    (5.2, r"GTX 9[5-8]0|GTX TITAN X|Tesla M(4|6|40|60)\b|Quadro M([4-6]000|2200)\b"),
    (5.0, r"GTX 750|GTX 8[56]0M|GTX 9[56]0M|9[34]0MX?\b|Tesla M10\b|Quadro M\d+|Quadro K(620|1200|2200)\b"),
    (3.7, r"K80"),
    (3.5, r"K20|K40|GTX TITAN|GTX 780|Quadro K(5200|6000|510M|610M)\b"),
    (3.0, r"GTX 6\d\d|GTX 7[67]0|GRID K|Tesla K(8|10)\b|Quadro K\d+"),
    (2.0, r"GTX [45]\d\d|GTS [45]\d\d|Tesla [CM]20\d\d|Quadro [456]000$"),
)


def capability(name: str) -> float | None:
    """Of a card by its name, such as "Tesla V100-SXM2-16GB": 7.0. None if it is not known here."""
    return next((known for known, names in _NAMES if re.search(names, name)), None)
