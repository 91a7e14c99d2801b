-- Takes a token of a bucket. Gives 0, or the seconds after which there is one. `domain/rate.rs` says the rules.
--
-- KEYS: the bucket. ARGV: tokens that come back in a second, tokens in a full bucket.
local per_s, capacity = tonumber(ARGV[1]), ARGV[2] * 1000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local was = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = capacity
if was[1] then
  local since = math.max(0, now - was[2])
  level = math.min(capacity, was[1] + since * per_s)
end
local wait = 0
if level >= 1000 then
  level = level - 1000
else
  wait = math.ceil((1000 - level) / (per_s * 1000))
end
redis.call('HSET', KEYS[1], 'level', level, 'at', now)
-- A bucket that would be full by then is like a new one. The last second is for the clock of a replica.
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - level) / per_s) + 1000)
return wait
