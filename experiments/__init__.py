"""The experiments of the study, one file each: every file of this folder but parts.py is one.

A file NAME.py has
    Settings                   a NamedTuple: what a manifest may change, with published value, unit, source
    steps(study, settings)     what has to be made: {name: handle}. Pure. study: orchestration/study.py
    measure(lab, settings)     what is found: a dict of plain values. lab: attribution/analysis/lab.py
    section(result, figures)   what the report shows of it, a parts.Section; figures: the published ones

At its top it imports the standard library and its neighbours alone: the plan, the container of the analysis and
the report load it alike.
"""

import importlib
import pkgutil
from typing import Any


def names() -> list[str]:
    """The names of all experiments, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "parts")


def load(name: str) -> Any:
    """The module of an experiment."""
    return importlib.import_module(f"{__name__}.{name}")
