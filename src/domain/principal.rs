//! Owns the principal: the logged-in user behind a request or a socket, and its role.
//! `http/input/credentials` and the handshake of sockets make it; the services check rights by it.

use super::ids::{LoginId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The role of an account; it decides what the account may do ([`super::access`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A student (siswa).
    Student,
    /// A counsellor (guru BK).
    Counsellor,
    /// An administrator of the school.
    Admin,
}

impl Role {
    /// All roles, in the order of the permission table.
    pub const ALL: [Self; 3] = [Self::Student, Self::Counsellor, Self::Admin];

    /// Returns the wire and database name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Counsellor => "counsellor",
            Self::Admin => "admin",
        }
    }

    /// Reads the wire name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// The logged-in user behind a request or a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The account.
    pub user_id: UserId,
    /// The login (cookie or bearer token) that proves it.
    pub login_id: LoginId,
    /// The account's role.
    pub role: Role,
    /// Display name.
    pub name: String,
    /// Login name.
    pub login: String,
    /// When the account was made, ms since 1970 UTC. The user sees notices to a whole role from
    /// here on.
    pub user_since_ms: i64,
}
