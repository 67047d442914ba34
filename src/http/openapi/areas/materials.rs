//! Materials and their files.

use crate::domain::access::Action;
use crate::http::openapi::{
    Area, Event,
    operation::{delete, get, patch, post},
    schema::{about, bytes, count, id, list, object, one_of, or_null, page, shape, text, text_of, time},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::{Value, json};

#[expect(clippy::too_many_lines, reason = "descriptions only, one after the other in the order of the routes")]
pub(super) fn area() -> Area {
    Area {
        name: "Materials",
        about: "What counsellors publish, with or without a PDF.",
        operations: vec![
            get("/api/v1/materials", "list_materials", "Lists materials, newest first.")
                .about("Students see active ones only.")
                .query("query", text_of(0, 200), "Words to find in title, summary, text and category.")
                .query("category", text_of(0, 60), "Only this category.")
                .query("status", shape("MaterialStatus"), "Only this state.")
                .in_pages()
                .answers(200, "A page.", page("Material", [("categories", about(list(text()), "The categories in use, sorted."))])),
            post("/api/v1/materials", "create_material", "Publishes a material.")
                .about("A material needs a text or a file. Every student hears of an active one at once.")
                .needs(Action::WriteMaterials)
                .idempotent()
                .takes_as("multipart/form-data", new_material())
                .answers(201, "Made.", shape("MaterialWithText"))
                .refuses(&["request.media_type", "materials.file_too_large", "materials.file_type", "materials.file_encrypted"])
                .refuses(&["materials.file_unsafe", "materials.file_unreadable"]),
            get("/api/v1/materials/{id}", "read_material", "Reads one material; counts a student's reading.").answers(
                200,
                "The material with its text.",
                shape("MaterialWithText"),
            ),
            patch("/api/v1/materials/{id}", "change_material", "Changes what is given.")
                .needs(Action::WriteMaterials)
                .takes_shape(object([
                    ("title?", text_of(1, 160)),
                    ("category?", text_of(1, 60)),
                    ("body?", text_of(0, 100_000)),
                    ("status?", shape("MaterialStatus")),
                ]))
                .answers(200, "As it is now.", shape("MaterialWithText")),
            delete("/api/v1/materials/{id}", "delete_material", "Deletes a material and its file.")
                .needs(Action::WriteMaterials)
                .answers_nothing(204, "Gone."),
            get("/api/v1/materials/{id}/link", "link_material", "Makes a link to the file that works for 1 h without signing in.")
                .about("An attachment link counts a student's download.")
                .query("disposition", one_of(&["inline", "attachment"]), "Default: inline.")
                .answers(
                    200,
                    "The link, relative to this server when files are on its disk.",
                    object([("url", text()), ("expires_at", time())]),
                ),
            get("/files/{key}", "read_file", "Gives the bytes behind a link of this server.")
                .about("The query is part of the link and signed with it; ask for links, do not make them.")
                .for_everybody()
                .header("Range", "One range of bytes.")
                .header("If-None-Match", "The `ETag` of an earlier answer.")
                .answers_as(200, "The file.", "application/pdf", bytes())
                .answers_as(206, "The range that was asked for.", "application/pdf", bytes())
                .answers_nothing(304, "Unchanged.")
                .answers_nothing(416, "The file is shorter than that."),
        ],
        shapes: vec![
            ("MaterialStatus", one_of(&["active", "draft", "archived"])),
            ("Material", material()),
            ("MaterialWithText", with_text(material())),
            ("FileInfo", object([("name", text()), ("size_bytes", count()), ("content_type", text())])),
            ("Person", object([("id", id()), ("name", text())])),
        ],
        events: vec![Event {
            event: DeskEvent::MaterialChanged,
            meaning: "A material one may see or could see changed: load the list again. Of a new one, students get the notice instead.",
            data: object([("material_id", id()), ("change", one_of(&["created", "updated", "archived", "deleted"]))]).into(),
        }],
    }
}

fn material() -> Value {
    object([
        ("id", id()),
        ("title", text()),
        ("category", text()),
        ("summary", about(or_null(text()), "The first words of its text.")),
        ("status", shape("MaterialStatus")),
        ("file", or_null(shape("FileInfo"))),
        ("author", shape("Person")),
        ("views", about(or_null(count()), "Null for students.")),
        ("downloads", about(or_null(count()), "Null for students.")),
        ("created_at", time()),
        ("updated_at", time()),
        ("published_at", or_null(time())),
    ])
}

fn with_text(mut material: Value) -> Value {
    material["properties"]["body"] = about(text(), "May be empty when there is a file.");
    if let Some(required) = material["required"].as_array_mut() {
        required.push(json!("body"));
    }
    material
}

fn new_material() -> Value {
    let pdf = about(bytes(), "A PDF of at most 10 MiB: not encrypted, without scripts, launch actions or embedded files.");
    object([
        ("title", text_of(1, 160)),
        ("category", text_of(1, 60)),
        ("body?", text_of(0, 100_000)),
        ("status?", about(one_of(&["active", "draft"]), "Default: active.")),
        ("file?", pdf),
    ])
}
