-- Puts what a part of the log shows from one offset to another into the newest messages of its rooms.
--
-- KEYS: the generation, then rooms. ARGV: epoch, from, to, the milliseconds that the generation stays fresh, the
-- messages that a room keeps, the seconds that a key stays, then for each message: the number of its room's key,
-- its id, its JSON. Offsets are below 2^53, which Lua's numbers still tell apart.
local epoch, from, to = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local start = ARGV[2]
local was = redis.call('HMGET', KEYS[1], 'epoch', 'start', 'covered')
if was[1] then
  local was_epoch, covered = tonumber(was[1]), tonumber(was[3])
  if was_epoch > epoch or (was_epoch == epoch and covered >= to) then
    return
  end
  if was_epoch == epoch and covered >= from then
    start = was[2]
  end
end
for i = 7, #ARGV, 3 do
  local room, id = KEYS[tonumber(ARGV[i])], ARGV[i + 1]
  -- Another version may have written the same message in other bytes. '~' is behind all that JSON begins with.
  redis.call('ZREMRANGEBYLEX', room, '[' .. id, '(' .. id .. '~')
  redis.call('ZADD', room, 0, id .. ARGV[i + 2])
end
for i = 2, #KEYS do
  redis.call('ZREMRANGEBYRANK', KEYS[i], 0, -ARGV[5] - 1)
  redis.call('EXPIRE', KEYS[i], ARGV[6])
end
local time = redis.call('TIME')
local fresh = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[4]
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'start', start, 'covered', ARGV[3], 'fresh', fresh)
redis.call('EXPIRE', KEYS[1], ARGV[6])
