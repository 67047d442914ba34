//! Materials and their files.

use crate::{
    domain::{access::Action, shape::Bytes},
    http::{
        input::forms::material::UploadForm,
        openapi::{
            Area, Event,
            operation::{delete, get, patch, post},
        },
        resources::materials::{MaterialEditBody, MaterialLinkQuery, MaterialListQuery},
    },
    services::materials::{MaterialChanged, MaterialLink, MaterialPage, MaterialWithText},
    wire::desk_event::DeskEvent,
};

pub(super) fn area() -> Area {
    Area {
        name: "Materials",
        about: "What counsellors publish, with or without a PDF.",
        operations: vec![
            get("/api/v1/materials", "list_materials", "Lists materials, newest first.")
                .about("Students see active ones only.")
                .query_of::<MaterialListQuery>()
                .answers_with::<MaterialPage>(200, "A page."),
            post("/api/v1/materials", "create_material", "Publishes a material.")
                .about("A material needs a text or a file. Every student hears of an active one at once.")
                .needs(Action::WriteMaterials)
                .idempotent()
                .takes_as::<UploadForm>("multipart/form-data")
                .answers_with::<MaterialWithText>(201, "Made.")
                .refuses(&["request.media_type", "materials.file_too_large", "materials.file_type", "materials.file_encrypted"])
                .refuses(&["materials.file_unsafe", "materials.file_unreadable"]),
            get("/api/v1/materials/{id}", "read_material", "Reads one material; counts a student's reading.")
                .answers_with::<MaterialWithText>(200, "The material with its text."),
            patch("/api/v1/materials/{id}", "change_material", "Changes what is given.")
                .needs(Action::WriteMaterials)
                .takes::<MaterialEditBody>()
                .answers_with::<MaterialWithText>(200, "As it is now."),
            delete("/api/v1/materials/{id}", "delete_material", "Deletes a material and its file.")
                .needs(Action::WriteMaterials)
                .answers_nothing(204, "Gone."),
            get("/api/v1/materials/{id}/link", "link_material", "Makes a link to the file that works for 1 h without signing in.")
                .about("An attachment link counts a student's download.")
                .query_of::<MaterialLinkQuery>()
                .answers_with::<MaterialLink>(200, "The link, relative to this server when files are on its disk."),
            get("/files/{key}", "read_file", "Gives the bytes behind a link of this server.")
                .about("The query is part of the link and signed with it; ask for links, do not make them.")
                .for_everybody()
                .header("Range", "One range of bytes.")
                .header("If-None-Match", "The `ETag` of an earlier answer.")
                .answers_as::<Bytes>(200, "The file.", "application/pdf")
                .answers_as::<Bytes>(206, "The range that was asked for.", "application/pdf")
                .answers_nothing(304, "Unchanged.")
                .answers_nothing(416, "The file is shorter than that."),
        ],
        events: vec![Event::of::<MaterialChanged>(
            DeskEvent::MaterialChanged,
            "A material one may see or could see changed: load the list again. Of a new one, students get the notice instead.",
        )],
    }
}
