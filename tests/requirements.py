"""What the requirements files install, as canonical names of packages and as names that Python imports."""

from importlib.metadata import packages_distributions, requires

from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_DISTRIBUTIONS = {
    module: {canonicalize_name(name) for name in names} for module, names in packages_distributions().items()
}


def named(file: str) -> set[str]:
    """The packages that a requirements file names, including those of the files that it includes."""
    packages = set()
    for line in (ROOT / file).read_text().splitlines():
        if line.startswith("-r "):
            packages |= named(line[3:])
        elif line and not line.startswith("#"):
            packages.add(canonicalize_name(Requirement(line).name))
    return packages


def packages_of(module: str) -> set[str]:
    """The installed packages that provide a top-level module; none if it is built in or absent."""
    return _DISTRIBUTIONS.get(module, set())


def modules_without(packages: set[str]) -> set[str]:
    """Installed top-level modules that neither these packages provide nor any that they require."""
    allowed, left = set(), set(packages)
    while left:
        package = left.pop()
        allowed.add(package)
        wanted = map(Requirement, requires(package) or [])
        needed = {each.name for each in wanted if not each.marker or each.marker.evaluate({"extra": ""})}
        left |= set(map(canonicalize_name, needed)) - allowed
    return {module for module, providers in _DISTRIBUTIONS.items() if not providers & allowed}
