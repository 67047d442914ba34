//! Owns the permission table: which role may do which action. Called by the services and by
//! [`super::live::channel`]. Must not depend on a row: the service that owns the row decides who is
//! in a conversation, or which side of an appointment somebody is.

use super::principal::Role;

/// Something a logged-in user can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read own account, logins, notices, missed events.
    UseOwnAccount,
    /// List and read active materials, get links to their files.
    ReadMaterials,
    /// Also see drafts, archived materials and counts.
    ReadUnpublishedMaterials,
    /// Create, edit, archive and delete materials.
    WriteMaterials,
    /// The student's widgets.
    ViewStudentDashboard,
    /// The counsellor's statistics.
    ViewCounsellorDashboard,
    /// List, create, change and disable accounts.
    ManageUsers,
    /// Read the audit trail.
    ReadAudit,
    /// Make, change and disable connected apps.
    ManageApps,
    /// See the counsellors, their status and their free slots.
    SeeCounsellors,
    /// Book an appointment: a student for themselves, a counsellor with themselves.
    BookAppointments,
    /// Read and act on the own appointments.
    UseAppointments,
    /// Read and cancel everybody's appointments.
    OverseeAppointments,
    /// Set the own hours and duty status.
    KeepAvailability,
    /// Read every counsellor's hours.
    ReadAvailability,
    /// Be in conversations: open, list, read, write and search the own ones.
    Converse,
    /// See the queue of waiting students, take and transfer conversations, and write private notes.
    WorkChatQueue,
    /// Look a student up by name or login, to talk or meet with.
    FindStudents,
    /// Hide typing and read receipts.
    SetChatPreferences,
    /// Read and write the school's prepared answers.
    ManageCannedReplies,
    /// Read what an edited message said before.
    ReadMessageHistory,
    /// Talk with the AI companion.
    UseCompanion,
    /// See warnings about students.
    SeeAlerts,
    /// Read the student's words behind a warning.
    ReadAlertWords,
    /// Acknowledge a warning.
    AcknowledgeAlerts,
    /// Open a conversation about a warning.
    ChatAboutAlerts,
    /// Write the hotlines of the help card.
    ManageHotlines,
    /// Read the system report.
    ReadSystem,
}

impl Action {
    /// All actions, in the order of the table.
    pub const ALL: [Self; 28] = [
        Self::UseOwnAccount,
        Self::ReadMaterials,
        Self::ReadUnpublishedMaterials,
        Self::WriteMaterials,
        Self::ViewStudentDashboard,
        Self::ViewCounsellorDashboard,
        Self::ManageUsers,
        Self::ReadAudit,
        Self::ManageApps,
        Self::SeeCounsellors,
        Self::BookAppointments,
        Self::UseAppointments,
        Self::OverseeAppointments,
        Self::KeepAvailability,
        Self::ReadAvailability,
        Self::Converse,
        Self::WorkChatQueue,
        Self::FindStudents,
        Self::SetChatPreferences,
        Self::ManageCannedReplies,
        Self::ReadMessageHistory,
        Self::UseCompanion,
        Self::SeeAlerts,
        Self::ReadAlertWords,
        Self::AcknowledgeAlerts,
        Self::ChatAboutAlerts,
        Self::ManageHotlines,
        Self::ReadSystem,
    ];
}

/// Says whether `role` may do `action`.
#[must_use]
pub const fn may(role: Role, action: Action) -> bool {
    use Role::{Admin, Counsellor, Student};
    match action {
        Action::UseOwnAccount | Action::ReadMaterials | Action::SeeCounsellors | Action::UseAppointments => true,
        Action::ReadUnpublishedMaterials
        | Action::WriteMaterials
        | Action::ViewCounsellorDashboard
        | Action::ManageCannedReplies
        | Action::ReadMessageHistory
        | Action::SeeAlerts
        | Action::AcknowledgeAlerts => matches!(role, Counsellor | Admin),
        Action::BookAppointments | Action::Converse => matches!(role, Student | Counsellor),
        Action::ViewStudentDashboard | Action::SetChatPreferences | Action::UseCompanion => matches!(role, Student),
        Action::KeepAvailability | Action::WorkChatQueue | Action::FindStudents | Action::ReadAlertWords | Action::ChatAboutAlerts => {
            matches!(role, Counsellor)
        }
        Action::ManageUsers
        | Action::ReadAudit
        | Action::ManageApps
        | Action::OverseeAppointments
        | Action::ReadAvailability
        | Action::ManageHotlines
        | Action::ReadSystem => {
            matches!(role, Admin)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action::*, *};

    /// The expected table, one line per action: student, counsellor, admin.
    const TABLE: [(Action, [bool; 3]); 28] = [
        (UseOwnAccount, [true, true, true]),
        (ReadMaterials, [true, true, true]),
        (ReadUnpublishedMaterials, [false, true, true]),
        (WriteMaterials, [false, true, true]),
        (ViewStudentDashboard, [true, false, false]),
        (ViewCounsellorDashboard, [false, true, true]),
        (ManageUsers, [false, false, true]),
        (ReadAudit, [false, false, true]),
        (ManageApps, [false, false, true]),
        (SeeCounsellors, [true, true, true]),
        (BookAppointments, [true, true, false]),
        (UseAppointments, [true, true, true]),
        (OverseeAppointments, [false, false, true]),
        (KeepAvailability, [false, true, false]),
        (ReadAvailability, [false, false, true]),
        (Converse, [true, true, false]),
        (WorkChatQueue, [false, true, false]),
        (FindStudents, [false, true, false]),
        (SetChatPreferences, [true, false, false]),
        (ManageCannedReplies, [false, true, true]),
        (ReadMessageHistory, [false, true, true]),
        (UseCompanion, [true, false, false]),
        (SeeAlerts, [false, true, true]),
        (ReadAlertWords, [false, true, false]),
        (AcknowledgeAlerts, [false, true, true]),
        (ChatAboutAlerts, [false, true, false]),
        (ManageHotlines, [false, false, true]),
        (ReadSystem, [false, false, true]),
    ];

    #[test]
    fn every_cell_of_the_permission_table_holds() {
        for (action, row) in TABLE {
            for (role, allowed) in Role::ALL.into_iter().zip(row) {
                assert_eq!(may(role, action), allowed, "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn the_table_names_every_action_once() {
        assert_eq!(TABLE.map(|(action, _)| action), Action::ALL);
    }
}
