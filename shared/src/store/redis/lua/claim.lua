-- Claims nodes whose lease ran out, so that one process at a time sees to each. Gives those it got.
--
-- KEYS: leases, claims. ARGV: the milliseconds that a claim lasts, then the nodes.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local claimed = {}
for i = 2, #ARGV do
  local expiry = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local lives = expiry and tonumber(expiry) > now
  if not lives and not redis.call('ZSCORE', KEYS[2], ARGV[i]) then
    redis.call('ZADD', KEYS[2], now + ARGV[1], ARGV[i])
    claimed[#claimed + 1] = ARGV[i]
  end
end
return claimed
