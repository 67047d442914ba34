//! The table of Pusher codes: what they mean, and whether the client comes back. Source: section 2.4 of the wire contract, measured with
//! pusher-js 8.6.0.

/// What a client library does after a close with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientReaction {
    /// Stays away until the page is loaded again.
    StaysAway,
    /// Returns after about one second.
    ReturnsAfterASecond,
    /// Returns within milliseconds.
    ReturnsAtOnce,
    /// The code is sent as an error event only and never closes a socket.
    NoClose,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $message:literal, $reaction:ident;)+) => {
        /// A code of the Pusher protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum PusherCode { $($(#[$doc])* $name),+ }

        impl PusherCode {
            /// All codes, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the number on the wire.
            #[must_use]
            pub const fn number(self) -> u16 { match self { $(Self::$name => $code),+ } }

            /// Returns the sentence sent with it.
            #[must_use]
            pub const fn message(self) -> &'static str { match self { $(Self::$name => $message),+ } }

            /// Returns what client libraries do after a close with it.
            #[must_use]
            pub const fn reaction(self) -> ClientReaction { match self { $(Self::$name => ClientReaction::$reaction),+ } }
        }
    };
}

codes! {
    /// No app has this key.
    NoSuchApp = 4001, "Application does not exist", StaysAway;
    /// The app was disabled by an admin.
    AppDisabled = 4003, "Application disabled", StaysAway;
    /// The app has as many sockets as it may.
    OverQuota = 4004, "Application is over its connection quota", StaysAway;
    /// The path is none of a socket.
    BadPath = 4005, "Path not found", StaysAway;
    /// The protocol version is no number.
    BadVersion = 4006, "Invalid version string format", StaysAway;
    /// The client speaks another protocol version.
    UnsupportedProtocol = 4007, "Unsupported protocol version", StaysAway;
    /// The session behind the socket ended, or the page may not connect.
    Unauthorized = 4009, "Connection is unauthorized", StaysAway;
    /// Too slow, too many, too fast: come back in a second.
    OverCapacity = 4100, "Over capacity", ReturnsAfterASecond;
    /// The server is going away: come back now, to another node or the next process.
    ReconnectNow = 4200, "Server is shutting down", ReturnsAtOnce;
    /// The client did not answer a ping.
    PongMissing = 4201, "Pong reply not received in time", ReturnsAtOnce;
    /// A client event was refused.
    ClientEventRejected = 4301, "Client event rejected", NoClose;
    /// A watchlist was cut to its first 100 users.
    WatchlistTooLong = 4302, "Watchlist limit exceeded", NoClose;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_codes_make_the_client_react_as_the_table_says() {
        for code in PusherCode::ALL {
            let expected = match code.number() {
                4000..=4099 => ClientReaction::StaysAway,
                4100..=4199 => ClientReaction::ReturnsAfterASecond,
                4200..=4299 => ClientReaction::ReturnsAtOnce,
                _ => ClientReaction::NoClose,
            };
            assert_eq!(code.reaction(), expected, "{code:?}");
        }
    }

    #[test]
    fn the_code_that_sends_clients_to_tls_for_ever_is_never_used() {
        assert!(PusherCode::ALL.iter().all(|code| code.number() != 4000));
    }
}
