"""Hypothesis without a time limit for single examples: the machine may be busy."""

from hypothesis import settings

settings.register_profile("plans", deadline=None)
settings.load_profile("plans")
