//! Owns the parsing of server-sent events, as far as providers use them: returns the data of each
//! event from bytes as they arrive. Source: WHATWG HTML, section 9.2.6. Used by [`super::openai`].

/// How many bytes one event can have; more is taken for a broken stream.
const MAX_EVENT_BYTES: usize = 256 * 1024;

/// Bytes that are not a complete event yet.
#[derive(Debug, Default)]
pub(super) struct SseBuffer {
    bytes: Vec<u8>,
    /// Before this position there is no end of a line.
    searched: usize,
    data: Option<String>,
}

/// The bytes are no event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotEvents;

impl SseBuffer {
    /// Adds bytes that arrived.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the data of the next complete event. Fails when a line is not UTF-8, or an event is
    /// too long.
    pub(super) fn next_data(&mut self) -> Result<Option<String>, NotEvents> {
        while let Some(line) = self.next_line()? {
            if line.is_empty() {
                if let Some(data) = self.data.take() {
                    return Ok(Some(data));
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            if field == "data" {
                self.add_data(value.strip_prefix(' ').unwrap_or(value))?;
            }
        }
        Ok(None)
    }

    fn add_data(&mut self, value: &str) -> Result<(), NotEvents> {
        let Some(data) = &mut self.data else {
            self.data = Some(value.to_owned());
            return Ok(());
        };
        if data.len() + value.len() > MAX_EVENT_BYTES {
            return Err(NotEvents);
        }
        data.push('\n');
        data.push_str(value);
        Ok(())
    }

    /// Returns the next line without its end, LF or CRLF. The standard also allows a lone CR, which
    /// no known provider sends.
    fn next_line(&mut self) -> Result<Option<String>, NotEvents> {
        let unsearched = self.bytes.get(self.searched..).unwrap_or_default();
        let Some(found) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            return if self.bytes.len() > MAX_EVENT_BYTES { Err(NotEvents) } else { Ok(None) };
        };
        let end = self.searched + found;
        let mut line: Vec<u8> = self.bytes.drain(..=end).collect();
        self.searched = 0;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let line = String::from_utf8(line).map_err(|_| NotEvents)?;
        Ok(Some(line.trim_start_matches('\u{feff}').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], size: usize) -> Result<Vec<String>, NotEvents> {
        let mut buffer = SseBuffer::default();
        let mut found = Vec::new();
        for piece in text.chunks(size) {
            buffer.push(piece);
            while let Some(data) = buffer.next_data()? {
                found.push(data);
            }
        }
        Ok(found)
    }

    #[test]
    fn events_are_found_however_they_are_cut() {
        let text = "\u{feff}: hello\n\ndata: {\"a\":\"ä\"}\n\nevent: x\r\nid: 1\r\ndata:one\r\ndata: two\r\n\r\nretry: 5\n\ndata: [DONE]\n\ndata: unfinished\n";
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(all(text.as_bytes(), size).unwrap(), ["{\"a\":\"ä\"}", "one\ntwo", "[DONE]"], "{size}");
        }
    }

    #[test]
    fn what_is_no_event_stream_is_refused_before_it_fills_the_memory() {
        assert_eq!(all(b"data: \xff\n\n", 5), Err(NotEvents));
        assert_eq!(all(&vec![b'x'; MAX_EVENT_BYTES + 2], 4096), Err(NotEvents));
        let many_lines = "data: 0123456789\n".repeat(MAX_EVENT_BYTES / 8);
        assert_eq!(all(many_lines.as_bytes(), 4096), Err(NotEvents));
    }
}
