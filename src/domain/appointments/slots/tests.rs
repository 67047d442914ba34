use super::*;
use crate::domain::appointments::availability::{AvailabilityForm, ExceptionForm, WeeklyForm, parse_day};
use proptest::prelude::*;

const ZONES: [&str; 9] = [
    "Asia/Jakarta",
    "Asia/Jayapura",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "Australia/Lord_Howe",
    "Africa/Cairo",
];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn day(text: &str) -> Date {
    parse_day(text).unwrap()
}

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// Every day of the week from `from` to `to`.
fn daily(from: &str, to: &str) -> AvailabilityForm {
    let weekly = (1..=7).map(|weekday| WeeklyForm { weekday, from: from.into(), to: to.into() }).collect();
    AvailabilityForm { weekly, minimum_notice_minutes: 0, ..Availability::unset().form() }
}

fn made(form: &AvailabilityForm) -> Availability {
    Availability::parse(form).unwrap()
}

/// Writes slots as `HH:MM` of their wall clock.
fn wall(slots: &[Span], zone: &TimeZone) -> String {
    let time = |slot: &Span| {
        let minute = wall_minute(slot.from_ms, zone).unwrap();
        format!("{:02}:{:02}", minute / 60, minute % 60)
    };
    slots.iter().map(time).collect::<Vec<_>>().join(" ")
}

fn booked(from: &str, to: &str) -> Booked {
    Booked { starts_at_ms: at(from), blocked: Some(Span { from_ms: at(from), to_ms: at(to) }) }
}

#[test]
fn slots_follow_each_other_at_length_and_buffers() {
    let jakarta = zone("Asia/Jakarta");
    let form = AvailabilityForm { slot_minutes: 45, buffer_before_minutes: 5, buffer_after_minutes: 10, ..daily("08:00", "12:00") };
    let availability = made(&form);
    let desk = Desk { availability: &availability, zone: &jakarta, now_ms: at("2026-02-01T00:00:00Z"), rules: BookingRules::Student };
    let slots = desk.slots_on(day("2026-02-02"));
    assert_eq!(wall(&slots, &jakarta), "08:00 09:00 10:00 11:00");
    assert_eq!(slots[0], Span { from_ms: at("2026-02-02T01:00:00Z"), to_ms: at("2026-02-02T01:45:00Z") });
    assert_eq!(desk.blocked_by(slots[0]), Span { from_ms: at("2026-02-02T00:55:00Z"), to_ms: at("2026-02-02T01:55:00Z") });
}

#[test]
fn buckets_meet_exactly_when_times_overlap() {
    let span = |from: i64, to: i64| Span { from_ms: from * 60_000, to_ms: to * 60_000 };
    assert_eq!(span(0, 30).buckets(), 0..6);
    assert_eq!(span(30, 60).buckets(), 6..12);
    assert_eq!(span(28, 31).buckets(), 5..7, "off the grid it claims what it touches");
    assert_eq!(span(-5, 5).buckets(), -1..1);
}

#[test]
fn in_spring_the_skipped_hour_offers_nothing() {
    let berlin = zone("Europe/Berlin");
    let availability = made(&daily("01:00", "05:00"));
    let desk = Desk { availability: &availability, zone: &berlin, now_ms: at("2026-03-28T00:00:00Z"), rules: BookingRules::Student };
    let slots = desk.slots_on(day("2026-03-29"));
    assert_eq!(wall(&slots, &berlin), "01:00 01:30 03:00 03:30 04:00 04:30");
    assert_eq!(slots[1].to_ms, slots[2].from_ms, "half past one is followed by three");
    let skipped = made(&daily("02:15", "02:45"));
    assert_eq!(Desk { availability: &skipped, ..desk }.slots_on(day("2026-03-29")), []);
}

#[test]
fn in_autumn_the_hour_that_comes_twice_offers_twice() {
    let berlin = zone("Europe/Berlin");
    let availability = made(&daily("02:00", "03:30"));
    let desk = Desk { availability: &availability, zone: &berlin, now_ms: at("2026-10-24T00:00:00Z"), rules: BookingRules::Student };
    assert_eq!(wall(&desk.slots_on(day("2026-10-25")), &berlin), "02:00 02:30 02:00 02:30 03:00");
    assert_eq!(wall(&desk.slots_on(day("2026-10-24")), &berlin), "02:00 02:30 03:00");
}

#[test]
fn an_hour_that_begins_at_a_skipped_midnight_is_found() {
    let cairo = zone("Africa/Cairo");
    // 2026-04-24 begins at 01:00 in Cairo.
    let availability = made(&daily("00:00", "02:00"));
    let desk = Desk { availability: &availability, zone: &cairo, now_ms: at("2026-04-22T00:00:00Z"), rules: BookingRules::Student };
    assert_eq!(wall(&desk.slots_on(day("2026-04-24")), &cairo), "01:00 01:30");
    assert_eq!(wall(&desk.slots_on(day("2026-04-23")), &cairo), "00:00 00:30 01:00 01:30");
}

#[test]
fn notice_horizon_and_what_is_taken_are_kept_from_students() {
    let jakarta = zone("Asia/Jakarta");
    let form = AvailabilityForm { minimum_notice_minutes: 120, horizon_days: 2, buffer_after_minutes: 15, ..daily("08:00", "11:00") };
    let availability = made(&form);
    // 07:00 in Jakarta.
    let desk = Desk { availability: &availability, zone: &jakarta, now_ms: at("2026-02-02T00:00:00Z"), rules: BookingRules::Student };
    let nothing = Taken::default();
    let free = |desk: &Desk<'_>, date: &str, taken: &Taken| wall(&desk.free_on(day(date), taken), &jakarta);
    assert_eq!(free(&desk, "2026-02-02", &nothing), "09:30 10:15");
    assert_eq!(free(&desk, "2026-02-04", &nothing), "08:00 08:45 09:30 10:15");
    assert_eq!(free(&desk, "2026-02-05", &nothing), "");
    assert_eq!(free(&desk, "2026-02-01", &nothing), "");
    let taken = Taken {
        // 08:45 to 09:15 and its buffer.
        counsellor: vec![booked("2026-02-03T01:45:00Z", "2026-02-03T02:30:00Z")],
        student: vec![Span { from_ms: at("2026-02-03T03:40:00Z"), to_ms: at("2026-02-03T04:00:00Z") }],
    };
    assert_eq!(free(&desk, "2026-02-03", &taken), "08:00 09:30");
    let counsellor = Desk { rules: BookingRules::Counsellor, ..desk };
    assert_eq!(free(&counsellor, "2026-02-02", &nothing), "08:00 08:45 09:30 10:15");
    assert_eq!(free(&counsellor, "2026-02-05", &nothing), "08:00 08:45 09:30 10:15");
}

#[test]
fn students_take_slots_and_counsellors_any_time_on_the_grid_in_their_hours() {
    let jakarta = zone("Asia/Jakarta");
    let availability = made(&daily("08:00", "11:00"));
    let student = Desk { availability: &availability, zone: &jakarta, now_ms: at("2026-02-02T00:00:00Z"), rules: BookingRules::Student };
    let counsellor = Desk { rules: BookingRules::Counsellor, ..student };
    let offers = |desk: &Desk<'_>, text: &str| desk.offers(desk.time_from(at(text)));
    for (start, for_student, for_counsellor) in [
        ("2026-02-02T01:30:00Z", true, true),
        ("2026-02-02T01:35:00Z", false, true),
        ("2026-02-02T01:31:00Z", false, false),
        ("2026-02-02T01:30:00.001Z", false, false),
        ("2026-02-02T03:30:00Z", true, true),
        ("2026-02-02T03:35:00Z", false, false),
        ("2026-02-02T00:55:00Z", false, false),
        ("2026-02-01T01:30:00Z", false, false),
        ("2026-03-30T01:30:00Z", false, true),
        ("2036-03-30T01:30:00Z", false, false),
    ] {
        assert_eq!(offers(&student, start), for_student, "{start}");
        assert_eq!(offers(&counsellor, start), for_counsellor, "{start}");
    }
    let longer = Span { from_ms: at("2026-02-02T01:30:00Z"), to_ms: at("2026-02-02T02:30:00Z") };
    assert!(!student.offers(longer) && !counsellor.offers(longer));
}

#[test]
fn a_full_day_offers_nothing_more() {
    let jakarta = zone("Asia/Jakarta");
    let availability = made(&AvailabilityForm { daily_cap: Some(2), ..daily("08:00", "11:00") });
    let desk = Desk { availability: &availability, zone: &jakarta, now_ms: at("2026-02-01T00:00:00Z"), rules: BookingRules::Student };
    let over = Booked { starts_at_ms: at("2026-02-02T01:00:00Z"), blocked: None };
    let mut taken = Taken { counsellor: vec![over], student: Vec::new() };
    assert_eq!(wall(&desk.free_on(day("2026-02-02"), &taken), &jakarta), "08:00 08:30 09:00 09:30 10:00 10:30");
    taken.counsellor.push(booked("2026-02-02T03:30:00Z", "2026-02-02T04:00:00Z"));
    assert_eq!(desk.free_on(day("2026-02-02"), &taken), []);
    assert_eq!(desk.free_on(day("2026-02-03"), &taken).len(), 6);
    let next = desk.alternatives(at("2026-02-02T01:00:00Z"), &taken, 3);
    assert_eq!(next[0].from_ms, at("2026-02-03T01:00:00Z"));
}

#[test]
fn alternatives_are_the_next_ones_and_then_the_latest_before() {
    let jakarta = zone("Asia/Jakarta");
    let availability = made(&AvailabilityForm { horizon_days: 1, ..daily("08:00", "10:00") });
    // Today is 2 February, tomorrow the last day.
    let desk = Desk { availability: &availability, zone: &jakarta, now_ms: at("2026-02-02T00:00:00Z"), rules: BookingRules::Student };
    let taken = Taken { counsellor: vec![booked("2026-02-02T01:30:00Z", "2026-02-02T02:00:00Z")], student: Vec::new() };
    let next = |wanted: &str| {
        let found = desk.alternatives(at(wanted), &taken, 3);
        found.iter().map(|slot| format!("{:.0}", Timestamp::from_millisecond(slot.from_ms).unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(next("2026-02-02T01:30:00Z"), ["2026-02-02T02:00:00Z", "2026-02-02T02:30:00Z", "2026-02-03T01:00:00Z"]);
    assert_eq!(next("2026-02-03T02:00:00Z"), ["2026-02-03T01:00:00Z", "2026-02-03T01:30:00Z", "2026-02-03T02:30:00Z"]);
    let empty = Availability::unset();
    assert_eq!(Desk { availability: &empty, ..desk }.alternatives(at("2026-02-02T01:30:00Z"), &taken, 3), []);
}

// --- Properties

const LATEST_DAY: i32 = 400;

fn arbitrary_form() -> impl Strategy<Value = AvailabilityForm> {
    let hours = (0_u16..288, 1_u16..120).prop_map(|(from, length)| {
        let text = |piece: u16| format!("{:02}:{:02}", piece * 5 / 60, piece * 5 % 60);
        (text(from), text((from + length).min(288)))
    });
    let weekly = prop::collection::vec((1_u8..=7, hours.clone()), 0..14);
    let exceptions = prop::collection::vec((0..LATEST_DAY, any::<bool>(), prop::option::of(hours)), 0..12);
    let numbers = (1_u32..=24, 0_u32..=6, 0_u32..=6, prop::option::of(1_u32..5), 0_u32..3000, 1_u32..60);
    (weekly, exceptions, numbers).prop_map(|(weekly, exceptions, (slot, before, after, cap, notice, horizon))| {
        let mut form = AvailabilityForm {
            weekly: Vec::new(),
            exceptions: exceptions.into_iter().map(arbitrary_exception).collect(),
            slot_minutes: slot * 5,
            buffer_before_minutes: before * 5,
            buffer_after_minutes: after * 5,
            daily_cap: cap,
            minimum_notice_minutes: notice,
            horizon_days: horizon,
        };
        for (weekday, (from, to)) in weekly {
            form.weekly.push(WeeklyForm { weekday, from, to });
            if Availability::parse(&form).is_err() {
                form.weekly.pop();
            }
        }
        form
    })
}

fn arbitrary_exception((days, is_extra, hours): (i32, bool, Option<(String, String)>)) -> ExceptionForm {
    let is_extra = is_extra && hours.is_some();
    let (from, to) = hours.unzip();
    let kind = if is_extra { "extra" } else { "closed" };
    ExceptionForm { date: date_after(days).to_string(), kind: kind.into(), from, to, reason: None }
}

/// Returns the day `days` after New Year 2026; a year contains every zone's changes of the clocks.
fn date_after(days: i32) -> Date {
    day("2026-01-01").checked_add(jiff::Span::new().days(days)).unwrap()
}

fn arbitrary_taken() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((0_i64..60 * 288, 1_i64..40), 0..30)
}

/// Says whether the wall clock shows an open time, read directly from the settings.
fn is_open_on_the_wall(form: &AvailabilityForm, at_ms: i64, zone: &TimeZone) -> bool {
    let local = zone.to_datetime(Timestamp::from_millisecond(at_ms).unwrap());
    let clock = format!("{:02}:{:02}", local.hour(), local.minute());
    let date = local.date().to_string();
    let inside = |from: &str, to: &str| from <= clock.as_str() && clock.as_str() < to;
    let weekday = u8::try_from(local.date().weekday().to_monday_one_offset()).unwrap();
    let is_extra = form
        .exceptions
        .iter()
        .any(|entry| entry.date == date && entry.kind == "extra" && inside(entry.from.as_deref().unwrap(), entry.to.as_deref().unwrap()));
    let is_closed = form.exceptions.iter().any(|entry| {
        let part = entry.from.as_deref().zip(entry.to.as_deref());
        entry.date == date && entry.kind == "closed" && part.is_none_or(|(from, to)| inside(from, to))
    });
    let is_weekly = form.weekly.iter().any(|entry| entry.weekday == weekday && inside(&entry.from, &entry.to));
    is_extra || (is_weekly && !is_closed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn what_is_offered_is_apart_inside_the_hours_on_the_grid_and_free(
        form in arbitrary_form(),
        zone_index in 0..ZONES.len(),
        first in 0_i32..330,
        clock in 0_i64..1440,
        of_counsellor in arbitrary_taken(),
        of_student in arbitrary_taken(),
        is_student in any::<bool>(),
    ) {
        let zone = zone(ZONES[zone_index]);
        let availability = made(&form);
        let today = date_after(first);
        let day = span_of_day(today, &zone);
        let now_ms = day.from_ms + clock * MINUTE_MS % (day.to_ms - day.from_ms);
        let rules = if is_student { BookingRules::Student } else { BookingRules::Counsellor };
        let desk = Desk { availability: &availability, zone: &zone, now_ms, rules };
        let span = |(from, length): &(i64, i64)| {
            let from_ms = day.from_ms + from * BUCKET_MS;
            Span { from_ms, to_ms: from_ms + length * BUCKET_MS }
        };
        let taken = Taken {
            counsellor: of_counsellor.iter().map(span).map(|span| Booked { starts_at_ms: span.from_ms, blocked: Some(span) }).collect(),
            student: of_student.iter().map(span).collect(),
        };
        let mut free = Vec::new();
        for offset in 0..62 {
            let date = date_after(first + offset);
            let slots = desk.free_on(date, &taken);
            prop_assert!(slots.iter().all(|slot| day_of(slot.from_ms, &zone) == date));
            if let Some(cap) = form.daily_cap {
                let count = taken.counsellor.iter().filter(|booked| day_of(booked.starts_at_ms, &zone) == date).count();
                prop_assert!(slots.is_empty() || count < cap as usize);
            }
            if is_student && offset > i32::try_from(form.horizon_days).unwrap() {
                prop_assert!(slots.is_empty());
            }
            free.extend(slots);
        }
        prop_assert!(free.windows(2).all(|pair| pair[0].to_ms <= pair[1].from_ms), "in order and apart");
        for slot in &free {
            prop_assert_eq!(slot.to_ms - slot.from_ms, i64::from(form.slot_minutes) * MINUTE_MS);
            prop_assert_eq!(slot.from_ms % BUCKET_MS, 0);
            prop_assert!(slot.from_ms > now_ms);
            prop_assert!(!is_student || slot.from_ms >= now_ms + i64::from(form.minimum_notice_minutes) * MINUTE_MS);
            for piece in slot.buckets() {
                prop_assert!(is_open_on_the_wall(&form, piece * BUCKET_MS, &zone));
            }
            let blocked = desk.blocked_by(*slot);
            prop_assert!(taken.counsellor.iter().all(|booked| !booked.blocked.unwrap().overlaps(blocked)));
            prop_assert!(taken.student.iter().all(|span| !span.overlaps(*slot)));
            prop_assert!(desk.offers(*slot), "what is listed can be booked");
        }
        let wanted_ms = now_ms + 3 * DAY_MS;
        let alternatives = desk.alternatives(wanted_ms, &taken, 3);
        prop_assert!(alternatives.len() <= 3 && alternatives.is_sorted());
        for slot in &alternatives {
            prop_assert!(desk.offers(*slot) && desk.is_free(*slot, &taken) && slot.from_ms != wanted_ms);
        }
        if is_student {
            let next: Vec<Span> = free.iter().copied().filter(|slot| slot.from_ms > wanted_ms).take(3).collect();
            prop_assert!(alternatives.ends_with(&next));
            prop_assert_eq!(alternatives.len(), free.iter().filter(|slot| slot.from_ms != wanted_ms).count().min(3));
        }
    }

    #[test]
    fn the_short_way_through_a_plain_day_ends_where_the_walk_does(form in arbitrary_form(), zone_index in 0..ZONES.len(), days in 0..LATEST_DAY) {
        let zone = zone(ZONES[zone_index]);
        let date = date_after(days);
        let availability = made(&form);
        let walked = follow_the_clock(span_of_day(date, &zone), &zone, |minute| {
            availability.open_hours(date).iter().any(|hours| hours.contains(minute))
        });
        prop_assert_eq!(open_spans(&availability, date, &zone), walked);
    }

    #[test]
    fn all_slots_of_a_stretch_can_be_booked_together(form in arbitrary_form(), days in 0..LATEST_DAY) {
        let jakarta = zone("Asia/Jakarta");
        let availability = made(&form);
        let desk = Desk { availability: &availability, zone: &jakarta, now_ms: 0, rules: BookingRules::Student };
        let slots = desk.slots_on(date_after(days));
        let step = i64::from(form.slot_minutes + form.buffer_before_minutes + form.buffer_after_minutes) * MINUTE_MS;
        let mut expected = 0;
        for open in desk.open_spans(date_after(days)) {
            let room = open.to_ms - open.from_ms - i64::from(form.slot_minutes) * MINUTE_MS;
            expected += if room < 0 { 0 } else { room / step + 1 };
            let inside: Vec<Span> = slots.iter().copied().filter(|slot| open.covers(*slot)).collect();
            prop_assert!(inside.windows(2).all(|pair| !desk.blocked_by(pair[0]).overlaps(desk.blocked_by(pair[1]))));
        }
        prop_assert_eq!(i64::try_from(slots.len()).unwrap(), expected);
    }

    #[test]
    fn buckets_are_shared_exactly_by_overlapping_times(a in 0_i64..500, b in 0_i64..500, long in 1_i64..60, short in 1_i64..60) {
        let span = |from: i64, length: i64| Span { from_ms: from * BUCKET_MS, to_ms: (from + length) * BUCKET_MS };
        let (one, other) = (span(a, long), span(b, short));
        let shared = one.buckets().any(|bucket| other.buckets().contains(&bucket));
        prop_assert_eq!(shared, one.overlaps(other));
    }
}
