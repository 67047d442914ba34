import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

const storageKey = 'educounsel.zone'
const defaultZone = 'Asia/Jakarta'

/** The school's time zone: every time in the UI is shown in it. */
export const useSchool = defineStore('school', () => {
  const zone = ref(readZone())
  watch(zone, (value) => {
    try {
      localStorage.setItem(storageKey, value)
    } catch {
      // The default zone is shown until the server tells it again.
    }
  })
  return { zone }
})

function readZone(): string {
  try {
    return localStorage.getItem(storageKey) ?? defaultZone
  } catch {
    return defaultZone
  }
}
