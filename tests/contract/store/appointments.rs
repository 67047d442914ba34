//! Tests of appointments, the claims that keep them apart, reminders, and counsellors.

use super::*;
use educounsel::{
    backends::store::{AppointmentFilter, AppointmentRow, AppointmentScope, Claim, DueReminder, PersonRow},
    domain::{
        appointments::{
            appointment::{AppointmentMode, AppointmentState, DutyStatus},
            availability::{Availability, AvailabilityForm, ExceptionForm, WeeklyForm},
            slots::{Booked, Span},
        },
        ids::{AppointmentId, UserId},
    },
};

on_every_engine!(
    an_appointment_is_found_as_it_was_written,
    an_appointment_changes,
    appointments_are_listed_by_scope_in_pages,
    what_is_booked_and_occupied_is_found_around_a_time,
    a_claimed_piece_of_time_has_one_owner,
    released_and_old_claims_are_free_again,
    racing_claims_never_overlap,
    racing_bookings_of_one_counsellor_keep_the_count,
    reminders_are_replaced_and_due_in_order,
    two_nodes_take_a_reminder_once,
    availability_is_kept_by_version,
    counsellors_are_listed_by_name_with_their_status,
);

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

fn span(from_ms: i64, to_ms: i64) -> Span {
    Span { from_ms, to_ms }
}

fn person(user: &UserRow) -> PersonRow {
    PersonRow { id: user.id, name: user.name.clone() }
}

fn new_appointment(counsellor: &UserRow, student: &UserRow, starts_at_ms: i64) -> AppointmentRow {
    AppointmentRow {
        id: AppointmentId::generate(),
        counsellor: person(counsellor),
        student: person(student),
        time: span(starts_at_ms, starts_at_ms + 30 * MINUTE),
        blocked: span(starts_at_ms - 5 * MINUTE, starts_at_ms + 40 * MINUTE),
        state: AppointmentState::Requested,
        mode: AppointmentMode::Onsite,
        topic: "Memilih jurusan 🎓".into(),
        note: None,
        reason: None,
        proposed_by: student.id,
        cancelled_by: None,
        video_room: None,
        sequence: 0,
        created_at_ms: 1_000,
        updated_at_ms: 1_000,
    }
}

async fn add(store: &Store, appointment: &AppointmentRow) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_appointment(appointment).await.unwrap();
    tx.commit().await.unwrap();
}

fn claims(appointment: &AppointmentRow) -> [Claim; 2] {
    [
        Claim { person: appointment.student.id, time: appointment.time },
        Claim { person: appointment.counsellor.id, time: appointment.blocked },
    ]
}

/// Books as the service does, and retries while the database reports a conflict. Returns whether
/// the time was free.
async fn book(store: &Store, appointment: &AppointmentRow) -> bool {
    for _ in 0..20 {
        let mut tx = store.begin().await.unwrap();
        let result = async {
            tx.insert_appointment(appointment).await?;
            tx.claim_times(appointment.id, &claims(appointment)).await
        };
        match result.await {
            Ok(true) => {
                tx.commit().await.unwrap();
                return true;
            }
            Ok(false) => return false,
            Err(error) => assert!(error.is_deadlock(), "{error}"),
        }
    }
    panic!("in the way of others twenty times");
}

async fn an_appointment_is_found_as_it_was_written(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, ana) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "ana", Role::Student).await);
    let plain = new_appointment(&guru, &ana, 10 * HOUR);
    let full = AppointmentRow {
        state: AppointmentState::NoShow,
        mode: AppointmentMode::Video,
        note: Some("catatan “ä”\nbaris".into()),
        reason: Some("sakit".into()),
        proposed_by: guru.id,
        cancelled_by: Some(person(&guru)),
        video_room: Some("f".repeat(32)),
        sequence: 3,
        ..new_appointment(&guru, &ana, 20 * HOUR)
    };
    for appointment in [&plain, &full] {
        add(store, appointment).await;
        assert_eq!(store.find_appointment(appointment.id).await.unwrap().as_ref(), Some(appointment));
    }
    assert_eq!(store.find_appointment(AppointmentId::generate()).await.unwrap(), None);
}

async fn an_appointment_changes(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, ana) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "ana", Role::Student).await);
    let appointment = new_appointment(&guru, &ana, 10 * HOUR);
    add(store, &appointment).await;
    let mut tx = store.begin().await.unwrap();
    let found = tx.find_appointment_to_change(appointment.id).await.unwrap().unwrap();
    let changed = AppointmentRow {
        time: span(12 * HOUR, 13 * HOUR),
        blocked: span(11 * HOUR, 14 * HOUR),
        state: AppointmentState::Cancelled,
        reason: Some("pindah".into()),
        proposed_by: guru.id,
        cancelled_by: Some(person(&ana)),
        sequence: 1,
        updated_at_ms: 2_000,
        ..found
    };
    assert!(tx.update_appointment(&changed).await.unwrap());
    assert!(!tx.update_appointment(&new_appointment(&guru, &ana, 0)).await.unwrap());
    assert_eq!(tx.find_appointment_to_change(AppointmentId::generate()).await.unwrap(), None);
    tx.commit().await.unwrap();
    assert_eq!(store.find_appointment(appointment.id).await.unwrap(), Some(changed));
}

async fn appointments_are_listed_by_scope_in_pages(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, other) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "lain", Role::Counsellor).await);
    let (ana, budi) = (add_user(store, "ana", Role::Student).await, add_user(store, "budi", Role::Student).await);
    let at = |hours: i64, state| AppointmentRow { state, ..new_appointment(&guru, &ana, hours * HOUR) };
    let over = at(8, AppointmentState::Confirmed);
    let running = at(10, AppointmentState::Confirmed);
    let soon = [at(12, AppointmentState::Requested), at(12, AppointmentState::Rescheduled), at(14, AppointmentState::Confirmed)];
    let cancelled = at(16, AppointmentState::Cancelled);
    let foreign = new_appointment(&other, &budi, 12 * HOUR);
    for appointment in [&over, &running, &soon[0], &soon[1], &soon[2], &cancelled, &foreign] {
        add(store, appointment).await;
    }
    let now_ms = 10 * HOUR + 10 * MINUTE;
    let list = async |scope, counsellor: Option<UserId>, student: Option<UserId>, after, limit| {
        let filter = AppointmentFilter { counsellor, student, scope };
        let rows = store.list_appointments(&filter, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let upcoming = AppointmentScope::Upcoming(now_ms);
    let mine = [running.id, soon[0].id, soon[1].id, soon[2].id];
    assert_eq!(list(upcoming, None, Some(ana.id), None, 10).await, mine);
    assert_eq!(list(upcoming, Some(guru.id), None, None, 2).await, mine[..2]);
    assert_eq!(list(upcoming, Some(guru.id), None, Some((12 * HOUR, soon[0].id)), 10).await, mine[2..]);
    assert_eq!(list(upcoming, Some(guru.id), Some(budi.id), None, 10).await, []);
    assert_eq!(list(upcoming, None, None, None, 10).await.len(), 5);
    let past = AppointmentScope::Past(now_ms);
    assert_eq!(list(past, Some(guru.id), None, None, 10).await, [cancelled.id, over.id]);
    assert_eq!(list(past, Some(guru.id), None, Some((16 * HOUR, cancelled.id)), 10).await, [over.id]);
    let within = AppointmentScope::Within(span(8 * HOUR + 29 * MINUTE, 12 * HOUR));
    assert_eq!(list(within, None, Some(ana.id), None, 10).await, [over.id, running.id]);
    let live = store.live_appointments_after(guru.id, 12 * HOUR - 1).await.unwrap();
    assert_eq!(live.iter().map(|row| row.id).collect::<Vec<_>>(), mine[1..]);
}

async fn what_is_booked_and_occupied_is_found_around_a_time(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, ana) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "ana", Role::Student).await);
    let live = new_appointment(&guru, &ana, 100 * HOUR);
    let done = AppointmentRow { state: AppointmentState::Completed, ..new_appointment(&guru, &ana, 102 * HOUR) };
    let cancelled = AppointmentRow { state: AppointmentState::Cancelled, ..new_appointment(&guru, &ana, 104 * HOUR) };
    let far = new_appointment(&guru, &ana, 200 * HOUR);
    for appointment in [&live, &done, &cancelled, &far] {
        add(store, appointment).await;
    }
    let day = span(96 * HOUR, 120 * HOUR);
    let sorted = |mut booked: Vec<Booked>| {
        booked.sort_unstable_by_key(|booked| booked.starts_at_ms);
        booked
    };
    let expected = [Booked { starts_at_ms: 100 * HOUR, blocked: Some(live.blocked) }, Booked { starts_at_ms: 102 * HOUR, blocked: None }];
    assert_eq!(sorted(store.booked_with(guru.id, day).await.unwrap()), expected);
    assert_eq!(store.occupied_times(ana.id, day).await.unwrap(), [live.time]);
    assert_eq!(store.occupied_times(guru.id, day).await.unwrap(), []);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.booked_with(guru.id, day, Some(live.id)).await.unwrap(), expected[1..]);
    assert_eq!(tx.occupied_times(ana.id, day, Some(live.id)).await.unwrap(), []);
    assert_eq!(tx.occupied_times(ana.id, day, None).await.unwrap(), [live.time]);
    tx.commit().await.unwrap();
}

async fn a_claimed_piece_of_time_has_one_owner(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, other) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "lain", Role::Counsellor).await);
    let (ana, budi) = (add_user(store, "ana", Role::Student).await, add_user(store, "budi", Role::Student).await);
    assert!(book(store, &new_appointment(&guru, &ana, 10 * HOUR)).await);
    let later = |minutes: i64| 10 * HOUR + minutes * MINUTE;
    assert!(!book(store, &new_appointment(&guru, &budi, later(0))).await, "the same time");
    assert!(!book(store, &new_appointment(&guru, &budi, later(40))).await, "inside the buffers of both");
    assert!(!book(store, &new_appointment(&guru, &budi, later(-40))).await);
    assert!(!book(store, &new_appointment(&other, &ana, later(25))).await, "the student sits with another counsellor");
    assert!(book(store, &new_appointment(&other, &ana, later(30))).await, "a student needs no buffer");
    assert!(book(store, &new_appointment(&guru, &budi, later(45))).await, "right behind both buffers");
}

async fn released_and_old_claims_are_free_again(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, ana) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "ana", Role::Student).await);
    let first = new_appointment(&guru, &ana, 10 * HOUR);
    assert!(book(store, &first).await);
    let mut tx = store.begin().await.unwrap();
    tx.release_claims(first.id).await.unwrap();
    let moved = [Claim { person: guru.id, time: span(10 * HOUR + 15 * MINUTE, 11 * HOUR) }];
    assert!(tx.claim_times(first.id, &moved).await.unwrap(), "an appointment does not stand in its own way");
    tx.commit().await.unwrap();
    assert!(book(store, &new_appointment(&guru, &ana, 11 * HOUR + 5 * MINUTE)).await);
    assert!(!book(store, &new_appointment(&guru, &ana, 10 * HOUR)).await);
    assert_eq!(store.trim_claims(11 * HOUR).await.unwrap(), 9, "three quarters of an hour");
    assert!(book(store, &new_appointment(&guru, &ana, 10 * HOUR)).await);
}

async fn racing_claims_never_overlap(fixture: Fixture) {
    let store = &fixture.store;
    let mut counsellors = Vec::new();
    let mut students = Vec::new();
    for number in 0..2 {
        counsellors.push(add_user(store, &format!("guru{number}"), Role::Counsellor).await);
        students.push(add_user(store, &format!("siswa{number}"), Role::Student).await);
    }
    // Times overlap without being equal, for two counsellors and two students: every pair of
    // bookings conflicts somewhere.
    let tasks = (0..48).map(|number| {
        let appointment = new_appointment(
            &counsellors[number % 2],
            &students[number / 2 % 2],
            10 * HOUR + i64::try_from(number % 16).unwrap() * 5 * MINUTE,
        );
        let store = store.clone();
        tokio::spawn(async move { book(&store, &appointment).await.then_some(appointment) })
    });
    let mut won = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        won.extend(task.await.unwrap());
    }
    assert!(won.len() >= 2, "somebody always wins");
    for (index, one) in won.iter().enumerate() {
        for other in &won[index + 1..] {
            assert!(one.counsellor.id != other.counsellor.id || !one.blocked.overlaps(other.blocked), "{one:?}\n{other:?}");
            assert!(one.student.id != other.student.id || !one.time.overlaps(other.time), "{one:?}\n{other:?}");
        }
    }
    let filter = AppointmentFilter { counsellor: None, student: None, scope: AppointmentScope::Upcoming(0) };
    assert_eq!(store.list_appointments(&filter, None, 100).await.unwrap().len(), won.len(), "losers leave no row");
}

async fn racing_bookings_of_one_counsellor_keep_the_count(fixture: Fixture) {
    let store = &fixture.store;
    let guru = add_user(store, "guru", Role::Counsellor).await;
    let ana = add_user(store, "ana", Role::Student).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.put_availability(guru.id, &Availability::unset(), 0, 1).await.unwrap());
    tx.commit().await.unwrap();
    let tasks = (0..20).map(|number| {
        let (store, appointment) = (store.clone(), new_appointment(&guru, &ana, (10 + number) * HOUR));
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            tx.lock_availability(appointment.counsellor.id).await.unwrap().unwrap();
            let count = tx.booked_with(appointment.counsellor.id, span(0, 100 * HOUR), None).await.unwrap().len();
            if count < 3 {
                tx.insert_appointment(&appointment).await.unwrap();
                tx.commit().await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(store.booked_with(guru.id, span(0, 100 * HOUR)).await.unwrap().len(), 3);
}

async fn reminders_are_replaced_and_due_in_order(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, ana) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "ana", Role::Student).await);
    let (one, two) = (new_appointment(&guru, &ana, 10 * HOUR), new_appointment(&guru, &ana, 20 * HOUR));
    for appointment in [&one, &two] {
        add(store, appointment).await;
    }
    let mut tx = store.begin().await.unwrap();
    tx.set_reminders(one.id, &[(60, 9 * HOUR), (10, 10 * HOUR - 600_000)]).await.unwrap();
    tx.set_reminders(two.id, &[(1440, 5 * HOUR), (60, 19 * HOUR)]).await.unwrap();
    tx.commit().await.unwrap();
    let due = async |now_ms, limit| {
        let rows = store.due_reminders(now_ms, limit).await.unwrap();
        rows.into_iter().map(|row| (row.appointment_id, row.minutes_before)).collect::<Vec<_>>()
    };
    assert_eq!(due(5 * HOUR - 1, 10).await, []);
    assert_eq!(due(9 * HOUR, 10).await, [(two.id, 1440), (one.id, 60)]);
    assert_eq!(due(9 * HOUR, 1).await, [(two.id, 1440)]);
    let mut tx = store.begin().await.unwrap();
    tx.set_reminders(one.id, &[(10, 30 * HOUR)]).await.unwrap();
    tx.set_reminders(two.id, &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(30 * HOUR, 10).await, [(one.id, 10)]);
    let moved = DueReminder { appointment_id: one.id, minutes_before: 10, due_at_ms: 10 * HOUR };
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.take_reminder(&moved).await.unwrap(), "it was moved since it was read");
    assert!(tx.take_reminder(&DueReminder { due_at_ms: 30 * HOUR, ..moved }).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(due(30 * HOUR, 10).await, []);
}

async fn two_nodes_take_a_reminder_once(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, ana) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "ana", Role::Student).await);
    let appointment = new_appointment(&guru, &ana, 10 * HOUR);
    add(store, &appointment).await;
    let mut tx = store.begin().await.unwrap();
    tx.set_reminders(appointment.id, &[(60, 9 * HOUR)]).await.unwrap();
    tx.commit().await.unwrap();
    let second = fixture.database.connect().await;
    let tasks = (0..8).map(|number| {
        let store = if number % 2 == 0 { store.clone() } else { second.clone() };
        let reminder = DueReminder { appointment_id: appointment.id, minutes_before: 60, due_at_ms: 9 * HOUR };
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            let is_mine = tx.take_reminder(&reminder).await.unwrap();
            tx.commit().await.unwrap();
            is_mine
        })
    });
    let mut taken = 0;
    for task in tasks.collect::<Vec<_>>() {
        taken += i32::from(task.await.unwrap());
    }
    assert_eq!(taken, 1);
}

async fn availability_is_kept_by_version(fixture: Fixture) {
    let store = &fixture.store;
    let guru = add_user(store, "guru", Role::Counsellor).await;
    assert_eq!(store.find_availability(guru.id).await.unwrap(), None);
    let form = AvailabilityForm {
        weekly: vec![WeeklyForm { weekday: 1, from: "08:00".into(), to: "24:00".into() }],
        exceptions: vec![ExceptionForm {
            date: "2026-08-17".into(),
            kind: "closed".into(),
            from: None,
            to: None,
            reason: Some("Hari Kemerdekaan 🇮🇩".into()),
        }],
        daily_cap: Some(4),
        ..Availability::unset().form()
    };
    let availability = Availability::parse(&form).unwrap();
    let put = async |availability: &Availability, version| {
        let mut tx = store.begin().await.unwrap();
        let is_written = tx.put_availability(guru.id, availability, version, 5).await.unwrap();
        tx.commit().await.unwrap();
        is_written
    };
    assert!(!put(&availability, 3).await, "there is no version 3");
    assert!(put(&availability, 0).await);
    assert!(!put(&Availability::unset(), 0).await, "somebody was first");
    let kept = store.find_availability(guru.id).await.unwrap().unwrap();
    assert_eq!(kept.availability, availability);
    assert_eq!(kept.version, 1);
    assert!(put(&Availability::unset(), 1).await);
    assert!(!put(&availability, 1).await);
    let mut tx = store.begin().await.unwrap();
    let locked = tx.lock_availability(guru.id).await.unwrap().unwrap();
    assert_eq!(locked.availability, Availability::unset());
    assert_eq!(locked.version, 2);
    assert_eq!(tx.lock_availability(UserId::generate()).await.unwrap(), None);
}

async fn counsellors_are_listed_by_name_with_their_status(fixture: Fixture) {
    let store = &fixture.store;
    let named = async |login: &str, name: &str, role, disabled_at_ms| {
        let user = UserRow { name: name.into(), disabled_at_ms, ..new_user(login, role) };
        let mut tx = store.begin().await.unwrap();
        assert!(tx.insert_user(&user).await.unwrap());
        tx.commit().await.unwrap();
        user.id
    };
    let zul = named("zul", "zulkifli", Role::Counsellor, None).await;
    let ayu = named("ayu", "Ayu", Role::Counsellor, None).await;
    let gone = named("gone", "Bayu", Role::Counsellor, Some(1)).await;
    let ana = named("ana", "Ana", Role::Student, None).await;
    store.set_counsellor_status(zul, DutyStatus::Online, 10).await.unwrap();
    store.set_counsellor_status(zul, DutyStatus::Away, 20).await.unwrap();
    let found: Vec<_> = store.list_counsellors().await.unwrap().into_iter().map(|row| (row.id, row.status)).collect();
    assert_eq!(found, [(ayu, None), (zul, Some((DutyStatus::Away, 20)))]);
    assert_eq!(store.find_counsellor(ayu).await.unwrap().unwrap().name, "Ayu");
    for id in [gone, ana] {
        assert_eq!(store.find_counsellor(id).await.unwrap(), None);
    }
}
