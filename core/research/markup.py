"""What a model or a page says, as words that lead nowhere; and these words in Markdown. Pure.

`plain` takes out whatever looks like a citation, a link, a picture or a tag, however it is spelt.
`in_markdown` sees to it that what is left is shown as it is: no code, no formula and no list that
begins in one sentence swallows the citations of the next.
"""

import html
import re

from core.research.web.cleaning import clean

_LINK = re.compile(r"!?\[([^\]\[]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_MARK = re.compile(
    r"[\[【［]\s*(?:\^|n(?:ote)?s?\s*)?\d+(?:\s*[,;–-]\s*n?\s*\d+)*\s*[\]】］](?:\s*:)?"
)
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_BLOCK = re.compile(r"^(?:\s*(?:[#>]+|[-*+]|\d{1,3}[.)]|={3,}|-{3,}|`{3,})\s+)+")
_LIKE_A_MARK = re.compile(r"\[(?=[^\[\]]*\d)([^\[\]]*)\]")

# A whole piece of code, or a formula with what only formulas have: these stay.
_KEPT = re.compile(
    r"((?<!`)`[^`]+`(?!`)"
    r"|(?<![\\$])\$(?=[^$]*[\\^_={}])[^\s$](?:[^$]*[^\s$\\])?\$(?![\d$])"
    r"|\\\((?=[^)]*[\\^_={}])(?:(?!\\\)).)+\\\))"
)
_REACHES_OUT = re.compile(
    r"\\(?:href|url|html|include|unicode|require|def|let|cite)", re.IGNORECASE
)
# The place where an address, a note's text or a footnote's would begin to be one.
_BECOMES_ONE = re.compile(
    r"(?i)(?<=\bhttps:)/|(?<=\bhttp:)/|(?<=\bftp:)/|(?<=\bwww)\.|(?<=\w)@|(?<=\]):|&(?=#?\w+;)"
)
_SIGNS = str.maketrans({"\\": "\\\\", "`": "\\`", "$": "\\$", "~": "\\~", "<": "&lt;"})


def plain(text: str) -> str:
    """A model's words, or a question, as one line that holds no citation, link, picture or tag."""
    text = " ".join(clean(html.unescape(text)).split())
    before = None
    while before != text:
        before = text
        text = _TAG.sub("", _MARK.sub("", _LINK.sub(r"\1", text)))
    text = _LIKE_A_MARK.sub(r"(\1)", _BLOCK.sub("", text))
    text = text.replace("](", "] (").replace("][", "] [")
    return re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split()))


def in_markdown(text: str) -> str:
    """These words, in one line, so that Markdown shows them and does nothing else."""
    return "".join(_piece(one, at % 2 == 1) for at, one in enumerate(_KEPT.split(text)))


def _piece(text: str, kept: bool) -> str:
    if kept and (text.startswith("`") or _REACHES_OUT.search(text) is None):
        return text
    marked = _BECOMES_ONE.sub(lambda found: f"\0{found[0]}", text)
    return marked.translate(_SIGNS).replace("\0", "\\")
