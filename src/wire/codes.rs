//! Owns the table of Pusher codes: number, message, and the reaction of client libraries. Called by
//! the sockets (`actors/sockets`, `http/sockets`) and [`super::pusher`]. Source:
//! docs/pusher-protocol.md, section 2.4, measured with pusher-js 8.6.0.

/// Reaction of a client library to a close with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientReaction {
    /// Does not reconnect until the page is loaded again.
    StaysAway,
    /// Reconnects after about one second.
    ReturnsAfterASecond,
    /// Reconnects within milliseconds.
    ReturnsAtOnce,
    /// None: the server sends the code in an error event only and never closes a socket with it.
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

            /// Returns the number of the code.
            #[must_use]
            pub const fn number(self) -> u16 { match self { $(Self::$name => $code),+ } }

            /// Returns the message that the server sends with it.
            #[must_use]
            pub const fn message(self) -> &'static str { match self { $(Self::$name => $message),+ } }

            /// Returns the reaction of client libraries to a close with it.
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
    /// The app has as many open sockets as it may.
    OverQuota = 4004, "Application is over its connection quota", StaysAway;
    /// No socket can be opened at this path.
    BadPath = 4005, "Path not found", StaysAway;
    /// The protocol version is not a number.
    BadVersion = 4006, "Invalid version string format", StaysAway;
    /// The client speaks a protocol version that this server does not.
    UnsupportedProtocol = 4007, "Unsupported protocol version", StaysAway;
    /// The login behind the socket ended, or the page may not connect.
    Unauthorized = 4009, "Connection is unauthorized", StaysAway;
    /// The client is too slow or too fast, or there are too many sockets: come back in a second.
    OverCapacity = 4100, "Over capacity", ReturnsAfterASecond;
    /// The server stops: connect now to another node or to the next process.
    ReconnectNow = 4200, "Server is shutting down", ReturnsAtOnce;
    /// The client did not answer a ping.
    PongMissing = 4201, "Pong reply not received in time", ReturnsAtOnce;
    /// A client event was refused.
    ClientEventRejected = 4301, "Client event rejected", NoClose;
    /// The server cut a watchlist to its first 100 users.
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
