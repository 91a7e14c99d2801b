-- Says that nothing has come into a part of the log since it was covered up to there. Says nothing where another
-- recorder covered it further, or where this one was not covering it.
--
-- KEYS: the generation. ARGV: epoch, covered, the milliseconds that the generation stays fresh, the seconds that a
-- key stays.
local was = redis.call('HMGET', KEYS[1], 'epoch', 'covered')
if was[1] ~= ARGV[1] or was[2] ~= ARGV[2] then
  return
end
local time = redis.call('TIME')
local fresh = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('HSET', KEYS[1], 'fresh', fresh)
redis.call('EXPIRE', KEYS[1], ARGV[4])
