"""Every sentence of the tray, by what it is for: a language fills this struct, or mypy complains.

`{name}` is filled in. In the lines of the menu an underscore stands before the letter that chooses
the line from the keyboard. `waiting_one` is the form for one.
"""

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language."""

    decimal: str  # between a figure and its tenths

    # -- the machine in one sentence
    loading: str  # {name}{far}
    waiting: str  # {n}
    waiting_one: str  # {n}
    switching: str  # {name}
    bringing: str  # {name}: a load that has not begun
    evicting: str  # {name}
    evicting_everything: str
    installing_gateway: str
    is_ready: str  # {name}
    failed_because: str  # {name} {why}
    see_its_log: str
    no_model: str

    # -- how far a load is, behind a name
    share: str  # {n}, with the space before it
    then_left: str  # {left}, behind a share
    about: str  # {time}: what a load would take
    about_left: str  # {time}
    later_than_usual: str
    almost_there: str
    seconds: str  # {n}
    minutes: str  # {n}
    hours: str  # {n}

    # -- states, behind a name
    in_state: str  # {name} {state}
    starting: str
    in_loading: str
    ready: str
    stopping: str
    asleep: str
    left_alone: str
    failed: str
    failed_why: str  # {why}
    pinned: str
    changed: str  # its recipe, since it was started
    blocked: str  # it failed too often
    and_also: str  # between two of them

    # -- the menu
    open_window: str
    more_models: str
    cancel: str
    cancel_switch: str  # {name}
    cancel_load: str  # {name}
    cancel_evict: str  # {name}
    cancel_evict_everything: str
    evict: str
    evict_one: str  # {name}
    evict_everything: str
    open_logs: str
    copy_endpoint: str
    start_at_login: str
    quit: str
    quit_leaving_engines: str

    # -- notifications
    became_ready: str  # {name}
    it_answers: str
    crashed: str  # {name}
    could_not_be_started: str  # {name}
    what_next: str  # {why} {next}
    did_not_work: str
    on_the_clipboard: str
    copy_it_from_here: str
