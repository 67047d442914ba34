//! What a test can have the provider do.

use std::{fmt, sync::Arc, time::Duration};

/// What the provider does with a chat request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Sends these words, one every so often, and a proper end with its count of tokens.
    Words {
        /// The pieces, with their spaces.
        words: Vec<String>,
        /// How long before each.
        every: Duration,
    },
    /// Makes tokens as their time comes and sends them, then a proper end. The rate is kept: after a late token the next ones come sooner.
    Tokens {
        /// How many.
        count: usize,
        /// From one to the next; above zero.
        every: Duration,
        /// Makes each of them.
        make: TokenMaker,
    },
    /// Refuses with a status, and how long to wait.
    Status {
        /// The status.
        code: u16,
        /// The header of that name.
        retry_after: Option<&'static str>,
    },
    /// Takes the request and says nothing at all.
    Silence,
    /// Sends the head of an answer and no token.
    NoFirstToken,
    /// Sends these words and then nothing more, with the connection open.
    StallAfter(Vec<String>),
    /// Sends these words and cuts the connection.
    CutAfter(Vec<String>),
    /// The same, one word every so often.
    SlowCutAfter {
        /// The pieces, with their spaces.
        words: Vec<String>,
        /// How long before each.
        every: Duration,
    },
    /// Sends these words and then something that is no JSON.
    MalformedAfter(Vec<String>),
    /// Says that it has finished, without a word.
    Empty,
    /// Sends words as fast as it can until it is closed.
    Endless,
    /// Sends an error in the middle of the stream, as some do.
    ErrorAfter(Vec<String>),
    /// Sends these words and says that there was no room for more.
    LengthAfter(Vec<String>),
}

/// Makes the tokens of one answer by their numbers, from 0. It is called just before a token is written, so it may also record when that was.
#[derive(Clone)]
pub struct TokenMaker(Arc<dyn Fn(usize) -> String + Send + Sync>);

impl TokenMaker {
    /// Makes each token by `make`.
    pub fn new(make: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// Returns token `number`.
    pub fn token(&self, number: usize) -> String {
        (self.0)(number)
    }
}

impl fmt::Debug for TokenMaker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenMaker")
    }
}

/// What the moderation endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Finds nothing.
    Clear,
    /// Finds the wish to harm oneself.
    SelfHarmIntent,
    /// Finds it in texts with the word `terlarang` only.
    ByWord,
    /// Fails.
    Down,
    /// Never answers.
    Silence,
}

/// Cuts a text into words with the space behind them, as tokens come.
pub fn words(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}
