//! Describes the routes of admins.

use crate::domain::shape::Text;
use crate::http::{
    input::page::Page,
    openapi::{
        Area,
        operation::{get, patch, post},
    },
    resources::{
        accounts::manage::{AccountBody, ImportReport, NewUserBody, UserPatchBody, UsersQuery},
        audit::{AuditBody, AuditQuery},
    },
};
use crate::{domain::access::Action, services::operations::system_report::SystemReport};

pub(super) fn area() -> Area {
    Area {
        name: "Administration",
        about: "Accounts, the audit trail and the health of the system.",
        operations: vec![
            get("/api/v1/admin/users", "list_users", "Lists accounts, newest first.")
                .needs(Action::ManageUsers)
                .query_of::<UsersQuery>()
                .answers_with::<Page<AccountBody>>(200, "A page."),
            post("/api/v1/admin/users", "create_user", "Makes an account.")
                .needs(Action::ManageUsers)
                .idempotent()
                .takes::<NewUserBody>()
                .answers_with::<AccountBody>(201, "Made.")
                .refuses(&["users.login_taken"]),
            post("/api/v1/admin/users/import", "import_users", "Makes an account of every line of a CSV file.")
                .about("Columns `login,name,role,password`, comma or semicolon, UTF-8, at most 1 MiB and 1,000 lines. Every line stands for itself.")
                .needs(Action::ManageUsers)
                .idempotent()
                .takes_as::<Text>("text/csv")
                .answers_with::<ImportReport>(200, "What became of each line.")
                .refuses(&["request.media_type", "request.too_large"]),
            patch("/api/v1/admin/users/{id}", "change_user", "Changes what is given.")
                .about("Naming `disabled`, `role` or `password` ends the account's sessions and sockets. Nobody disables or demotes themselves.")
                .needs(Action::ManageUsers)
                .takes::<UserPatchBody>()
                .answers_with::<AccountBody>(200, "As it is now.")
                .refuses(&["conflict"]),
            get("/api/v1/admin/audit", "list_audit", "Lists what was done, newest first.")
                .needs(Action::ReadAudit)
                .query_of::<AuditQuery>()
                .answers_with::<Page<AuditBody>>(200, "A page."),
            get("/api/v1/admin/system", "read_system", "Tells how the system is doing.")
                .about("Answers also when parts are missing: what could not be asked within 2 s is null or `disconnected`.")
                .needs(Action::ReadSystem)
                .answers_with::<SystemReport>(200, "As it is now."),
        ],
        events: Vec::new(),
    }
}
