"""The private path on paper: accuracies, attacks beside proven caps, costs, from records of kind "private"."""

from __future__ import annotations

from statistics import fmean

from scripts.tables._markdown import markdown

from imveil import record
from imveil.lab.tables.sums import rows, table
from imveil.record import Record, latest, runs, summary

_EPSILONS = (0.5, 1, 2, 4, 8)
_ORDER = (
    "masked", "clear", "clear 768", "clear 384", "clear 64", "balanced",
    *(f"{how}eps {e:g}" for how in ("", "steps ", "384 ", "64 ", "balanced ", "alone ") for e in _EPSILONS),
    *(f"own {n}" for n in (100, 500, 1000, 5000)),
)  # fmt: skip


def accuracy() -> str:
    """A line a job: mean over draws, spread, and what was promised."""
    lines = []
    for group in runs(one for one in record.read("private") if one.facts["job"] in _ORDER):
        mean, spread, n = summary(group)
        facts = group[0].facts
        found = [one.facts["auc"] for one in group if "auc" in one.facts]
        areas = f"{fmean(found):.3f}" if found else ""
        exact = {True: ", the clear head bit for bit", False: ", NOT the clear head", None: ""}[facts.get("exact")]
        lines.append((
            facts["data"], facts["encoder"], _ORDER.index(facts["job"]),
            [facts["data"], facts["encoder"], _named(facts) + exact, _promise(facts), f"{facts['owners']}",
             f"{facts['pictures']:,}", f"{facts['dim']}", f"{mean:.2f}", f"{spread:.2f}" if n > 1 else "", str(n),
             f"{group[0].n:,}", areas],
        ))  # fmt: skip
    lines.sort(key=lambda line: line[:3])
    header = [
        "data",
        "encoder",
        "how",
        "privacy",
        "owners",
        "pictures",
        "dim",
        "accuracy, %",
        "sd",
        "draws",
        "test pictures",
        "AUC",
    ]
    return markdown(header, [line[3] for line in lines])


def attacks() -> str:
    """A line a game: what it reached, its interval, the cap."""
    lines = []
    for one in latest(one for one in record.read("private") if one.facts["job"] == "attack"):
        facts = one.facts
        noise = "none" if facts["epsilon"] is None else f"epsilon {facts['epsilon']:g}"
        cap = f"{facts['cap']:.3f}" if facts["cap"] < 1 else "none"
        strangers = f" and {facts['strangers']:,} strangers" if facts["strangers"] else ""
        seen = f", SSIM {facts['ssim']:.3f} (blind {facts['ssim of the mean picture']:.3f})" if "ssim" in facts else ""
        lines.append([
            facts["attack"], f"{facts['members']:,}{strangers}", str(facts["dim"]), noise, one.unit + seen,
            f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", cap, f"{facts['chance']:.3g}", f"{one.n:,}",
        ])  # fmt: skip
    header = [
        "attack",
        "pictures",
        "dim",
        "noise",
        "measure",
        "reached",
        "95 % interval",
        "proven cap",
        "guessing",
        "n",
    ]
    return markdown(header, lines)


def asked() -> str:
    """A line a dim: of all test pictures asked under encryption, how many best classes are the head's."""
    lines = []
    for one in latest(one for one in record.read("private") if one.facts["job"] == "top-1"):
        facts = one.facts
        counts = [f"{facts[name]:,} of {one.n:,}" for name in ("exact", "same", "as the float head")]
        lines.append([facts["data"], facts["encoder"], str(facts["dim"]), *counts, f"{facts['budget']} bits"])
    header = ["data", "encoder", "dim", "exact whole numbers", "best class as the 8-bit head", "as the head",
              "noise budget left"]  # fmt: skip
    return markdown(header, sorted(lines, key=lambda line: int(line[2])))


def costs() -> str:
    """A line a cost: median, range."""
    lines = []
    for one in latest(one for one in record.read("private") if one.facts["job"] in ("masks", "query", "hosted")):
        facts = one.facts
        how = f"{facts['owners']} owners" if "owners" in facts else "in slots" if facts["bulk"] else "one picture"
        how += f", {facts['steps']} steps" if "steps" in facts else ""
        budget = f"{facts['budget']} bits" if "budget" in facts else ""
        lines.append([facts["job"], str(facts["dim"]), how, facts["what"], f"{one.value:.3f} {one.unit}",
                     f"{one.low:.3f} to {one.high:.3f}", budget])  # fmt: skip
    return markdown(["what", "dim", "how", "part", "median", "range", "noise budget left"], lines)


def leaderboard() -> str:
    """The leaderboard's rows of kind sums."""
    return markdown(*table(rows()))


def ways() -> list[dict[str, str]]:
    """What each way of the private path costs and proves, for the page: what, cost, proves, command."""
    kept = list(record.read("private"))
    found = [_asking(kept, dim) for dim in sorted({one.facts["dim"] for one in kept if one.facts["job"] == "query"})]
    sums = {one.facts["what"]: one for one in latest(kept) if one.facts["job"] == "masks" and one.facts["dim"] == 1280}
    share = " and ".join(f"{one.value:.3g} {one.unit}" for one in sums.values())
    jobs = {
        "masked": ("heads from sums under masks", "the cloud sees nothing but the total of all owners"),
        "eps 2": ("heads from one noisy message each", "epsilon 2: whether a picture took part is nearly hidden"),
    }
    for job, (what, proves) in jobs.items():
        draws = [one for one in latest(kept) if one.facts["job"] == job and one.facts["data"] == "cifar10"]
        if draws and sums:
            mean, _, n = summary(draws)
            cost = f"once, to train: {share} for each of 10 owners; {mean:.1f} % right (CIFAR-10, n={n})"
            command = "imveil sum new" if job == "masked" else "imveil round new"
            found.append({"what": what, "cost": cost, "proves": proves, "command": command})
    return found


def _asking(kept: list[Record], dim: int) -> dict[str, str]:
    parts = {one.facts["what"]: one for one in latest(kept)
             if one.facts["job"] == "query" and one.facts["dim"] == dim and not one.facts["bulk"]}  # fmt: skip
    times = ", ".join(f"{parts[what].value:.1f} ms {what}" for what in ("to ask", "to answer", "to open"))
    sizes = " and ".join(f"{parts[what].value:.0f} kB {what}" for what in ("up", "down"))
    return {
        "what": f"an encrypted query of {dim} numbers",
        "cost": f"{times}; {sizes}",
        "proves": "the cloud learns nothing of the picture",
        "command": "imveil query new",
    }


def _named(facts: dict[str, object]) -> str:
    job = str(facts["job"])
    if job == "masked":
        return "sums under masks"
    if job.startswith("clear"):
        return "the same in the clear"
    if job.startswith("own"):
        return "one owner alone"
    if job == "balanced":
        return "the same in the clear, balanced"
    balanced = ", balanced" if job.startswith("balanced") else ""
    return f"{facts['steps']} steps" if job.startswith("steps") else f"one message{balanced}"


def _promise(facts: dict[str, object]) -> str:
    if "epsilon" not in facts:
        return "none"
    trust = ", each owner alone" if facts.get("trust") == "nobody" else ""
    return f"epsilon {facts['epsilon']:g}{trust}"


TABLES = {
    "private-accuracy": accuracy,
    "private-attacks": attacks,
    "private-asked": asked,
    "private-costs": costs,
    "sums": leaderboard,
}
