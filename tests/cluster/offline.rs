//! A student who was away gets all missed events through `/sync`, once and in order, whatever
//! happened to the server meanwhile.

use crate::{
    device::{Device, Way},
    support::{process::ServerPlan, wait::until},
};
use educounsel::domain::principal::Role;

#[tokio::test]
async fn a_student_away_during_three_uploads_and_a_restart_gets_exactly_these_three() {
    let plan = ServerPlan::new();
    for (login, role) in [("guru", Role::Counsellor), ("ana", Role::Student), ("budi", Role::Student)] {
        plan.add_user(login, role);
    }
    let mut server = plan.start().await;
    let guru = server.sign_in("guru").await;
    let mut ana = Device::connect(server.sign_in("ana").await).await;
    let mut budi = Device::connect(server.sign_in("budi").await).await;
    guru.upload_pdf("Bersama").await;
    ana.listen_until(1).await;
    ana.cut();

    guru.upload_pdf("Satu").await;
    guru.upload_pdf("Dua").await;
    server.signal("TERM");
    assert_eq!(budi.read_to_end().await, Some(4200));
    assert_eq!(server.ended().await.code(), Some(0));
    let server = plan.start().await;
    let guru = guru.on(server.at());
    guru.upload_pdf("Tiga").await;
    budi.come_back(server.at()).await;
    budi.listen_until(4).await;
    // The events that budi got from the sync may still be on their way to sockets.
    until("the log is published", async || server.metric("log_backlog_rows").await == 0.0).await;

    ana.come_back(server.at()).await;
    ana.drain().await;
    assert_eq!(ana.titles_by(Way::Sync), ["Satu", "Dua", "Tiga"]);
    assert_eq!(ana.titles_by(Way::Socket), ["Bersama"], "nothing old comes by socket");
    ana.sync().await;
    assert_eq!(ana.titles_by(Way::Sync), ["Satu", "Dua", "Tiga"], "a further sync brings nothing");
    let unread = ana.user.get("/notices?state=unread").await;
    assert_eq!(unread["unread_count"], 4);

    guru.upload_pdf("Empat").await;
    for device in [&mut ana, &mut budi] {
        device.listen_until(5).await;
        device.drain().await;
        device.assert_once(&["Bersama", "Satu", "Dua", "Tiga", "Empat"]);
    }
    assert_eq!(ana.titles_by(Way::Socket), ["Bersama", "Empat"]);
}
