// What the screens say, as the user reads it: written out here, so that a changed text is noticed.

export const words = {
  id: {
    uploaded: 'Materi berhasil diunggah',
    viewPdf: 'Lihat File PDF',
    noticeTitle: 'Materi baru',
    notPdf: 'File ini bukan PDF.',
    late: 'Terlambat dibatalkan: materi sudah tersimpan',
    offline: /^Terputus sejak /,
    back: 'Tersambung kembali',
    start: 'Dasbor',
  },
  en: {
    uploaded: 'Material uploaded',
    viewPdf: 'View PDF file',
    noticeTitle: 'New material',
    notPdf: 'This file is not a PDF.',
    late: 'Too late to cancel: the material is stored',
    offline: /^Offline since /,
    back: 'Back online',
    start: 'Dashboard',
  },
}
