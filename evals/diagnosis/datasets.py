"""The data sets by name, and which scores each is told by."""

from collections.abc import Callable, Mapping, Sequence

from evals.diagnosis.case import Dataset
from evals.diagnosis.data import opensre
from evals.diagnosis.data.nezha import Nezha
from evals.diagnosis.data.petshop import PetShop
from evals.diagnosis.data.shop import OurShop
from evals.diagnosis.data.sockshop import SockShop
from evals.diagnosis.scoring import Answer, average5, share_of, specificity, top

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


def opensre_scores(answers: Sequence[Answer]) -> Scores:
    """Category right, forbidden ones named (a count), and the evidence that the key asks for cited."""
    return {
        "category_rate": share_of(answers, _category_right),
        "forbidden": float(sum(_forbidden(a) for a in answers)),
        "evidence_rate": share_of(answers, _evidence_cited),
    }


def shop_scores(answers: Sequence[Answer]) -> Scores:
    """Service right, and service and kind right, of the cause that comes first, named or not."""
    return {
        "service_rate": top(answers, 1),
        "cause_rate": share_of(answers, lambda a: a.rank == 1 and bool(a.kind_right)),
    }


def _category_right(answer: Answer) -> bool:
    said = "healthy" if answer.category is None else opensre.CATEGORY.get(answer.category, "unknown")
    return said == answer.case.notes["expected"]


def _forbidden(answer: Answer) -> bool:
    kind = answer.category
    said = (
        set[str]()
        if kind is None
        else {words[kind] for words in (opensre.CATEGORY, opensre.FORBIDDEN) if kind in words}
    )
    return bool(said.intersection(answer.case.notes[opensre.FORBIDS]))


def _evidence_cited(answer: Answer) -> bool:
    return all(opensre.EVIDENCE[source] in answer.cited for source in answer.case.notes[opensre.REQUIRES])


def _of(answers: Sequence[Answer], group: str) -> list[Answer]:
    return [a for a in answers if a.case.group == group]


DATASETS: Mapping[str, Dataset] = {d.name: d for d in (SockShop(), PetShop(), Nezha(), opensre.OpenSre(), OurShop())}
SCORES: Mapping[str, Callable[[Sequence[Answer]], Scores]] = {
    "sockshop": sockshop_scores,
    "petshop": petshop_scores,
    "nezha": nezha_scores,
    "opensre": opensre_scores,
    "shop": shop_scores,
}
