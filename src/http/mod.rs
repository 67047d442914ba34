//! Owns HTTP: the route table and the order of the middlewares. Called by `app.rs` and
//! `app/serve.rs`. Must not import `backends` or `app`.
//!
//! - A handler is short: it parses, calls a use case or an actor, and answers.
//! - Every failure is an [`error::ApiError`], the only `ResponseError`.

use crate::{actors::companion::desk::DeskHandle, services::Context};
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Compress, from_fn},
    web,
};
use error::{ApiError, ApiResult};
use input::uploads;
use middleware::{
    api_refusals, path_prefix,
    rate_limit::{self, RateLimits},
    request_trace, role_check, security_headers, unread_body,
};
use resources::{
    accounts, alerts, appointments, apps, audit, availability, canned_replies, companion, conversations, counsellors, dashboards, files,
    help,
    live::{channel_access, sync},
    materials, messages, notices,
    operations::{health, system_report},
};
use route::{Routes, at};

pub mod error;
pub mod input;
pub mod middleware;
pub mod openapi;
pub mod resources;
pub mod route;
pub mod sockets;
pub mod static_files;

/// The state that all routes of one node share; cheap to clone into every worker.
#[derive(Clone)]
pub struct Shared {
    context: web::Data<Context>,
    limits: web::Data<RateLimits>,
    policy: web::Data<security_headers::ContentPolicy>,
    desk: web::Data<DeskHandle>,
}

impl Shared {
    /// Makes the shared state. A server process makes it once, not once per worker: the limits
    /// count over all workers.
    #[must_use]
    pub fn new(context: Context, desk: DeskHandle) -> Self {
        let limits = web::Data::new(RateLimits::new(context.config.http.requests_per_minute));
        let policy = security_headers::policy_of(&context);
        Self { context: web::Data::new(context), limits, policy, desk: web::Data::new(desk) }
    }
}

/// Makes the application of one worker: the routes inside the middlewares. The last middleware in
/// the list is the outermost one.
#[must_use]
pub fn app(
    shared: Shared,
) -> App<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<impl MessageBody>, Error = Error, InitError = ()>> {
    App::new()
        .configure(|cfg| configure(cfg, &shared))
        .wrap(from_fn(role_check::check_role))
        .wrap(from_fn(rate_limit::limit_requests))
        .wrap(from_fn(security_headers::add_security_headers))
        .wrap(from_fn(unread_body::close_on_unread_body))
        .wrap(from_fn(api_refusals::show_refusals))
        .wrap(from_fn(request_trace::trace_request))
        .wrap(from_fn(path_prefix::strip_prefix))
}

/// Puts the route table into an application.
pub fn configure(cfg: &mut web::ServiceConfig, shared: &Shared) {
    cfg.app_data(shared.context.clone())
        .app_data(shared.limits.clone())
        .app_data(shared.policy.clone())
        .app_data(shared.desk.clone())
        .app_data(query_errors())
        .app_data(path_errors())
        .app_data(uploads::form_buffers())
        .service(
            web::scope(API_V1)
                .wrap(Compress::default())
                .configure(|cfg| api_v1(Routes::default()).register(cfg))
                .default_service(web::to(no_such_path)),
        )
        .configure(|cfg| outside(Routes::default()).register(cfg))
        .default_service(web::to(static_files::serve_ui));
}

/// Returns every route: its path and its methods in lower case. [`openapi`] describes each of them.
#[must_use]
pub fn route_table() -> Vec<(String, Vec<String>)> {
    let mut table = api_v1(Routes::default()).listed(API_V1);
    table.extend(outside(Routes::default()).listed(""));
    table
}

/// The path prefix of the API.
const API_V1: &str = "/api/v1";

/// The routes outside of `/api/v1`. The WebSocket route, `/app/{key}`, is not in this table:
/// `app.rs` adds it with the transport.
fn outside(routes: Routes) -> Routes {
    routes
        .service(at("/files/{key:.*}").get(files::serve))
        .service(at("/broadcasting/auth").post(channel_access::authorise_channels))
        .service(at("/pusher/auth").post(channel_access::authorise_channels))
        .service(at("/broadcasting/user-auth").post(channel_access::authorise_user))
        .service(at("/pusher/user-auth").post(channel_access::authorise_user))
        .service(at("/apps/{app_id}/events").post(apps::backend_api::post_event))
        .service(at("/apps/{app_id}/batch_events").post(apps::backend_api::post_batch))
        .service(at("/apps/{app_id}/channels").get(apps::backend_api::list_channels))
        .service(at("/apps/{app_id}/channels/{channel}").get(apps::backend_api::read_channel))
        .service(at("/apps/{app_id}/channels/{channel}/users").get(apps::backend_api::list_users))
        .service(at("/apps/{app_id}/users/{user_id}/terminate_connections").post(apps::backend_api::end_user))
        .service(at("/users/{user_id}/terminate_connections").post(apps::backend_api::end_user_by_key))
        .service(at("/health-check").get(health::health_check))
        .service(at("/health").get(health::health_check))
        .service(at("/health/live").get(health::live))
        .service(at("/health/ready").get(health::ready))
        .service(at("/metrics").get(health::metrics_text))
        .service(at("/api/docs").get(openapi::serve_page))
        .service(at("/api/docs.css").get(openapi::serve_style))
}

/// The routes under `/api/v1`. Their answers are JSON, so they are compressed. Files are served
/// outside of this scope and uncompressed, because ranges count plain bytes.
#[expect(clippy::too_many_lines, reason = "the table of routes, a line each, is read as a whole")]
fn api_v1(routes: Routes) -> Routes {
    routes
        .service(at("/realtime").get(channel_access::describe))
        .service(at("/materials").get(materials::list).post(materials::create))
        .service(at("/materials/{id}").get(materials::read).patch(materials::edit).delete(materials::delete))
        .service(at("/materials/{id}/link").get(materials::link))
        .service(at("/notices").get(notices::list))
        .service(at("/notices/read-all").post(notices::read_all))
        .service(at("/notices/{id}/read").post(notices::read))
        .service(at("/counsellors").get(counsellors::list))
        .service(at("/counsellors/me/status").put(counsellors::set_status))
        .service(at("/counsellors/{id}/slots").get(counsellors::list_slots))
        .service(at("/students").get(accounts::students::list))
        .service(at("/availability").get(availability::read).put(availability::put))
        .service(at("/availability/check").post(availability::check))
        .service(at("/appointments").get(appointments::list).post(appointments::book))
        .service(at("/appointments/{id}.ics").get(appointments::calendar_file))
        .service(at("/appointments/{id}").get(appointments::read))
        .service(at("/appointments/{id}/video").get(appointments::open_video))
        .service(at("/appointments/{id}/{action}").post(appointments::change))
        .service(at("/conversations").get(conversations::list).post(conversations::open))
        .service(at("/conversations/next").post(conversations::take_next))
        .service(at("/conversations/search").get(messages::search))
        .service(at("/conversations/{id}").get(conversations::read))
        .service(at("/conversations/{id}/transfer").post(conversations::transfer))
        .service(at("/conversations/{id}/close").post(conversations::close))
        .service(at("/conversations/{id}/reopen").post(conversations::reopen))
        .service(at("/conversations/{id}/delivered").post(conversations::mark_delivered))
        .service(at("/conversations/{id}/read").post(conversations::mark_read))
        .service(at("/conversations/{id}/notes").get(conversations::list_notes).post(conversations::add_note))
        .service(at("/conversations/{id}/messages").get(messages::list).post(messages::send))
        .service(at("/conversations/{id}/messages/{message_id}").patch(messages::edit).delete(messages::delete))
        .service(at("/conversations/{id}/messages/{message_id}/link").get(messages::link))
        .service(at("/conversations/{id}/messages/{message_id}/history").get(messages::history))
        .service(at("/canned-replies").get(canned_replies::list).post(canned_replies::add))
        .service(at("/canned-replies/{id}").patch(canned_replies::edit).delete(canned_replies::delete))
        .service(at("/chat-preferences").get(conversations::read_preferences).put(conversations::set_preferences))
        .service(at("/companion").get(companion::read_info))
        .service(at("/companion/threads").get(companion::list_threads).post(companion::create_thread))
        .service(at("/companion/threads/{id}").get(companion::read_thread).patch(companion::rename_thread).delete(companion::delete_thread))
        .service(at("/companion/threads/{id}/messages").post(companion::ask))
        .service(at("/companion/threads/{id}/summary").post(companion::propose_summary))
        .service(at("/companion/threads/{id}/hand-over").post(companion::hand_over))
        .service(at("/companion/messages/{id}").get(companion::read_answer))
        .service(at("/companion/messages/{id}/stop").post(companion::stop))
        .service(at("/companion/messages/{id}/regenerate").post(companion::regenerate))
        .service(at("/help").get(help::read_card))
        .service(at("/alerts").get(alerts::list))
        .service(at("/alerts/{id}/acknowledge").post(alerts::acknowledge))
        .service(at("/alerts/{id}/chat").post(alerts::chat))
        .service(at("/sync").get(sync::events))
        .service(at("/dashboard/student").get(dashboards::student))
        .service(at("/dashboard/counsellor").get(dashboards::counsellor))
        .service(at("/auth/login").post(accounts::sign_in::log_in))
        .service(at("/auth/logout").post(accounts::sign_in::log_out))
        .service(at("/auth/me").get(accounts::sign_in::me))
        .service(at("/auth/sessions").get(accounts::sign_in::list_logins))
        .service(at("/auth/sessions/{id}").delete(accounts::sign_in::revoke_login))
        .service(at("/admin/users").get(accounts::manage::list_users).post(accounts::manage::create_user))
        .service(at("/admin/users/import").post(accounts::manage::import_users))
        .service(at("/admin/users/{id}").patch(accounts::manage::change_user))
        .service(at("/admin/apps").get(apps::manage::list).post(apps::manage::create))
        .service(at("/admin/apps/{id}").get(apps::manage::read).patch(apps::manage::change))
        .service(at("/admin/apps/{id}/rotate").post(apps::manage::rotate))
        .service(at("/admin/apps/{id}/console").post(apps::console::watch))
        .service(at("/admin/apps/{id}/events").post(apps::console::send_event))
        .service(at("/admin/apps/{id}/webhooks").get(apps::dead_letters::list_webhooks))
        .service(at("/admin/apps/{id}/dead-letters").get(apps::dead_letters::list))
        .service(at("/admin/apps/{id}/dead-letters/replay").post(apps::dead_letters::replay))
        .service(at("/admin/audit").get(audit::list))
        .service(at("/admin/system").get(system_report::read))
        .service(at("/admin/hotlines").get(help::list_hotlines).put(help::put_hotlines))
        .service(at("/openapi.json").get(openapi::serve_document))
}

async fn no_such_path() -> ApiResult {
    Err(ApiError::not_found())
}

/// Answers 400 to a query that cannot be read.
fn query_errors() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|_, _| ApiError::request("request.malformed", "the query does not read").into())
}

/// Answers 404 to a path segment that cannot be read, such as a malformed id.
fn path_errors() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, _| ApiError::not_found().into())
}
