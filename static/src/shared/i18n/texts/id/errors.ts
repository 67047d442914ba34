/** Errors in words: by code of the API, and by code of a field. */
export const errorsId = {
  unknown: 'Terjadi kesalahan. Coba lagi sebentar lagi.',
  client: {
    offline: 'Server tidak bisa dihubungi. Periksa sambungan internet.',
    timeout: 'Server terlalu lama menjawab. Coba lagi.',
    aborted: 'Permintaan dibatalkan.',
    unreadable: 'Jawaban server tidak bisa dibaca. Coba lagi.',
  },
  request: {
    malformed: 'Permintaan tidak bisa dibaca server.',
    timeout: 'Pengiriman terlalu lambat. Coba lagi dengan jaringan yang lebih baik.',
    too_large: 'Kiriman terlalu besar.',
    media_type: 'Jenis kiriman tidak didukung.',
  },
  auth: {
    required: 'Silakan masuk dulu.',
    invalid_credentials: 'Nama pengguna atau kata sandi salah.',
    too_many_attempts: 'Terlalu banyak percobaan. Tunggu sebentar.',
    cross_site: 'Permintaan ditolak karena datang dari situs lain.',
  },
  access: { denied: 'Peran ini tidak boleh melakukan itu.' },
  apps: { disabled: 'Aplikasi ini nonaktif. Aktifkan dulu.' },
  not_found: 'Tidak ditemukan, mungkin sudah dihapus.',
  method_not_allowed: 'Tindakan ini tidak didukung.',
  conflict: 'Data sudah berubah. Muat ulang lalu coba lagi.',
  users: { login_taken: 'Nama pengguna ini sudah dipakai.' },
  materials: {
    file_too_large: 'File lebih besar dari 10 MiB.',
    file_type: 'File ini bukan PDF.',
    file_encrypted: 'PDF ini terkunci kata sandi. Simpan ulang tanpa kata sandi.',
    file_unsafe: 'PDF ini berisi skrip atau lampiran. Cetak ulang ke PDF lalu unggah lagi.',
    file_unreadable: 'PDF ini rusak dan tidak bisa dibaca.',
  },
  appointments: {
    slot_taken: 'Waktu ini baru saja diambil. Pilih waktu lain.',
    too_many: 'Kamu sudah punya cukup banyak janji mendatang. Batalkan salah satu atau tunggu sampai selesai.',
    illegal_transition: 'Keadaan janji ini sudah berubah. Lihat yang terbaru lalu coba lagi.',
    video_closed: 'Panggilan video belum dibuka atau sudah ditutup.',
  },
  conversations: {
    closed: 'Percakapan ini sudah ditutup.',
    illegal_transition: 'Keadaan percakapan ini sudah berubah.',
  },
  messages: {
    client_id_reused: 'Pesan ini sudah pernah dikirim dengan isi lain.',
    too_late: 'Pesan hanya bisa diubah dalam 15 menit.',
  },
  companion: {
    busy: 'Jawaban sebelumnya masih berjalan. Tunggu sampai selesai, atau hentikan dulu.',
    daily_limit: 'Cukup dulu untuk hari ini. Teman AI bisa diajak bicara lagi besok.',
    client_id_reused: 'Pertanyaan ini sudah pernah dikirim dengan isi lain.',
  },
  validation: 'Ada isian yang perlu diperbaiki.',
  idempotency: { key_reused: 'Permintaan ini sudah pernah dikirim dengan isi lain.' },
  rate_limited: 'Terlalu banyak permintaan. Tunggu sebentar.',
  internal: 'Server mengalami gangguan. Coba lagi sebentar lagi.',
  unavailable: 'Layanan sedang tidak tersedia. Coba lagi sebentar lagi.',
}

export const fieldErrorsId = {
  unavailable: 'Waktu ini tidak tersedia lagi.',
  required: 'Wajib diisi.',
  too_short: 'Terlalu pendek.',
  too_long: 'Terlalu panjang.',
  control_character: 'Berisi tanda yang tidak boleh dipakai.',
  overlapping: 'Bertumpuk dengan waktu lain.',
  login_taken: 'Nama pengguna ini sudah dipakai.',
  unknown_value: 'Nilai ini tidak dikenal.',
  type: 'Isinya tidak sesuai.',
}
