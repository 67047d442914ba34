//! Tests of the program `testkit` as tests in Node use it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_testkit");

#[test]
fn a_pdf_is_written_to_the_output() {
    let output = Command::new(PROGRAM).args(["pdf", "Rencana", "2"]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, testkit::pdf::picture_book("Rencana", 2));
}

#[test]
fn the_provider_answers_by_rule_says_what_became_of_it_and_ends_with_its_input() {
    let mut child = Command::new(PROGRAM).arg("provider").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let url = lines.next().unwrap()["url"].as_str().unwrap().to_owned();
    let mut input = child.stdin.take().unwrap();
    let rules = json!({ "answers": [["putus", { "status": 503 }]], "otherwise": { "text": "Tentang {question} {number}." } });
    writeln!(input, "{rules}").unwrap();
    assert_eq!(lines.next().unwrap(), json!({ "are_taken": true }));
    let refused = ask(&url, "Ini putus");
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    let answer = ask(&url, "hujan");
    for piece in ["Tenta", "ng", " hujan", " 1.", "[DONE]"] {
        assert!(answer.contains(piece), "{piece} is not in {answer}");
    }
    let last = lines.find(|calls| calls[1]["is_done"] == true).unwrap();
    assert_eq!(last[0]["question"], "Ini putus");
    assert_eq!(last[1]["question"], "hujan");
    assert_eq!(last[1]["was_closed"], false);
    // No change is missed while a line is written: the final state of every request arrives.
    for number in 2..300 {
        ask(&url, "hujan");
        lines.find(|calls| calls[number]["is_done"] == true).unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

/// Sends a question on its own connection and reads until the answer is complete.
fn ask(url: &str, question: &str) -> String {
    let address = url.trim_start_matches("http://").trim_end_matches("/v1");
    let mut stream = TcpStream::connect(address).unwrap();
    let body = json!({ "stream": true, "messages": [{ "role": "user", "content": question }] }).to_string();
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let (mut answer, mut piece) = (Vec::new(), [0; 1024]);
    loop {
        let count = stream.read(&mut piece).unwrap();
        answer.extend_from_slice(&piece[..count]);
        if count == 0 || answer.ends_with(b"0\r\n\r\n") || answer.ends_with(b"}") {
            return String::from_utf8(answer).unwrap();
        }
    }
}
