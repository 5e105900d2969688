"""At which scale a study was run, in words: so that nobody takes a small one for a reproduction."""

from attribution.report.numbers import shown


def of_study(config, paper):
    """One sentence: images and pixels here, and in the paper. paper: "scale" of figures.json."""
    images = config["manifest"].get("images")
    here = f"{config['resolution']} × {config['resolution']} pixels"
    if images:
        here += (f", {images['train']:,} images of each source to learn from and {images['test']:,} "
                 "to be tested on")
    return (f"Here {here}; in the paper {paper['resolution']} × {paper['resolution']} pixels, "
            f"{paper['train']:,} and {paper['test']:,} images (numbers of images recalled, not verified).")


def of_experiment(config, paper, experiment):
    """The same in short, and which of the experiment's own settings are not the published ones."""
    images = config["manifest"].get("images")
    counts = (f"{images['train']:,} + {images['test']:,} images of each source, " if images else "",
              f"{paper['train']:,} + {paper['test']:,}, ")
    here, there = (f"{count}{side} × {side} pixels" for count, side in zip(
        counts, (config["resolution"], paper["resolution"]), strict=True))
    others = "; ".join(f"{name.replace('_', ' ')} {_value(experiment.settings[name])}, not {_value(usual)}"
                       for name, usual in experiment.changes.items())
    return f"Scale: {here}; the paper: {there}." + (f" Of its settings: {others}." if others else "")


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
