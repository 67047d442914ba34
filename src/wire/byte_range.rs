//! Owns the `Range` header, for one range of bytes. Called by `http/resources/files`.
//! Source: RFC 9110, section 14, which allows a server to ignore a header with several ranges; this
//! one does.

use std::ops::RangeInclusive;

/// Part of a body that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByteRange {
    /// The whole body: there is no header, or it does not read, or it has several ranges.
    Whole,
    /// These bytes; first and last are included.
    Part(RangeInclusive<u64>),
    /// Bytes that the body does not have (status 416).
    Unsatisfiable,
}

/// Reads the header for a body of `size_bytes`.
#[must_use]
pub fn byte_range(header: Option<&str>, size_bytes: u64) -> ByteRange {
    let spec = header.and_then(|header| header.trim().strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.trim().split_once('-')) else { return ByteRange::Whole };
    match (number(first), number(last)) {
        (Number::Value(first), _) if first >= size_bytes && !matches!(number(last), Number::Junk) => ByteRange::Unsatisfiable,
        (Number::Value(first), Number::Missing) => ByteRange::Part(first..=size_bytes - 1),
        (Number::Value(first), Number::Value(last)) if last >= first => ByteRange::Part(first..=last.min(size_bytes - 1)),
        (Number::Missing, Number::Value(0)) => ByteRange::Unsatisfiable,
        (Number::Missing, Number::Value(_)) if size_bytes == 0 => ByteRange::Unsatisfiable,
        (Number::Missing, Number::Value(suffix)) => ByteRange::Part(size_bytes.saturating_sub(suffix)..=size_bytes - 1),
        _ => ByteRange::Whole,
    }
}

enum Number {
    Missing,
    Value(u64),
    Junk,
}

fn number(text: &str) -> Number {
    match text {
        "" => Number::Missing,
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => Number::Value(text.parse().unwrap_or(u64::MAX)),
        _ => Number::Junk,
    }
}

#[cfg(test)]
mod tests {
    use super::{ByteRange::*, *};

    #[test]
    fn one_range_is_cut_to_what_is_there() {
        for (header, size, expected) in [
            (None, 10, Whole),
            (Some("bytes=0-3"), 10, Part(0..=3)),
            (Some("bytes=4-"), 10, Part(4..=9)),
            (Some("bytes=-3"), 10, Part(7..=9)),
            (Some("bytes=-30"), 10, Part(0..=9)),
            (Some("bytes=8-99"), 10, Part(8..=9)),
            (Some("bytes=10-"), 10, Unsatisfiable),
            (Some("bytes=99999999999999999999-"), 10, Unsatisfiable),
            (Some("bytes=-0"), 10, Unsatisfiable),
            (Some("bytes=0-"), 0, Unsatisfiable),
            (Some("bytes=-5"), 0, Unsatisfiable),
        ] {
            assert_eq!(byte_range(header, size), expected, "{header:?}");
        }
    }

    #[test]
    fn other_units_junk_and_several_ranges_give_the_whole() {
        for header in ["items=0-3", "bytes=", "bytes=-", "bytes=a-b", "bytes=3-1", "bytes=0-1,3-4", "bytes=+1-2", "0-3"] {
            assert_eq!(byte_range(Some(header), 10), Whole, "{header}");
        }
    }
}
