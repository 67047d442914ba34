-- Takes one node's declaration of a topic in, and publishes what that means. One script, so that no other node's declaration comes between and the bus
-- carries the events in the order of their versions.
-- KEYS: 1 the channel, 2 subscribers by channel, 3 users by channel, 4 topics of the node, 5 members of the node here, 6 nodes by user, 7 info by user,
--       8 leases, 9 the version
-- ARGV: 1 node, 2 entry in KEYS[4], 3 field of KEYS[2], 4 subscribers, 5 plain|presence|user, 6 most members, 7 wants the roster, 8 count: 0 no,
--       1 on change, 2 now; 9 bus topic, 10 head of an envelope, 11 channel as JSON, 12 head of an envelope for watchers,
--       13 their frame when the user came, 14 whether only while the lease has run out, 15 count at once up to, 16 else every ms,
--       17 the watchers' frame when the user went; then user, info, first socket of each member
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lease = tonumber(redis.call('ZSCORE', KEYS[8], ARGV[1]) or '-1')
if lease < 0 or (ARGV[14] == '1' and lease >= now) then return {0, 0, 0, 0, 0, {}, {}, {}, {}} end

local node, channel, count = ARGV[1], ARGV[3], tonumber(ARGV[4])
local function publish(members, event, data)
  local frame = '{"event":"' .. event .. '","channel":' .. ARGV[11] .. ',"data":' .. cjson.encode(data) .. '}'
  redis.call('PUBLISH', ARGV[9], 'e' .. ARGV[10] .. members .. '}\n' .. frame)
end
-- Not below the clock: a Redis that lost its memory goes on above what sockets know already.
local version = tonumber(redis.call('GET', KEYS[9]) or '0')
local function next_version()
  version = math.max(version + 1, clock[1] * 1000000 + clock[2])
  redis.call('SET', KEYS[9], string.format('%.0f', version))
  return ',"roster":' .. string.format('%.0f', version)
end

local held = 'n:' .. node
local before = tonumber(redis.call('HGET', KEYS[2], channel) or '0')
local total = before - tonumber(redis.call('HGET', KEYS[1], held) or '0') + count
if count > 0 then
  redis.call('HSET', KEYS[1], held, ARGV[4])
  redis.call('SADD', KEYS[4], ARGV[2])
else
  redis.call('HDEL', KEYS[1], held)
  redis.call('SREM', KEYS[4], ARGV[2])
end
if total > 0 then
  redis.call('HSET', KEYS[2], channel, string.format('%.0f', total))
else
  redis.call('HDEL', KEYS[2], channel)
  redis.call('DEL', KEYS[1])
end

local added, removed, refused, roster = {}, {}, {}, {}
if ARGV[5] == 'presence' then
  local had, want = {}, {}
  local mine = redis.call('SMEMBERS', KEYS[5])
  for _, user in ipairs(mine) do had[user] = true end
  for i = 18, #ARGV, 3 do want[ARGV[i]] = true end
  for _, user in ipairs(mine) do
    if not want[user] then
      redis.call('SREM', KEYS[5], user)
      if redis.call('HINCRBY', KEYS[6], user, -1) <= 0 then
        redis.call('HDEL', KEYS[6], user)
        redis.call('HDEL', KEYS[7], user)
        publish(next_version(), 'pusher_internal:member_removed', '{"user_id":' .. cjson.encode(user) .. '}')
        removed[#removed + 1] = user
      end
    end
  end
  for i = 18, #ARGV, 3 do
    local user, info = ARGV[i], ARGV[i + 1]
    if not had[user] then
      if redis.call('HEXISTS', KEYS[6], user) == 1 then
        redis.call('HINCRBY', KEYS[6], user, 1)
        redis.call('SADD', KEYS[5], user)
      elseif redis.call('HLEN', KEYS[6]) >= tonumber(ARGV[6]) then
        refused[#refused + 1] = user
      else
        redis.call('HSET', KEYS[6], user, 1)
        redis.call('HSET', KEYS[7], user, info)
        redis.call('SADD', KEYS[5], user)
        local data = '{"user_id":' .. cjson.encode(user)
        if info ~= '' then data = data .. ',"user_info":' .. info end
        publish(',"except":"' .. ARGV[i + 2] .. '"' .. next_version(), 'pusher_internal:member_added', data .. '}')
        added[#added + 1] = user
      end
    end
  end
  local users = redis.call('HLEN', KEYS[6])
  if users > 0 then redis.call('HSET', KEYS[3], channel, users) else redis.call('HDEL', KEYS[3], channel) end
  if ARGV[7] == '1' then roster = redis.call('HGETALL', KEYS[7]) end
elseif ARGV[5] == 'user' then
  local frame = (before == 0 and total > 0) and ARGV[13] or (before > 0 and total == 0) and ARGV[17]
  if frame then redis.call('PUBLISH', ARGV[9], 'e' .. ARGV[12] .. next_version() .. '}\n' .. frame) end
end

local held_back = 0
if ARGV[8] ~= '0' and total > 0 and (total ~= before or ARGV[8] == '2') then
  local count_at = tonumber(redis.call('HGET', KEYS[1], 'told') or '0')
  if total <= tonumber(ARGV[15]) or now - count_at >= tonumber(ARGV[16]) then
    redis.call('HSET', KEYS[1], 'told', string.format('%.0f', now))
    publish('', 'pusher_internal:subscription_count', '{"subscription_count":' .. string.format('%.0f', total) .. '}')
  else
    held_back = 1
  end
end
return {1, before, total, version, held_back, added, removed, refused, roster}
