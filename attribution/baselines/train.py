"""The verb train."""

from attribution.baselines import passes
from sources.contract import methods, training
from sources.contract.errors import BadInput


class _Planned:
    """The settings of a method, and the steps that its images make of them."""

    def __init__(self, settings, steps):
        self._asdict, self.steps = settings._asdict, steps
        self.checkpoint_every = settings.checkpoint_every


def train(arguments):
    """Learn from the rows for training, choose by those for validation; continue in `out`."""
    method = arguments.method
    settings = method.read(arguments.config)
    sets = methods.TrainingSets(arguments)
    if len(sets.names) < 2:
        raise BadInput(f"--images {sets.names[0]}: a method tells two labels or more apart")
    plan = method.plan(settings, sets)

    def new_trainer(_, *words):
        return method.Trainer(settings, *words, len(sets.names), plan)

    training.run(arguments, sets, _Planned(settings, len(plan)), passes.Reading(plan), new_trainer,
                 architecture=method.NAME, labels=sets.names)
