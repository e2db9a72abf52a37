"""The postmortem as HTML: the same Markdown, with the charts drawn in place."""

from collections.abc import Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict


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


def _link(renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType) -> str:
    """The other side learns nothing about us, and cannot reach the page that it was opened from."""
    tokens[place].attrSet("rel", "noopener noreferrer")
    return renderer.renderToken(tokens, place, options, env)
