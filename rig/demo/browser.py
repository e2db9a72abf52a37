"""A browser without a screen: it opens pages, follows links and sends the forms that it finds there, as they stand.

Nothing is known of the pages but the words on their links and buttons, which is what a person goes by.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx

_SECONDS = 30.0
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})


class NotOnThePage(LookupError):
    """What was to be pressed is not there; the text says what is."""


@dataclass
class Form:
    """Where it goes to, what it holds before anybody types, and the words on its buttons."""

    action: str
    fields: dict[str, str] = field(default_factory=dict[str, str])
    buttons: list[str] = field(default_factory=list[str])


@dataclass
class Page:
    """A page as it was answered. `alerts` are the texts that a screen reader would read out at once."""

    url: str
    status: int
    links: dict[str, str] = field(default_factory=dict[str, str])
    forms: list[Form] = field(default_factory=list[Form])
    alerts: list[str] = field(default_factory=list[str])

    def link(self, words: str) -> tuple[str, str]:
        """The words on the first link that begins so, and its address. Raises NotOnThePage."""
        for said, address in self.links.items():
            if said.startswith(words):
                return said, address
        raise self._lacks(f"link {words!r}", self.links)

    def form(self, words: str) -> tuple[str, Form]:
        """The words on the first button that begins so, and its form. Raises NotOnThePage."""
        for form in self.forms:
            for said in form.buttons:
                if said.startswith(words):
                    return said, form
        raise self._lacks(f"button {words!r}", [said for form in self.forms for said in form.buttons])

    def _lacks(self, wanted: str, there: "dict[str, str] | list[str]") -> NotOnThePage:
        said = f" It says: {'; '.join(self.alerts)}" if self.alerts else ""
        return NotOnThePage(f"{self.url} ({self.status}): no {wanted}, only {list(there)!r}.{said}")


class Browser:
    """One visitor with a cookie jar. The addresses of forms and links are resolved against the page they stand on."""

    def __init__(self, base: str) -> None:
        self._http = httpx.Client(
            base_url=base, timeout=_SECONDS, follow_redirects=True, trust_env=False, headers={"accept": "text/html"}
        )

    def open(self, address: str) -> Page:
        """Go there. Raises httpx.HTTPError when nobody answers."""
        return _page(self._http.get(address))

    def follow(self, page: Page, words: str) -> tuple[str, Page]:
        """Press the link that begins with these words: what it said, and where it led. Raises NotOnThePage."""
        said, address = page.link(words)
        return said, self.open(urljoin(page.url, address))

    def send(self, page: Page, words: str, **typed: str) -> tuple[str, Page]:
        """Type into a form's fields, and press the button that begins with these words. Raises NotOnThePage."""
        said, form = page.form(words)
        if strange := typed.keys() - form.fields.keys():
            raise NotOnThePage(f"{page.url}: no field {', '.join(sorted(strange))} beside {said!r}")
        return said, _page(self._http.post(urljoin(page.url, form.action), data={**form.fields, **typed}))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()


def _page(answer: httpx.Response) -> Page:
    reader = _Reader(Page(str(answer.url), answer.status_code))
    reader.feed(answer.text)
    return reader.page


class _Reader(HTMLParser):
    """Collects links, forms and alerts. Texts within one another belong to each that is open."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._form: Form | None = None
        self._open: list[tuple[str, str, list[str]]] = []
        """Tag, what it is to us (an address, a role, or nothing), and its text so far."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", self.page.url))
            self.page.forms.append(self._form)
        elif tag == "input" and self._form is not None and "name" in given:
            self._form.fields[given["name"]] = given.get("value", "")
        if tag not in _VOID:
            self._open.append((tag, given.get("href") or given.get("role", ""), []))

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            closed, meaning, texts = self._open.pop()
            self._closed(closed, meaning, " ".join(" ".join(texts).split()))
            if closed == tag:
                break
        if tag == "form":
            self._form = None

    def _closed(self, tag: str, meaning: str, text: str) -> None:
        if tag == "a" and meaning:
            self.page.links.setdefault(text, meaning)
        elif tag == "button" and self._form is not None:
            self._form.buttons.append(text)
        elif meaning == "alert":
            self.page.alerts.append(text)
