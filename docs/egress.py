"""README's table of outbound connectivity, in both languages, made from the table that diagnose checks."""

from collections.abc import Iterator
from itertools import groupby
from typing import Literal, NamedTuple

from msk_toolkit.diagnose.needs import SERVICE_USES, VANTIQ_USERS, FunctionMode, NetworkPlace, ServiceUse

Language = Literal["en", "ja"]


class _Phrases(NamedTuple):
    """A language's phrases; ``condition`` takes the users and the modes that must all hold, which ``both`` joins."""

    head: str
    places: dict[NetworkPlace, str]
    pollers: str
    modes: dict[FunctionMode, str]
    condition: str
    both: str
    endpoints: dict[str, str]
    vantiq: str
    comma: str
    semicolon: str


_PHRASES: dict[Language, _Phrases] = {
    "en": _Phrases(
        "| From | To | Who calls it, and when | Without NAT |",
        {"functions": "the functions' subnets", "pollers": "the **cluster's** subnets"},
        "the mappings' pollers",
        {
            "scram": "with `AuthMode` `scram` or `mtls`",
            "rotation": "with `ScramRotationDays`",
            "asks-msk": "unless `BootstrapServers` is set",
            "provisioned": "with `PollerMode` `provisioned`",
            "on-demand": "with `PollerMode` `on-demand`",
            "bucket": "without `GivenUpTopic`",
        },
        "{} {}",
        " and ",
        {"s3": "gateway endpoint", "iam": "not available in most Regions", "": "interface endpoint"},
        "peering, transit gateway, VPN or Direct Connect if Vantiq is private; a proxy (`VantiqProxy`)",
        ", ",
        "; ",
    ),
    "ja": _Phrases(
        "| どこから | どこへ | 呼び出す関数と条件 | NAT がない場合 |",
        {"functions": "関数のサブネット", "pollers": "**クラスターの**サブネット"},
        "マッピングのポーラー",
        {
            "scram": "`AuthMode` が `scram` または `mtls` の場合",
            "rotation": "`ScramRotationDays` を指定した場合",
            "asks-msk": "`BootstrapServers` を指定しない場合",
            "provisioned": "`PollerMode` が `provisioned` の場合",
            "on-demand": "`PollerMode` が `on-demand` の場合",
            "bucket": "`GivenUpTopic` を指定しない場合",
        },
        "{} ({})",
        "で、",
        {
            "s3": "ゲートウェイエンドポイント",
            "iam": "ほとんどのリージョンで提供なし",
            "": "インターフェイスエンドポイント",
        },
        "プライベートな Vantiq へはピアリング・Transit Gateway・VPN・Direct Connect、またはプロキシ (`VantiqProxy`)",
        "・",
        "、",
    ),
}


def egress_table(language: Language) -> str:
    """The table as Markdown, a row for each service and network; Vantiq is the last row of the functions."""
    phrases = _PHRASES[language]
    return "\n".join([phrases.head, "|---|---|---|---|", *_rows(phrases)])


def _rows(phrases: _Phrases) -> Iterator[str]:
    for (place, service), uses in groupby(SERVICE_USES, key=lambda use: (use.place, use.service)):
        who = phrases.semicolon.join(_who(use, phrases) for use in uses)
        endpoint = phrases.endpoints.get(service, phrases.endpoints[""])
        yield f"| {phrases.places[place]} | `{service}` | {who} | {endpoint} |"
        if service == "iam":
            users = phrases.comma.join(f"`{user}`" for user in VANTIQ_USERS)
            yield f"| {phrases.places[place]} | Vantiq | {users} | {phrases.vantiq} |"


def _who(use: ServiceUse, phrases: _Phrases) -> str:
    text = phrases.comma.join(f"`{user}`" for user in use.users) or phrases.pollers
    conditions = [phrases.modes[mode] for mode in use.modes if mode in phrases.modes]
    return phrases.condition.format(text, phrases.both.join(conditions)) if conditions else text
