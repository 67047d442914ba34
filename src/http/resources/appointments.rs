//! Owns the routes of `/appointments`: list, book, read, change, calendar file, video room.

use crate::{
    domain::{
        appointments::{
            appointment::{AppointmentAction, AppointmentMode, AppointmentText},
            slots::Span,
        },
        ids::{AppointmentId, UserId},
        shape::{Id, Time},
        text::FieldError,
    },
    http::{
        error::ApiResult,
        input::{idempotency::idempotent, json_body::JsonBody, language::language_of, page::PageQuery},
    },
    services::{
        Context, ServiceError, ServiceResult,
        appointments::{self, AppointmentQuery, ChangeRequest, ListScope, NewBooking},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

/// The query of a list.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AppointmentListQuery {
    /// Default: upcoming (live and not over, soonest first). Past: all others, latest first.
    #[schemars(extend("enum" = ["upcoming", "past"]))]
    scope: Option<String>,
    /// Beginning of a stretch of time.
    #[schemars(with = "Option<Time>")]
    from: Option<String>,
    /// Its end.
    #[schemars(with = "Option<Time>")]
    to: Option<String>,
    /// Only with this counsellor; of admins.
    #[schemars(with = "Option<Id>")]
    counsellor_id: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// The body of a booking.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct BookingBody {
    /// Of a counsellor who books: the own one.
    #[schemars(with = "Id")]
    counsellor_id: String,
    /// Of counsellors, who must name one.
    #[serde(default)]
    #[schemars(with = "Id")]
    student_id: Option<String>,
    /// When it should begin.
    #[schemars(with = "Time")]
    starts_at: String,
    /// What it is about, in one line.
    #[schemars(length(min = 1, max = 120))]
    topic: String,
    /// What the counsellor should know.
    #[schemars(length(min = 0, max = 2_000))]
    note: Option<String>,
    /// How the two meet.
    mode: AppointmentMode,
}

/// The body of a change.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ChangeBody {
    /// `reschedule` needs it.
    #[schemars(with = "Option<Time>")]
    starts_at: Option<String>,
    /// `cancel` needs one, `reschedule` may have one.
    #[schemars(length(min = 0, max = 500))]
    reason: Option<String>,
}

impl AppointmentListQuery {
    fn parse(self) -> ServiceResult<AppointmentQuery> {
        let unknown = |field, message| ServiceError::from(FieldError::new(field, "unknown_value", message));
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let scope = match (given(self.scope).as_deref(), given(self.from), given(self.to)) {
            (None, Some(from), Some(to)) => ListScope::Within(parse_span(&from, &to)?),
            (None | Some("upcoming"), None, None) => ListScope::Upcoming,
            (Some("past"), None, None) => ListScope::Past,
            (Some(_), None, None) => return Err(unknown("scope", "upcoming or past")),
            (_, Some(_), None) => return Err(FieldError::new("to", "required", "from and to belong together").into()),
            (_, None, Some(_)) => return Err(FieldError::new("from", "required", "from and to belong together").into()),
            (Some(_), Some(_), Some(_)) => return Err(unknown("scope", "a stretch of time has no scope")),
        };
        let counsellor = given(self.counsellor_id).map(|id| UserId::parse(&id)).transpose();
        let page = self.page;
        Ok(AppointmentQuery {
            scope,
            counsellor: counsellor.map_err(|_| unknown("counsellor_id", "not an id"))?,
            after: page.after()?,
            limit: page.limit()?,
        })
    }
}

impl BookingBody {
    /// Reads the fields and reports all mistakes at once.
    fn parse(self) -> ServiceResult<NewBooking> {
        let unknown = |field| FieldError::new(field, "unknown_value", "not an id");
        let counsellor_id = UserId::parse(&self.counsellor_id).map_err(|_| unknown("counsellor_id"));
        let student_id = self.student_id.as_deref().map(UserId::parse).transpose().map_err(|_| unknown("student_id"));
        let starts_at_ms = parse_instant("starts_at", &self.starts_at);
        let text = AppointmentText::parse(&self.topic, self.note.as_deref());
        match (counsellor_id, student_id, starts_at_ms, text) {
            (Ok(counsellor_id), Ok(student_id), Ok(starts_at_ms), Ok(text)) => {
                Ok(NewBooking { counsellor_id, student_id, starts_at_ms, text, mode: self.mode })
            }
            (counsellor_id, student_id, starts_at_ms, text) => {
                let ids = [counsellor_id.err(), student_id.err(), starts_at_ms.err()].into_iter().flatten();
                Err(ServiceError::validation(ids.chain(text.err().into_iter().flatten()).collect()))
            }
        }
    }
}

/// Reads an RFC 3339 instant.
fn parse_instant(field: &'static str, text: &str) -> Result<i64, FieldError> {
    let instant = text.parse::<Timestamp>().map_err(|_| FieldError::new(field, "unknown_value", "an instant of RFC 3339"))?;
    Ok(instant.as_millisecond())
}

fn parse_span(from: &str, to: &str) -> Result<Span, FieldError> {
    let span = Span { from_ms: parse_instant("from", from)?, to_ms: parse_instant("to", to)? };
    if span.from_ms < span.to_ms { Ok(span) } else { Err(FieldError::new("to", "unknown_value", "it must be after from")) }
}

/// `GET /appointments`: the user's own appointments; for admins all.
pub async fn list(context: web::Data<Context>, requester: Requester, query: web::Query<AppointmentListQuery>) -> ApiResult {
    let page = appointments::list_appointments(&context, &requester, query.into_inner().parse()?).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// `POST /appointments`: 201 with the appointment; 409 `appointments.slot_taken`. Honours
/// `Idempotency-Key`.
pub async fn book(request: HttpRequest, context: web::Data<Context>, requester: Requester, body: JsonBody<BookingBody>) -> ApiResult {
    let JsonBody { value, bytes } = body;
    let book = || async {
        let appointment = appointments::book_appointment(&context, &requester, value.parse()?).await?;
        Ok(HttpResponse::Created().json(appointment))
    };
    idempotent(&context, &requester.principal, &request, &bytes, book).await
}

/// `GET /appointments/{id}`: one of the user's own appointments; for admins any.
pub async fn read(context: web::Data<Context>, requester: Requester, id: web::Path<AppointmentId>) -> ApiResult {
    Ok(HttpResponse::Ok().json(appointments::read_appointment(&context, &requester, *id).await?))
}

/// `POST /appointments/{id}/{action}`: 200 with the appointment. Honours `Idempotency-Key`.
pub async fn change(
    request: HttpRequest,
    context: web::Data<Context>,
    requester: Requester,
    path: web::Path<(AppointmentId, AppointmentAction)>,
    body: JsonBody<ChangeBody>,
) -> ApiResult {
    let (id, action) = path.into_inner();
    let JsonBody { value: ChangeBody { starts_at, reason }, bytes } = body;
    let change = || async {
        let starts_at_ms = starts_at.map(|text| parse_instant("starts_at", &text)).transpose()?;
        let wanted = ChangeRequest { action, starts_at_ms, reason };
        Ok(HttpResponse::Ok().json(appointments::change_appointment(&context, &requester, id, wanted).await?))
    };
    idempotent(&context, &requester.principal, &request, &bytes, change).await
}

/// `GET /appointments/{id}.ics`: the calendar file.
pub async fn calendar_file(
    request: HttpRequest,
    context: web::Data<Context>,
    requester: Requester,
    id: web::Path<AppointmentId>,
) -> ApiResult {
    let file = appointments::calendar_file(&context, &requester, *id, language_of(&request)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format!("text/calendar; charset=utf-8; method={}", file.method)))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"janji-temu.ics\""))
        .body(file.text))
}

/// `GET /appointments/{id}/video`: a link with a fresh token, while the room is open.
pub async fn open_video(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<AppointmentId>,
) -> ApiResult {
    Ok(HttpResponse::Ok().json(appointments::open_video(&context, &user, *id).await?))
}
