// A provider that speaks the OpenAI API: streams what a test tells it to, as slowly as a test wants, and remembers who hung up.
import { createServer } from 'node:http'

/**
 * Starts the provider on a free port. `baseUrl` is for `openai.base_url`. `say(question => answer)` decides what is said: a text, or
 * `{ text, tokensPerSecond, status, cutAfter, stallAfter }`. `requests` has what was asked: `{ question, isStream, wasClosed, sent }`.
 */
export async function startOpenaiFake({ tokensPerSecond = 60 } = {}) {
  const requests = []
  let answerTo = (question) => `Kamu bertanya: ${question}`
  const sockets = new Set()

  const server = createServer((request, response) => {
    void readJson(request).then((body) => {
      if (request.url?.endsWith('/moderations')) return sendJson(response, 200, moderationOf(body))
      if (request.url?.endsWith('/models')) return sendJson(response, 200, { object: 'list', data: [{ id: 'fake', object: 'model' }] })
      if (!request.url?.endsWith('/chat/completions')) return sendJson(response, 404, { error: { message: 'no such path', type: 'invalid_request_error' } })
      return answer(body, response)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

  function answer(body, response) {
    const question = [...(body.messages ?? [])].reverse().find(({ role }) => role === 'user')?.content ?? ''
    const said = answerTo(typeof question === 'string' ? question : JSON.stringify(question), body)
    const plan = { tokensPerSecond, ...(typeof said === 'string' ? { text: said } : said) }
    const record = { question, isStream: body.stream === true, wasClosed: false, sent: 0, isDone: false }
    requests.push(record)
    if (plan.status) return sendJson(response, plan.status, { error: { message: 'not today', type: 'server_error' } })
    if (!record.isStream) return sendJson(response, 200, completionOf(plan.text))
    stream(plan, record, response)
  }

  return {
    baseUrl: `http://127.0.0.1:${server.address().port}/v1`,
    requests,
    say: (decide) => (answerTo = decide),
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Sends token after token, by the clock: a late timer sends what is due. */
function stream({ text, tokensPerSecond, cutAfter = Infinity, stallAfter = Infinity }, record, response) {
  const tokens = tokensOf(text)
  const startedAt = performance.now()
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  const send = (delta, finish = null) => response.write(`data: ${JSON.stringify(chunkOf(delta, finish))}\n\n`)
  send({ role: 'assistant', content: '' })
  const timer = setInterval(() => {
    const due = Math.min(tokens.length, Math.floor(((performance.now() - startedAt) / 1000) * tokensPerSecond))
    while (record.sent < due) {
      if (record.sent >= stallAfter) return clearInterval(timer)
      if (record.sent >= cutAfter) {
        clearInterval(timer)
        return response.destroy()
      }
      send({ content: tokens[record.sent] })
      record.sent += 1
    }
    if (record.sent < tokens.length) return
    clearInterval(timer)
    record.isDone = true
    send({}, 'stop')
    response.end('data: [DONE]\n\n')
  }, 10)
  response.on('close', () => {
    clearInterval(timer)
    record.wasClosed = !record.isDone
  })
}

/** Pieces as a model makes them: a few letters each, spaces in front. */
export function tokensOf(text) {
  return text.match(/\s*\S{1,5}|\s+$/g) ?? []
}

function chunkOf(delta, finish) {
  return { id: 'chatcmpl-fake', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: [{ index: 0, delta, finish_reason: finish }] }
}

function completionOf(text) {
  return {
    id: 'chatcmpl-fake', object: 'chat.completion', created: 1, model: 'fake',
    choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, finish_reason: 'stop', logprobs: null }],
    usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
  }
}

function moderationOf(body) {
  const inputs = Array.isArray(body.input) ? body.input : [body.input]
  return { id: 'modr-fake', model: 'fake', results: inputs.map(() => ({ flagged: false, categories: {}, category_scores: {}, category_applied_input_types: {} })) }
}

async function readJson(request) {
  let text = ''
  for await (const chunk of request) text += chunk
  try {
    return JSON.parse(text || '{}')
  } catch {
    return {}
  }
}

function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
