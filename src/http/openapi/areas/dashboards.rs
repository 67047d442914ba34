//! The two dashboards.

use crate::{
    domain::access::Action,
    http::openapi::{Area, operation::get},
    services::dashboards::{Statistics, StudentDashboard},
};

pub(super) fn area() -> Area {
    Area {
        name: "Dashboards",
        about: "What a student and a counsellor see first.",
        operations: vec![
            get("/api/v1/dashboard/student", "student_dashboard", "Gives a student's widgets.")
                .needs(Action::ViewStudentDashboard)
                .header("Accept-Language", "Language of the notices: `id` (default) or `en`.")
                .answers_with::<StudentDashboard>(200, "The widgets."),
            get("/api/v1/dashboard/counsellor", "counsellor_dashboard", "Gives the statistics of the school.")
                .about("Kept for `school.dashboard_cache_s` (5 min); `X-Cache` says HIT or MISS, `Age` how old they are in s.")
                .needs(Action::ViewCounsellorDashboard)
                .answers_with::<Statistics>(200, "The statistics."),
        ],
        events: Vec::new(),
    }
}
