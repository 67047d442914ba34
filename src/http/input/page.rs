//! Owns the paging of lists: `?after=&limit=` in, `{"items":[…],"next":"cursor"|null}` out. Called
//! by handlers of lists.

use crate::{
    domain::text::FieldError,
    services::{ServiceError, ServiceResult},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Most items of a page, when the client does not say.
pub const DEFAULT_LIMIT: u32 = 20;
/// Most items of a page.
pub const LARGEST_LIMIT: u32 = 100;

/// Where a page begins and how long it is, as the client wrote it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// `next` of the page before.
    pub after: Option<String>,
    /// Most items of a page.
    #[schemars(with = "Option<u32>", range(min = 1, max = LARGEST_LIMIT), extend("default" = DEFAULT_LIMIT))]
    pub limit: Option<String>,
}

impl PageQuery {
    /// Reads the cursor as an id. Fails with `unknown_value` when it is none.
    pub fn after<I: FromStr>(&self) -> ServiceResult<Option<I>> {
        let unknown = || FieldError::new("after", "unknown_value", "not a cursor of this list");
        let read = |text: &String| text.parse().map_err(|_| ServiceError::from(unknown()));
        self.after.as_ref().filter(|text| !text.is_empty()).map(read).transpose()
    }

    /// Reads the length. Fails with `type` when it is not a number, with `unknown_value` when it is
    /// not 1..=100.
    pub fn limit(&self) -> ServiceResult<u32> {
        let Some(text) = &self.limit else { return Ok(DEFAULT_LIMIT) };
        let limit: u32 = text.parse().map_err(|_| FieldError::new("limit", "type", "not a number"))?;
        if (1..=LARGEST_LIMIT).contains(&limit) {
            Ok(limit)
        } else {
            Err(FieldError::new("limit", "unknown_value", format!("1 to {LARGEST_LIMIT}")).into())
        }
    }
}

/// All of a list that has no pages.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Items<T> {
    /// All of them, in the order of the list.
    pub items: Vec<T>,
}

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Page<T> {
    /// In the order of the list.
    items: Vec<T>,
    /// `after` of the next page; null on the last one.
    next: Option<String>,
}

impl<T> Page<T> {
    /// Makes the only page of a list.
    #[must_use]
    pub const fn only(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// Makes a page of the `limit + 1` items that were requested: the one too many only says that
    /// there is more. `cursor` names the last item of the page.
    pub fn new<S>(mut found: Vec<S>, limit: u32, cursor: impl Fn(&S) -> String, show: impl FnMut(S) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(cursor);
        Self { items: found.into_iter().map(show).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserId;

    fn query(after: Option<&str>, limit: Option<&str>) -> PageQuery {
        PageQuery { after: after.map(str::to_owned), limit: limit.map(str::to_owned) }
    }

    #[test]
    fn cursors_and_limits_are_read_or_refused() {
        assert_eq!(query(None, None).limit().unwrap(), 20);
        assert_eq!(query(None, Some("100")).limit().unwrap(), 100);
        for text in ["0", "101", "-1", "x", ""] {
            assert!(query(None, Some(text)).limit().is_err(), "{text}");
        }
        let id = UserId::generate();
        assert_eq!(query(Some(&id.to_string()), None).after::<UserId>().unwrap(), Some(id));
        assert!(query(Some("' OR 1=1"), None).after::<UserId>().is_err());
    }

    #[test]
    fn a_page_names_its_end_only_when_there_is_more() {
        let page = Page::new(vec![1, 2, 3], 2, i32::to_string, |n| n * 10);
        assert_eq!(page.items, [10, 20]);
        assert_eq!(page.next.as_deref(), Some("2"));
        let page = Page::new(vec![1, 2], 2, i32::to_string, |n| n);
        assert_eq!(page.next, None);
    }
}
