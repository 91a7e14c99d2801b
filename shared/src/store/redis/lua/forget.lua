-- Notes that a node is gone and that the log knows.
--
-- KEYS: leases, terms, claims, gone. ARGV: the node, the milliseconds for which gone nodes are remembered.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[2])
redis.call('ZADD', KEYS[4], now, ARGV[1])
