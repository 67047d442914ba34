import type { Message } from '@/shared/api/chatTypes'
import { asApiError } from '@/shared/api/problem'
import {
  dueNow,
  enqueue,
  isTransient,
  nextDueInMs,
  retryDelayMs,
  withAllDue,
  withPostponed,
  withProgress,
  withRefusal,
  withRetry,
  withSending,
  without,
  type Outbox,
  type Outgoing,
} from './outbox'

export interface OutboxPort {
  send: (item: Outgoing, options: { signal: AbortSignal; onProgress: (fraction: number) => void }) => Promise<Message>
  /** The server has it; called once per message. */
  onAcknowledged: (message: Message) => void
  onChange: (outbox: Outbox) => void
  isOnline: () => boolean
}

/** Sends what is in the outbox, in order and as long as it takes, whatever the network does. */
export class OutboxRunner {
  private outbox: Outbox = []
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly running = new Map<string, AbortController>()

  constructor(private readonly port: OutboxPort) {}

  enqueue(draft: Pick<Outgoing, 'clientId' | 'conversationId' | 'body' | 'file' | 'createdAt'>): void {
    this.set(enqueue(this.outbox, draft))
    this.pump()
  }

  /** The user tries a refused message again. */
  retry(clientId: string): void {
    this.set(withRetry(this.outbox, clientId))
    this.pump()
  }

  /** The user gives up on a message; one that is on its way is stopped, as far as that is possible. */
  discard(clientId: string): void {
    this.set(without(this.outbox, clientId))
    this.running.get(clientId)?.abort()
    this.pump()
  }

  /** The socket brought a message: when it is one of ours, the lost answer does not matter any more. */
  notice(message: Message): void {
    if (this.outbox.some(({ clientId }) => clientId === message.client_id)) this.acknowledge(message)
  }

  /** The network changed: everything due now, or nothing until it is back. */
  wake(): void {
    if (this.port.isOnline()) this.set(withAllDue(this.outbox))
    this.pump()
  }

  /** Forgets everything: another user may log in. */
  reset(): void {
    clearTimeout(this.timer)
    for (const controller of this.running.values()) controller.abort()
    this.set([])
  }

  private pump(): void {
    clearTimeout(this.timer)
    if (!this.port.isOnline()) return
    for (const item of dueNow(this.outbox, Date.now())) void this.send(item)
    const waitMs = nextDueInMs(this.outbox, Date.now())
    if (waitMs !== null) this.timer = setTimeout(() => this.pump(), waitMs)
  }

  private async send(item: Outgoing): Promise<void> {
    const { clientId } = item
    const controller = new AbortController()
    this.running.set(clientId, controller)
    this.set(withSending(this.outbox, clientId))
    try {
      const message = await this.port.send(item, {
        signal: controller.signal,
        onProgress: (fraction) => this.set(withProgress(this.outbox, clientId, fraction)),
      })
      this.acknowledge(message, clientId)
    } catch (thrown) {
      this.fail(clientId, thrown)
    } finally {
      if (this.running.get(clientId) === controller) this.running.delete(clientId)
      this.pump()
    }
  }

  private acknowledge(message: Message, clientId = message.client_id): void {
    if (!this.outbox.some((item) => item.clientId === clientId)) return
    this.set(without(this.outbox, clientId))
    this.port.onAcknowledged(message)
    this.pump()
  }

  private fail(clientId: string, thrown: unknown): void {
    const item = this.outbox.find((candidate) => candidate.clientId === clientId)
    if (!item) return
    const error = asApiError(thrown)
    if (!isTransient(error)) {
      this.set(withRefusal(this.outbox, clientId, error.code))
      return
    }
    const delayMs = error.retryAfterSeconds === null ? retryDelayMs(item.attempts) : error.retryAfterSeconds * 1000
    this.set(withPostponed(this.outbox, clientId, Date.now(), delayMs))
  }

  private set(outbox: Outbox): void {
    if (outbox === this.outbox) return
    this.outbox = outbox
    this.port.onChange(outbox)
  }
}
