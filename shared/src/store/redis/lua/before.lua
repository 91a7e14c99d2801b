-- A full page of a room's messages before one, newest first, or nothing.
--
-- KEYS: the generation, the room. ARGV: epoch, the messages in a page, and where the page is not from the newest
-- on: the offset and the index of the message it is before, and its id.
local epoch, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local is = redis.call('HMGET', KEYS[1], 'epoch', 'start', 'covered', 'fresh')
if not is[1] or tonumber(is[1]) ~= epoch then
  return false
end
local time = redis.call('TIME')
local start, covered = tonumber(is[2]), tonumber(is[3])
if time[1] * 1000 + math.floor(time[2] / 1000) >= tonumber(is[4]) then
  return false
end
local before = string.format('%04x%016x', epoch, covered)
if ARGV[5] then
  local offset, index = tonumber(ARGV[3]), tonumber(ARGV[4])
  if offset > covered or (offset == covered and index > 0) then
    return false
  end
  before = ARGV[5]
end
local first = string.format('%04x%016x', epoch, start)
local page = redis.call('ZREVRANGEBYLEX', KEYS[2], '(' .. before, '[' .. first, 'LIMIT', 0, size)
return #page == size and page
