"""What a page contains and does not show is taken out of it, before its text is looked for.

A model that reads a page must read what a person would see. This knows the plain ways to hide text
(attributes, inline styles, simple rules of the page's own style sheets, white on white); a page
that paints over text with a script is beyond it, which is why nothing that was read is ever an
instruction, seen or unseen.
"""

import re
from typing import Any

from core.research.web.cleaning import clean

Tree = Any  # an lxml element; lxml brings no types

_NEVER_SHOWN = (
    "script style template noscript noframes iframe object embed svg math audio video canvas map"
    " datalist select option textarea input button head"
)
_ATTRIBUTES_KEPT = frozenset(("class", "id", "href", "lang", "dir", "itemprop", "rel", "role"))
_ATTRIBUTES_KEPT |= {"colspan", "rowspan", "start", "type", "datetime", "span", "scope"}
_EMPHASIS = ("b", "strong", "i", "em", "u", "s", "font", "mark", "small", "big", "tt", "abbr")

_HIDING = re.compile(
    r"""display\s*:\s*none | visibility\s*:\s*(hidden|collapse) | content-visibility\s*:\s*hidden
    | (?<![\w-])opacity\s*:\s*(0*\.0\d*|0+)\s*(%|;|!|$)
    | font-size\s*:\s*(0*(\.0\d*)?(px|pt|r?em|%)?|[01](\.\d+)?(px|pt|%))\s*(;|!|$)
    | (?<![\w-])color\s*:\s*(transparent|rgba\([^)]*,\s*0?(\.0+)?\s*\))
    | (text-indent|left|top|right|bottom|margin-(left|top))\s*:\s*-\d{3,}
    | clip\s*:\s*rect\(\s*[01](px)?[\s,]+[01](px)?[\s,]+[01](px)?
    | clip-path\s*:\s*(inset\(\s*(50|100)%|circle\(\s*0|polygon\(\s*0)
    | transform\s*:\s*scale\(\s*0(\.0\d*)?\s*[,)]
    | (?<![\w-])(max-)?(height|width)\s*:\s*[01](px)?\s*(;|!|$)""",
    re.IGNORECASE | re.VERBOSE,
)
_COLOR = re.compile(r"(?<![\w-])color\s*:\s*([^;!]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,400})\{([^{}]{0,2000})\}")
_SIMPLE = re.compile(r"[a-z]*([.#])([\w-]+)", re.IGNORECASE)
_LONGEST_SHEET = 200_000
_WHITE = frozenset(("#fff", "#ffffff", "white", "rgb(255,255,255)", "#fefefe", "#fdfdfd"))


def without_unseen(tree: Tree) -> Tree:
    """The same tree (changed in place) with only what it shows."""
    hidden = _hidden_names(tree)
    for element in [one for one in tree.iter() if not isinstance(one.tag, str)]:
        _drop(element)  # comments, processing instructions
    for element in list(tree.iter(*_NEVER_SHOWN.split())):
        _drop(element)
    for element in list(tree.iter()):
        if element is not tree and _is_unseen(element, hidden):
            _drop(element)
    for element in list(tree.iter(*_EMPHASIS)):
        if element is not tree:
            element.drop_tag()
    for element in tree.iter():
        _strip(element)
    return tree


def _drop(element: Tree) -> None:
    """Away with it and all in it; the text after it stays."""
    if element.getparent() is not None:
        element.drop_tree()


def _is_unseen(element: Tree, hidden: frozenset[str]) -> bool:
    attributes = element.attrib
    if "hidden" in attributes or (element.tag == "dialog" and "open" not in attributes):
        return True
    names = {f".{name}" for name in attributes.get("class", "").split()}
    if hidden & (names | {f"#{attributes.get('id', '')}"}):
        return True
    style = attributes.get("style", "")
    return bool(_HIDING.search(style)) or _same_colors(element, style)


def _same_colors(element: Tree, style: str) -> bool:
    """Text in the colour of what is behind it: white where nothing else was said."""
    if element.tag == "font" and element.get("color"):
        style += f";color:{element.get('color')}"
    color = _COLOR.search(style)
    if color is None:
        return False
    behind = _background_of(element)
    name = _plain(color.group(1))
    return name == behind or (name in _WHITE and behind in _WHITE)


def _background_of(element: Tree) -> str:
    for one in (element, *element.iterancestors()):
        found = _BACKGROUND.search(one.get("style", ""))
        if found:
            return _plain(found.group(1))
        if one.get("bgcolor"):
            return _plain(one.get("bgcolor"))
    return "white"


def _plain(color: str) -> str:
    return re.sub(r"\s+", "", color).lower()


def _hidden_names(tree: Tree) -> frozenset[str]:
    """Classes and ids that the page's own sheets hide by a rule of one name."""
    sheets = " ".join(one.text_content() for one in tree.iter("style"))[:_LONGEST_SHEET]
    plain = re.sub(r"/\*.*?\*/|@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", " ", sheets, flags=re.S)
    names: set[str] = set()
    for selectors, rules in _RULE.findall(plain):
        if _HIDING.search(rules):
            simple = (_SIMPLE.fullmatch(one.strip()) for one in selectors.split(","))
            names.update(found.group(1) + found.group(2) for found in simple if found)
    return frozenset(names)


def _strip(element: Tree) -> None:
    """Attributes hold text too, and some readers of pages look for it there."""
    for name in [one for one in element.attrib if one not in _ATTRIBUTES_KEPT]:
        del element.attrib[name]
    if element.text:
        element.text = clean_inline(element.text)
    if element.tail:
        element.tail = clean_inline(element.tail)


def clean_inline(text: str) -> str:
    """Without unseen letters; spaces at its ends still separate it from its neighbours."""
    if text.isascii():
        return text
    ahead = text[: len(text) - len(text.lstrip())]
    after = text[len(text.rstrip()) :]
    inner = clean(text)
    return f"{ahead}{inner}{after}" if inner else ahead
