"""Imports web3 once, where its own dependency's deprecation warning is not ours to heed."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import web3  # noqa: F401
