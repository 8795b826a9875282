"""Which language is spoken: the one that was chosen in the window, else the system's."""

import locale
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

Language = Literal["en", "de", "zh"]

LANGUAGES: tuple[Language, ...] = get_args(Language)


def in_force(chosen: str) -> Language:
    """What the setting `language` comes to here; "auto" and what is not known follow the system."""
    return chosen if chosen in LANGUAGES else of_the_system()


def of_the_system(environ: Mapping[str, str] = os.environ) -> Language:
    """The first of the person's languages that we speak; English when there is none."""
    return first_spoken(_wished(environ))


def first_spoken(tags: Sequence[str]) -> Language:
    """Of tags such as "de-AT", "zh_CN.UTF-8" or "C"."""
    for tag in tags:
        language = tag.lower().replace("_", "-").partition(".")[0].partition("@")[0].split("-")[0]
        if language in LANGUAGES:
            return language
    return "en"


def _wished(environ: Mapping[str, str]) -> list[str]:
    """Of menus and not of number formats; an app that no terminal started has no LANG on macOS."""
    if sys.platform == "darwin":
        from Foundation import NSLocale  # comes with pystray, and only there

        return [str(tag) for tag in NSLocale.preferredLanguages()]
    if sys.platform == "win32":
        import ctypes

        return [locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "en")]
    return wished_on_linux(environ)


def wished_on_linux(environ: Mapping[str, str]) -> list[str]:
    """As gettext reads it: LANGUAGE is a list, and means nothing where the locale is C."""
    named = next((v for n in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := environ.get(n))), "C")
    if named.partition(".")[0] in ("C", "POSIX"):
        return [named]
    return [tag for tag in environ.get("LANGUAGE", "").split(":") if tag] + [named]
