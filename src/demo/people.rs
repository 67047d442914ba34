//! Owns the names of the demo school's people; all are invented.

/// The students, `siswa1` to `siswa20`.
pub const STUDENTS: [&str; 20] = [
    "Aisyah Putri Ramadhani",
    "Bagas Prasetyo",
    "Citra Ayu Lestari",
    "Dimas Arya Nugraha",
    "Elisabeth Natalia Siregar",
    "Fajar Hidayatullah",
    "Gita Permatasari",
    "Hafiz Maulana",
    "Intan Nuraini",
    "Joko Susanto",
    "Kadek Ayu Widiastuti",
    "Lukman Hakim",
    "Maria Yosefina Lamak",
    "Nanda Saputra",
    "Olivia Tanuwijaya",
    "Putu Gede Arimbawa",
    "Rahmawati Dewi",
    "Satria Wibowo",
    "Tiara Anggraini",
    "Yohanes Kurniawan",
];

/// The counsellors, `guru1` to `guru3`.
pub const COUNSELLORS: [&str; 3] = ["Sri Wahyuni, M.Pd.", "Rizky Firmansyah, S.Pd.", "Theresia Manurung, M.Psi."];

/// The administrator, `admin`.
pub const ADMIN: &str = "Administrator Sekolah";
