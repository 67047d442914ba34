//! Owns the ways in which a test can have the provider answer.

use std::{fmt, sync::Arc, time::Duration};

/// The provider's reaction to a chat request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Sends these words at a steady pace, then a proper end with the count of tokens.
    Words {
        /// The pieces, with their spaces.
        words: Vec<String>,
        /// The pause before each.
        every: Duration,
    },
    /// Makes and sends tokens at a fixed rate, then a proper end. After a late token the next ones
    /// come sooner, so the rate is kept.
    Tokens {
        /// How many.
        count: usize,
        /// The time from one to the next; above zero.
        every: Duration,
        /// Makes each of them.
        make: TokenMaker,
    },
    /// Refuses with a status and, if given, a time to wait.
    Status {
        /// The status.
        code: u16,
        /// The header `retry-after`.
        retry_after: Option<&'static str>,
    },
    /// Takes the request and sends nothing at all.
    Silence,
    /// Sends the head of an answer and no token.
    NoFirstToken,
    /// Sends these words and then nothing more; the connection stays open.
    StallAfter(Vec<String>),
    /// Sends these words and cuts the connection.
    CutAfter(Vec<String>),
    /// Sends these words at a steady pace and cuts the connection.
    SlowCutAfter {
        /// The pieces, with their spaces.
        words: Vec<String>,
        /// The pause before each.
        every: Duration,
    },
    /// Sends these words and then data that is not JSON.
    MalformedAfter(Vec<String>),
    /// Ends the answer properly without any text.
    Empty,
    /// Sends words as fast as it can until the client closes.
    Endless,
    /// Sends these words and then an error in the middle of the stream, as some providers do.
    ErrorAfter(Vec<String>),
    /// Sends these words and reports that the limit of tokens was reached.
    LengthAfter(Vec<String>),
}

/// Makes the tokens of one answer by their numbers, from 0. It is called just before a token is
/// written, so it can also record that time.
#[derive(Clone)]
pub struct TokenMaker(Arc<dyn Fn(usize) -> String + Send + Sync>);

impl TokenMaker {
    /// Makes each token with `make`.
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

/// The result of the moderation endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Finds nothing.
    Clear,
    /// Finds the intent to harm oneself.
    SelfHarmIntent,
    /// Finds the intent to harm oneself only in texts with the word `terlarang`.
    ByWord,
    /// Fails.
    Down,
    /// Never answers.
    Silence,
}

/// Cuts a text into words, each with the space after it.
pub fn words(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}
