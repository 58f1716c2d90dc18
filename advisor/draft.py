"""A plan in the making: steps whose options carry their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, NamedTuple

from ..executors.plan import Plan
from ..executors.step import StepOptions, parse_step
from ..knowledge.messages import current_language
from ..knowledge.setting import Chosen
from .profile import Profile
from .recommendation import Recommendation


class Why(NamedTuple):
    """One option's value with the reason for it."""

    value: Any
    reason: str


@dataclass(frozen=True)
class PlanDraft:
    """Hold a plan, the reasons for its values, and what it leaves to people.

    Attributes:
        plan: None where nothing of the path can be run.
        comments: Reasons by place in the plan, as ``write_plan`` takes them.
        remaining: What a person does, in order.
        memory: What the training needs and whether it fits; empty where nothing is trained.
        prepared: Contents of files for the steps by hand, by path as seen from the plan.
        notice: What to know before all else, such as that nothing is trained here; empty where there is nothing.
        lost: Why other models and other ways to train lost; empty where nothing is trained.
    """

    plan: Plan | None
    comments: Mapping[str, str]
    remaining: tuple[str, ...]
    memory: str = ""
    prepared: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    notice: str = ""


@dataclass
class Steps:
    """Collect the steps of a plan and the reasons for their options."""

    steps: list[StepOptions] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, **options: Any) -> None:  # noqa: ANN401 - each step its own options
        """Append a step; an option may be a plain value, a ``Why``, or a mapping of either."""
        place = f"steps.{len(self.steps)}"
        self.steps.append(parse_step({"kind": kind} | self._plain(options, place)))

    def _plain(self, options: Mapping[str, Any], place: str) -> dict[str, Any]:
        values = {}
        for name, given in options.items():
            here = f"{place}.{name}"
            if isinstance(given, Why):
                self.comments[here] = given.reason
                values[name] = given.value
            elif isinstance(given, Mapping):
                values[name] = self._plain(given, here)
            else:
                values[name] = given
        return values


def reasoned(settings: Mapping[str, Chosen]) -> dict[str, Any]:
    """Return settings as options with reasons; a name such as ``method_options.rank`` becomes a nested one."""
    options: dict[str, Any] = {}
    for name, chosen in settings.items():
        outer, _, inner = name.partition(".")
        why = Why(chosen.value, f"{chosen.why} [{', '.join(chosen.evidence)}]")
        if inner:
            options.setdefault(outer, {})[inner] = why
        else:
            options[name] = why
    return options


def title_page(profile: Profile, recommendation: Recommendation, seed: int) -> dict[str, Any]:
    """Return what stands at the head of every plan, in the current language.

    Args:
        profile: Its id begins the title.
        recommendation: What the plan carries out.
        seed: Decides all chance.
    """
    return {
        "title": " ".join(filter(None, [profile.id, recommendation.label])),
        "language": current_language(),
        "label": recommendation.label,
        "seed": seed,
        "knowledge": version("ftadvisor"),
    }
