"""Asks AWS, then the person, and writes the configuration after showing all of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from mskv.approval import approve
from mskv.aws.clients import client_maker
from mskv.errors import NotReachedError
from mskv.exits import OK, PROBLEM
from mskv.facts import Unavailable
from mskv.init.account import SurroundingsReader, read_clusters
from mskv.init.configuration import configured_parameters, samconfig, template_parameters, topics_file
from mskv.init.facts import Cluster
from mskv.init.proposals import Proposals, Question, propose
from mskv.options import Output
from mskv.output import Result, aligned, print_before_approval, print_result
from mskv.place import Place
from mskv.progress import Progress, progress

_SAMCONFIG, _TOPICS, _TEMPLATE = Path("samconfig.toml"), Path("topics.yaml"), Path("template.yaml")


class Wishes(NamedTuple):
    """What the person said on the command line.

    Args:
        cluster: name or ARN; empty to choose.
        given: values of parameters.
        environment: samconfig.toml's.
        yes: ask nothing.
    """

    cluster: str
    given: Mapping[str, str]
    environment: str
    yes: bool


class _Files(NamedTuple):
    """The files beside which the command runs."""

    samconfig: str
    topics: str
    parameters: Mapping[str, Mapping[str, Any]]


def run_init(place: Place, wishes: Wishes, output: Output) -> int:
    """Propose a configuration, ask what is open, show it, and write it if that is wanted; the exit status.

    Raises:
        UsageError: an option is wrong, or nothing may be asked and something is open.
        NotReachedError: AWS did not list the clusters.
        Abort: the answer was no.
    """
    if place.endpoint is not None:
        raise click.UsageError("--local has a configuration of its own: init is for a stack on AWS")
    files = _read_files()
    given = _given(wishes, files)
    client = client_maker(place.session, place.endpoint)
    with progress() as reporter:
        clusters = _clusters(client, place.region, reporter)
    cluster = _chosen(clusters, wishes.cluster or given.get("ClusterArn", ""), yes=wishes.yes)
    with progress() as reporter:
        reporter.say(f"reading what surrounds {cluster.name}")
        around = SurroundingsReader(client, cluster).read()
    proposals = propose(cluster, around, given)
    answers = _answers(proposals, yes=wishes.yes)
    proposals = propose(cluster, around, {**given, **answers})
    result = _result(proposals, cluster, place)
    if any(finding.severity == "error" for finding in proposals.findings):
        return print_result(result, output)
    print_before_approval(result.text, output)
    if not wishes.yes:
        approve(f"Write {_SAMCONFIG} and {_TOPICS}?")
    written = _write(files, wishes.environment, place, proposals, cluster)
    return print_result(_after(written, result, wishes.environment), output)


def _read_files() -> _Files:
    if not _TEMPLATE.is_file():
        raise click.UsageError(
            "there is no template.yaml here: run it in a checkout of the toolkit or an unpacked release"
        )
    try:
        parameters = template_parameters(_TEMPLATE.read_text(encoding="utf-8"))
        texts = [path.read_text(encoding="utf-8") if path.is_file() else "" for path in (_SAMCONFIG, _TOPICS)]
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    return _Files(texts[0], texts[1], parameters)


def _given(wishes: Wishes, files: _Files) -> dict[str, str]:
    """What is set already, and what the options set, which win; unknown names are errors, all at once."""
    unknown = sorted(set(wishes.given) - set(files.parameters))
    if unknown:
        raise click.UsageError(f"the template has no parameter {', '.join(unknown)}: docs/parameters.md lists them all")
    try:
        existing = configured_parameters(files.samconfig, wishes.environment)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return {**existing, **wishes.given}


def _clusters(client: Any, region: str, reporter: Progress) -> tuple[Cluster, ...]:
    reporter.say(f"reading the clusters in {region}")
    clusters = read_clusters(client)
    if isinstance(clusters, Unavailable):
        raise NotReachedError(f"{clusters.call}: {clusters.text}", "use credentials that may list MSK clusters")
    if not clusters:
        raise NotReachedError(f"{region} has no MSK cluster", "use --region")
    return clusters


def _chosen(clusters: tuple[Cluster, ...], name: str, *, yes: bool) -> Cluster:
    if name:
        matching = [cluster for cluster in clusters if name in {cluster.name, cluster.arn}]
        if not matching:
            names = ", ".join(cluster.name for cluster in clusters)
            raise click.UsageError(f"there is no cluster {name} here, but {names}")
        return matching[0]
    if len(clusters) == 1:
        return clusters[0]
    question = Question(
        "--cluster", "Which cluster?", tuple((cluster.arn, f"{cluster.name} ({cluster.state})") for cluster in clusters)
    )
    if yes:
        raise click.UsageError(f"several clusters: name one with --cluster ({', '.join(c.name for c in clusters)})")
    arn = _answer(question)
    return next(cluster for cluster in clusters if cluster.arn == arn)


def _answers(proposals: Proposals, *, yes: bool) -> dict[str, str]:
    """What the person answers to the questions; only those with a default may be left out with ``yes``."""
    open_questions = [question for question in proposals.questions if question.default is None]
    if yes and open_questions:
        missing = " ".join(f"--set {question.parameter}=..." for question in open_questions)
        raise click.UsageError(f"with --yes nothing is asked, and these are open: {missing}")
    if yes:
        return {}
    return {question.parameter: _answer(question) for question in proposals.questions}


def _answer(question: Question) -> str:
    if not question.choices:
        answer: str = click.prompt(question.text, default=question.default, err=True, show_default=False)
        return answer.strip()
    for number, (_, description) in enumerate(question.choices, start=1):
        click.echo(f"  {number}  {description}", err=True)
    chosen: int = click.prompt(question.text, type=click.IntRange(1, len(question.choices)), err=True)
    value, _ = question.choices[chosen - 1]
    return value


def _result(proposals: Proposals, cluster: Cluster, place: Place) -> Result:
    rows = [(proposal.parameter, proposal.value, proposal.reason) for proposal in proposals.proposals]
    text = [aligned([("PARAMETER", "VALUE", "WHY"), *rows])]
    text += [f"{finding.severity}: {finding.text}\n  -> {finding.remedy}" for finding in proposals.findings]
    data = {
        "cluster": cluster.name,
        "region": place.region,
        "parameters": {proposal.parameter: proposal.value for proposal in proposals.proposals},
        "reasons": {proposal.parameter: proposal.reason for proposal in proposals.proposals},
        "findings": [
            {"severity": finding.severity, "text": finding.text, "remedy": finding.remedy}
            for finding in proposals.findings
        ],
        "written": [],
    }
    return Result(data, "\n\n".join(text), PROBLEM)


def _write(files: _Files, environment: str, place: Place, proposals: Proposals, cluster: Cluster) -> list[Path]:
    # Both texts are made before either file is touched.
    configuration = samconfig(files.samconfig, environment, place.stack, place.region, proposals.proposals)
    topics = topics_file(files.topics, cluster.brokers)
    _SAMCONFIG.write_text(configuration, encoding="utf-8")
    if topics is None or topics == files.topics:
        return [_SAMCONFIG]
    _TOPICS.write_text(topics, encoding="utf-8")
    return [_SAMCONFIG, _TOPICS]


def _after(written: list[Path], result: Result, environment: str) -> Result:
    names = [str(path) for path in written]
    option = "" if environment == "default" else f" --config-env {environment}"
    commands = ["make build", f"sam deploy{option}", "mskv verify"]
    text = f"Written: {', '.join(names)}.\nNow: {' && '.join(commands)}"
    return Result({**result.data, "written": names, "commands": commands}, text, OK)
