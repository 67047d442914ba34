// The counsellor's upload form.

/** Opens the form and fills it in; `file` is `{ name, mimeType, buffer }`. */
export async function fillUpload(page, { title, category = 'Belajar', file }) {
  await page.getByTestId('upload-open').click()
  await page.getByTestId('upload-title').fill(title)
  await page.getByTestId('upload-category').fill(category)
  await page.getByTestId('upload-file').setInputFiles(file)
}

/** A PDF as the file chooser hands it over. */
export function pdfFile(buffer, name = 'materi.pdf') {
  return { name, mimeType: 'application/pdf', buffer }
}

/** Uploads a material and waits until the form says so; the form is closed again. */
export async function upload(page, material) {
  await fillUpload(page, material)
  await page.getByTestId('upload-submit').click()
  await page.getByTestId('upload-done').waitFor()
  await page.getByTestId('upload-close').click()
}
