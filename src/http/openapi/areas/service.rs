//! What load balancers, Prometheus and programmers ask; and the shape of errors.

use crate::http::openapi::{
    Area,
    operation::get,
    schema::{about, anything, object, one_of, shape, text, time},
};

#[expect(clippy::too_many_lines, reason = "descriptions only, one after the other in the order of the routes")]
pub(super) fn area() -> Area {
    let there = || one_of(&["connected", "disconnected"]);
    let health = |path, name| {
        get(path, name, "Says whether the server and its database are well.")
            .for_everybody()
            .answers(200, "Well.", shape("Health"))
            .answers(503, "The database does not answer.", shape("Health"))
    };
    let ready = || {
        object([("status", one_of(&["ok", "error"])), ("timestamp", time()), ("database", there()), ("cache", there()), ("bus", there())])
    };
    Area {
        name: "Service",
        about: "Health, metrics, and this description. Nobody has to sign in.",
        operations: vec![
            health("/health-check", "health_check"),
            health("/health", "health"),
            get("/health/live", "is_live", "Answers while the process lives.").for_everybody().answers(
                200,
                "Alive.",
                object([("status", one_of(&["ok"])), ("timestamp", time())]),
            ),
            get("/health/ready", "is_ready", "Says whether this node should get requests.")
                .for_everybody()
                .answers(200, "Ready.", ready())
                .answers(503, "Something is missing.", ready()),
            get("/metrics", "metrics", "Gives the metrics of this process, for Prometheus.").for_everybody().answers_as(
                200,
                "The text format, version 0.0.4.",
                "text/plain",
                text(),
            ),
            get("/api/v1/openapi.json", "openapi", "Gives this description as OpenAPI 3.1.").for_everybody().answers(
                200,
                "The document.",
                about(anything(), "OpenAPI 3.1."),
            ),
            get("/api/docs", "docs", "Shows this description to people.").for_everybody().answers_as(200, "A page.", "text/html", text()),
            get("/api/docs.css", "docs_style", "Gives the look of that page.").for_everybody().answers_as(200, "CSS.", "text/css", text()),
        ],
        shapes: vec![("Health", object([("status", one_of(&["ok", "error"])), ("timestamp", time()), ("database", there())]))],
        events: Vec::new(),
    }
}
