// Schemathesis, a fuzzer that reads the OpenAPI document: no answer breaks the description, whichever role asks.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startServer } from './support/server.js'

const schemathesis = fileURLToPath(new URL('../../target/clients-venv/bin/schemathesis', import.meta.url))
/** Cases per role at least: what the fuzzer derives from the document alone is about four times as many. */
const leastCases = 1000
/** Random cases of each operation, behind those that the fuzzer derives from its shapes. */
const casesPerOperation = 12
/** Fixed, so that a run can be repeated; another one looks elsewhere. */
const seed = process.env.SCHEMATHESIS_SEED || '7'
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
]
/** Operations that end the login of the run, or change the account behind it; each role runs them last, with a login of its own. */
const endings = ['log_out', 'revoke_session', 'change_user']
/** Backends sign their requests and the sockets speak another protocol: tests of their own cover both. */
const beside = '^/(app|apps|users|pusher/app)/'
const password = 'kuda laut biru'

let server, folder, description
before(async () => {
  assert.ok(existsSync(schemathesis), `${schemathesis} is missing: run scripts/install-test-tools`)
  server = await startServer({ 'http.requests_per_minute': 1_000_000 })
  folder = await mkdtemp(join(tmpdir(), 'educounsel-description-'))
  for (const role of ['student', 'counsellor', 'admin']) await server.addUser(role, role, password)
  description = await (await fetch(`http://127.0.0.1:${server.port}/api/v1/openapi.json`)).json()
})
after(async () => {
  await rm(folder, { recursive: true, force: true })
  await server.stop()
})

/** Logs in and returns the token. */
async function tokenOf(login) {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password, token: true }),
  })
  assert.equal(answer.status, 200, await answer.clone().text())
  return (await answer.json()).token
}

/** Runs the fuzzer as `role` over the operations that `filters` choose; returns its report. */
async function fuzz(role, filters) {
  const report = join(folder, `${role}.json`)
  const args = [
    'run',
    `http://127.0.0.1:${server.port}/api/v1/openapi.json`,
    ...['--header', `Authorization: Bearer ${await tokenOf(role)}`],
    ...['--checks', checks.join(','), '--phases', 'coverage,fuzzing', '--continue-on-failure'],
    ...['--seed', seed, '--max-examples', String(casesPerOperation), '--exclude-path-regex', beside],
    ...['--report', 'json', '--report-json-path', report],
    ...filters,
  ]
  const said = await new Promise((resolve) => {
    execFile(schemathesis, args, { cwd: folder, maxBuffer: 1 << 26 }, (_, out, err) => resolve(`${out}\n${err}`))
  })
  assert.ok(existsSync(report), said)
  const found = JSON.parse(await readFile(report, 'utf8'))
  assert.deepEqual([found.complete, found.failures, found.errors, found.exit_code], [true, [], [], 0], said)
  return found
}

/** The operations that the description lets a role call, as the report names them. */
function allowedTo(role) {
  const all = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation]),
  )
  return all.filter(([, operation]) => operation['x-roles']?.includes(role)).map(([name]) => name)
}

for (const role of ['student', 'counsellor', 'admin']) {
  test(`no answer to a ${role} breaks the description`, async () => {
    const main = await fuzz(role, endings.flatMap((name) => ['--exclude-operation-id', name]))
    assert.ok(main.test_cases.generated >= leastCases, `${main.test_cases.generated} cases only`)
    const allowed = allowedTo(role)
    assert.deepEqual(main.warnings.missing_auth.filter((name) => allowed.includes(name)), [], 'allowed, but never let in')
    for (const ending of endings) await fuzz(role, ['--include-operation-id', ending])
  })
}
