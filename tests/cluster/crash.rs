//! After `kill -9` between the 201 of an upload and its delivery, and a restart, everybody has the
//! notice once.

use crate::{
    device::{Device, Way},
    support::process::{ServerPlan, ServerProcess},
};
use educounsel::domain::principal::Role;
use futures_util::future::join_all;

/// Students in each test.
const STUDENTS: usize = 12;
/// Longer than any test: the pump never gets to publish.
const HELD_BACK_MS: u64 = 600_000;

fn login(number: usize) -> String {
    format!("siswa{number:02}")
}

fn make_school(plan: &ServerPlan) {
    plan.add_user("guru", Role::Counsellor);
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                (0..STUDENTS).filter(|number| number % 2 == half).for_each(|number| plan.add_user(&login(number), Role::Student))
            });
        }
    });
}

async fn all_students(server: &ServerProcess) -> Vec<Device> {
    join_all((0..STUDENTS).map(async |number| Device::connect(server.sign_in(&login(number)).await).await)).await
}

#[tokio::test]
async fn a_kill_between_the_201_and_the_delivery_loses_nothing_and_doubles_nothing() {
    let plan = ServerPlan::new();
    make_school(&plan);
    let mut first = plan.clone().set("log.coalesce_ms", HELD_BACK_MS).start().await;
    let guru = first.sign_in("guru").await;
    let mut late = Device::with_cursor_of_now(first.sign_in(&login(0)).await).await;
    let mut students = all_students(&first).await;

    guru.upload_pdf("Sebelum mati").await;
    for student in &mut students {
        student.drain().await;
        assert!(student.arrivals.is_empty(), "published before the kill: {:?}", student.arrivals);
    }
    assert_eq!(first.metric("log_backlog_rows").await, 1.0, "the row waits");
    first.kill();
    for student in &mut students {
        assert_eq!(student.read_to_end().await, None, "a killed server says no good-bye");
    }

    let second = plan.start().await;
    join_all(students.iter_mut().map(|student| student.come_back(second.at()))).await;
    for student in &mut students {
        student.listen_until(1).await;
        student.drain().await;
        student.assert_once(&["Sebelum mati"]);
    }
    // A user whom the first server never saw connected.
    late.come_back(second.at()).await;
    late.drain().await;
    late.assert_once(&["Sebelum mati"]);
    assert_eq!(late.titles_by(Way::Sync), ["Sebelum mati"]);

    guru.on(second.at()).upload_pdf("Sesudahnya").await;
    for student in students.iter_mut().chain([&mut late]) {
        student.listen_until(2).await;
        student.drain().await;
        student.assert_once(&["Sebelum mati", "Sesudahnya"]);
        student.sync().await;
        assert_eq!(student.titles().len(), 2);
    }
    assert_eq!(second.metric("log_backlog_rows").await, 0.0);
}

#[tokio::test]
async fn a_kill_at_any_moment_of_the_delivery_loses_nothing() {
    const ROUNDS: usize = 5;
    let plan = ServerPlan::new();
    make_school(&plan);
    let mut server = plan.start().await;
    let mut guru = server.sign_in("guru").await;
    let mut students = all_students(&server).await;
    let titles: Vec<String> = (0..ROUNDS).map(|round| format!("Putaran {round}")).collect();
    for title in &titles {
        guru.upload_pdf(title).await;
        server.kill();
        for student in &mut students {
            student.read_to_end().await;
        }
        server = plan.start().await;
        guru = guru.on(server.at());
        join_all(students.iter_mut().map(|student| student.come_back(server.at()))).await;
    }
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    for student in &mut students {
        student.listen_until(ROUNDS).await;
        student.drain().await;
        assert_eq!(student.titles(), titles, "{:?}", student.arrivals);
    }
}
