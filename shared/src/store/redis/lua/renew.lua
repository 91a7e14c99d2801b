-- Says that a node lives. Gives the term of its lease: when that began, in microseconds. A lease that had run out
-- or was not there begins a new one.
--
-- KEYS: leases, terms, gone. ARGV: the node, the milliseconds that the lease lasts.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expiry = redis.call('ZSCORE', KEYS[1], ARGV[1])
local term = redis.call('HGET', KEYS[2], ARGV[1])
if not expiry or tonumber(expiry) <= now or not term then
  term = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('HSET', KEYS[2], ARGV[1], term)
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return term
