"""How often the advice is what a practitioner who saw no rule would accept.

    python tests/benchmarks/labelled_profiles.py [--readme]

Profiles with their labels (``tests/advisor/labelled_profiles.jsonl``) and situations told in words
(``described_situations.jsonl``, ``new_situations.jsonl``, ``later_situations.jsonl``) were made apart from the rules;
how, says the README beside them. With ``--readme`` the figures are written into README.md; each miss is printed either
way.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.advisor.labels import covers
from ftadvisor.advisor.recommend import recommend
from ftadvisor.executors.intervals import Interval, interval
from readme import README, replaced

SETS = Path(__file__).parents[1] / "advisor"
SEED = 17
PARTS = {
    ("labelled_profiles", "published"): "profiles with a published outcome 档案，有公开结果",
    ("labelled_profiles", "judgement"): "profiles judged by a practitioner 档案，由从业者判断",
    ("described_situations", "en"): "told in English words 英文描述",
    ("described_situations", "zh"): "told in Chinese words 中文描述",
    ("new_situations", "en"): "told in English words, by others and later 英文描述，由另外的人后写",
    ("new_situations", "zh"): "told in Chinese words, by others and later 中文描述，由另外的人后写",
    ("later_situations", "en"): "told in English words, after all else 英文描述，在一切之后写",
    ("later_situations", "zh"): "told in Chinese words, after all else 中文描述，在一切之后写",
}


def judged(case: dict[str, Any]) -> tuple[str, bool, bool]:
    """Return the advice for a profile or a description, whether it is acceptable, whether it is a costly mistake."""
    told = "description" in case
    profile = understand(case["description"]).profile() if told else profile_from(case["profile"])
    label = recommend(profile, brief=True).label
    return label, *(any(covers(one, label) for one in case[kind]) for kind in ("acceptable", "wrong"))


def share(held: list[bool]) -> Interval:
    """Return how often something holds, with its 95 % interval."""
    return interval([float(one) for one in held], SEED)


def shown(found: Interval) -> str:
    """Return a share in per cent with its interval."""
    return f"{found['value']:.0%} [{found['low']:.0%}, {found['high']:.0%}]"


def table(cases: list[dict[str, Any]], results: list[tuple[str, bool, bool]]) -> str:
    """Return one row for each kind of situation."""
    kinds = [(case["set"], case.get("basis", "").partition(":")[0] or case["language"]) for case in cases]
    parts = {title: [one == kind for one in kinds] for kind, title in PARTS.items()}
    rows = [
        "| situations 情境 | count 数量 | acceptable 可接受 | costly mistake 代价大的错误 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, chosen in parts.items():
        found = [result for result, inside in zip(results, chosen, strict=True) if inside]
        good, bad = share([one[1] for one in found]), share([one[2] for one in found])
        rows.append(f"| {name} | {len(found)} | {shown(good)} | {shown(bad)} |")
    return "\n".join(rows)


def read_set(name: str) -> list[dict[str, Any]]:
    """Return the situations of a set, each with the set's name."""
    lines = (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) | {"set": name} for line in lines]


def main() -> None:
    """Judge all profiles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    write = parser.parse_args().readme
    cases = [case for name in dict.fromkeys(name for name, _ in PARTS) for case in read_set(name)]
    results = [judged(case) for case in cases]
    for case, (label, good, bad) in zip(cases, results, strict=True):
        if not good:
            print(f"{'mistake' if bad else 'weaker':8}{case['id']}: {label}, not {', '.join(case['acceptable'])}")
    print(table(cases, results))
    if write:
        text = replaced(README.read_text(encoding="utf-8"), "labelled", table(cases, results))
        README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
