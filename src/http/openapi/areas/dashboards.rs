//! The two dashboards.

use crate::domain::access::Action;
use crate::http::openapi::{
    Area,
    operation::get,
    schema::{about, count, day, list, object, one_of, or_null, shape, share, text, time},
};
use serde_json::Value;

pub(super) fn area() -> Area {
    Area {
        name: "Dashboards",
        about: "What a student and a counsellor see first.",
        operations: vec![
            get("/api/v1/dashboard/student", "student_dashboard", "Gives a student's widgets.")
                .needs(Action::ViewStudentDashboard)
                .header("Accept-Language", "Language of the notices: `id` (default) or `en`.")
                .answers(
                    200,
                    "The widgets.",
                    object([
                        ("materials", about(list(shape("Material")), "The 3 newest.")),
                        (
                            "notices",
                            object([
                                ("unread_count", count()),
                                ("version", count()),
                                ("items", about(list(shape("Notice")), "The 5 newest.")),
                            ]),
                        ),
                        ("school", object([("zone", about(text(), "IANA zone."))])),
                    ]),
                ),
            get("/api/v1/dashboard/counsellor", "counsellor_dashboard", "Gives the statistics of the school.")
                .about("Kept for `school.dashboard_cache_s` (5 min); `X-Cache` says HIT or MISS, `Age` how old they are in s.")
                .needs(Action::ViewCounsellorDashboard)
                .answers(200, "The statistics.", shape("Statistics")),
        ],
        shapes: vec![("Statistics", statistics())],
        events: Vec::new(),
    }
}

fn statistics() -> Value {
    let actions =
        ["material.created", "material.updated", "material.archived", "material.deleted", "material.viewed", "material.downloaded"];
    object([
        ("students", object([("total", count()), ("active_7d", count()), ("new_7d", count())])),
        (
            "materials",
            object([
                ("total", count()),
                ("active", count()),
                ("draft", count()),
                ("archived", count()),
                ("views", count()),
                ("downloads", count()),
            ]),
        ),
        (
            "notifications",
            object([
                ("sent", count()),
                ("sent_7d", count()),
                ("reads", count()),
                ("read_rate", about(or_null(share()), "Of the last 30 days; null when none was sent.")),
            ]),
        ),
        (
            "engagement",
            about(
                list(object([("date", day()), ("active_students", count()), ("views", count()), ("downloads", count())])),
                "14 days, the oldest first.",
            ),
        ),
        (
            "recent_activity",
            about(
                list(object([
                    ("at", time()),
                    ("actor_name", or_null(text())),
                    ("action", one_of(&actions)),
                    ("target_id", or_null(text())),
                    ("target_title", or_null(text())),
                ])),
                "The 10 newest.",
            ),
        ),
        ("generated_at", time()),
    ])
}
