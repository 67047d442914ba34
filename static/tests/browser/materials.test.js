// A counsellor's materials after their upload: changed, put away, brought back and deleted, in front of a student who reads them.
import { openDesk } from './support/desk.js'
import { until, untilEqual } from './support/patience.js'

const { scenario, sessionOf } = await openDesk()

scenario('a material is changed, archived, restored and deleted, and a student sees each', async ({ open }) => {
  const counsellor = await open({ storageState: await sessionOf('guru1') })
  // Without a title it is refused.
  counsellor.expectFailure(/\/materials\//)
  const student = await open({ storageState: await sessionOf('siswa3') })
  const [page, theirs] = [await counsellor.newTab(), await student.newTab()]
  await page.goto('/guru/materi')
  await theirs.goto('/student/materi')
  const title = 'Mengenal diri sebelum memilih'
  const seen = theirs.getByTestId('material-card').filter({ hasText: title })
  const row = page.getByTestId('material-card').filter({ hasText: title })

  await page.locator('[data-testid="material-card"][data-status="active"]').first().getByTestId('material-edit').click()
  await page.getByTestId('upload-title').fill('')
  await page.getByTestId('edit-submit').click()
  await page.locator('[data-testid="upload-title"][aria-invalid="true"]').waitFor()
  await page.getByTestId('upload-title').fill(title)
  await page.getByTestId('edit-submit').click()
  await row.waitFor()
  await seen.waitFor()

  await row.getByTestId('material-step').click()
  await untilEqual('the status', 'archived', () => row.getAttribute('data-status'))
  await seen.waitFor({ state: 'detached' })

  // Found again among those that were put away, and brought back.
  await page.getByTestId('filter-status').selectOption('archived')
  await row.getByTestId('material-step').click()
  await seen.waitFor()

  await page.getByTestId('filter-status').selectOption('active')
  await page.getByTestId('search').fill('mengenal diri')
  await row.getByTestId('material-delete').click()
  await page.getByTestId('confirm').click()
  await row.waitFor({ state: 'detached' })
  await seen.waitFor({ state: 'detached' })
})

scenario('a draft is published, and what matches no filter says so and lets go', async ({ open }) => {
  const counsellor = await open({ storageState: await sessionOf('guru2') })
  const page = await counsellor.newTab()
  await page.goto('/guru/materi')
  await page.getByTestId('filter-status').selectOption('draft')
  const drafts = page.locator('[data-testid="material-card"][data-status="draft"]')
  const title = await until('a draft', async () => (await drafts.count()) > 0 && (await drafts.first().getByRole('heading').textContent()))
  await drafts.filter({ hasText: title }).getByTestId('material-step').click()
  await untilEqual('the draft', 0, () => drafts.filter({ hasText: title }).count())
  await page.getByTestId('filter-status').selectOption('active')
  await page.getByTestId('material-card').filter({ hasText: title }).waitFor()

  await page.getByTestId('search').fill('tidak ada di mana pun')
  await page.getByTestId('material-card').first().waitFor({ state: 'detached' })
  await page.getByRole('main').getByRole('button').last().click()
  await page.getByTestId('material-card').first().waitFor()
})
