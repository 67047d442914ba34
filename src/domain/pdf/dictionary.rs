//! Reads the dictionary of one stream, so that the stream can be decoded before a parser reads the
//! whole file. Called by the walk (`scan`).

use super::lexer::{Lexer, Malformed, Token};
use lopdf::{Dictionary, Object};

/// Deepest nesting that is read; dictionaries of streams need three levels.
const MAX_DEPTH: usize = 16;

/// Reads the dictionary at `at`; `None` when it does not read. References, texts and booleans
/// become null, because decoding does not need them. A key that occurs twice becomes null, because
/// readers disagree about which one counts.
pub fn read_dictionary(bytes: &[u8], at: usize) -> Option<Dictionary> {
    let mut lexer = Lexer::new(bytes, at);
    match next(&mut lexer).ok()?? {
        Token::DictionaryOpen => dictionary(&mut lexer, MAX_DEPTH),
        _ => None,
    }
}

/// Returns the next token that is no comment.
fn next<'a>(lexer: &mut Lexer<'a>) -> Result<Option<Token<'a>>, Malformed> {
    loop {
        match lexer.next_token()? {
            Some((Token::Comment, _)) => {}
            found => return Ok(found.map(|(token, _)| token)),
        }
    }
}

fn dictionary(lexer: &mut Lexer<'_>, depth: usize) -> Option<Dictionary> {
    let mut entries = Dictionary::new();
    let mut key = None;
    loop {
        let token = next(lexer).ok()??;
        match (token, key.take()) {
            (Token::DictionaryClose, _) => return Some(entries),
            (Token::Name(name), None) => key = Some(name.into_owned()),
            // `5 0 R`: `0` and `R` must not replace the value.
            (Token::Word(_), None) => {}
            (token, Some(name)) => {
                let value = value(token, lexer, depth)?;
                let value = if entries.has(&name) { Object::Null } else { value };
                entries.set(name, value);
            }
            _ => return None,
        }
    }
}

fn array(lexer: &mut Lexer<'_>, depth: usize) -> Option<Vec<Object>> {
    let mut items = Vec::new();
    loop {
        match next(lexer).ok()?? {
            Token::ArrayClose => return Some(items),
            token => items.push(value(token, lexer, depth)?),
        }
    }
}

fn value(token: Token<'_>, lexer: &mut Lexer<'_>, depth: usize) -> Option<Object> {
    let depth = depth.checked_sub(1)?;
    match token {
        Token::Name(name) => Some(Object::Name(name.into_owned())),
        Token::Word(word) => Some(number(word, lexer)),
        Token::DictionaryOpen => dictionary(lexer, depth).map(Object::Dictionary),
        Token::ArrayOpen => array(lexer, depth).map(Object::Array),
        Token::Text | Token::Comment => Some(Object::Null),
        Token::DictionaryClose | Token::ArrayClose => None,
    }
}

/// Reads an integer; a reference (`5 0 R`) and any other word is null.
fn number(word: &[u8], lexer: &Lexer<'_>) -> Object {
    let mut ahead = lexer.clone();
    let is_word = |token: Option<Token<'_>>, accept: fn(&[u8]) -> bool| matches!(token, Some(Token::Word(word)) if accept(word));
    let mut peek = || next(&mut ahead).unwrap_or(None);
    let is_reference = is_word(peek(), |word| word.iter().all(u8::is_ascii_digit)) && is_word(peek(), |word| word == b"R");
    let value = std::str::from_utf8(word).ok().and_then(|text| text.parse::<i64>().ok());
    value.filter(|_| !is_reference).map_or(Object::Null, Object::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decoding_needs_is_read() {
        let text = b"<</Type/ObjStm /N 3 /Length 5 0 R /First 10/Filter[/FlateDecode] /DecodeParms <</Columns 5>> /X (a) >>";
        let entries = read_dictionary(text, 0).unwrap();
        assert_eq!(entries.get(b"N").unwrap().as_i64().unwrap(), 3);
        assert!(entries.get(b"Length").unwrap().is_null());
        assert_eq!(entries.get(b"First").unwrap().as_i64().unwrap(), 10);
        assert_eq!(entries.get(b"Filter").unwrap().as_array().unwrap().len(), 1);
        assert_eq!(entries.get(b"DecodeParms").unwrap().as_dict().unwrap().get(b"Columns").unwrap().as_i64().unwrap(), 5);
    }

    #[test]
    fn a_key_that_stands_twice_is_null() {
        let entries = read_dictionary(b"<</N 1/#4e 2/First 3>>", 0).unwrap();
        assert!(entries.get(b"N").unwrap().is_null());
        assert_eq!(entries.get(b"First").unwrap().as_i64().unwrap(), 3);
    }

    #[test]
    fn broken_or_deep_dictionaries_are_refused_without_recursion() {
        let deep = [b"<</A ".repeat(100_000), b">>".repeat(100_000)].concat();
        for text in [&b"<</A"[..], b"<</A ]>>", b"[1]", b"", &deep] {
            assert!(read_dictionary(text, 0).is_none());
        }
    }
}
