"""A line of the menu: its words with a name in them, and the letter that chooses it. Pure."""


def label(template: str, **values: str) -> tuple[str, int | None]:
    """The text, and where the letter stands behind the template's underscore; None without one.

    Underscores in names are letters like others.
    """
    before, mark, after = template.partition("_")
    head = before.format(**values)
    return head + after.format(**values), len(head) if mark else None


def marked(text: str, access: int | None, sign: str) -> str:
    """The text as toolkits want it: a sign before that letter, and doubled where it is a sign."""
    escaped = text.replace(sign, sign * 2)
    if access is None:
        return escaped
    at = len(text[:access].replace(sign, sign * 2))
    return escaped[:at] + sign + escaped[at:]


def unmarked(text: str, access: int | None) -> str:
    """The text without a letter that stands only to be chosen: "退出 (Q)" is "退出"."""
    alone = access is not None and text[access - 1 : access] == "("
    return text[: access - 1].rstrip() if access is not None and alone else text
