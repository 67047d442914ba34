//! The subjects of the description, a file each. A new subject is a file, and a line in [`all`].

mod accounts;
mod admin;
mod alerts;
mod appointments;
mod apps;
mod backend_api;
mod canned_replies;
mod companion;
mod conversations;
mod counsellors;
mod dashboards;
mod materials;
mod messages;
mod notices;
mod realtime;
mod service;

use crate::http::openapi::Area;

/// All subjects, in the order of the page.
pub(super) fn all() -> Vec<Area> {
    vec![
        accounts::area(),
        materials::area(),
        counsellors::area(),
        appointments::area(),
        conversations::area(),
        messages::area(),
        canned_replies::area(),
        companion::area(),
        alerts::area(),
        notices::area(),
        realtime::area(),
        dashboards::area(),
        admin::area(),
        apps::area(),
        backend_api::area(),
        service::area(),
    ]
}
