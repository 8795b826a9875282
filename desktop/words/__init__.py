"""What the tray and its notifications say, in the language that the window speaks."""

from desktop.words.catalogue import Words
from desktop.words.language import Language, in_force, of_the_system
from desktop.words.speech import Speech

__all__ = ["Language", "Speech", "Words", "in_force", "of_the_system"]
