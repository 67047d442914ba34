//! Owns the decoding of streams that hold objects or tables. Called by the walk (`scan`).
//! Must not decode a stream that readers decode to different bytes: the difference could hide a
//! script.

use super::PdfProblem;
use flate2::{Decompress, FlushDecompress, Status};
use lopdf::{Dictionary, Object, Stream};

/// Keys that some readers take for `Filter` or `DecodeParms`.
const ALIASES: [&[u8]; 4] = [b"F", b"DP", b"FFilter", b"FDecodeParms"];
/// Bytes inflated at a time to see whether a stream is whole.
const CHUNK_BYTES: usize = 64 * 1024;

/// Decodes `raw` to at most `budget` bytes.
pub fn decode_container(dictionary: &Dictionary, raw: &[u8], budget: usize) -> Result<Vec<u8>, PdfProblem> {
    let is_plain = is_plain(dictionary).ok_or(PdfProblem::Unreadable)?;
    if ALIASES.iter().any(|alias| dictionary.has(alias)) || !is_predictor_known(dictionary) {
        return Err(PdfProblem::Unreadable);
    }
    if !is_plain && !inflates_whole(raw, budget) {
        return Err(PdfProblem::Unreadable);
    }
    let stream = Stream::new(dictionary.clone(), raw.to_vec());
    stream.get_plain_content_with_limit(budget).map_err(|_| PdfProblem::Unreadable)
}

/// Says whether there is no filter (`true`) or `FlateDecode` alone (`false`). `None` for all other
/// filters: no program uses them for these streams.
fn is_plain(dictionary: &Dictionary) -> Option<bool> {
    let filter = match dictionary.get(b"Filter") {
        Err(_) => return Some(true),
        Ok(Object::Array(filters)) if filters.is_empty() => return Some(true),
        Ok(Object::Array(filters)) => filters.first().filter(|_| filters.len() == 1)?,
        Ok(filter) => filter,
    };
    filter.as_name().ok().filter(|name| **name == *b"FlateDecode").map(|_| false)
}

/// Says whether there are no parameters, or those of a table whose rows use the filters of PNG.
fn is_predictor_known(dictionary: &Dictionary) -> bool {
    let parameters = match dictionary.get(b"DecodeParms") {
        Err(_) => return true,
        Ok(Object::Array(list)) if list.len() == 1 => list.first(),
        Ok(parameters) => Some(parameters),
    };
    let Some(Object::Dictionary(parameters)) = parameters else { return false };
    parameters.iter().all(|(key, value)| match (key.as_slice(), value.as_i64()) {
        (b"Predictor", Ok(predictor)) => predictor == 1 || (10..=15).contains(&predictor),
        (b"Columns", Ok(columns)) => (1..=24).contains(&columns),
        (b"Colors", Ok(colors)) => colors == 1,
        (b"BitsPerComponent", Ok(bits)) => bits == 8,
        _ => false,
    })
}

/// Says whether `raw` begins with a complete zlib stream, checksum included. Readers recover
/// different amounts of a broken one.
fn inflates_whole(raw: &[u8], budget: usize) -> bool {
    let mut inflater = Decompress::new(true);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let before = (inflater.total_in(), inflater.total_out());
        let Ok(status) = inflater.decompress(raw.get(read..).unwrap_or_default(), &mut chunk, FlushDecompress::None) else {
            return false;
        };
        let is_stuck = before == (inflater.total_in(), inflater.total_out());
        match status {
            Status::StreamEnd => return true,
            _ if is_stuck || inflater.total_out() > budget as u64 => return false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lopdf::dictionary;

    fn zlib(content: &[u8]) -> Vec<u8> {
        let mut stream = Stream::new(Dictionary::new(), content.to_vec());
        stream.compress().unwrap();
        stream.content
    }

    #[test]
    fn whole_streams_are_decoded_and_broken_ones_refused() {
        let content = b"0123456789".repeat(20_000);
        let raw = zlib(&content);
        let flate = dictionary! { "Filter" => "FlateDecode" };
        assert_eq!(decode_container(&flate, &raw, 1_000_000).unwrap(), content);
        assert_eq!(decode_container(&Dictionary::new(), b"7 0 /A", 100).unwrap(), b"7 0 /A");
        assert!(decode_container(&flate, &raw, 1_000).is_err());
        assert!(decode_container(&flate, &raw[..raw.len() - 1], 1_000_000).is_err());
        let mut damaged = raw.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(decode_container(&flate, &damaged, 1_000_000).is_err());
        assert!(decode_container(&flate, b"", 100).is_err());
    }

    #[test]
    fn what_readers_decode_differently_is_refused() {
        let hex = |key: &str| dictionary! { key => "ASCIIHexDecode" };
        let filters = dictionary! { "Filter" => vec!["FlateDecode".into(), "FlateDecode".into()] };
        let unknown = dictionary! { "DecodeParms" => dictionary! { "Predictor" => 2 } };
        let unresolved = dictionary! { "Filter" => Object::Null };
        let parameters = dictionary! { "DecodeParms" => Object::Null };
        for dictionary in [hex("F"), hex("Filter"), filters, unknown, unresolved, parameters] {
            assert!(decode_container(&dictionary, b"3031>", 100).is_err(), "{dictionary:?}");
        }
    }
}
