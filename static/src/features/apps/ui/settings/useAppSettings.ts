import { computed, reactive, ref, shallowRef, toRaw, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { changeApp, fetchApp } from '@/features/apps/api/apps'
import type { ConnectedApp } from '@/shared/api/appTypes'
import { asApiError } from '@/shared/api/problem'
import { changesOf, formOf, problemsOf, rebased, type AppForm, type AppProblems } from '@/features/apps/model/appForm'
import { useForm } from '@/shared/composables/useForm'

/** The settings form of one app: what is written, what of it is unsaved, and what happens when a colleague was faster. */
export function useAppSettings(app: () => ConnectedApp, take: (changed: ConnectedApp) => void) {
  const { t } = useI18n()
  const form = useForm()
  /** The version the form was filled from. */
  const base = shallowRef(app())
  const fields = reactive<AppForm>(formOf(base.value))
  const problems = ref<AppProblems>({})
  /** A colleague was faster: the newest is shown, with what is unsaved over it. */
  const wasOvertaken = ref(false)
  const changes = computed(() => changesOf(fields, base.value))
  const isDirty = computed(() => Object.keys(changes.value).length > 0)

  watch(app, (newest) => {
    if (newest.updated_at === base.value.updated_at) return
    if (isDirty.value) wasOvertaken.value = true
    adopt(newest)
  })

  /** Goes on from a newer version without losing what is written. */
  function adopt(newest: ConnectedApp): void {
    const next = rebased(structuredClone(toRaw(fields)), base.value, newest)
    base.value = newest
    Object.assign(fields, next)
  }

  function discard(): void {
    Object.assign(fields, formOf(base.value))
    problems.value = {}
    wasOvertaken.value = false
    form.clear()
  }

  /** True when saved; else the form says why. */
  async function save(): Promise<boolean> {
    problems.value = problemsOf(fields)
    if (Object.keys(problems.value).length > 0) return false
    wasOvertaken.value = false
    const saved = await form.submit(async () => {
      try {
        return await changeApp(base.value, changes.value)
      } catch (thrown) {
        if (asApiError(thrown).code !== 'conflict') throw thrown
        const newest = await fetchApp(base.value.id)
        adopt(newest)
        take(newest)
        wasOvertaken.value = true
        return null
      }
    })
    if (!saved) return false
    base.value = saved
    Object.assign(fields, formOf(saved))
    take(saved)
    return true
  }

  /** What stands under a field: the page's own check, or the server's word. */
  function problemAt(field: keyof AppProblems): string | undefined {
    const problem = problems.value[field]
    return problem ? t(`apps.problem.${problem}`) : form.fieldErrors.value[field]
  }

  return { form, fields, isDirty, wasOvertaken, discard, save, problemAt }
}
