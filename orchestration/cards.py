"""The compute capability of NVIDIA's cards by their names, for drivers that do not tell it: those before 510.

Newer cards than these need a newer driver. Source: NVIDIA, CUDA GPU Compute Capability, and its legacy page.
"""

import re

_NAMES = (  # the first that is in the name; a laptop's card may be of another generation than its namesake
    (8.0, r"A100|A30\b|A800|CMP 170HX"),
    (8.6, r"RTX 30\d\d|RTX ?A\d+|\bA(2|10|10G|10M|16|40)\b|\bMX570|CMP 90HX"),
    (7.5, r"\bT4\b|RTX 20\d\d|GTX 16\d\d|TITAN RTX|(Quadro|GRID) RTX|\bT(400|500|550|600|1000|1200|2000)\b"
          r"|\bMX(450|550)\b|CMP [345]0HX"),
    (7.0, r"V100|TITAN V\b|GV100"),
    (6.0, r"P100|GP100"),
    (6.1, r"GTX 10\d\d|GT 10[13]0|\bMX(150|[23]\d0)\b|TITAN Xp|NVIDIA TITAN X\b|TITAN X \(Pascal\)|\bP(4|6|40)\b"
          r"|Quadro P\d+|\bP10[246]-"),
    (5.2, r"GTX 9([56]0\b|65M|[78]0)|GTX TITAN X|\bM(4|6|40|60)\b|Quadro M([2456]000\b|2200\b|[345]000M|5500)"),
    (5.0, r"GTX 750|GTX 8[56]0M|GTX 9[56]0M|\b8[34]0M|9[34]0[AM]?X?\b|\bMX1[13]0\b|\bM10\b|Quadro M\d+"
          r"|Quadro K(620|1200|2200)\b"),
    (3.7, r"K80"),
    (3.5, r"K20|K40|GTX TITAN|GTX 780( Ti)?$|GT 7[123]0\b|Quadro K(5200|6000|510M|610M)\b"),
    (3.0, r"GTX? [678]\d\d|GRID K|Tesla K(8|10)\b|Quadro K\d+"),
    (2.0, r"GTX? [45]\d\d|GTS [45]\d\d|Tesla [CM]20\d\d|Quadro [456]000$"),
)


def capability(name: str) -> float | None:
    """Of a card by its name, such as "Tesla V100-SXM2-16GB": 7.0. None if it is not known here."""
    return next((known for known, names in _NAMES if re.search(names, name)), None)
