//! What admins do.

use crate::domain::access::Action;
use crate::http::openapi::{
    Area,
    operation::{get, patch, post},
    schema::{about, anything, count, id, list, object, one_of, or_null, page, shape, text, text_of, time, yes_no},
};

#[expect(clippy::too_many_lines, reason = "descriptions only, one after the other in the order of the routes")]
pub(super) fn area() -> Area {
    Area {
        name: "Administration",
        about: "Accounts, the audit trail and the health of the system.",
        operations: vec![
            get("/api/v1/admin/users", "list_users", "Lists accounts, newest first.")
                .needs(Action::ManageUsers)
                .query("query", text(), "Part of login or name.")
                .query("role", shape("Role"), "Only this role.")
                .query("state", one_of(&["active", "disabled"]), "Only this state.")
                .in_pages()
                .answers(200, "A page.", page("Account", [])),
            post("/api/v1/admin/users", "create_user", "Makes an account.")
                .needs(Action::ManageUsers)
                .idempotent()
                .takes_shape(object([
                    ("login", about(text_of(3, 64), "Of `a-z 0-9 . _ -`.")),
                    ("name", text_of(1, 120)),
                    ("role", shape("Role")),
                    ("password", text_of(10, 200)),
                ]))
                .answers(201, "Made.", shape("Account"))
                .refuses(&["users.login_taken"]),
            post("/api/v1/admin/users/import", "import_users", "Makes an account of every line of a CSV file.")
                .about("Columns `login,name,role,password`, comma or semicolon, UTF-8, at most 1 MiB and 1,000 lines. Every line stands for itself.")
                .needs(Action::ManageUsers)
                .idempotent()
                .takes_as("text/csv", text())
                .answers(
                    200,
                    "What became of each line.",
                    object([("created", count()), ("failed", count()), ("lines", list(shape("ImportedLine")))]),
                )
                .refuses(&["request.media_type", "request.too_large"]),
            patch("/api/v1/admin/users/{id}", "change_user", "Changes what is given.")
                .about("Naming `disabled`, `role` or `password` ends the account's sessions and sockets. Nobody disables or demotes themselves.")
                .needs(Action::ManageUsers)
                .takes_shape(object([
                    ("name?", text_of(1, 120)),
                    ("role?", shape("Role")),
                    ("password?", text_of(10, 200)),
                    ("disabled?", yes_no()),
                ]))
                .answers(200, "As it is now.", shape("Account"))
                .refuses(&["conflict"]),
            get("/api/v1/admin/audit", "list_audit", "Lists what was done, newest first.")
                .needs(Action::ReadAudit)
                .query("actor_id", id(), "Only what this user did.")
                .query("target_kind", text(), "Only what was done to things of this kind, such as `conversation`.")
                .query("target_id", text(), "Only what was done to the thing with this id.")
                .in_pages()
                .answers(200, "A page.", page("AuditLine", [])),
            get("/api/v1/admin/system", "read_system", "Tells how the system is doing.")
                .about("Answers also when parts are missing: what could not be asked within 2 s is null or `disconnected`.")
                .needs(Action::ReadSystem)
                .answers(200, "As it is now.", shape("System")),
        ],
        shapes: vec![
            (
                "Account",
                object([
                    ("id", id()),
                    ("login", text()),
                    ("name", text()),
                    ("role", shape("Role")),
                    ("disabled_at", or_null(time())),
                    ("last_login_at", or_null(time())),
                    ("created_at", time()),
                ]),
            ),
            (
                "ImportedLine",
                object([
                    ("line", about(count(), "Number in the file; the header is 1.")),
                    ("login", or_null(text())),
                    ("status", one_of(&["created", "failed"])),
                    ("id", or_null(id())),
                    ("errors", list(shape("FieldProblem"))),
                ]),
            ),
            (
                "AuditLine",
                object([
                    ("id", id()),
                    ("at", time()),
                    ("actor", about(or_null(shape("Person")), "Null: a stranger, or the server itself.")),
                    ("action", text()),
                    ("target_kind", or_null(text())),
                    ("target_id", or_null(text())),
                    ("target_name", about(or_null(text()), "The name of a target that is a user.")),
                    ("address", or_null(text())),
                    ("data", anything()),
                ]),
            ),
            (
                "System",
                object([
                    ("version", text()),
                    ("node", about(text(), "The process that answered.")),
                    ("now", time()),
                    ("started_at", time()),
                    ("parts", list(shape("SystemPart"))),
                    ("sockets", object([("open", about(count(), "On this node.")), ("limit", or_null(count()))])),
                    ("database_pool", object([("size", count()), ("idle", count()), ("limit", count())])),
                    ("log", or_null(object([("waiting", about(count(), "Events not yet published.")), ("oldest_at", or_null(time()))]))),
                    ("webhooks", or_null(object([("waiting", count()), ("dead", about(count(), "Dead letters."))]))),
                    ("alerts", or_null(object([("open", count()), ("oldest_risk_at", or_null(time()))]))),
                    (
                        "companion",
                        object([
                            ("provider", one_of(&["model", "offline"])),
                            ("model", or_null(text())),
                            (
                                "usage",
                                or_null(object([
                                    ("month", about(text(), "`YYYY-MM` in the school's zone.")),
                                    ("tokens_used", count()),
                                    ("tokens_limit", or_null(count())),
                                ])),
                            ),
                        ]),
                    ),
                ]),
            ),
            (
                "SystemPart",
                object([
                    ("name", one_of(&["database", "cache", "bus", "files"])),
                    ("kind", one_of(&["sqlite", "mysql", "postgres", "redis", "in_process", "disk", "s3"])),
                    ("status", one_of(&["connected", "disconnected"])),
                    ("latency_ms", or_null(count())),
                ]),
            ),
        ],
        events: Vec::new(),
    }
}
