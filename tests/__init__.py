"""A package, because a dependency of the tools installs a top-level package of the same name."""
