//! Owns a map in memory whose entries expire and whose size is limited. Used by [`super::cache`]
//! and [`super::census`].

use dashmap::DashMap;

/// An entry and the time when it expires.
#[derive(Debug, Clone)]
struct Entry<V> {
    value: V,
    until_ms: i64,
}

/// Entries by text. At `capacity`, expired entries and then those that expire first are dropped.
#[derive(Debug)]
pub(super) struct ExpiringMap<V> {
    entries: DashMap<String, Entry<V>>,
    capacity: usize,
}

impl<V: Clone> ExpiringMap<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: DashMap::new(), capacity }
    }

    pub(super) fn get(&self, key: &str, now_ms: i64) -> Option<V> {
        self.entries.get(key).filter(|entry| entry.until_ms > now_ms).map(|entry| entry.value.clone())
    }

    /// Returns the value of `key`, and in how many ms it expires.
    pub(super) fn get_with_expiry(&self, key: &str, now_ms: i64) -> Option<(V, u64)> {
        let entry = self.entries.get(key).filter(|entry| entry.until_ms > now_ms)?;
        Some((entry.value.clone(), entry.until_ms.saturating_sub(now_ms).unsigned_abs()))
    }

    pub(super) fn put(&self, key: &str, value: V, now_ms: i64, until_ms: i64) {
        self.make_room(now_ms);
        self.entries.insert(key.to_owned(), Entry { value, until_ms });
    }

    /// Changes the value of `key` in one step and returns the new one. `change` gets `None` when
    /// there is no value or it has expired.
    pub(super) fn update(&self, key: &str, now_ms: i64, until_ms: i64, change: impl FnOnce(Option<&V>) -> V) -> V {
        self.make_room(now_ms);
        match self.entries.entry(key.to_owned()) {
            dashmap::Entry::Occupied(mut occupied) => {
                let live = Some(occupied.get()).filter(|entry| entry.until_ms > now_ms).map(|entry| &entry.value);
                let value = change(live);
                occupied.insert(Entry { value: value.clone(), until_ms });
                value
            }
            dashmap::Entry::Vacant(vacant) => {
                let value = change(None);
                vacant.insert(Entry { value: value.clone(), until_ms });
                value
            }
        }
    }

    pub(super) fn remove(&self, key: &str) {
        self.entries.remove(key);
    }

    /// Drops expired entries and, if that is not enough, the tenth of the entries that expires
    /// first.
    fn make_room(&self, now_ms: i64) {
        if self.entries.len() < self.capacity {
            return;
        }
        self.entries.retain(|_, entry| entry.until_ms > now_ms);
        if self.entries.len() < self.capacity {
            return;
        }
        let mut ends: Vec<i64> = self.entries.iter().map(|entry| entry.until_ms).collect();
        let tenth = ends.len() / 10;
        let (_, border, _) = ends.select_nth_unstable(tenth);
        let border = *border;
        self.entries.retain(|_, entry| entry.until_ms > border);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_not_returned_and_starts_anew() {
        let map = ExpiringMap::new(10);
        map.put("a", 1, 0, 100);
        assert_eq!(map.get("a", 99), Some(1));
        assert_eq!(map.get("a", 100), None);
        let add = |value: Option<&i32>| value.map_or(1, |value| value + 1);
        assert_eq!(map.update("a", 50, 150, add), 2);
        assert_eq!(map.update("a", 150, 250, add), 1);
    }

    #[test]
    fn a_full_map_forgets_what_would_end_first() {
        let map = ExpiringMap::new(100);
        for end in 1..=1_000_i64 {
            map.put(&end.to_string(), end, 0, end);
            assert!(map.entries.len() <= 100);
        }
        assert_eq!(map.get("1000", 0), Some(1_000));
        assert_eq!(map.get("1", 0), None);
    }

    #[test]
    fn equal_ends_do_not_fill_the_map() {
        let map = ExpiringMap::new(10);
        for key in 0..100 {
            map.put(&key.to_string(), key, 0, 5);
        }
        assert!(map.entries.len() <= 10);
    }
}
