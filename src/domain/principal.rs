//! Who acts: the signed-in user behind a request or a socket.

use super::ids::{LoginId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an account is for; decides what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// siswa
    Student,
    /// guru BK
    Counsellor,
    /// the school's administrator
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

/// The signed-in user behind a request or a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The account.
    pub user_id: UserId,
    /// The login that vouches for it.
    pub login_id: LoginId,
    /// What it may do.
    pub role: Role,
    /// Display name.
    pub name: String,
    /// Login name.
    pub login: String,
    /// When the account was made, ms since 1970 UTC: notices to a whole role start from here.
    pub user_since_ms: i64,
}
