"""Train what the wording of descriptions speaks for, and measure it on situations that it was not trained on.

    python tests/benchmarks/train_wording.py [--write]

Trains from ``tests/advisor/reading/judged_{en,zh}.txt`` (the README beside it says how those came about): one
regression for each path, and for each variant among the situations whose path is acceptable. Five parts take turns in
being held out; on them the advice from the description is compared for several worths of the wording, none at all
first. With ``--write`` the weights, trained on everything, go to ``knowledge/wording/``.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cue_weights import content, matrix, pruned
from ftadvisor.advisor.describe.understand import understand
from ftadvisor.advisor.describe.wording import Worded, points_of, worded_cues
from ftadvisor.advisor.labels import RULE_NAMES, covers, names_of
from ftadvisor.advisor.rules import Verdict, judge
from ftadvisor.advisor.weighing import weigh
from ftadvisor.advisor.wiring import facts_of
from ftadvisor.knowledge.load import KNOWLEDGE

TEXTS = Path(__file__).parents[1] / "advisor" / "reading"
STRENGTH, FOLDS, SEED = 60.0, 5, 17
UNIT = 0.1
WORTH = (2.0, 1.0)
"""Points per unit of log-odds, of paths and of variants: the least of those in TRIED that do
as well as any on held-out situations, within a point: the more it is worth, the less the rules are."""
TRIED = ((0.0, 0.0), (1.0, 1.0), (2.0, 0.0), WORTH, (3.0, 1.0), (4.0, 2.0))
FEWEST_EXAMPLES = 8
"""A label that was found acceptable, or not, less often is not learnt."""
MOST_BYTES = 600_000
"""Of one language's file; the smallest weights are left out until it fits."""


class Judged(NamedTuple):
    """A description with the labels that are acceptable and those that would be a costly mistake."""

    text: str
    acceptable: tuple[str, ...]
    wrong: tuple[str, ...]

    def accepts(self, name: str) -> bool:
        """Tell whether a path is that of an acceptable label, or a variant is acceptable itself."""
        return any(name in names_of(label) or covers(label, name) for label in self.acceptable)


def judged(language: str) -> list[Judged]:
    """Return the judged situations of a language."""
    lines = (TEXTS / f"judged_{language}.txt").read_text(encoding="utf-8").splitlines()
    parts = [[part.strip() for part in line.split("|||")] for line in lines]
    return [Judged(text, _listed(acceptable), _listed(wrong)) for text, _, acceptable, wrong in parts]


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def trained(given: Sequence[Judged]) -> Worded:
    """Return the weights of one language, not pruned."""
    from sklearn.linear_model import LogisticRegression

    labels, constants, table = list[str](), list[int](), dict[str, list[int]]()
    for label in RULE_NAMES:
        path = label.partition(":")[0]
        told = [(_cues(one.text), one.accepts(label)) for one in given if ":" not in label or one.accepts(path)]
        if min(Counter(accepted for _, accepted in told).get(kind, 0) for kind in (True, False)) < FEWEST_EXAMPLES:
            continue
        counts = Counter(cue for found, _ in told for cue in found)
        names = sorted(cue for cue, count in counts.items() if count > 1)
        model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=SEED)
        model.fit(matrix([found for found, _ in told], names), [accepted for _, accepted in told])
        for name, weight in zip(names, model.coef_[0], strict=True):
            if whole := round(weight / UNIT):
                table.setdefault(name, []).extend((len(labels), whole))
        labels.append(label)
        constants.append(round(model.intercept_[0] / UNIT))
    return Worded(UNIT, WORTH, labels, constants, table)


def held_out(given: Sequence[Judged]) -> list[tuple[Judged, Worded]]:
    """Return every situation with weights that were trained on others."""
    order = random.Random(SEED).sample(given, len(given))
    found = []
    for fold in range(FOLDS):
        weights = pruned(trained([one for place, one in enumerate(order) if place % FOLDS != fold]), MOST_BYTES)
        found += [(one, weights) for one in order[fold::FOLDS]]
    return found


def share(pairs: Iterable[tuple[Judged, Worded]], worth: tuple[float, float]) -> tuple[float, float]:
    """Return the shares of acceptable advice and of costly mistakes, for one worth of the wording."""
    good, bad, count = 0, 0, 0
    for one, weights in pairs:
        points = points_of(_cues(one.text), weights._replace(worth=worth))
        label = weigh(_verdicts(one.text), tuple(points.items())).label()
        good += any(covers(other, label) for other in one.acceptable)
        bad += any(covers(other, label) for other in one.wrong)
        count += 1
    return good / count, bad / count


@cache
def _cues(text: str) -> frozenset[str]:
    return worded_cues(text)


@cache
def _verdicts(text: str) -> tuple[Verdict, ...]:
    return judge(facts_of(understand(text).profile()))


def main() -> None:
    """Measure, and write the weights if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights to knowledge/wording/")
    write = parser.parse_args().write
    for language in ("en", "zh"):
        given = judged(language)
        if write:
            path = KNOWLEDGE / "wording" / f"{language}.json"
            path.write_text(content(pruned(trained(given), MOST_BYTES)), encoding="utf-8")
        pairs = held_out(given)
        print(f"{language}, {len(given)} situations | worth of paths, variants | acceptable | costly mistake")
        for worth in TRIED:
            good, bad = share(pairs, worth)
            print(f"{worth[0]:g}, {worth[1]:g} | {good:.1%} | {bad:.1%}", flush=True)


if __name__ == "__main__":
    main()
