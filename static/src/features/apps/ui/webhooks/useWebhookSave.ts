import { ref } from 'vue'
import { changeApp, fetchApp } from '@/features/apps/api/apps'
import type { ConnectedApp, Webhook } from '@/shared/api/appTypes'
import { asApiError } from '@/shared/api/problem'
import { useForm } from '@/shared/composables/useForm'

/** Saves a changed list of webhooks over the version on the screen; when a colleague was faster, `newer` gets what is there now. */
export function useWebhookSave(app: () => ConnectedApp, newer: (app: ConnectedApp) => void) {
  const form = useForm()
  /** A colleague was faster: what is asked for has not happened yet. */
  const wasOvertaken = ref(false)

  /** Puts `webhooks` in the place of the list. Returns the app as it is then, or null. */
  function save(webhooks: Webhook[]): Promise<ConnectedApp | null> {
    wasOvertaken.value = false
    return form.submit(async () => {
      try {
        return await changeApp(app(), { webhooks })
      } catch (thrown) {
        if (asApiError(thrown).code !== 'conflict') throw thrown
        newer(await fetchApp(app().id))
        wasOvertaken.value = true
        return null
      }
    })
  }

  return { form, wasOvertaken, save }
}
