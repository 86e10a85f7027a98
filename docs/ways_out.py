"""README's table of the ways out of the VPC, in both languages, made of the table that diagnose judges by."""

from collections.abc import Iterator
from itertools import groupby
from typing import Literal, NamedTuple

from msk_toolkit.diagnose.needs import SERVICE_USES, VANTIQ_USERS, Mode, Place, ServiceUse

Language = Literal["en", "ja"]


class _Words(NamedTuple):
    """The words of a language; ``condition`` takes the users and the modes that must all hold, which ``both`` joins."""

    head: str
    places: dict[Place, str]
    pollers: str
    modes: dict[Mode, str]
    condition: str
    both: str
    endpoints: dict[str, str]
    vantiq: str
    comma: str
    semicolon: str


_WORDS: dict[Language, _Words] = {
    "en": _Words(
        "| From | To | Who calls it, and when | Without NAT |",
        {"functions": "the functions' subnets", "pollers": "the **cluster's** subnets"},
        "the mappings' pollers",
        {
            "scram": "with `AuthMode` `scram`",
            "asks-msk": "unless `BootstrapServers` is set",
            "provisioned": "with `PollerMode` `provisioned`",
            "on-demand": "with `PollerMode` `on-demand`",
        },
        "{} {}",
        " and ",
        {"s3": "gateway endpoint", "iam": "no way in most Regions", "": "interface endpoint"},
        "peering, transit gateway, VPN or Direct Connect to a private one",
        ", ",
        "; ",
    ),
    "ja": _Words(
        "| どこから | どこへ | 呼び出す関数と条件 | NAT がない場合 |",
        {"functions": "関数のサブネット", "pollers": "**クラスタの**サブネット"},
        "マッピングのポーラー",
        {
            "scram": "`AuthMode` が `scram` の場合",
            "asks-msk": "`BootstrapServers` を指定しない場合",
            "provisioned": "`PollerMode` が `provisioned` の場合",
            "on-demand": "`PollerMode` が `on-demand` の場合",
        },
        "{} ({})",
        "で、",
        {
            "s3": "ゲートウェイエンドポイント",
            "iam": "ほとんどのリージョンではなし",
            "": "インターフェイスエンドポイント",
        },
        "プライベートな Vantiq へはピアリング・Transit Gateway・VPN・Direct Connect",
        "・",
        "、",
    ),
}


def ways_out_table(language: Language) -> str:
    """The table as Markdown, a row for each service and network; Vantiq is the last one of the functions'."""
    words = _WORDS[language]
    return "\n".join([words.head, "|---|---|---|---|", *_rows(words)])


def _rows(words: _Words) -> Iterator[str]:
    for (place, service), uses in groupby(SERVICE_USES, key=lambda use: (use.place, use.service)):
        who = words.semicolon.join(_who(use, words) for use in uses)
        endpoint = words.endpoints.get(service, words.endpoints[""])
        yield f"| {words.places[place]} | `{service}` | {who} | {endpoint} |"
        if service == "iam":
            users = words.comma.join(f"`{user}`" for user in VANTIQ_USERS)
            yield f"| {words.places[place]} | Vantiq | {users} | {words.vantiq} |"


def _who(use: ServiceUse, words: _Words) -> str:
    text = words.comma.join(f"`{user}`" for user in use.users) or words.pollers
    conditions = [words.modes[mode] for mode in use.modes if mode in words.modes]
    return words.condition.format(text, words.both.join(conditions)) if conditions else text
