//! Owns the materials of the demo school.

use crate::domain::files::material::MaterialStatus::{self, Active, Archived, Draft};

/// A material, with the texts of its page and of its PDF.
#[derive(Debug)]
pub struct DemoMaterial {
    /// Title.
    pub title: &'static str,
    /// Category.
    pub category: &'static str,
    /// State of the material.
    pub status: MaterialStatus,
    /// Number of the counsellor who wrote it, from 0.
    pub author: usize,
    /// Age in days.
    pub days_ago: i64,
    /// The text of the page, and the first part of the PDF.
    pub paragraphs: [&'static str; 3],
    /// Steps to take, as a list in the PDF.
    pub steps: [&'static str; 5],
    /// Questions to think about, in the PDF.
    pub questions: [&'static str; 3],
}

/// The materials, oldest first.
pub const MATERIALS: [DemoMaterial; 12] = [
    DemoMaterial {
        title: "Panduan Layanan BK Tahun Ajaran Lalu",
        category: "Informasi",
        status: Archived,
        author: 0,
        days_ago: 58,
        paragraphs: [
            "Layanan bimbingan dan konseling terbuka untuk semua siswa, bukan hanya untuk yang sedang bermasalah. Kamu boleh datang untuk bercerita, \
             bertanya tentang pelajaran, atau merencanakan masa depan.",
            "Ruang BK berada di lantai satu, di samping perpustakaan. Guru BK ada di tempat setiap hari sekolah mulai pukul 07.00 sampai 15.00. Janji \
             temu dapat dibuat lebih dulu supaya kamu tidak perlu menunggu.",
            "Semua yang kamu ceritakan dijaga kerahasiaannya. Guru BK hanya akan melibatkan orang lain bila keselamatanmu atau orang lain terancam, dan \
             kamu akan diberi tahu lebih dulu.",
        ],
        steps: [
            "Pilih guru BK yang membuatmu nyaman.",
            "Buat janji lewat aplikasi atau datang langsung saat istirahat.",
            "Tuliskan hal yang ingin kamu bicarakan, cukup satu atau dua kalimat.",
            "Datang tepat waktu dan sampaikan bila kamu perlu berhenti sejenak.",
            "Sepakati langkah kecil berikutnya bersama guru BK.",
        ],
        questions: [
            "Hal apa yang paling sering kamu pikirkan minggu ini?",
            "Siapa orang dewasa di sekolah yang kamu percaya?",
            "Dukungan seperti apa yang kamu harapkan?",
        ],
    },
    DemoMaterial {
        title: "Mengenal Minat dan Bakat",
        category: "Karier",
        status: Active,
        author: 1,
        days_ago: 40,
        paragraphs: [
            "Minat adalah hal yang membuatmu penasaran dan betah berlama-lama, sedangkan bakat adalah hal yang terasa lebih mudah kamu pelajari \
             dibandingkan orang lain. Keduanya tidak selalu sama, dan keduanya dapat tumbuh.",
            "Banyak siswa merasa belum menemukan bakatnya karena hanya membandingkan nilai rapor. Padahal bakat juga tampak dari cara kamu menenangkan \
             teman, merapikan acara kelas, memperbaiki sepeda, atau menjelaskan soal dengan sabar.",
            "Cara terbaik mengenal diri adalah mencoba lalu mencatat. Ikuti satu kegiatan baru setiap bulan, perhatikan kapan kamu lupa waktu, dan \
             tanyakan kepada orang terdekat apa yang mereka lihat menonjol darimu.",
        ],
        steps: [
            "Tulis sepuluh kegiatan yang kamu lakukan minggu lalu.",
            "Beri tanda hati pada kegiatan yang membuatmu bersemangat.",
            "Beri tanda bintang pada kegiatan yang menurut orang lain kamu kuasai.",
            "Lingkari kegiatan yang mendapat dua tanda sekaligus.",
            "Pilih satu lingkaran dan rencanakan latihan tiga puluh menit sehari selama dua minggu.",
        ],
        questions: [
            "Kegiatan apa yang pernah membuatmu lupa waktu?",
            "Pujian apa yang paling sering kamu terima?",
            "Jika tidak takut gagal, apa yang ingin kamu coba?",
        ],
    },
    DemoMaterial {
        title: "Teknik Belajar Efektif: Pomodoro dan Pengulangan Berjarak",
        category: "Belajar",
        status: Active,
        author: 0,
        days_ago: 33,
        paragraphs: [
            "Membaca catatan berulang-ulang terasa aman, tetapi ingatan justru menguat ketika otak dipaksa mengingat kembali. Karena itu menutup buku dan \
             menjelaskan isinya dengan kata sendiri jauh lebih ampuh daripada menandai kalimat dengan stabilo.",
            "Teknik Pomodoro membagi waktu menjadi dua puluh lima menit belajar penuh dan lima menit istirahat. Setelah empat putaran, beristirahatlah \
             lebih lama. Ponsel diletakkan di ruangan lain supaya perhatianmu tidak terpecah.",
            "Pengulangan berjarak berarti mengulang materi sesaat sebelum kamu lupa: satu hari, tiga hari, tujuh hari, lalu empat belas hari kemudian. \
             Sepuluh menit yang tersebar mengalahkan dua jam yang menumpuk di malam sebelum ujian.",
        ],
        steps: [
            "Pilih satu topik kecil dan tulis tiga pertanyaan tentangnya.",
            "Pasang pengatur waktu dua puluh lima menit dan kerjakan tanpa ponsel.",
            "Tutup buku lalu jawab ketiga pertanyaan tanpa melihat catatan.",
            "Periksa jawabanmu dan perbaiki bagian yang keliru dengan warna lain.",
            "Catat tanggal pengulangan berikutnya di kalender.",
        ],
        questions: [
            "Kapan waktu belajarmu yang paling segar?",
            "Gangguan apa yang paling sering memutus perhatianmu?",
            "Topik mana yang ingin kamu ulangi besok?",
        ],
    },
    DemoMaterial {
        title: "Stop Perundungan: Kenali, Tolak, Laporkan",
        category: "Sosial",
        status: Active,
        author: 2,
        days_ago: 27,
        paragraphs: [
            "Perundungan adalah perilaku menyakiti yang disengaja, berulang, dan terjadi karena ada ketimpangan kekuatan. Bentuknya dapat berupa ejekan, \
             pengucilan, dorongan, penyebaran rahasia, sampai komentar jahat di grup percakapan.",
            "Bercanda berbeda dengan merundung. Ukurannya sederhana: apakah semua orang ikut tertawa, dan apakah kamu berhenti ketika diminta? Jika salah \
             satu jawabannya tidak, itu bukan lagi candaan.",
            "Saksi punya peran besar. Satu teman yang berani duduk di samping korban, mengalihkan perhatian, atau melapor kepada guru sering kali cukup \
             untuk menghentikan perundungan. Melapor bukan mengadu; melapor adalah melindungi.",
        ],
        steps: [
            "Katakan dengan tenang dan jelas: “Berhenti, aku tidak suka.”",
            "Pergi ke tempat yang ada orang lain dan cari teman yang kamu percaya.",
            "Simpan bukti seperti tangkapan layar, tanggal, dan nama saksi.",
            "Ceritakan kepada guru BK, wali kelas, atau orang tua pada hari yang sama.",
            "Jika kamu saksi, temani korban dan laporkan bersama.",
        ],
        questions: [
            "Pernahkah candaanmu membuat orang lain diam?",
            "Apa yang dapat kamu lakukan ketika melihat teman dikucilkan?",
            "Siapa yang akan kamu hubungi lebih dulu bila perlu bantuan?",
        ],
    },
    DemoMaterial {
        title: "Memilih Jurusan Kuliah Tanpa Ragu",
        category: "Karier",
        status: Active,
        author: 1,
        days_ago: 22,
        paragraphs: [
            "Memilih jurusan bukan memilih satu pekerjaan untuk selamanya. Jurusan adalah titik awal yang melatih cara berpikir tertentu. Banyak orang \
             bekerja di bidang yang berbeda, tetapi tetap memakai keterampilan yang mereka pelajari saat kuliah.",
            "Pertimbangkan empat hal: apa yang kamu sukai, apa yang kamu kuasai, apa yang dibutuhkan masyarakat, dan apa yang sanggup dijalani keluargamu. \
             Jurusan yang baik untukmu berada di sekitar pertemuan keempatnya.",
            "Jangan memilih hanya karena teman atau gengsi. Baca kurikulumnya semester demi semester, tonton kuliah umum, dan bicaralah dengan mahasiswa \
             yang sedang menjalaninya. Setengah jam percakapan sering lebih jujur daripada brosur.",
        ],
        steps: [
            "Tulis lima jurusan yang menarik perhatianmu.",
            "Cari tahu mata kuliah tahun pertama dari setiap jurusan.",
            "Hubungi satu mahasiswa atau alumni untuk setiap pilihan.",
            "Bandingkan jalur masuk, biaya, dan peluang beasiswa.",
            "Diskusikan dua pilihan teratas dengan orang tua dan guru BK.",
        ],
        questions: [
            "Mata pelajaran apa yang kamu kerjakan lebih dulu tanpa disuruh?",
            "Masalah apa di sekitarmu yang ingin kamu bantu selesaikan?",
            "Apa rencana keduamu bila pilihan pertama belum berhasil?",
        ],
    },
    DemoMaterial {
        title: "Berteman dengan Emosi Sendiri",
        category: "Kesehatan Mental",
        status: Active,
        author: 2,
        days_ago: 17,
        paragraphs: [
            "Semua emosi membawa pesan. Marah memberi tahu bahwa ada batas yang dilanggar, sedih memberi tahu bahwa ada yang berharga hilang, cemas \
             memberi tahu bahwa ada yang perlu disiapkan. Emosi tidak perlu dilawan; ia perlu didengar.",
            "Memberi nama pada emosi membuatnya lebih mudah diatur. Alih-alih berkata “aku kacau”, cobalah “aku kecewa karena rencanaku batal dan aku \
             khawatir dianggap malas”. Semakin tepat namanya, semakin jelas langkah berikutnya.",
            "Tubuh adalah pintu masuk yang cepat. Tarik napas empat hitungan, tahan empat hitungan, lalu hembuskan enam hitungan. Ulangi lima kali sebelum \
             membalas pesan yang membuatmu marah.",
        ],
        steps: [
            "Berhenti sejenak dan perhatikan bagian tubuh yang tegang.",
            "Sebutkan nama emosinya dengan satu kalimat lengkap.",
            "Tarik napas perlahan sebanyak lima kali.",
            "Tanyakan: apa yang sebenarnya aku butuhkan sekarang?",
            "Pilih satu tindakan kecil yang tidak akan kamu sesali besok.",
        ],
        questions: [
            "Emosi apa yang paling sering kamu sembunyikan?",
            "Apa tanda pertama di tubuhmu ketika kamu cemas?",
            "Kegiatan apa yang menenangkanmu tanpa layar?",
        ],
    },
    DemoMaterial {
        title: "Bijak Bermedia Sosial",
        category: "Sosial",
        status: Active,
        author: 0,
        days_ago: 13,
        paragraphs: [
            "Media sosial dapat memperluas pertemanan dan pengetahuan, tetapi juga dirancang agar kamu terus menggulir. Menyadari rancangan itu adalah \
             langkah pertama untuk memakainya dengan sengaja.",
            "Yang tampil di linimasa adalah potongan terbaik hidup orang lain. Membandingkan keseharianmu dengan potongan terbaik itu tidak adil bagi \
             dirimu sendiri. Berhenti mengikuti akun yang membuatmu merasa kurang bukanlah tindakan kasar.",
            "Jejak digital bertahan lama. Sebelum mengunggah, bayangkan kiriman itu dibaca oleh orang tuamu, gurumu, dan panitia beasiswa lima tahun lagi. \
             Jika kamu masih nyaman, silakan bagikan.",
        ],
        steps: [
            "Periksa laporan waktu layar selama tujuh hari terakhir.",
            "Matikan pemberitahuan dari aplikasi yang tidak penting.",
            "Atur akunmu menjadi privat dan periksa daftar pengikut.",
            "Tetapkan satu jam bebas layar sebelum tidur.",
            "Laporkan dan blokir akun yang mengganggu, lalu simpan buktinya.",
        ],
        questions: [
            "Bagaimana perasaanmu setelah tiga puluh menit menggulir linimasa?",
            "Akun mana yang sungguh menambah pengetahuanmu?",
            "Kiriman apa yang ingin kamu hapus?",
        ],
    },
    DemoMaterial {
        title: "Komunikasi Sehat dengan Orang Tua",
        category: "Keluarga",
        status: Active,
        author: 2,
        days_ago: 9,
        paragraphs: [
            "Perbedaan pendapat dengan orang tua adalah bagian dari bertumbuh. Yang menentukan bukan ada atau tidaknya perbedaan, melainkan cara \
             menyampaikannya. Nada suara sering didengar lebih dulu daripada isi kalimat.",
            "Gunakan kalimat “aku” alih-alih “ayah selalu” atau “ibu tidak pernah”. Misalnya: “Aku merasa tidak dipercaya ketika ponselku diperiksa, aku \
             ingin kita menyepakati aturannya bersama.” Kalimat seperti ini membuka percakapan, bukan pertahanan.",
            "Pilih waktu yang tepat. Bicaralah ketika semua sudah makan dan tidak terburu-buru. Dengarkan sampai selesai, ulangi dengan kata-katamu, baru \
             sampaikan pendapatmu. Orang tua juga belajar menjadi orang tua remaja.",
        ],
        steps: [
            "Tuliskan satu hal yang ingin kamu sampaikan.",
            "Ubah menjadi kalimat yang dimulai dengan “aku”.",
            "Ajak bicara pada waktu yang tenang, bukan saat bertengkar.",
            "Dengarkan jawabannya tanpa memotong.",
            "Tutup dengan satu kesepakatan kecil yang dapat dicoba seminggu.",
        ],
        questions: [
            "Apa harapan orang tuamu yang sebenarnya kamu pahami?",
            "Topik apa yang paling sulit kalian bicarakan?",
            "Kapan terakhir kali kamu mengucapkan terima kasih kepada mereka?",
        ],
    },
    DemoMaterial {
        title: "Tidur Cukup, Pikiran Jernih",
        category: "Kesehatan Mental",
        status: Draft,
        author: 0,
        days_ago: 7,
        paragraphs: [
            "Remaja membutuhkan delapan sampai sepuluh jam tidur setiap malam. Ketika tidur kurang, otak lebih sulit mengingat pelajaran, lebih mudah \
             tersinggung, dan lebih lama memulihkan diri dari sakit.",
            "Cahaya layar dan kafein menunda rasa kantuk. Kopi susu pukul lima sore masih bekerja saat kamu berbaring pukul sepuluh malam. Begitu pula \
             serial yang berhenti tepat di bagian menegangkan.",
            "Tidur yang baik dimulai dari pagi hari: bangun pada jam yang sama, terkena cahaya matahari, dan bergerak. Akhir pekan boleh lebih santai, \
             tetapi usahakan selisihnya tidak lebih dari satu jam.",
        ],
        steps: [
            "Tetapkan jam tidur dan jam bangun yang sama selama seminggu.",
            "Berhenti minum kopi atau teh pekat setelah pukul dua siang.",
            "Letakkan ponsel di luar kamar satu jam sebelum tidur.",
            "Redupkan lampu dan bacalah buku yang ringan.",
            "Catat mutu tidurmu dengan angka satu sampai lima.",
        ],
        questions: [
            "Berapa jam kamu tidur tadi malam?",
            "Apa yang biasanya membuatmu menunda tidur?",
            "Bagaimana suasana hatimu setelah tidur cukup?",
        ],
    },
    DemoMaterial {
        title: "Mengatur Waktu antara Sekolah dan Organisasi",
        category: "Belajar",
        status: Active,
        author: 1,
        days_ago: 5,
        paragraphs: [
            "Aktif berorganisasi melatih kepemimpinan, tetapi jadwal yang padat dapat membuat tugas menumpuk. Kuncinya bukan bekerja lebih lama, melainkan \
             memutuskan lebih awal apa yang penting.",
            "Bagi kegiatanmu menjadi empat kotak: penting dan mendesak, penting tetapi tidak mendesak, mendesak tetapi tidak penting, serta tidak \
             keduanya. Sebagian besar waktumu sebaiknya berada di kotak kedua, sebelum semuanya menjadi mendesak.",
            "Berani berkata tidak adalah keterampilan. Kamu boleh menolak tugas tambahan dengan sopan, menawarkan waktu lain, atau menyarankan teman yang \
             lebih cocok. Menolak satu hal berarti menepati janji pada hal lain.",
        ],
        steps: [
            "Catat semua kegiatan tetap dalam satu kalender.",
            "Sisihkan tiga blok belajar sebelum menerima kegiatan lain.",
            "Setiap Minggu malam, pilih tiga hal terpenting untuk pekan itu.",
            "Pecah tugas besar menjadi langkah yang selesai dalam tiga puluh menit.",
            "Tinjau kembali setiap Jumat: apa yang berhasil, apa yang perlu dikurangi?",
        ],
        questions: [
            "Kegiatan mana yang menguras tenagamu tanpa memberi arti?",
            "Tugas apa yang terus kamu tunda, dan mengapa?",
            "Siapa yang dapat membantumu berbagi peran?",
        ],
    },
    DemoMaterial {
        title: "Percaya Diri Berbicara di Depan Kelas",
        category: "Pengembangan Diri",
        status: Draft,
        author: 1,
        days_ago: 3,
        paragraphs: [
            "Gugup sebelum berbicara adalah tanda bahwa tubuhmu sedang menyiapkan tenaga. Pembicara yang baik bukan yang tidak gugup, melainkan yang sudah \
             berlatih sehingga gugupnya tidak memegang kendali.",
            "Mulailah dari yang kecil: menjawab satu pertanyaan guru, membacakan satu paragraf, lalu memimpin diskusi kelompok. Setiap keberhasilan kecil \
             mengajari otakmu bahwa berbicara itu aman.",
            "Pendengar mengingat cerita, bukan daftar. Buka dengan satu kejadian nyata, sampaikan tiga pokok pikiran, dan tutup dengan satu ajakan yang \
             jelas. Berhenti sejenak jauh lebih baik daripada mengisi jeda dengan “eee”.",
        ],
        steps: [
            "Tulis pesan utama dalam satu kalimat.",
            "Latih pembukaan dan penutup sampai hafal.",
            "Rekam latihanmu sekali dan dengarkan tanpa menghakimi.",
            "Cari tiga wajah ramah di ruangan dan tataplah bergantian.",
            "Catat satu hal yang sudah lebih baik daripada sebelumnya.",
        ],
        questions: [
            "Pengalaman berbicara mana yang paling kamu banggakan?",
            "Apa hal terburuk yang mungkin terjadi, dan bagaimana kamu menghadapinya?",
            "Siapa pembicara yang kamu kagumi?",
        ],
    },
    DemoMaterial {
        title: "Mengelola Stres Menjelang Ujian",
        category: "Kesehatan Mental",
        status: Active,
        author: 0,
        days_ago: 1,
        paragraphs: [
            "Sedikit stres membuatmu waspada dan bersemangat. Stres menjadi masalah ketika berlangsung terus-menerus: sulit tidur, mudah marah, sakit \
             perut, atau tidak sanggup memulai belajar. Mengenali tandanya lebih awal membuatnya lebih mudah diatasi.",
            "Rasa tertekan sering muncul karena semuanya terasa sama penting dan sama mendesak. Pindahkan isi kepalamu ke kertas, urutkan, lalu kerjakan \
             satu hal. Menyelesaikan hal kecil mengembalikan rasa mampu.",
            "Kamu tidak harus menghadapinya sendirian. Belajar bersama teman, bercerita kepada keluarga, atau membuat janji dengan guru BK adalah tanda \
             kedewasaan. Bila muncul pikiran untuk menyakiti diri, segera hubungi orang dewasa terdekat atau layanan darurat 119.",
        ],
        steps: [
            "Tulis semua hal yang membuatmu khawatir selama lima menit tanpa berhenti.",
            "Pisahkan yang dapat kamu kendalikan dan yang tidak.",
            "Susun jadwal belajar tujuh hari dengan jeda istirahat yang nyata.",
            "Bergeraklah dua puluh menit setiap hari, misalnya berjalan kaki sore.",
            "Siapkan perlengkapan ujian pada malam sebelumnya lalu tidur lebih awal.",
        ],
        questions: [
            "Apa tanda pertama bahwa kamu mulai kewalahan?",
            "Apa yang sudah pernah berhasil menenangkanmu?",
            "Siapa yang akan kamu ajak bicara minggu ini?",
        ],
    },
];
