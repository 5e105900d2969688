"""Chainer's import warns of what has aged around it; here, where warnings are errors, nothing would be collected."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import chainer  # noqa: F401
