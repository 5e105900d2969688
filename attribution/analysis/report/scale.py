"""At which scale a study was run, in words: so that nobody takes a small one for a reproduction."""

from attribution.analysis.report.numbers import shown


def of_study(config, paper):
    """One sentence: images and pixels here, and in the paper. paper: "scale" of figures.json."""
    return (f"Run at {_words(config['resolution'], config['manifest'].get('images'))}. The paper: "
            f"{_words(paper['resolution'], paper)} (numbers of images recalled, not verified).")


def of_experiment(config, paper, experiment):
    """The same in short, and which of the experiment's own settings are not the usual ones."""
    others = "; ".join(
        f"{name.replace('_', ' ')} {_value(experiment.settings[name])}, by default {_value(usual)}"
        for name, usual in experiment.changes.items())
    here = _words(config["resolution"], config["manifest"].get("images"))
    return (f"Run at {here}; the paper: {_pixels(paper['resolution'])}, {paper['train']:,} and "
            f"{paper['test']:,}." + (f" Settings: {others}." if others else ""))


def _words(resolution, images):
    counts = (f" with {images['train']:,} images of each source to learn from and "
              f"{images['test']:,} to be tested on") if images else ""
    return _pixels(resolution) + counts


def _pixels(resolution):
    return f"{resolution}\u00a0×\u00a0{resolution}\u00a0pixels"


def smaller(config):
    """Which sources and methods have settings of their own: [(name, how many)]."""
    manifest = config["manifest"]
    named = {**manifest.get("sources", {}), **manifest.get("methods", {})}
    return [(name, len(one["settings"])) for name, one in named.items() if one.get("settings")]


def _value(value):
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return shown(value)
    return str(value) or "the usual one"
