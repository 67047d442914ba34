import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { i18n } from '@/shared/i18n'

/** Mounts one component with the plugins every screen has. */
export async function mountApp(component: Component, props: Record<string, unknown> = {}) {
  HTMLDialogElement.prototype.showModal ??= () => undefined
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:path(.*)*', component: { template: '<div />' } }],
  })
  await router.push('/')
  const wrapper = mount(component, { props, global: { plugins: [createPinia(), i18n, router] }, attachTo: document.body })
  return { wrapper, router, get: (testid: string) => wrapper.get(`[data-testid="${testid}"]`) }
}
