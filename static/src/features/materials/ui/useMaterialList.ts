import { computed, ref, watch } from 'vue'
import { fetchMaterials } from '@/features/materials/api/materials'
import type { Material, MaterialPage, MaterialStatus } from '@/shared/api/types'
import { useDebounced } from '@/shared/composables/useDebounced'
import { useKeysetList } from '@/shared/composables/useKeysetList'
import { useLiveReload } from '@/shared/realtime/useLiveReload'

/** The list of materials with its search and filters; follows them and what others change. */
export function useMaterialList() {
  const query = ref('')
  const category = ref('')
  const status = ref<MaterialStatus | ''>('')
  const settledQuery = useDebounced(query)

  const list = useKeysetList<Material, MaterialPage>((after, signal) =>
    fetchMaterials({ query: settledQuery.value.trim(), category: category.value, status: status.value }, after, signal),
  )
  const categories = computed(() => list.firstPage.value?.categories ?? [])
  const isFiltered = computed(() => Boolean(settledQuery.value.trim() || category.value || status.value))

  function clearFilters(): void {
    query.value = settledQuery.value = category.value = ''
    status.value = ''
  }

  watch([settledQuery, category, status], () => void list.reload(), { immediate: true })
  useLiveReload(() => void list.reload())

  return { ...list, query, category, status, categories, isFiltered, clearFilters }
}
