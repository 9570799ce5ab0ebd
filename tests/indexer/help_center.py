"""A Help Center such as Zendesk's API exports it, of any size, made of the demo company's words."""

from __future__ import annotations

import html
import io
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

CONTENT = Path(__file__).parents[2] / "content"
LOCALES = {"en-us": "en", "pl": "pl", "cs": "cs", "sl": "sl", "hu": "hu"}
HOST = "https://parcels.zendesk.example"
FIRST = 360_001_000_000
PER_PAGE = 100  # how many records the API gives in one answer
SEGMENTS = [
    {"id": 11, "name": "Signed-in users", "user_type": "signed_in_users", "built_in": True},
    {"id": 12, "name": "Agents and managers", "user_type": "staff", "built_in": True},
    {"id": 13, "name": "VIPs", "user_type": "signed_in_users", "tags": ["vip"]},
]
AUDIENCES = {None: "public", 11: "customer", 12: "internal", 13: "internal"}


@dataclass(slots=True)
class MadeText:
    """What one text of the export holds, to compare with what came in."""

    locale: str
    title: str
    words: list[str]
    is_draft: bool
    is_outdated: bool
    headings: int = 0
    items: int = 0
    cells: int = 0
    links: list[int] = field(default_factory=list)  # articles
    web_links: int = 0
    pictures: list[str] = field(default_factory=list)  # names of files


@dataclass(slots=True)
class MadeArticle:
    number: int
    source: str  # its locale
    audience: str
    tags: list[str]
    addresses: list[str]
    texts: dict[str, MadeText]


@dataclass(frozen=True, slots=True)
class HelpCenter:
    """The whole export as it was written, and its pictures by their name."""

    articles: dict[int, MadeArticle]
    pictures: dict[str, bytes]


def write_help_center(folder: Path, count: int, seed: int = 7) -> HelpCenter:
    """Write `count` articles in several locales, pages of JSON and pictures, below `folder`."""
    made = _Maker(count, seed)
    articles = [made.article(FIRST + n) for n in range(count)]
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in made.lists.items():
        for start in range(0, max(1, len(rows)), PER_PAGE):
            page = {name: rows[start : start + PER_PAGE], "count": len(rows), "next_page": None}
            path = folder / f"{name}-{start // PER_PAGE + 1}.json"
            path.write_text(json.dumps(page, ensure_ascii=False), encoding="utf-8")
    for name, data in made.pictures.items():
        number, _, file = name.partition("/")
        (folder / "article_attachments" / number).mkdir(parents=True, exist_ok=True)
        (folder / "article_attachments" / number / file).write_bytes(data)
    return HelpCenter({a.number: a for a in articles}, made.pictures)


class _Maker:
    def __init__(self, count: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = count
        self.words = {locale: _words(language) for locale, language in LOCALES.items()}
        self.pictures: dict[str, bytes] = {}
        self.lists: dict[str, list[dict[str, object]]] = {
            "articles": [], "translations": [], "article_attachments": [],
            "user_segments": [dict(row) for row in SEGMENTS],
            "categories": [{"id": n, "name": f"Category {n}", "locale": "en-us",
                            "source_locale": "en-us"} for n in range(1, 4)],
            "sections": [{"id": 100 + n, "name": f"Section {n}", "locale": "en-us",
                          "source_locale": "en-us", "category_id": 1 + n % 3,
                          "parent_section_id": 100 + n // 2 if n > 4 else None}
                         for n in range(12)],
        }  # fmt: skip

    def article(self, number: int) -> MadeArticle:
        pick = self.random
        source = pick.choice(list(LOCALES))
        others = [x for x in LOCALES if x != source and pick.random() < 0.6]
        segment = pick.choice([None, None, None, 11, 12, 13])
        section = pick.randrange(12)
        labels = pick.sample(["claim", "Zásilka", "pošta nujno", "paczka", "csomag"], 2)
        tags = _section_tags(section) + labels
        made = MadeArticle(number, source, AUDIENCES[segment], tags, [], {})
        is_draft = pick.random() < 0.05
        for locale in [source, *others]:
            hidden_draft = is_draft or (locale != source and pick.random() < 0.1)
            outdated = locale != source and pick.random() < 0.15
            text, body = self.text(number, locale, hidden_draft, outdated)
            made.texts[locale] = text
            slug = re.sub(r"\W+", "-", text.title)
            address = f"{HOST}/hc/{locale}/articles/{number}-{slug}"
            made.addresses.append(address)
            row = {"id": number * 10 + len(made.texts), "source_id": number,
                   "source_type": "Article", "locale": locale, "title": text.title, "body": body,
                   "draft": hidden_draft, "outdated": outdated, "hidden": False,
                   "html_url": address}  # fmt: skip
            self.lists["translations"].append(row)
            if locale == source:
                self.lists["articles"].append(
                    {
                        "id": number,
                        "html_url": address,
                        "locale": locale,
                        "source_locale": locale,
                        "title": text.title,
                        "name": text.title,
                        "body": body,
                        "draft": is_draft,
                        "outdated": False,
                        "section_id": 100 + section,
                        "user_segment_id": segment,
                        "label_names": labels,
                        "promoted": False,
                        "comments_disabled": True,
                        "vote_count": 0,
                        "position": 0,
                        "author_id": 5,
                        "created_at": "2024-01-01T00:00:00Z",
                    }
                )
        return made

    def text(
        self, number: int, locale: str, is_draft: bool, is_outdated: bool
    ) -> tuple[MadeText, str]:
        pick = self.random
        is_twin = pick.random() < 0.05  # titles that several articles share
        title = f"{self.say(locale, 3).capitalize()} {'' if is_twin else number % 100_000}".strip()
        made = MadeText(locale, "Same title" if is_twin else title, [], is_draft, is_outdated)
        parts = [self.paragraph(made, locale, pick.randint(20, 80))]
        kinds = [self.heading, self.list, self.table, self.link]
        kinds += [self.web_link, self.picture, self.code, self.quote]
        for make in pick.sample(kinds, pick.randint(3, 8)):
            parts.append(make(made, locale, number))
            parts.append(self.paragraph(made, locale, pick.randint(5, 40)))
        return made, "\n".join(parts)

    def say(self, locale: str, count: int) -> str:
        return " ".join(self.random.choices(self.words[locale], k=count))

    def told(self, made: MadeText, locale: str, count: int) -> str:
        """Words that are noted as the text's own, as HTML."""
        words = self.say(locale, count)
        made.words += words.split()
        return html.escape(words)

    def paragraph(self, made: MadeText, locale: str, count: int) -> str:
        mark = self.random.choice(["strong", "em", "b", "i", "span", "code"])
        rest = self.told(made, locale, count)
        return f"<p>{rest} <{mark}>{self.told(made, locale, 2)}</{mark}>.</p>"

    def heading(self, made: MadeText, locale: str, _: int) -> str:
        made.headings += 1
        return f'<h2 id="h_{made.headings}">{self.told(made, locale, 3)}</h2>'

    def list(self, made: MadeText, locale: str, _: int) -> str:
        tag = self.random.choice(["ul", "ol"])
        items = []
        for n in range(self.random.randint(2, 6)):
            made.items += 1
            item = self.told(made, locale, 5)
            if n == 1:
                made.items += 1
                item += f"<ul><li>{self.told(made, locale, 3)}</li></ul>"
            items.append(f"<li>{item}</li>")
        return f"<{tag}>{''.join(items)}</{tag}>"

    def table(self, made: MadeText, locale: str, _: int) -> str:
        columns = self.random.randint(2, 4)
        rows = []
        for tag in ("th", "td", "td"):
            made.cells += columns
            cells = (f"<{tag}>{self.told(made, locale, 2)}</{tag}>" for _ in range(columns))
            rows.append(f"<tr>{''.join(cells)}</tr>")
        return f"<table><tbody>{''.join(rows)}</tbody></table>"

    def link(self, made: MadeText, locale: str, number: int) -> str:
        target = FIRST + self.random.randrange(self.count)
        made.links.append(target)
        form = self.random.choice(
            [f"{HOST}/hc/{locale}/articles/{target}", f"/hc/en-us/articles/{target}-Some-words",
             f"{HOST}/hc/articles/{target}#h_1"]
        )  # fmt: skip
        return f'<p><a href="{form}" target="_blank">{self.told(made, locale, 3)}</a></p>'

    def web_link(self, made: MadeText, locale: str, number: int) -> str:
        made.web_links += 1
        return f'<p><a href="https://post.example/{number}">{self.told(made, locale, 2)}</a></p>'

    def picture(self, made: MadeText, locale: str, number: int) -> str:
        attachment = number * 10 + len(self.pictures) % 10
        name = f"{attachment}/pic {number}.png"
        if name not in self.pictures:
            self.pictures[name] = _picture(number)
            self.lists["article_attachments"].append(
                {"id": attachment, "article_id": number, "file_name": f"pic {number}.png",
                 "content_url": f"{HOST}/hc/article_attachments/{attachment}", "inline": True,
                 "content_type": "image/png"}
            )  # fmt: skip
        made.pictures.append(name)
        alt = self.told(made, locale, 2)
        return f'<p><img src="{HOST}/hc/article_attachments/{attachment}" alt="{alt}"></p>'

    def code(self, made: MadeText, locale: str, _: int) -> str:
        return f"<pre><code>{self.told(made, locale, 4)}</code></pre>"

    def quote(self, made: MadeText, locale: str, _: int) -> str:
        return f"<blockquote><p>{self.told(made, locale, 6)}</p></blockquote>"


def _words(language: str) -> Sequence[str]:
    texts = [path.read_text(encoding="utf-8").split("---", 2)[2]
             for path in sorted((CONTENT / language).glob("*.md"))]  # fmt: skip
    return sorted(set(re.findall(r"[^\W\d_]{2,}", " ".join(texts))))


def _section_tags(section: int) -> list[str]:
    path = [f"Section {section}"]
    top = section
    while top > 4:
        top //= 2
        path.insert(0, f"Section {top}")
    return [f"Category {1 + top % 3}", *path]


def _picture(number: int) -> bytes:
    out = io.BytesIO()
    colour = (number % 256, number // 256 % 256, 90)
    Image.new("RGB", (24 + number % 40, 24), colour).save(out, format="PNG")
    return out.getvalue()
