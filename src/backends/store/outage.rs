//! Says which errors of the engines mean that the database is out of reach, or cannot read or write
//! for now: no room, no disk, no connection, read-only. The same request may succeed later without
//! anybody changing the server. Called by `BackendError::is_outage`; must not know any table.

use sqlx::{error::DatabaseError, mysql::MySqlDatabaseError, postgres::PgDatabaseError, sqlite::SqliteError};

/// Says whether the database is out of reach or cannot do its work for now, as opposed to having
/// refused a statement.
pub(in crate::backends) fn is_outage(error: &sqlx::Error) -> bool {
    use sqlx::Error;
    match error {
        Error::Io(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => true,
        Error::Database(error) => is_outage_of_engine(&**error),
        _ => false,
    }
}

fn is_outage_of_engine(error: &dyn DatabaseError) -> bool {
    let cause = error.as_error();
    let code = error.code().unwrap_or_default();
    if cause.is::<SqliteError>() {
        code.parse().is_ok_and(is_outage_of_sqlite)
    } else if cause.is::<PgDatabaseError>() {
        is_outage_by_sqlstate(&code)
    } else if let Some(error) = cause.downcast_ref::<MySqlDatabaseError>() {
        is_outage_by_sqlstate(&code) || is_outage_of_mysql(error.number(), error.message())
    } else {
        false
    }
}

/// By the primary result code (<https://www.sqlite.org/rescode.html>), which is the low byte: busy
/// and locked for longer than `busy_timeout`, out of memory, read-only, I/O error, full, cannot
/// open (such as `-shm` on a full disk).
const fn is_outage_of_sqlite(code: u32) -> bool {
    matches!(code & 0xff, 5 | 6 | 7 | 8 | 10 | 13 | 14)
}

/// By SQLSTATE (appendix A of PostgreSQL's manual; MySQL shares class 08): connection lost,
/// insufficient resources (53100 is a full disk), shutdown or starting up, error of the system
/// below (58030 is I/O), read-only (a standby).
fn is_outage_by_sqlstate(code: &str) -> bool {
    ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) || code == "25006"
}

/// By MySQL's and MariaDB's own numbers, because full disks have only the general SQLSTATE `HY000`.
/// Numbers below 1000 come from the file layer.
fn is_outage_of_mysql(number: u16, message: &str) -> bool {
    match number {
        // File layer: cannot write (3), disk full (20).
        3 | 20
        // Reading, writing and full: 1021 disk, 1114 table or its file system.
        | 1021 | 1024 | 1026 | 1114
        // Out of memory, sort memory, connections, resources; 1053 is the shutdown.
        | 1037 | 1038 | 1040 | 1041 | 1053
        // Read-only.
        | 1290 | 1836
        // MariaDB: connection killed.
        | 1927 => true,
        // Something below failed: of the engine, during COMMIT, during ROLLBACK. The message has
        // the number of the operating system.
        1030 | 1180 | 1181 => has_os_error(message),
        _ => false,
    }
}

/// Says whether `Got error N …` names an I/O error (5), a full disk (28) or a read-only file system
/// (30).
fn has_os_error(message: &str) -> bool {
    let number = message.trim_start_matches("Got error ").split(|c: char| !c.is_ascii_digit()).next();
    matches!(number, Some("5" | "28" | "30"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_disks_and_io_errors_of_sqlite_are_outages() {
        // FULL, IOERR_WRITE, IOERR_FSYNC, IOERR_SHMSIZE, CANTOPEN, READONLY, BUSY, BUSY_SNAPSHOT,
        // LOCKED, NOMEM.
        for code in [13, 778, 1034, 4874, 14, 8, 5, 517, 6, 7] {
            assert!(is_outage_of_sqlite(code), "{code}");
        }
        // ERROR, CORRUPT, CONSTRAINT_UNIQUE, CONSTRAINT_FOREIGNKEY, MISMATCH.
        for code in [1, 11, 2067, 787, 20] {
            assert!(!is_outage_of_sqlite(code), "{code}");
        }
    }

    #[test]
    fn full_disks_and_lost_connections_of_postgres_are_outages() {
        for code in ["53100", "53200", "53300", "57P01", "57P03", "58030", "08006", "25006"] {
            assert!(is_outage_by_sqlstate(code), "{code}");
        }
        // Constraints, deadlock, syntax, a cancelled statement, an aborted transaction.
        for code in ["23503", "23505", "40P01", "42601", "57014", "25P02", ""] {
            assert!(!is_outage_by_sqlstate(code), "{code}");
        }
    }

    #[test]
    fn full_disks_of_mysql_are_outages_by_number_or_by_what_the_engine_reports() {
        for number in [3, 1021, 1026, 1040, 1053, 1114, 1290, 1927] {
            assert!(is_outage_of_mysql(number, ""), "{number}");
        }
        for message in [
            "Got error 28 \"No space left on device\" from storage engine InnoDB",
            "Got error 28 from storage engine",
            "Got error 5 during COMMIT",
        ] {
            assert!(is_outage_of_mysql(1030, message) && is_outage_of_mysql(1180, message), "{message}");
        }
        for (number, message) in
            [(1030, "Got error 139 \"Too big row\" from storage engine InnoDB"), (1030, ""), (1062, "Duplicate entry"), (1213, "Deadlock")]
        {
            assert!(!is_outage_of_mysql(number, message), "{number} {message}");
        }
    }
}
