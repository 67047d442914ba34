//! Owns the Lua scripts of the census; each runs as one step for all nodes. Called by
//! [`super::redis`], whose head lists the keys. Must not contain the names of keys.

use redis::Script;
use std::sync::LazyLock;

/// Takes a declaration in; the head of the file describes it.
pub(super) static DECLARE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("declare.lua")));

/// Renews a lease. KEYS: leases, the node's sockets. ARGV: node, lease in ms, prefix of the keys of
/// sockets, then pairs of app and number of sockets.
pub(super) static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local clock = redis.call('TIME') \
         local now = clock[1] * 1000 + math.floor(clock[2] / 1000) \
         local lease = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '-1') \
         redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1]) \
         redis.call('DEL', KEYS[2]) \
         for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end \
         redis.call('PEXPIRE', KEYS[2], ARGV[2]) \
         local others = {} \
         for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], string.format('%.0f', now), '+inf')) do \
           if node ~= ARGV[1] then \
             for _, text in ipairs(redis.call('HGETALL', ARGV[3] .. node)) do others[#others + 1] = text end \
           end \
         end \
         return {lease < now and 1 or 0, others}",
    )
});

/// Returns the nodes whose lease has run out.
pub(super) static LAPSED: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local clock = redis.call('TIME') \
         return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000)))",
    )
});

/// Strikes off a node whose lease has run out and that has no topics left. KEYS: leases, the node's
/// topics.
pub(super) static STRIKE_OFF: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local clock = redis.call('TIME') \
         local lease = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '-1') \
         if lease < clock[1] * 1000 + math.floor(clock[2] / 1000) and redis.call('EXISTS', KEYS[2]) == 0 then \
           redis.call('ZREM', KEYS[1], ARGV[1]) \
         end \
         return 1",
    )
});

/// Keeps and publishes an event of a cache channel. KEYS: the event, the version. ARGV: the event's
/// JSON without its opening brace, how long to keep it in ms, bus topic, head of an envelope,
/// frame. Computes the version as the declaration script does.
pub(super) static PUBLISH_KEPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local clock = redis.call('TIME') \
         local version = tonumber(redis.call('GET', KEYS[2]) or '0') + 1 \
         version = string.format('%.0f', math.max(version, clock[1] * 1000000 + clock[2])) \
         redis.call('SET', KEYS[2], version) \
         redis.call('SET', KEYS[1], '{\"version\":' .. version .. ',' .. ARGV[1], 'PX', ARGV[2]) \
         redis.call('PUBLISH', ARGV[3], 'e' .. ARGV[4] .. ',\"kept\":' .. version .. '}\\n' .. ARGV[5]) \
         return 1",
    )
});
