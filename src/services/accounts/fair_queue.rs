//! Owns the order in which logins wait for a hashing turn, such that no single address can fill the
//! queue: logins wait in ranks, and within a rank the addresses take turns. Used by
//! [`super::hashing_line`]. Must stay pure: no clock, no I/O.
//!
//! | rank | logins | turns in eight, while all ranks wait |
//! |---|---|---|
//! | trusted | devices that have signed in to the account, admins making accounts | 5 |
//! | known | addresses from which a user has signed in lately | 2 |
//! | strange | all others | 1 |

use std::collections::{HashMap, VecDeque};

/// How many logins can wait in one rank.
const RANK_LIMIT: usize = 1024;

/// How many logins can wait in one rank from one address: a school at first bell, about 5 s of
/// hashing on two cores.
const ADDRESS_LIMIT: usize = 400;

/// The rank that is asked first at each of eight turns. If it is empty, the others are asked, best
/// first. No rank starves another.
const FIRST_ASKED: [Rank; 8] = {
    use Rank::{Known, Strange, Trusted};
    [Trusted, Trusted, Known, Trusted, Trusted, Known, Trusted, Strange]
};

/// How much is known of a waiting login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The device has signed in to the account, or the server itself makes an account.
    Trusted,
    /// A user has signed in from this address lately.
    Known,
    /// Nothing is known.
    Strange,
}

/// The waiting logins of one rank: a queue per address, and the order in which the addresses take
/// turns.
#[derive(Debug)]
struct Queues<T> {
    by_address: HashMap<String, VecDeque<T>>,
    order: VecDeque<String>,
    length: usize,
}

/// The queue of all ranks.
#[derive(Debug)]
pub(super) struct FairLine<T> {
    ranks: [Queues<T>; 3],
    turns: usize,
}

impl<T> Queues<T> {
    fn new() -> Self {
        Self { by_address: HashMap::new(), order: VecDeque::new(), length: 0 }
    }

    fn length_of(&self, address: &str) -> usize {
        self.by_address.get(address).map_or(0, VecDeque::len)
    }

    /// Adds a login. When there is no room, returns the one that has to leave: the newcomer, or the
    /// last login of the address that has the most.
    fn push(&mut self, address: &str, item: T) -> Option<T> {
        let own = self.length_of(address);
        if own >= ADDRESS_LIMIT {
            return Some(item);
        }
        let mut evicted = None;
        if self.length >= RANK_LIMIT {
            let Some(greediest) = self.greediest().filter(|address| self.length_of(address) > own + 1) else {
                return Some(item);
            };
            evicted = self.by_address.get_mut(&greediest).and_then(VecDeque::pop_back);
            self.length -= usize::from(evicted.is_some());
        }
        let queue = self.by_address.entry(address.to_owned()).or_default();
        if queue.is_empty() {
            self.order.push_back(address.to_owned());
        }
        queue.push_back(item);
        self.length += 1;
        evicted
    }

    fn greediest(&self) -> Option<String> {
        self.by_address.iter().max_by_key(|(_, queue)| queue.len()).map(|(address, _)| address.clone())
    }

    /// Takes the first login of the address whose turn it is. The address goes to the end of the
    /// order.
    fn pop(&mut self) -> Option<T> {
        let address = self.order.pop_front()?;
        let queue = self.by_address.get_mut(&address)?;
        let item = queue.pop_front();
        self.length -= usize::from(item.is_some());
        if queue.is_empty() {
            self.by_address.remove(&address);
        } else {
            self.order.push_back(address);
        }
        item
    }
}

impl<T> FairLine<T> {
    pub(super) fn new() -> Self {
        Self { ranks: [Queues::new(), Queues::new(), Queues::new()], turns: 0 }
    }

    /// Adds a login. Returns the one that has to leave when there is no room.
    pub(super) fn push(&mut self, rank: Rank, address: &str, item: T) -> Option<T> {
        self.queues(rank).push(address, item)
    }

    /// Takes the next login out.
    pub(super) fn pop(&mut self) -> Option<T> {
        let first = FIRST_ASKED.get(self.turns % FIRST_ASKED.len()).copied().unwrap_or(Rank::Trusted);
        self.turns = self.turns.wrapping_add(1);
        [first, Rank::Trusted, Rank::Known, Rank::Strange].into_iter().find_map(|rank| self.queues(rank).pop())
    }

    fn queues(&mut self, rank: Rank) -> &mut Queues<T> {
        let [trusted, known, strange] = &mut self.ranks;
        match rank {
            Rank::Trusted => trusted,
            Rank::Known => known,
            Rank::Strange => strange,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_take_turns_whatever_the_length_of_their_queues() {
        let mut line = FairLine::new();
        for number in 0..100 {
            assert_eq!(line.push(Rank::Strange, "flood", number), None);
        }
        line.push(Rank::Strange, "home", 1_000);
        line.push(Rank::Strange, "other home", 2_000);
        let first: Vec<_> = std::iter::from_fn(|| line.pop()).take(4).collect();
        assert_eq!(first, [0, 1_000, 2_000, 1]);
        assert_eq!(std::iter::from_fn(|| line.pop()).count(), 98);
    }

    #[test]
    fn better_ranks_go_first_and_no_rank_starves() {
        let mut line = FairLine::new();
        for _ in 0..100 {
            line.push(Rank::Strange, "flood", "strange");
            line.push(Rank::Known, "school", "known");
            line.push(Rank::Trusted, "school", "trusted");
        }
        let round: Vec<_> = std::iter::from_fn(|| line.pop()).take(8).collect();
        let count = |rank: &str| round.iter().filter(|popped| **popped == rank).count();
        assert_eq!(count("trusted"), 5);
        assert_eq!(count("known"), 2);
        assert_eq!(count("strange"), 1);
    }

    #[test]
    fn an_address_has_its_share_and_a_full_line_takes_from_the_greediest() {
        let mut line = FairLine::new();
        for number in 0..ADDRESS_LIMIT {
            assert_eq!(line.push(Rank::Strange, "flood", number), None);
        }
        assert_eq!(line.push(Rank::Strange, "flood", 9_999), Some(9_999), "its share is full");
        for number in 0..RANK_LIMIT - ADDRESS_LIMIT {
            assert_eq!(line.push(Rank::Strange, &number.to_string(), number), None);
        }
        assert_eq!(line.push(Rank::Strange, "home", 5_000), Some(ADDRESS_LIMIT - 1), "the last of the flood goes");
        assert_eq!(line.push(Rank::Known, "school", 6_000), None, "another rank has its own room");
    }

    #[test]
    fn a_line_of_single_waiters_refuses_the_newcomer() {
        let mut line = FairLine::new();
        for number in 0..RANK_LIMIT {
            line.push(Rank::Strange, &number.to_string(), number);
        }
        assert_eq!(line.push(Rank::Strange, "late", 1), Some(1));
    }
}
