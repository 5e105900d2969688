"""The verb measure: what an experiment finds, from the finished stages that it asked for."""

import experiments
from attribution.analysis.lab import Lab
from sources.contract import atomic, events
from sources.contract.errors import BadInput
from sources.contract.settings import read_config


def measure(arguments):
    """Write result.json: the dict that the experiment's `measure` returns."""
    if arguments.experiment not in experiments.names():
        raise BadInput(f"{arguments.experiment}: there is no such experiment; there are "
                       f"{', '.join(experiments.names())}")
    experiment, config = experiments.load(arguments.experiment), read_config(arguments.config)
    lab = Lab(arguments.inputs, dict(config["inputs"]), config["rows"])
    result = experiment.measure(lab, experiment.Settings(**config["settings"]))
    atomic.make_folder(arguments.out)
    atomic.write_json(f"{arguments.out}/result.json", result)
    events.done(out=arguments.out)
