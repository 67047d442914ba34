import { useI18n } from 'vue-i18n'
import { deliveryProblem } from '@/features/apps/model/deliveryProblem'

/** Says in the page's language why a webhook was not delivered. */
export function useDeliveryText(): (words: string) => string {
  const { t } = useI18n()
  return (words) => {
    const problem = deliveryProblem(words)
    if (problem.key === 'other') return problem.words
    return problem.key === 'status' ? t('apps.delivery.status', { status: problem.status }) : t(`apps.delivery.${problem.key}`)
  }
}
