"""Facts about research. Stream: `research-<research_id>`; its providers' own: `research`.

What was asked, searched, read and written never comes here as it was: `sealed` is its ciphertext,
under a key of the run's own that lies outside the log. Who destroys that key erases the run. In
clear are who, when, which model, and how much: also not which page, nor its hash, which would tell
whoever knows a page that it was read.

`ran_s` is the time for which the run has been at work, in all its parts, as of this fact: pauses
and the time in which the studio was down do not count. `prompt_tokens` and `completion_tokens` are
what this one step cost; `lost_tokens` went, since the last fact that tells them, into answers that
were thrown away.
"""

from events.facts.base import Fact


class ResearchRequested(Fact, frozen=True, kw_only=True, tag="research-requested"):
    """A research with {model} was asked for: {research_id}."""

    research_id: str
    model: str
    sealed: bytes  # the question
    providers: tuple[str, ...] = ()  # where it may search
    sources: int = 0  # the budget: pages that may be read,
    tokens: int = 0  # tokens that may be used,
    minutes: float = 0  # time for which it may be at work
    clarify: bool = False  # whether it may ask back first


class ResearchAskedBack(Fact, frozen=True, kw_only=True, tag="research-asked-back"):
    """The research {research_id} asked {questions} question(s) back."""

    research_id: str
    questions: int  # 0: there was nothing to ask
    sealed: bytes
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ran_s: float = 0


class ResearchAnswered(Fact, frozen=True, kw_only=True, tag="research-answered"):
    """What the research {research_id} had asked back was answered, or left open."""

    research_id: str
    sealed: bytes  # empty text: left open


class ResearchPlanned(Fact, frozen=True, kw_only=True, tag="research-planned"):
    """The research {research_id} has a plan with {steps} step(s)."""

    research_id: str
    steps: int
    sealed: bytes
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ran_s: float = 0


class ResearchPlanEdited(Fact, frozen=True, kw_only=True, tag="research-plan-edited"):
    """The plan of the research {research_id} was changed; it has {steps} step(s) now."""

    research_id: str
    steps: int
    sealed: bytes


class ResearchStarted(Fact, frozen=True, kw_only=True, tag="research-started"):
    """The plan of the research {research_id} was accepted: it began to search."""

    research_id: str


class ResearchQueriesMade(Fact, frozen=True, kw_only=True, tag="research-queries-made"):
    """The research {research_id} made {queries} search(es) of the step {step_id}."""

    research_id: str
    step_id: str
    queries: int
    sealed: bytes
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ran_s: float = 0


class ResearchSearched(Fact, frozen=True, kw_only=True, tag="research-searched"):
    """The research {research_id} searched with {provider} for the step {step_id}: {hits} hit(s)."""

    research_id: str
    step_id: str
    query: int  # which of the step's queries: 0, 1, 2 …
    provider: str
    hits: int
    sealed: bytes  # what was found, or why nothing could be
    problem: str = ""  # its code, when it failed
    ran_s: float = 0


class ResearchPageRead(Fact, frozen=True, kw_only=True, tag="research-page-read"):
    """The research {research_id} read its source {source}: {size} bytes of text."""

    research_id: str
    source: int
    size: int
    sealed: bytes  # where it is from, and the hash of the text that is kept beside the log
    ran_s: float = 0


class ResearchPageRefused(Fact, frozen=True, kw_only=True, tag="research-page-refused"):
    """The research {research_id} could not read its source {source}: {problem}."""

    research_id: str
    source: int
    problem: str  # its code
    sealed: bytes
    ran_s: float = 0


class ResearchNoted(Fact, frozen=True, kw_only=True, tag="research-noted"):
    """The research {research_id} noted {notes} passage(s) of its source {source}{with_dropped}."""

    research_id: str
    step_id: str
    source: int
    notes: int
    sealed: bytes
    dropped: int = 0  # claims whose quote is not in the page
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ran_s: float = 0

    @property
    def with_dropped(self) -> str:
        """How many claims were not in the page, when there were any."""
        return f"; {self.dropped} more were not in it" if self.dropped else ""


class ResearchGapsFound(Fact, frozen=True, kw_only=True, tag="research-gaps-found"):
    """The research {research_id} looked for gaps: {steps} further step(s)."""

    research_id: str
    steps: int
    sealed: bytes
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ran_s: float = 0


class ResearchCompared(Fact, frozen=True, kw_only=True, tag="research-compared"):
    """The research {research_id} compared its sources: {contradictions} contradiction(s)."""

    research_id: str
    step_id: str
    contradictions: int
    sealed: bytes
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ran_s: float = 0


class ResearchSectionWritten(Fact, frozen=True, kw_only=True, tag="research-section-written"):
    """The research {research_id} wrote {sentences} sentence(s) about {step_id}."""

    research_id: str
    step_id: str
    sentences: int
    sealed: bytes
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ran_s: float = 0


class ResearchSectionChecked(Fact, frozen=True, kw_only=True, tag="research-section-checked"):
    """The research {research_id} checked {step_id}: {unsupported} sentence(s) have no support."""

    research_id: str
    step_id: str
    supported: int
    unsupported: int
    sealed: bytes
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ran_s: float = 0


class ResearchBudgetSpent(Fact, frozen=True, kw_only=True, tag="research-budget-spent"):
    """The research {research_id} used up its {budget} for {part}."""

    research_id: str
    budget: str  # sources | tokens | minutes
    part: str  # reading | writing
    ran_s: float = 0


class ResearchFinished(Fact, frozen=True, kw_only=True, tag="research-finished"):
    """The research {research_id} is finished: {sources} source(s), {unsupported} open claim(s)."""

    research_id: str
    sources: int  # that are cited
    unsupported: int
    ran_s: float = 0
    lost_tokens: int = 0


class ResearchPaused(Fact, frozen=True, kw_only=True, tag="research-paused"):
    """The research {research_id} was paused: {reason}."""

    research_id: str
    reason: str  # asked, or the code of what went wrong
    sealed: bytes  # what went wrong, and what to do
    ran_s: float = 0
    lost_tokens: int = 0


class ResearchResumed(Fact, frozen=True, kw_only=True, tag="research-resumed"):
    """The research {research_id} goes on."""

    research_id: str
    model: str = ""  # another one than before


class ResearchProvidersChosen(Fact, frozen=True, kw_only=True, tag="research-providers-chosen"):
    """The research {research_id} searches with {providers} from now on."""

    research_id: str
    providers: tuple[str, ...]


class ResearchStopped(Fact, frozen=True, kw_only=True, tag="research-stopped"):
    """The research {research_id} was stopped."""

    research_id: str
    ran_s: float = 0
    lost_tokens: int = 0


class ResearchFailed(Fact, frozen=True, kw_only=True, tag="research-failed"):
    """The research {research_id} failed: {reason}."""

    research_id: str
    reason: str  # a code
    sealed: bytes  # what went wrong, and what to do
    ran_s: float = 0
    lost_tokens: int = 0


class ResearchErasureRequested(Fact, frozen=True, kw_only=True, tag="research-erasure-requested"):
    """The research {research_id} is to be erased."""

    research_id: str


class ResearchErased(Fact, frozen=True, kw_only=True, tag="research-erased"):
    """The research {research_id} was erased: its key is destroyed."""

    research_id: str


class ResearchProviderSaved(Fact, frozen=True, kw_only=True, tag="research-provider-saved"):
    """Research may search with {provider} ({kind}) from now on."""

    provider: str
    kind: str  # searxng | brave | tavily | duckduckgo | wikipedia | mcp | folder
    url: str = ""
    folder: str = ""
    tool: str = ""  # server/tool
    argument: str = ""  # the tool's parameter for the query, where it can not be guessed
    language: str = ""
    enabled: bool = True


class ResearchProviderRemoved(Fact, frozen=True, kw_only=True, tag="research-provider-removed"):
    """Research searches with {provider} no more."""

    provider: str


class ResearchHostsAllowed(Fact, frozen=True, kw_only=True, tag="research-hosts-allowed"):
    """Research may read these hosts of private networks: {hosts}."""

    hosts: tuple[str, ...]
