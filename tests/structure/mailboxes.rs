//! Each call of `do_send` has a reason in a comment above it, because `do_send` puts a message into
//! a mailbox however full it is.

use crate::repository::{files_below, read_text, without_tests};

/// How many lines above a call its reason may begin.
const NEAR_LINES: usize = 4;

/// Returns the numbers of lines that call `do_send` without a comment near above.
fn without_reason(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = without_tests(text).lines().map(str::trim_start).collect();
    let is_comment = |line: &&str| line.starts_with("//") && !line.starts_with("///") && !line.starts_with("//!");
    let is_call = |line: &str| !line.starts_with("//") && (line.contains(".do_send(") || line.contains("::do_send("));
    let has_reason = |at: usize| lines[at.saturating_sub(NEAR_LINES)..at].iter().any(is_comment) || lines[at].contains(" // ");
    (0..lines.len()).filter(|at| is_call(lines[*at]) && !has_reason(*at)).map(|at| at + 1).collect()
}

#[test]
fn messages_that_ignore_a_full_mailbox_say_why() {
    let mut calls = 0;
    let mut wrong = Vec::new();
    for file in files_below("src").iter().filter(|file| file.ends_with(".rs") && !file.ends_with("/tests.rs")) {
        let text = read_text(file).unwrap();
        calls += without_tests(&text).matches("do_send(").count();
        wrong.extend(without_reason(&text).into_iter().map(|line| format!("{file}:{line}")));
    }
    assert!(calls > 5, "only {calls} calls read");
    assert!(wrong.is_empty(), "do_send without a comment that says why no mailbox can be filled with it:\n{}", wrong.join("\n"));
}

#[test]
fn a_reason_stands_near_above_the_call() {
    assert!(without_reason("// Once each.\na.do_send(B);").is_empty());
    assert!(without_reason("// Once each.\nif let Some(a) = a {\n    a.do_send(B);\n}").is_empty());
    assert!(without_reason("a.do_send(B); // once each").is_empty());
    assert_eq!(without_reason("/// Sends B.\nfn f() {\n    a.do_send(B);\n}"), [3]);
    assert_eq!(without_reason("// Far away.\n\n\n\n\na.do_send(B);"), [6]);
    assert!(without_reason("// `.do_send()` is named only.").is_empty());
}
