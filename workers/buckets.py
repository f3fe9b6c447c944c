"""Two token buckets in Redis, of requests and of tokens, taken from together or not at all, with a line before them.

A bucket holds a tenth of the minute's amount and fills by nine tenths in a minute, so that no minute, wherever it
begins, sees more than the limit. Whoever is refused stands in line by its matter's turn: those behind it get nothing
that it needs, however small, and the further behind, the later they are to ask again. Whoever does not come back in
time loses its place. Redis's clock alone counts.

What a call may use is taken in full, and what it did not use comes back when it ends. Those in line are told to ask
again when that may have happened, by what calls used of late; else the pace would be as if each used all it had taken.
"""

from dataclasses import dataclass

import redis

LONGEST_WAIT = 60.0  # seconds until a step asks again, however long the line is
SOONEST = 0.5  # seconds until a step asks again for what others may give back, however little calls use
GRACE = 5.0  # a step that was due to ask so long ago has lost its place

# KEYS: bucket; line (step by turn); places (step by when its place is lost); needs (tokens by step).
# ARGV: step, its turn, tokens it needs, "1" if it goes on in any case; capacity and rate per second of requests, then
# of tokens (a rate of 0: no limit); longest wait, soonest, grace.
# Returns the seconds to wait, as a string, since Lua's numbers are cut to integers; 0: taken.
_TAKE = """
local bucket, line, places, needs = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local step, need, sure = ARGV[1], tonumber(ARGV[3]), ARGV[4] == '1'
local most_requests, request_rate = tonumber(ARGV[5]), tonumber(ARGV[6])
local most_tokens, token_rate = tonumber(ARGV[7]), tonumber(ARGV[8])
local longest, soonest, grace = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000

local function leave(who)
  redis.call('ZREM', line, who)
  redis.call('ZREM', places, who)
  redis.call('HDEL', needs, who)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', places, '-inf', now)) do leave(gone) end

-- What is there. For a call that needs more than the bucket holds more is gathered once it is the first in line.
local kept = redis.call('HMGET', bucket, 'requests', 'tokens', 'at', 'room', 'full_since', 'used')
local passed = math.max(0, now - (tonumber(kept[3]) or now))
local requests = (tonumber(kept[1]) or most_requests) + passed * request_rate
local tokens = (tonumber(kept[2]) or most_tokens) + passed * token_rate
requests = math.min(requests, most_requests)
tokens = math.min(tokens, math.max(most_tokens, tonumber(kept[4]) or 0))

-- What those ahead need is theirs.
redis.call('ZADD', line, ARGV[2], step)
local ahead = redis.call('ZRANK', line, step)
local theirs = 0
if ahead > 0 then
  local first = redis.call('ZRANGE', line, 0, math.min(ahead, 100) - 1)
  for _, tokens_of_one in ipairs(redis.call('HMGET', needs, unpack(first))) do
    theirs = theirs + (tonumber(tokens_of_one) or 0)
  end
  theirs = theirs * ahead / #first
end
local wait, fill = 0, 0
if request_rate > 0 then wait = math.max(wait, (1 + ahead - requests) / request_rate) end
if token_rate > 0 then fill = math.max(fill, (need + theirs - tokens) / token_rate) end

-- A bucket that stays full although many stand in line: they are not there any more.
local full = (request_rate == 0 or requests >= most_requests)
  and (token_rate == 0 or tokens >= math.max(most_tokens, need))
local full_since = full and (tonumber(kept[5]) or now) or now
if full and now - full_since > grace then wait, fill = 0, 0 end

if sure or math.max(wait, fill) < 0.001 then
  requests, tokens, wait, full = requests - 1, tokens - need, 0, false
  leave(step)
else
  local returned = math.max(soonest, (tonumber(kept[6]) or 1) * fill)  -- until others will have given back enough
  wait = math.min(longest, math.max(wait, math.min(fill, returned)))
  redis.call('ZADD', places, string.format('%.3f', now + 1.1 * wait + grace), step)
  redis.call('HSET', needs, step, need)
end
if request_rate == 0 then requests = most_requests end
if token_rate == 0 then tokens = most_tokens end
local first = redis.call('ZRANGE', line, 0, 0)[1]
redis.call('HSET', bucket, 'requests', tostring(requests), 'tokens', tostring(tokens),
  'at', string.format('%.6f', now), 'room', first and redis.call('HGET', needs, first) or 0)
if full then
  redis.call('HSET', bucket, 'full_since', string.format('%.6f', full_since))
else
  redis.call('HDEL', bucket, 'full_since')
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 600) end
return tostring(wait)
"""
# What was taken too much comes back; what was taken too little is missing from then on. An emptied Redis owes nothing.
# ARGV: requests, tokens, and what share of its tokens a call used: of that a moving average is kept.
_RETURN = """
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HINCRBYFLOAT', KEYS[1], 'requests', ARGV[1])
  redis.call('HINCRBYFLOAT', KEYS[1], 'tokens', ARGV[2])
  if ARGV[3] then
    local used = tonumber(redis.call('HGET', KEYS[1], 'used') or 1)
    redis.call('HSET', KEYS[1], 'used', tostring(used + (ARGV[3] - used) / 4))
  end
end
"""


@dataclass(frozen=True)
class Bucket:
    """Holds `capacity` and fills by `per_second`; where that is 0 there is no limit. `most`: the limit of a minute."""

    capacity: float
    per_second: float
    most: int

    @classmethod
    def of_minute(cls, limit: int) -> "Bucket":
        """The bucket by which no minute sees more than `limit`; 0: without a limit."""
        return cls(max(1.0, limit / 10), 0.9 * limit / 60, limit)


@dataclass(frozen=True)
class SharedLimit:
    """The two buckets and their line in Redis, under names that begin with `name`."""

    client: redis.Redis
    name: str
    requests: Bucket
    tokens: Bucket
    grace: float = GRACE

    def needed(self, tokens: int) -> int:
        """What is taken for a call of `tokens`: one above the limit goes when a whole minute's are there."""
        return min(tokens, self.tokens.most)

    def take(self, step: int, turn: float, tokens: int, *, sure: bool = False) -> float:
        """Take one request and `tokens`: 0.0, or the seconds after which `step` may ask again, its place being kept.

        `sure`: it is taken in any case, and whoever comes later waits for it.
        """
        requests, of_tokens = self.requests, self.tokens
        keys = [f"{self.name}:{part}" for part in ("bucket", "line", "places", "needs")]
        wait = self.client.eval(
            _TAKE,
            len(keys),
            *keys,
            str(step),
            repr(turn),
            str(self.needed(tokens)),
            str(int(sure)),
            *(str(x) for x in (requests.capacity, requests.per_second, of_tokens.capacity, of_tokens.per_second)),
            str(LONGEST_WAIT),
            str(SOONEST),
            str(self.grace),
        )
        return float(wait)

    def settle(self, taken: int, used: int) -> None:
        """A call for which `taken` tokens were taken, more than 0, has `used` so many."""
        self.client.eval(_RETURN, 1, f"{self.name}:bucket", "0", str(taken - used), str(min(1.0, used / taken)))

    def give_back(self, requests: int, tokens: int) -> None:
        """Put back what was taken for a call that was not made."""
        self.client.eval(_RETURN, 1, f"{self.name}:bucket", str(requests), str(tokens))
