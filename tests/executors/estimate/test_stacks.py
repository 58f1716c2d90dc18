"""Which library versions' behaviour applies."""

import pytest
from ftadvisor.executors.estimate.stacks import stack_for, stack_named
from ftadvisor.executors.estimate.unsupported import UnsupportedError


def test_the_stack_for_a_version() -> None:
    assert stack_for("4.48.1").id == "transformers-4.48"
    assert stack_for("5.13.0").id == "current"


def test_the_installed_libraries_have_a_stack() -> None:
    assert stack_named("installed").id == "current"


def test_unknown_versions_and_names_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"3\.0"):
        stack_for("3.0.2")
    with pytest.raises(UnsupportedError, match="installed"):
        stack_named("tomorrow")
