"""The data sets by name, and which scores each is told by."""

from collections.abc import Callable, Mapping, Sequence

from evals.diagnosis.case import Dataset
from evals.diagnosis.data.nezha import Nezha
from evals.diagnosis.data.petshop import PetShop
from evals.diagnosis.data.sockshop import SockShop
from evals.diagnosis.scoring import Answer, average5, specificity, top

Scores = Mapping[str, float | None]


def sockshop_scores(answers: Sequence[Answer]) -> Scores:
    """AC@k and Avg@5, the latter for each kind of fault too."""
    return {
        "ac1": top(answers, 1), "ac3": top(answers, 3), "avg5": average5(answers),
        "avg5_cpu": average5(_of(answers, "cpu")), "avg5_mem": average5(_of(answers, "mem")),
        "specificity": specificity(answers),
    }  # fmt: skip


def petshop_scores(answers: Sequence[Answer]) -> Scores:
    """Recall among the first and the first three, and specificity, by what was alerted."""
    scores: dict[str, float | None] = {}
    for metric in ("latency", "availability"):
        ours = _of(answers, metric)
        scores |= {f"{metric}_top1": top(ours, 1), f"{metric}_top3": top(ours, 3)}
        scores[f"specificity_{metric}"] = specificity(ours)
    return scores


def nezha_scores(answers: Sequence[Answer]) -> Scores:
    """AS@k at the level of services."""
    return {**{f"as{k}": top(answers, k) for k in (1, 3, 5)}, "specificity": specificity(answers)}


def _of(answers: Sequence[Answer], group: str) -> list[Answer]:
    return [a for a in answers if a.case.group == group]


DATASETS: Mapping[str, Dataset] = {d.name: d for d in (SockShop(), PetShop(), Nezha())}
SCORES: Mapping[str, Callable[[Sequence[Answer]], Scores]] = {
    "sockshop": sockshop_scores,
    "petshop": petshop_scores,
    "nezha": nezha_scores,
}
