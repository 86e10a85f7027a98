"""The Japanese pages use one word for one thing, as AWS's Japanese console and documentation write it."""

import re
from pathlib import Path

import pytest

from tests.wording_rules import ROOT

PAGES = sorted([*ROOT.glob("*.ja.md"), *(ROOT / "docs").glob("*.ja.md"), ROOT / "local" / "cost" / "rows.json"])
# What may not be written, and what is written instead: CloudFormation's console says パラメータ, Lambda's
# メモリ, S3's フォルダ, MSK's クラスター and ブローカー, EC2's インバウンドルール and ルート.
VARIANTS = {
    r"パラメーター": "パラメータ",
    r"メモリー": "メモリ",
    r"フォルダー": "フォルダ",
    r"クラスタ(?!ー)": "クラスター",
    r"ブローカ(?!ー)": "ブローカー",
    r"サーバ(?!ー)": "サーバー",
    r"ユーザ(?!ー)": "ユーザー",
    r"ポーラ(?!ー)": "ポーラー",
    r"リスナ(?!ー)": "リスナー",
    r"エミュレータ(?!ー)": "エミュレーター",
    r"インターフェース": "インターフェイス",
    r"(?<![英本語])版": "バージョン",
    r"秘密": "シークレット, パスワード",
    r"検査": "プローブ, 確認",
    r"受信ルール": "インバウンドルール",
    r"送信ルール": "アウトバウンドルール",
    r"経路(?!全体)|出口": "ルート, アウトバウンド接続",
    r"代役": "模擬サーバー",
    r"取り置|名指し|手元のシステム": "退避, 特定, ローカル環境",
    r"再配置": "レプリケーション係数の変更",
    r"Topic ": "トピック",
}
FENCED = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_a_japanese_page_uses_the_chosen_words(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    assert not {variant: chosen for variant, chosen in VARIANTS.items() if re.search(variant, text)}


def test_the_japanese_readme_says_what_is_in_english() -> None:
    text = (ROOT / "README.ja.md").read_text(encoding="utf-8")
    assert "スタックの出力、関数の応答、アラームのメール、runbook も英語です" in text
