"""Which library versions' behaviour applies."""

import pytest
from ftadvisor.executors.estimate.stacks import stack_for, stack_named
from ftadvisor.executors.estimate.unsupported import UnsupportedError


def test_the_stack_for_a_version() -> None:
    assert stack_for("4.48.1").id == "transformers-4.48"
    assert stack_for("5.13.0").id == "current"


@pytest.mark.parametrize("minor", range(32, 58))
def test_no_version_since_4_32_is_without_a_stack(minor: int) -> None:
    assert stack_for(f"4.{minor}.0").id.startswith("transformers-4.")


def test_the_installed_libraries_have_a_stack() -> None:
    assert stack_named("installed").id == "current"


def test_unknown_versions_and_names_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"3\.0"):
        stack_for("3.0.2")
    with pytest.raises(UnsupportedError, match="installed"):
        stack_named("tomorrow")
