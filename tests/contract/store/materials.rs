//! Materials and the counting of readers.

use super::*;
use educounsel::{
    backends::store::{FileRow, MaterialFilter},
    domain::ids::UserId,
};

on_every_engine!(
    a_material_is_found_as_it_was_written,
    a_material_changes_and_goes,
    materials_are_listed_newest_first_in_pages_without_text,
    materials_are_filtered_and_searched,
    categories_in_use_are_sorted,
    known_file_keys_are_told_from_orphans,
    readings_are_counted_per_user_and_day,
    parallel_readings_are_all_counted,
);

fn file(key: &str) -> FileRow {
    FileRow {
        key: format!("materi/files/{key}.pdf"),
        name: "Rencana “Belajar”.pdf".into(),
        size_bytes: 10 * 1024 * 1024,
        content_type: "application/pdf".into(),
        sha256: "f".repeat(64),
    }
}

fn all_states() -> MaterialFilter {
    MaterialFilter { statuses: MaterialStatus::ALL.to_vec(), ..MaterialFilter::default() }
}

async fn a_material_is_found_as_it_was_written(fixture: Fixture) {
    let author = add_user(&fixture.store, "guru", Role::Counsellor).await;
    let long_body = "🦀".repeat(100_000);
    let full =
        MaterialRow {
            text: text("Atur Waktu 🕰", "Belajar", &long_body), file: Some(file("one")), ..new_material(&author, "Atur Waktu 🕰")
        };
    let bare = MaterialRow {
        text: text("Kosong", "Belajar", ""),
        summary: None,
        status: MaterialStatus::Draft,
        published_at_ms: None,
        ..new_material(&author, "Kosong")
    };
    for material in [&full, &bare] {
        add_material(&fixture.store, material).await;
        assert_eq!(fixture.store.find_material(material.id).await.unwrap().as_ref(), Some(material));
    }
    assert_eq!(fixture.store.find_material(MaterialId::generate()).await.unwrap(), None);
}

async fn a_material_changes_and_goes(fixture: Fixture) {
    let author = add_user(&fixture.store, "guru", Role::Counsellor).await;
    let material = new_material(&author, "Lama");
    add_material(&fixture.store, &material).await;
    fixture.store.count_material_view(material.id, author.id, "2026-11-21", 5).await.unwrap();
    let changed = MaterialRow {
        text: text("Baru", "Belajar", "isi"),
        status: MaterialStatus::Archived,
        file: Some(file("new")),
        updated_at_ms: 2_000,
        views: 99,
        ..material.clone()
    };
    let mut tx = fixture.store.begin().await.unwrap();
    assert!(tx.update_material(&changed).await.unwrap());
    assert!(!tx.update_material(&new_material(&author, "Asing")).await.unwrap());
    tx.commit().await.unwrap();
    let found = fixture.store.find_material(material.id).await.unwrap().unwrap();
    assert_eq!(found, MaterialRow { views: 1, ..changed }, "counters are not overwritten");
    let search = |text: &str| MaterialFilter { query: Some(text.into()), ..all_states() };
    assert_eq!(fixture.store.list_materials(&search("lama"), None, 5).await.unwrap().len(), 0);
    assert_eq!(fixture.store.list_materials(&search("baru"), None, 5).await.unwrap().len(), 1);

    let mut tx = fixture.store.begin().await.unwrap();
    assert!(tx.delete_material(material.id).await.unwrap());
    assert!(!tx.delete_material(material.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.find_material(material.id).await.unwrap(), None);
}

async fn materials_are_listed_newest_first_in_pages_without_text(fixture: Fixture) {
    let author = add_user(&fixture.store, "guru", Role::Counsellor).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let material = new_material(&author, &format!("Materi {number}"));
        add_material(&fixture.store, &material).await;
        ids.insert(0, material.id);
    }
    let first = fixture.store.list_materials(&all_states(), None, 2).await.unwrap();
    assert_eq!(first.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..2]);
    assert!(first.iter().all(|row| row.text.body.is_empty() && row.summary.as_deref() == Some("isi") && row.author_name == author.name));
    let second = fixture.store.list_materials(&all_states(), Some(ids[1]), 2).await.unwrap();
    assert_eq!(second.iter().map(|row| row.id).collect::<Vec<_>>(), ids[2..]);
}

async fn materials_are_filtered_and_searched(fixture: Fixture) {
    let author = add_user(&fixture.store, "guru", Role::Counsellor).await;
    let active = MaterialRow { text: text("Mengelola Stres", "Belajar", "Napas PELAN 100%"), ..new_material(&author, "Mengelola Stres") };
    let draft = MaterialRow { status: MaterialStatus::Draft, text: text("Ärger", "Karier", "isi"), ..new_material(&author, "Ärger") };
    add_material(&fixture.store, &active).await;
    add_material(&fixture.store, &draft).await;
    let titles = |filter: MaterialFilter| {
        let store = fixture.store.clone();
        async move {
            let rows = store.list_materials(&filter, None, 10).await.unwrap();
            rows.into_iter().map(|row| row.text.title).collect::<Vec<_>>()
        }
    };
    let search = |text: &str| MaterialFilter { query: Some(text.into()), ..all_states() };
    assert_eq!(titles(search("stres pelan")).await, ["Mengelola Stres"]);
    assert_eq!(titles(search("ÄRGER karier")).await, ["Ärger"]);
    assert_eq!(titles(search("100%")).await, ["Mengelola Stres"]);
    assert_eq!(titles(search("10_%")).await, [""; 0]);
    assert_eq!(titles(search("stres karier")).await, [""; 0]);
    assert_eq!(titles(MaterialFilter { statuses: vec![MaterialStatus::Active], ..MaterialFilter::default() }).await, ["Mengelola Stres"]);
    assert_eq!(titles(MaterialFilter { category: Some("Karier".into()), ..all_states() }).await, ["Ärger"]);
    assert_eq!(titles(MaterialFilter::default()).await, [""; 0], "no state shows nothing");
}

async fn categories_in_use_are_sorted(fixture: Fixture) {
    let author = add_user(&fixture.store, "guru", Role::Counsellor).await;
    for (category, status) in [("karier", MaterialStatus::Active), ("Belajar", MaterialStatus::Active), ("Rahasia", MaterialStatus::Draft)]
    {
        add_material(&fixture.store, &MaterialRow { text: text("x", category, "isi"), status, ..new_material(&author, "x") }).await;
    }
    add_material(&fixture.store, &new_material(&author, "y")).await;
    assert_eq!(fixture.store.material_categories(&[MaterialStatus::Active]).await.unwrap(), ["Belajar", "karier"]);
    assert_eq!(fixture.store.material_categories(&MaterialStatus::ALL).await.unwrap(), ["Belajar", "karier", "Rahasia"]);
}

async fn known_file_keys_are_told_from_orphans(fixture: Fixture) {
    let author = add_user(&fixture.store, "guru", Role::Counsellor).await;
    add_material(&fixture.store, &MaterialRow { file: Some(file("kept")), ..new_material(&author, "x") }).await;
    let mut keys: Vec<String> = (0..450).map(|number| format!("materi/files/orphan{number}.pdf")).collect();
    keys.push("materi/files/kept.pdf".into());
    let known = fixture.store.file_keys_known(&keys).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["materi/files/kept.pdf"]);
    assert!(fixture.store.file_keys_known(&[]).await.unwrap().is_empty());
}

async fn readings_are_counted_per_user_and_day(fixture: Fixture) {
    let store = &fixture.store;
    let author = add_user(store, "guru", Role::Counsellor).await;
    let (ana, budi) = (add_user(store, "ana", Role::Student).await.id, add_user(store, "budi", Role::Student).await.id);
    let material = new_material(&author, "x");
    add_material(store, &material).await;
    for (user, day) in [(ana, "2026-11-20"), (ana, "2026-11-20"), (budi, "2026-11-20"), (ana, "2026-11-21")] {
        store.count_material_view(material.id, user, day, 100).await.unwrap();
    }
    store.count_material_download(material.id, ana, "2026-11-21", 200).await.unwrap();
    store.count_material_view(MaterialId::generate(), ana, "2026-11-21", 300).await.unwrap();
    let found = store.find_material(material.id).await.unwrap().unwrap();
    assert_eq!(found.views, 4);
    assert_eq!(found.downloads, 1);
    let days = store.engagement(&["2026-11-20".into(), "2026-11-21".into()]).await.unwrap();
    assert_eq!(days[0].active_students, 2);
    assert_eq!(days[0].views, 3);
    assert_eq!(days[0].downloads, 0);
    assert_eq!(days[1].active_students, 1);
    assert_eq!(days[1].views, 1);
    assert_eq!(days[1].downloads, 1);
}

async fn parallel_readings_are_all_counted(fixture: Fixture) {
    let author = add_user(&fixture.store, "guru", Role::Counsellor).await;
    let material = new_material(&author, "x");
    add_material(&fixture.store, &material).await;
    let mut readers: Vec<UserId> = Vec::new();
    for number in 0..3 {
        readers.push(add_user(&fixture.store, &format!("siswa{number}"), Role::Student).await.id);
    }
    let tasks = (0..30).map(|number| {
        let (store, reader, material) = (fixture.store.clone(), readers[number % 3], material.id);
        tokio::spawn(async move { store.count_material_view(material, reader, "2026-11-21", 1).await.unwrap() })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(fixture.store.find_material(material.id).await.unwrap().unwrap().views, 30);
    let day = fixture.store.engagement(&["2026-11-21".into()]).await.unwrap().remove(0);
    assert_eq!(day.active_students, 3);
    assert_eq!(day.views, 30);
}
