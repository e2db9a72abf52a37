"""The postmortem as HTML: the same Markdown, with the charts drawn in place."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import cast

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 1rem; }
main { max-width: 60rem; margin: auto; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #8886; padding: .25rem .5rem; text-align: left; vertical-align: top; }
svg { max-width: 100%; height: auto; }
code { overflow-wrap: anywhere; }
blockquote { border-left: .25rem solid #d97706; margin: 1rem 0; padding: .1rem 1rem; }
"""


def body_html(markdown: str, charts: Mapping[str, str]) -> str:
    """HTML of the body. `charts` are SVG texts of our own by file name; every other image is left out.

    HTML within the Markdown is shown, never interpreted.
    """

    def image(_r: RendererHTML, tokens: Sequence[Token], place: int, _o: OptionsDict, _e: EnvType) -> str:
        return charts.get(str(tokens[place].attrGet("src")), "")

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", image)
    parser.add_render_rule("link_open", _link)
    return parser.render(markdown)


def charts_of(facts: Mapping[str, object]) -> dict[str, str]:
    """The charts within stored facts, by file name. Facts without charts, or of another make, give none."""
    listed = facts.get("charts")
    charts = cast("list[object]", listed) if isinstance(listed, list) else []
    named = [cast("dict[str, object]", chart) for chart in charts if isinstance(chart, dict)]
    pairs = [(chart.get("file"), chart.get("svg")) for chart in named]
    return {file: svg for file, svg in pairs if isinstance(file, str) and isinstance(svg, str)}


def page_html(title: str, markdown: str, charts: Mapping[str, str]) -> str:
    """A page of its own, for a browser without a server."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body_html(markdown, charts)}</main></body></html>"
    )


def _link(renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType) -> str:
    """The other side learns nothing about us, and cannot reach the page that it was opened from."""
    tokens[place].attrSet("rel", "noopener noreferrer")
    return renderer.renderToken(tokens, place, options, env)
