//! Owns a user of a connected app as the app's backend signed it: the `user_data` of a sign-in
//! (docs/pusher-protocol.md, sections 2.3 and 2.6). Called by `actors/sockets/sign_in`.

use crate::domain::live::presence::{MAX_USER_ID, MAX_USER_INFO_BYTES, Member};
use serde_json::{Value, value::RawValue};
use std::sync::Arc;

/// Most users of a watchlist; the others are dropped.
pub const MAX_WATCHLIST: usize = 100;

/// Reason for refusing `user_data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserDataError {
    /// It is not a JSON object with an `id`.
    #[error("user_data must be a JSON object with an id")]
    Malformed,
    /// The id or the info is over its limit.
    #[error("id has at most {MAX_USER_ID} characters and user_info at most {MAX_USER_INFO_BYTES} bytes")]
    TooLarge,
}

/// A user who signed in on a socket of a connected app.
#[derive(Debug, Clone)]
pub struct AppUser {
    /// Member as which the user joins presence channels without data of their own.
    pub member: Member,
    /// `user_data` for the client: as the backend sent it, but with a text as the id.
    pub user_data: String,
    /// Users whose presence this user is notified of.
    pub watchlist: Vec<String>,
    /// Whether the watchlist was longer than [`MAX_WATCHLIST`].
    pub is_watchlist_cut: bool,
}

impl AppUser {
    /// Reads signed `user_data`. An id may be a JSON number.
    pub fn parse(user_data: &str) -> Result<Self, UserDataError> {
        let mut data: Value = serde_json::from_str(user_data).map_err(|_| UserDataError::Malformed)?;
        let id = data.get("id").and_then(id_of).ok_or(UserDataError::Malformed)?;
        let info = data.get("user_info").filter(|info| !info.is_null()).map(Value::to_string);
        if id.chars().count() > MAX_USER_ID || info.as_ref().is_some_and(|info| info.len() > MAX_USER_INFO_BYTES) {
            return Err(UserDataError::TooLarge);
        }
        let mut watchlist: Vec<String> = data.get("watchlist").and_then(Value::as_array).into_iter().flatten().filter_map(id_of).collect();
        watchlist.retain(|user| user.chars().count() <= MAX_USER_ID);
        let is_watchlist_cut = watchlist.len() > MAX_WATCHLIST;
        watchlist.truncate(MAX_WATCHLIST);
        let mut seen = std::collections::HashSet::new();
        watchlist.retain(|user| seen.insert(user.clone()));
        let user_info = info.and_then(|info| RawValue::from_string(info).ok()).map(Arc::from);
        let is_text = data.get("id").is_some_and(Value::is_string);
        let user_data = if is_text { user_data.to_owned() } else { with_text_id(&mut data, &id) };
        Ok(Self { member: Member { user_id: id.into(), user_info }, user_data, watchlist, is_watchlist_cut })
    }
}

/// Reads an id: a text without control characters, or a number.
fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() && !text.chars().any(char::is_control) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn with_text_id(data: &mut Value, id: &str) -> String {
    if let Some(slot) = data.get_mut("id") {
        *slot = Value::from(id);
    }
    data.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numeric_ids_become_text_for_the_client_and_everywhere() {
        let user = AppUser::parse(r#"{"id":7,"user_info":{"name":"Ana"},"watchlist":[8,"5",8]}"#).unwrap();
        assert_eq!(&*user.member.user_id, "7");
        assert_eq!(user.member.user_info.unwrap().get(), r#"{"name":"Ana"}"#);
        assert_eq!(serde_json::from_str::<Value>(&user.user_data).unwrap()["id"], "7");
        assert_eq!(user.watchlist, ["8", "5"]);
        let raw = r#"{"id": "12345"}"#;
        assert_eq!(AppUser::parse(raw).unwrap().user_data, raw);
    }

    #[test]
    fn a_watchlist_keeps_its_first_hundred() {
        let list: Vec<u32> = (0..101).collect();
        let user = AppUser::parse(&json!({ "id": "1", "watchlist": list }).to_string()).unwrap();
        assert_eq!(user.watchlist.len(), 100);
        assert!(user.is_watchlist_cut);
        assert_eq!(user.watchlist[99], "99");
        assert!(!AppUser::parse(&json!({ "id": "1", "watchlist": list[..100] }).to_string()).unwrap().is_watchlist_cut);
    }

    #[test]
    fn what_is_no_user_is_refused() {
        for data in ["", "[]", "{}", r#"{"id":""}"#, r#"{"id":null}"#, r#"{"id":"a\nb"}"#, r#""7""#] {
            assert_eq!(AppUser::parse(data).unwrap_err(), UserDataError::Malformed, "{data}");
        }
        let long = json!({ "id": "x".repeat(129) }).to_string();
        assert_eq!(AppUser::parse(&long).unwrap_err(), UserDataError::TooLarge);
        let large = json!({ "id": "1", "user_info": "x".repeat(1024) }).to_string();
        assert_eq!(AppUser::parse(&large).unwrap_err(), UserDataError::TooLarge);
    }
}
