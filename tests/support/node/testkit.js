// The testkit of the Rust tests (`tests/kit`) for tests in Node: PDF files, and a provider that speaks the OpenAI API.
import { execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { builtProgram, within } from './server.js'

/** Makes a real PDF of `pageCount` pages, each with a line of text and about 170 KB that no compression makes smaller. */
export function makePdf(title, pageCount) {
  return execFileSync(builtProgram('testkit'), ['pdf', title, String(pageCount)], { maxBuffer: 64 * 1024 * 1024 })
}

/**
 * Starts the provider on a free port. `baseUrl` is for `openai.base_url`. `answers` are pairs of words of a question and what is said to it, the first that
 * fits; `otherwise` is said to all others. That is a text (`{question}` stands for the question, `{number}` for how often it was said), or `{ text, tokensPerSecond, status, cutAfter,
 * stallAfter }`. `requests` has what was asked: `{ question, sent, wasClosed, isDone }`, `sent` in
 * tokens.
 */
export async function startProvider({ tokensPerSecond = 60, answers = [], otherwise = 'Kamu bertanya: {question}' } = {}) {
  const child = spawn(builtProgram('testkit'), ['provider'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const plan = (said) => {
    const wanted = { tokensPerSecond, ...(typeof said === 'string' ? { text: said } : said) }
    return {
      text: wanted.text, tokens_per_s: wanted.tokensPerSecond, status: wanted.status, cut_after: wanted.cutAfter, stall_after: wanted.stallAfter,
    }
  }
  const requests = []
  const rules = [...answers]
  let baseUrl
  let isTaken
  // Resolves when the provider has taken the rules.
  const tellRules = () => new Promise((resolve) => {
    isTaken = resolve
    child.stdin.write(`${JSON.stringify({ answers: rules.map(([words, own]) => [words, plan(own)]), otherwise: plan(otherwise) })}\n`)
  })
  await within('the provider to listen', new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line)
      if (said.are_taken) return isTaken()
      if (said.url) {
        baseUrl = said.url
        return resolve()
      }
      return said.forEach(({ question, sent, was_closed: wasClosed, is_done: isDone }, index) => {
        requests[index] = Object.assign(requests[index] ?? {}, { question, sent, wasClosed, isDone })
      })
    })
    void ended.then((how) => reject(new Error(`the provider ended with ${how}`)))
  }))
  await within('the rules to be taken', tellRules())
  return {
    baseUrl,
    requests,
    /** Says this from now on to questions with these words. */
    say(words, said) {
      rules.unshift([words, said])
      return within('the rules to be taken', tellRules())
    },
    async close() {
      child.stdin.end()
      await within('the provider to end', ended)
      process.off('exit', killAtExit)
    },
  }
}
