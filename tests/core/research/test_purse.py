"""A budget of tokens is kept whoever asks first, and nothing that was spent is forgotten."""

import asyncio

import pytest

from core.research.purse import LEAST, Purse, Spent


async def test_a_question_takes_its_share_and_gives_back_the_rest() -> None:
    """Until then nobody else has it."""
    purse = Purse(1_000)
    with await purse.share(100, 500) as share:
        assert (share.held, purse.left) == (600, 400)
        share.used = 250
    assert purse.left == 750


async def test_what_is_left_bounds_the_answer() -> None:
    """Less than was wished, as long as it is an answer."""
    purse = Purse(1_000, recorded=700)
    with await purse.share(100, 500) as share:
        assert share.held == 300


async def test_who_comes_late_waits_for_what_comes_back() -> None:
    """And is told at once where nothing will."""
    purse = Purse(700)
    with await purse.share(100, 600) as share:
        late = asyncio.ensure_future(purse.share(100, 600))
        await asyncio.sleep(0)
        assert not late.done()
        share.used = 200
    with await late as second:
        assert second.held == 500
        second.used = 500 - LEAST
    with pytest.raises(Spent):
        await purse.share(100, 600)


async def test_what_was_thrown_away_is_told_once() -> None:
    """The facts told 300; the answer that was cut off cost 150 more."""
    purse = Purse(10_000, recorded=300)
    with await purse.share(100, 500) as share:
        share.used = 150
        assert purse.lost(300) == 150
    assert purse.lost(300) == 150
    assert purse.lost(450) == 0
