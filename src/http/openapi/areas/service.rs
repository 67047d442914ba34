//! Health, metrics and this description; and the shape of errors.

use crate::domain::shape::Text;
use crate::http::{
    openapi::{
        Area, Document,
        operation::{Operation, get},
    },
    resources::operations::health::{Health, Liveness, NodeReadiness},
};

pub(super) fn area() -> Area {
    Area {
        name: "Service",
        about: "Health, metrics, and this description. Nobody has to sign in.",
        operations: vec![
            health("/health-check", "health_check"),
            health("/health", "health"),
            get("/health/live", "is_live", "Answers while the process lives.").for_everybody().answers_with::<Liveness>(200, "Alive."),
            get("/health/ready", "is_ready", "Says whether this node should get requests.")
                .for_everybody()
                .answers_with::<NodeReadiness>(200, "Ready.")
                .answers_with::<NodeReadiness>(503, "Something is missing."),
            get("/metrics", "metrics", "Gives the metrics of this process, for Prometheus.").for_everybody().answers_as::<Text>(
                200,
                "The text format, version 0.0.4.",
                "text/plain",
            ),
            get("/api/v1/openapi.json", "openapi", "Gives this description as OpenAPI 3.1.")
                .for_everybody()
                .answers_with::<Document>(200, "The document."),
            get("/api/docs", "docs", "Shows this description to people.").for_everybody().answers_as::<Text>(200, "A page.", "text/html"),
            get("/api/docs.css", "docs_style", "Gives the look of that page.").for_everybody().answers_as::<Text>(200, "CSS.", "text/css"),
        ],
        events: Vec::new(),
    }
}

fn health(path: &'static str, name: &'static str) -> Operation {
    get(path, name, "Says whether the server and its database are well.")
        .for_everybody()
        .answers_with::<Health>(200, "Well.")
        .answers_with::<Health>(503, "The database does not answer.")
}
