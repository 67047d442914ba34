//! Holds `docs/openapi.json`, from which the types of the web UI are made, to what the server says about itself.

use crate::repository::root;
use educounsel::http::openapi::document;
use std::{env, fs};

const COPY: &str = "docs/openapi.json";
/// Set by `make openapi`: the copy is written, not compared.
const RENEW: &str = "EDUCOUNSEL_RENEW_OPENAPI";

#[test]
fn the_copy_of_the_openapi_document_is_up_to_date() {
    let path = root().join(COPY);
    let text = format!("{:#}\n", document());
    if env::var_os(RENEW).is_some() {
        fs::write(&path, &text).unwrap();
    }
    let copy = fs::read_to_string(&path).unwrap_or_default();
    let differs = copy.lines().zip(text.lines()).position(|(old, new)| old != new);
    assert!(copy == text, "{COPY} is not what the server describes (first at line {differs:?}, from 0): run `make openapi` and commit the file");
}
