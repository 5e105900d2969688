"""The verb settings: this image takes none of users."""

from sources.contract.settings import show


def settings(arguments):
    """What an experiment can be told stands in experiments/, and is checked with the manifest."""
    show({})
