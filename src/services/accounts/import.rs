//! Owns the import of many accounts from a CSV file of the school's office. Called by
//! `http/resources/accounts/manage`.
//!
//! - Each line stands for itself: good lines become accounts, bad lines are reported with their
//!   line number.
//! - When the same file is sent again, the accounts it already made are reported as `login_taken`.

use super::manage::{self, NewUser};
use crate::{
    domain::{access::Action, principal::Role, text::FieldError},
    services::{
        Context, ServiceError, ServiceResult,
        shared::requester::{Requester, require},
    },
};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

/// Largest file, in bytes.
pub const LARGEST_FILE_BYTES: usize = 1_048_576;

/// Limit of lines in one file: hashing a password takes tens of milliseconds.
const MOST_LINES: usize = 1_000;

/// Lines handled at the same time; [`super::hashing_line`] limits the hashing to the cores.
const LINES_AT_ONCE: usize = 4;

/// The outcome of one line.
#[derive(Debug)]
pub struct ImportedLine {
    /// Number of the line in the file; the header is 1.
    pub line: u64,
    /// The login name as the line has it.
    pub login: Option<String>,
    /// The account's id, or why there is none.
    pub result: Result<String, Vec<FieldError>>,
}

/// A line as it stands in the file; the header names the columns, in any order.
#[derive(Debug, Deserialize)]
struct ImportRow {
    login: String,
    name: String,
    role: String,
    password: String,
}

/// Makes an account of every line of a CSV file with the columns `login,name,role,password` (comma
/// or semicolon, UTF-8). Refuses the whole file with `request.malformed` when a column is missing,
/// and with `validation` on `file` when it has more than 1,000 lines.
pub async fn import_users(context: &Context, requester: &Requester, csv: &[u8]) -> ServiceResult<Vec<ImportedLine>> {
    require(&requester.principal, Action::ManageUsers)?;
    let rows = read_rows(csv)?;
    let lines = stream::iter(rows).map(|(line, row)| import_row(context, requester, line, row));
    let lines: Vec<ServiceResult<ImportedLine>> = lines.buffered(LINES_AT_ONCE).collect().await;
    lines.into_iter().collect()
}

type NumberedRow = (u64, Result<ImportRow, FieldError>);

fn read_rows(csv: &[u8]) -> ServiceResult<Vec<NumberedRow>> {
    // Carriage returns of Windows are removed: with them the reader counts line numbers one too
    // low.
    let csv: Vec<u8> = csv.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(csv).iter().copied().filter(|byte| *byte != b'\r').collect();
    let header = csv.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if header.contains(&b';') && !header.contains(&b',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::Headers).flexible(true).from_reader(csv.as_slice());
    let headers = reader.headers().map_err(|_| ServiceError::invalid("request.malformed"))?.clone();
    if !["login", "name", "role", "password"].iter().all(|column| headers.iter().any(|header| header == *column)) {
        return Err(ServiceError::invalid("request.malformed"));
    }
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        let row = match reader.read_record(&mut record) {
            Ok(false) => return Ok(rows),
            Ok(true) => record.deserialize(Some(&headers)).map_err(|_| FieldError::new("line", "required", "this line lacks a column")),
            Err(_) => Err(FieldError::new("line", "type", "this line is not UTF-8 text")),
        };
        if rows.len() == MOST_LINES {
            let error = FieldError::new("file", "too_long", format!("at most {MOST_LINES} lines"));
            return Err(error.into());
        }
        rows.push((record.position().map_or(line, csv::Position::line), row));
    }
}

async fn import_row(
    context: &Context,
    requester: &Requester,
    line: u64,
    row: Result<ImportRow, FieldError>,
) -> ServiceResult<ImportedLine> {
    let row = match row {
        Ok(row) => row,
        Err(error) => return Ok(ImportedLine { line, login: None, result: Err(vec![error]) }),
    };
    let login = Some(row.login.clone());
    let Some(role) = Role::parse(row.role.trim()) else {
        let error = FieldError::new("role", "unknown_value", "student, counsellor or admin");
        return Ok(ImportedLine { line, login, result: Err(vec![error]) });
    };
    let new = NewUser { login: row.login, name: row.name, role, password: row.password };
    let result = match manage::create_user(context, requester, new).await {
        Ok(user) => Ok(user.id.to_string()),
        Err(ServiceError::Invalid { errors, .. }) => Err(errors),
        Err(ServiceError::Conflict { .. }) => Err(vec![FieldError::new("login", "login_taken", "this login name is in use")]),
        Err(error) => return Err(error),
    };
    Ok(ImportedLine { line, login, result })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(csv: &str) -> Vec<(u64, Option<String>)> {
        read_rows(csv.as_bytes()).unwrap().into_iter().map(|(line, row)| (line, row.ok().map(|row| row.login))).collect()
    }

    #[test]
    fn columns_are_found_by_name_behind_comma_or_semicolon() {
        let comma = "name,login,role,password\nAna,ana,student,kuda laut 1\n\"Budi, S.\",budi,student,kuda laut 2\n";
        assert_eq!(rows(comma), [(2, Some("ana".into())), (3, Some("budi".into()))]);
        let semicolon = "\u{FEFF}login;name;role;password\r\nana;Ana;student;kuda laut 1\r\n";
        assert_eq!(rows(semicolon), [(2, Some("ana".into()))]);
    }

    #[test]
    fn short_and_unreadable_lines_are_reported_by_number() {
        assert_eq!(rows("login,name,role,password\nana\nbudi,Budi,student,x\n"), [(2, None), (3, Some("budi".into()))]);
        let broken = read_rows(b"login,name,role,password\nana,\xff,student,x\nbudi,Budi,student,x\n").unwrap();
        assert_eq!(broken.len(), 2);
        assert!(broken[0].1.is_err() && broken[1].1.is_ok());
        assert_eq!(broken[0].0, 2);
        assert_eq!(broken[1].0, 3);
    }

    #[test]
    fn files_without_the_columns_or_too_long_are_refused() {
        assert!(matches!(read_rows(b"a,b\n1,2\n"), Err(ServiceError::Invalid { code: "request.malformed", .. })));
        assert!(matches!(read_rows(b""), Err(ServiceError::Invalid { code: "request.malformed", .. })));
        let long = format!("login,name,role,password\n{}", "a,b,student,c\n".repeat(MOST_LINES + 1));
        assert!(matches!(read_rows(long.as_bytes()), Err(ServiceError::Invalid { code: "validation", .. })));
    }
}
