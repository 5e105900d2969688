"""The verb settings: this image takes none of users."""

from sources.contract.settings import show


def settings(arguments):
    """Its networks come trained: nothing can be told to them."""
    show({})
