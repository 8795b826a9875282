"""The one script that Redis runs for an admission: forget, add up, judge, count in, at once.

A key's counters are one hash. Each studio writes fields of its own alone, so that what it tells
again after a failure replaces what stood there and nothing is counted twice:

    r:<second>:<studio>  requests      d:<day>:<studio>    money of the day
    t:<second>:<studio>  tokens        m:<month>:<studio>  money of the month
    p::<studio>          running now   e::<studio>         until when that is to be believed

Limits are judged over the sum of all. The rules are those of `counters.py`; both are held to the
same tests.
"""

import msgspec

from core.keys.use import Stop, Use

PREFIX = "vllm-studio:key:"

ADMIT = """
local h, me, now = KEYS[1], ARGV[1], tonumber(ARGV[2])
local day, month, lease = ARGV[3], ARGV[4], ARGV[5]
local most = { requests = tonumber(ARGV[6]), tokens = tonumber(ARGV[7]),
  parallel = tonumber(ARGV[8]), day = tonumber(ARGV[9]), month = tonumber(ARGV[10]) }
local asking, want, money = ARGV[11] == '1', tonumber(ARGV[12]), tonumber(ARGV[13])
for i = 15, #ARGV, 2 do redis.call('HSET', h, ARGV[i], ARGV[i + 1]) end
redis.call('HSET', h, 'e::' .. me, lease)

local oldest, all = math.floor(now) - 60, redis.call('HGETALL', h)
local sum = { r = 0, t = 0, p = 0, d = 0, m = 0 }
local seconds, running, believed, gone = { r = {}, t = {} }, {}, {}, {}
for i = 1, #all, 2 do
  local kind, at, who = string.match(all[i], '^(%a):([^:]*):(.*)$')
  local n = tonumber(all[i + 1])
  if kind == 'r' or kind == 't' then
    local s = tonumber(at)
    if s < oldest then gone[#gone + 1] = all[i]
    else
      sum[kind] = sum[kind] + n
      seconds[kind][s] = (seconds[kind][s] or 0) + n
    end
  elseif kind == 'd' or kind == 'm' then
    if at == (kind == 'd' and day or month) then sum[kind] = sum[kind] + n
    else gone[#gone + 1] = all[i] end
  elseif kind == 'p' then running[who] = n
  elseif kind == 'e' then believed[who] = n
  end
end
for who, n in pairs(running) do
  if who == me or (believed[who] or 0) >= now then sum.p = sum.p + n end
end
for _, field in ipairs(gone) do redis.call('HDEL', h, field) end

local function gone_at(kind, count)
  local order, at = {}, 0
  for s in pairs(seconds[kind]) do order[#order + 1] = s end
  table.sort(order)
  for _, s in ipairs(order) do
    if count <= 0 then break end
    if seconds[kind][s] > 0 then count, at = count - seconds[kind][s], s + 61 end
  end
  return at
end

local why, again = '', 0
if asking then
  if most.month and sum.m >= most.month then why = 'budget_month'
  elseif most.day and sum.d >= most.day then why = 'budget_day'
  elseif most.parallel and sum.p >= most.parallel then why = 'parallel'
  elseif most.requests and sum.r + 1 > most.requests then
    why, again = 'requests', gone_at('r', sum.r + 1 - most.requests)
  elseif most.tokens and sum.t + want > most.tokens then
    why, again = 'tokens', gone_at('t', sum.t + want - most.tokens)
  else
    local s = tonumber(ARGV[14])
    redis.call('HINCRBY', h, 'r:' .. ARGV[14] .. ':' .. me, 1)
    redis.call('HINCRBY', h, 't:' .. ARGV[14] .. ':' .. me, want)
    redis.call('HINCRBY', h, 'p::' .. me, 1)
    if money > 0 then
      redis.call('HINCRBYFLOAT', h, 'd:' .. day .. ':' .. me, money)
      redis.call('HINCRBYFLOAT', h, 'm:' .. month .. ':' .. me, money)
    end
    sum.r, sum.t, sum.p = sum.r + 1, sum.t + want, sum.p + 1
    seconds.r[s], seconds.t[s] = (seconds.r[s] or 0) + 1, (seconds.t[s] or 0) + want
  end
end
redis.call('EXPIRE', h, (sum.d > 0 or sum.m > 0 or most.day or most.month) and 3456000 or 180)
return { why, again, sum.r, sum.t, sum.p, tostring(sum.d), tostring(sum.m),
  gone_at('r', sum.r), gone_at('t', sum.t) }
"""


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """What the script answers."""

    why: str
    again_at: int
    requests: int
    tokens: int
    parallel: int
    spent_day: float
    spent_month: float
    requests_reset_at: int
    tokens_reset_at: int

    def at(self, now: float, day_ends_s: float, month_ends_s: float) -> Use | Stop:
        """In our own words, at the moment for which it was asked."""
        use = Use(
            requests=self.requests,
            tokens=self.tokens,
            parallel=self.parallel,
            spent_day=self.spent_day,
            spent_month=self.spent_month,
            requests_reset_s=max(0.0, self.requests_reset_at - now),
            tokens_reset_s=max(0.0, self.tokens_reset_at - now),
        )
        if not self.why:
            return use
        known = {"budget_day": day_ends_s, "budget_month": month_ends_s, "parallel": 1.0}
        return Stop(limit=self.why, retry_after=known.get(self.why, self.again_at - now), use=use)


def verdict(reply: list[bytes | int]) -> Verdict:
    """Read the script's answer."""
    why, again_at, requests, tokens, parallel, day, month, requests_reset, tokens_reset = (
        part.decode() if isinstance(part, bytes) else part for part in reply
    )
    return Verdict(
        why=str(why),
        again_at=int(again_at),
        requests=int(requests),
        tokens=int(tokens),
        parallel=int(parallel),
        spent_day=float(day),
        spent_month=float(month),
        requests_reset_at=int(requests_reset),
        tokens_reset_at=int(tokens_reset),
    )
