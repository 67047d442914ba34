//! Password hashes: Argon2id with the crate's default costs (19 MiB, 2 passes), never on a thread that serves requests, and never more at once than
//! there are cores. Who wants to hash waits for a [`HashingTurn`] in a `fair_line`, with a deadline.
//!
//! A turn owns the memory that Argon2 fills. There is one block per core, made at its first use and handed from turn to turn: memory that is freed
//! by ever new threads stays with the allocator (docs/decisions/accounts.md has the measurement).

use super::fair_queue::{FairLine, Rank};
use crate::services::{ServiceError, ServiceResult};
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use std::{
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

/// Longest anybody waits for a turn. Later the browser has given up or been reloaded.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// When somebody who found no room should come back, in ms.
const COME_BACK_MS: u64 = 2_000;

/// Length of a salt, in bytes.
const SALT_BYTES: usize = 16;

/// The turns of this process.
static TURNS: LazyLock<Arc<Turns>> =
    LazyLock::new(|| Arc::new(Turns::new(thread::available_parallelism().map_or(1, std::num::NonZero::get))));

/// What the password of an unknown account is compared with, so that it takes as long as a known one.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_in(&mut Memory::default(), "no account has this password"));

/// What Argon2 fills; empty until it is first used.
#[derive(Default)]
struct Memory(Vec<Block>);

/// Who hashes, and who waits for it.
struct Turns(Mutex<LineState>);

struct LineState {
    idle: Vec<Memory>,
    line: FairLine<oneshot::Sender<HashingTurn>>,
}

/// The right to hash now. Dropped, it goes to the next in line.
pub struct HashingTurn {
    /// `Some` until it is handed on.
    memory: Option<Memory>,
    turns: Arc<Turns>,
}

impl Turns {
    fn new(count: usize) -> Self {
        Self(Mutex::new(LineState { idle: (0..count).map(|_| Memory::default()).collect(), line: FairLine::new() }))
    }

    fn state(&self) -> MutexGuard<'_, LineState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, at most `limit`. Fails with 429 `rate_limited` when there is no room in the line, or the wait is over.
    async fn wait(self: &Arc<Self>, rank: Rank, address_key: &str, limit: Duration) -> ServiceResult<HashingTurn> {
        let turn = match self.join(rank, address_key) {
            Ok(turn) => return Ok(turn),
            Err(waiting) => tokio::time::timeout(limit, waiting).await,
        };
        // Too late, or sent away by its own place in the line: both mean that there is too much to do.
        turn.ok().and_then(Result::ok).ok_or(ServiceError::TooMany { code: "rate_limited", retry_after_ms: COME_BACK_MS })
    }

    fn join(self: &Arc<Self>, rank: Rank, address_key: &str) -> Result<HashingTurn, oneshot::Receiver<HashingTurn>> {
        let mut state = self.state();
        if let Some(memory) = state.idle.pop() {
            return Ok(HashingTurn { memory: Some(memory), turns: self.clone() });
        }
        let (sender, receiver) = oneshot::channel();
        let refused = state.line.push(rank, address_key, sender);
        drop(state);
        drop(refused);
        Err(receiver)
    }

    /// Gives the memory of a turn that is over to the next in line who still waits.
    fn hand_on(self: &Arc<Self>, mut memory: Memory) {
        loop {
            let mut state = self.state();
            let Some(next) = state.line.pop() else {
                state.idle.push(memory);
                return;
            };
            drop(state);
            let Err(mut refused) = next.send(HashingTurn { memory: Some(memory), turns: self.clone() }) else { return };
            let Some(returned) = refused.memory.take() else { return };
            memory = returned;
        }
    }
}

impl Drop for HashingTurn {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.turns.hand_on(memory);
        }
    }
}

impl HashingTurn {
    /// Says whether `password` belongs to `hash`. Without a hash (unknown account) it does the same work and says no. Gives the turn back, so that
    /// the caller can count a failure before the next attempt is looked at.
    pub async fn verify(self, password: String, hash: Option<String>) -> ServiceResult<(Self, bool)> {
        self.run(move |memory| verify_in(memory, &password, hash.as_deref())).await
    }

    async fn run<T: Send + 'static>(mut self, work: impl FnOnce(&mut Memory) -> T + Send + 'static) -> ServiceResult<(Self, T)> {
        let work = move || {
            let result = work(self.memory.get_or_insert_default());
            (self, result)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| ServiceError::internal("a hashing thread was lost"))
    }
}

/// Waits for a turn to hash, in the line of `address_key`. Fails with 429 `rate_limited` when too many wait already, or after 10 s.
pub async fn wait_turn(rank: Rank, address_key: &str) -> ServiceResult<HashingTurn> {
    TURNS.wait(rank, address_key, LONGEST_WAIT).await
}

/// Hashes a new password. The result is a PHC string with its own salt.
pub async fn hash_password(password: String) -> ServiceResult<String> {
    let turn = wait_turn(Rank::Trusted, "").await?;
    let (_, hash) = turn.run(move |memory| hash_in(memory, &password)).await?;
    hash.ok_or(ServiceError::internal("argon2 cannot hash"))
}

/// Says whether `password` belongs to `hash`, for the server's own checks.
pub async fn verify_password(password: String, hash: String) -> ServiceResult<bool> {
    let turn = wait_turn(Rank::Trusted, "").await?;
    Ok(turn.verify(password, Some(hash)).await?.1)
}

fn hash_in(memory: &mut Memory, password: &str) -> Option<String> {
    let params = Params::default();
    let salt = Salt::new(&rand::random::<[u8; SALT_BYTES]>()).ok()?;
    let output = compute(memory, (Algorithm::default(), Version::default(), params.clone()), password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(&params).ok()?,
        salt: Some(salt),
        hash: Some(output),
    };
    Some(hash.to_string())
}

fn verify_in(memory: &mut Memory, password: &str, hash: Option<&str>) -> bool {
    // Made here for everybody, so that the first attempt of a process does not tell either.
    let nobody = NOBODY.as_deref();
    match hash {
        Some(hash) => matches(memory, password, hash).unwrap_or(false),
        None => {
            let _same_work = nobody.and_then(|nobody| matches(memory, password, nobody));
            false
        }
    }
}

/// Compares in constant time; `None` for a text that is not a hash of ours.
fn matches(memory: &mut Memory, password: &str, text: &str) -> Option<bool> {
    let hash = PasswordHash::new(text).ok()?;
    let costs = (Algorithm::try_from(hash.algorithm.as_str()).ok()?, Version::try_from(hash.version?).ok()?, Params::try_from(&hash).ok()?);
    let expected = hash.hash?;
    Some(compute(memory, costs, password, &hash.salt?, expected.len())? == expected)
}

fn compute(memory: &mut Memory, costs: (Algorithm, Version, Params), password: &str, salt: &Salt, length: usize) -> Option<Output> {
    let (algorithm, version, params) = costs;
    let blocks = params.block_count();
    if memory.0.len() < blocks {
        memory.0.resize(blocks, Block::default());
    }
    let mut bytes = [0_u8; Output::MAX_LENGTH];
    let out = bytes.get_mut(..length)?;
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, memory.0.get_mut(..blocks)?).ok()?;
    Output::new(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{PasswordHasher as _, PasswordVerifier as _};

    fn verify(password: &str, hash: Option<&str>) -> bool {
        verify_in(&mut Memory::default(), password, hash)
    }

    #[tokio::test]
    async fn hashes_are_salted_argon2id_and_verify() {
        let first = hash_password("kuda laut biru".into()).await.unwrap();
        let second = hash_password("kuda laut biru".into()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        assert!(verify_password("kuda laut biru".into(), first.clone()).await.unwrap());
        assert!(!verify_password("kuda laut hijau".into(), first).await.unwrap());
    }

    #[test]
    fn hashes_are_those_of_the_crate_itself() {
        let theirs = Argon2::default().hash_password(b"kuda laut biru").unwrap().to_string();
        assert!(verify("kuda laut biru", Some(&theirs)) && !verify("kuda laut hijau", Some(&theirs)));
        let ours = hash_in(&mut Memory::default(), "kuda laut biru").unwrap();
        let parsed = PasswordHash::new(&ours).unwrap();
        assert!(Argon2::default().verify_password(b"kuda laut biru", &parsed).is_ok());
    }

    #[test]
    fn unknown_accounts_and_broken_hashes_never_verify() {
        assert!(!verify("no account has this password", None));
        assert!(!verify("x", Some("$argon2id$")));
    }

    /// What a clock cannot show on a busy machine: the whole memory is filled, whether there is such an account or not.
    #[test]
    fn an_unknown_account_costs_the_same_work_as_a_known_one() {
        let hash = hash_in(&mut Memory::default(), "kuda laut biru").unwrap();
        for hash in [Some(hash.as_str()), None] {
            let mut memory = Memory::default();
            assert!(!verify_in(&mut memory, "kuda laut hijau", hash));
            assert_eq!(memory.0.len(), Params::default().block_count());
            let is_filled = |block: &Block| block.as_ref().iter().any(|word| *word != 0);
            assert!(memory.0.iter().all(is_filled), "with {hash:?}");
        }
    }

    #[tokio::test]
    async fn a_turn_goes_to_the_next_who_still_waits() {
        let turns = Arc::new(Turns::new(1));
        let first = turns.wait(Rank::Strange, "a", LONGEST_WAIT).await.unwrap();
        let gone = turns.join(Rank::Strange, "a").err().unwrap();
        let waiting = turns.join(Rank::Strange, "a").err().unwrap();
        drop(gone);
        drop(first);
        drop(waiting.await.unwrap());
        assert_eq!(turns.state().idle.len(), 1);
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let turns = Arc::new(Turns::new(1));
        let _busy = turns.wait(Rank::Strange, "a", LONGEST_WAIT).await.unwrap();
        let late = turns.wait(Rank::Strange, "a", Duration::from_millis(5)).await;
        assert!(matches!(late, Err(ServiceError::TooMany { code: "rate_limited", .. })));
    }
}
