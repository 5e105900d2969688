"""What is told while something runs: the events of a stage and of a build."""

from collections.abc import Callable, Mapping
from typing import Any

Event = Mapping[str, Any]  # {"event": "log", "message": ...} and others: docs/contract.md
Tell = Callable[[Event], None]
