import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { Appointment, Availability, AvailabilityRules } from '@/shared/api/appointmentTypes'
import { checkAvailability, fetchAvailability, saveAvailability } from '@/features/appointments/api/appointments'
import { asApiError } from '@/shared/api/problem'
import { sortWeekly, timesProblem, weeklyProblems } from '@/features/appointments/model/openHours'
import { useForm } from '@/shared/composables/useForm'
import { useResource } from '@/shared/composables/useResource'
import { useSchool } from '@/shared/stores/school'

const checkDelayMs = 600

/** The counsellor's hours as saved, as edited, and what saving would mean. */
export function useAvailability() {
  const school = useSchool()
  const saved = useResource(fetchAvailability)
  const form = useForm()
  const draft = ref<AvailabilityRules | null>(null)
  /** Live appointments the edited hours would not cover; null while nobody knows. */
  const hits = shallowRef<Appointment[] | null>(null)
  /** Somebody saved other hours since this page was opened. */
  const newer = shallowRef<Availability | null>(null)
  let version = 0
  let checking: AbortController | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  const isDirty = computed(() => Boolean(draft.value && saved.data.value) && textOf(draft.value) !== textOf(saved.data.value))
  const problems = computed(() => weeklyProblems(draft.value?.weekly ?? []))
  const isValid = computed(
    () =>
      problems.value.size === 0 &&
      (draft.value?.exceptions ?? []).every(
        ({ kind, from, to }) => (kind === 'closed' && !from && !to) || timesProblem(from ?? '', to ?? '') === null,
      ),
  )

  /** Takes over what the server has; edits are gone. */
  function adopt(availability: Availability): void {
    version = availability.version
    saved.data.value = availability
    draft.value = rulesOf(availability)
    hits.value = null
    newer.value = null
    form.clear()
  }

  function discard(): void {
    if (saved.data.value) adopt(saved.data.value)
  }

  async function load(): Promise<void> {
    await saved.load()
    if (!saved.data.value) return
    school.zone = saved.data.value.zone
    adopt(saved.data.value)
  }

  /** Asks what the edited hours would hit; null when the question failed. */
  async function check(): Promise<Appointment[] | null> {
    clearTimeout(timer)
    checking?.abort()
    const mine = (checking = new AbortController())
    if (!draft.value) return null
    const found = await checkAvailability(sortedRules(draft.value), version, mine.signal)
    if (!mine.signal.aborted) hits.value = found
    return found
  }

  /** Saves; false when it was refused. A newer version on the server ends in `newer`. */
  async function save(): Promise<boolean> {
    const rules = draft.value && sortedRules(draft.value)
    if (!rules) return false
    const result = await form.submit(async () => {
      try {
        return await saveAvailability(rules, version)
      } catch (thrown) {
        if (asApiError(thrown).code !== 'conflict') throw thrown
        newer.value = await fetchAvailability()
        return null
      }
    })
    if (!result) return false
    adopt(result)
    return true
  }

  /** Saves over the newer version. */
  function overwrite(): Promise<boolean> {
    version = newer.value?.version ?? version
    newer.value = null
    return save()
  }

  function adoptNewer(): void {
    if (newer.value) adopt(newer.value)
  }

  watch(
    draft,
    () => {
      clearTimeout(timer)
      checking?.abort()
      hits.value = null
      if (!isDirty.value || !isValid.value) return
      timer = setTimeout(() => void check().catch(() => undefined), checkDelayMs)
    },
    { deep: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    checking?.abort()
  })
  void load()

  return { saved, draft, hits, newer, form, isDirty, problems, isValid, load, discard, check, save, overwrite, adoptNewer }
}

/** A copy that can be edited without touching what was saved. */
function rulesOf(availability: Availability): AvailabilityRules {
  const { weekly, exceptions, slot_minutes, buffer_before_minutes, buffer_after_minutes, daily_cap, minimum_notice_minutes, horizon_days } =
    availability
  return structuredClone({
    weekly,
    exceptions,
    slot_minutes,
    buffer_before_minutes,
    buffer_after_minutes,
    daily_cap,
    minimum_notice_minutes,
    horizon_days,
  })
}

function sortedRules(rules: AvailabilityRules): AvailabilityRules {
  const exceptions = rules.exceptions.map(({ date, kind, from, to, reason }) => ({
    date,
    kind,
    ...(from && to && { from, to }),
    ...(reason && { reason }),
  }))
  return { ...rules, weekly: sortWeekly(rules.weekly), exceptions }
}

function textOf(rules: AvailabilityRules | Availability | null): string {
  if (!rules) return ''
  const { weekly, exceptions, slot_minutes, buffer_before_minutes, buffer_after_minutes, daily_cap, minimum_notice_minutes, horizon_days } =
    rules
  const plain = sortedRules({
    weekly,
    exceptions,
    slot_minutes,
    buffer_before_minutes,
    buffer_after_minutes,
    daily_cap,
    minimum_notice_minutes,
    horizon_days,
  })
  return JSON.stringify({
    ...plain,
    weekly: plain.weekly.map(({ weekday, from, to }) => [weekday, from, to]),
    exceptions: plain.exceptions.map(({ date, kind, from, to, reason }) => [date, kind, from ?? '', to ?? '', reason ?? '']).sort(),
  })
}
