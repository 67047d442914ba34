import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import type { Role } from '@/api/types'
import { useSession } from '@/stores/session'
import { decideAccess } from './access'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the page's name, for the title of the tab. */
    title: string
    /** Who may see it; `public` needs no session. */
    access: 'public' | 'any' | Role
    /** The page fills the window and scrolls inside. */
    isFilled?: boolean
  }
}

const AppShell = () => import('@/components/shell/AppShell.vue')
const AlertsPage = () => import('@/pages/guru/AlertsPage.vue')
const NoticesPage = () => import('@/pages/NoticesPage.vue')
const NotFoundPage = () => import('@/pages/NotFoundPage.vue')

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/login' },
  {
    path: '/login',
    name: 'login',
    component: () => import('@/pages/LoginPage.vue'),
    meta: { title: 'login.title', access: 'public' },
  },
  {
    path: '/',
    component: AppShell,
    children: [
      {
        path: 'student/dashboard',
        component: () => import('@/pages/student/DashboardPage.vue'),
        meta: { title: 'nav.dashboard', access: 'student' },
      },
      {
        path: 'student/materi',
        component: () => import('@/pages/student/MaterialsPage.vue'),
        meta: { title: 'nav.materials', access: 'student' },
      },
      {
        path: 'student/materi/:id',
        component: () => import('@/pages/student/MaterialPage.vue'),
        props: true,
        meta: { title: 'nav.materials', access: 'student' },
      },
      {
        path: 'student/appointments',
        component: () => import('@/pages/student/AppointmentsPage.vue'),
        meta: { title: 'appointments.title', access: 'student' },
      },
      {
        path: 'student/appointments/create',
        component: () => import('@/pages/student/BookingPage.vue'),
        meta: { title: 'appointments.booking.title', access: 'student' },
      },
      {
        path: 'student/chat/:id?',
        component: () => import('@/pages/student/ChatPage.vue'),
        meta: { title: 'chat.title', access: 'student', isFilled: true },
      },
      {
        path: 'student/ai-companion/:id?',
        component: () => import('@/pages/student/CompanionPage.vue'),
        meta: { title: 'companion.title', access: 'student', isFilled: true },
      },
      { path: 'student/notices', component: NoticesPage, meta: { title: 'nav.notices', access: 'student' } },
      {
        path: 'guru/dashboard',
        component: () => import('@/pages/guru/DashboardPage.vue'),
        meta: { title: 'nav.dashboard', access: 'counsellor' },
      },
      {
        path: 'guru/materi',
        component: () => import('@/pages/guru/MaterialsPage.vue'),
        meta: { title: 'nav.materials', access: 'counsellor' },
      },
      {
        path: 'guru/materi/:id',
        component: () => import('@/pages/guru/MaterialPage.vue'),
        props: true,
        meta: { title: 'nav.materials', access: 'counsellor' },
      },
      {
        path: 'guru/appointments',
        component: () => import('@/pages/guru/AppointmentsPage.vue'),
        meta: { title: 'appointments.title', access: 'counsellor' },
      },
      {
        path: 'guru/availability',
        component: () => import('@/pages/guru/AvailabilityPage.vue'),
        meta: { title: 'appointments.availability.title', access: 'counsellor' },
      },
      {
        path: 'guru/chat/:id?',
        component: () => import('@/pages/guru/ChatPage.vue'),
        meta: { title: 'chat.title', access: 'counsellor', isFilled: true },
      },
      {
        path: 'guru/alerts',
        component: AlertsPage,
        meta: { title: 'alerts.title', access: 'counsellor' },
      },
      { path: 'guru/notices', component: NoticesPage, meta: { title: 'nav.notices', access: 'counsellor' } },
      {
        path: 'admin/users',
        component: () => import('@/pages/admin/UsersPage.vue'),
        meta: { title: 'nav.users', access: 'admin' },
      },
      {
        path: 'admin/alerts',
        component: AlertsPage,
        meta: { title: 'alerts.title', access: 'admin' },
      },
      {
        path: 'admin/help',
        component: () => import('@/pages/admin/HotlinesPage.vue'),
        meta: { title: 'hotlines.title', access: 'admin' },
      },
      {
        path: 'admin/audit',
        component: () => import('@/pages/admin/AuditPage.vue'),
        meta: { title: 'audit.title', access: 'admin' },
      },
      {
        path: 'admin/system',
        component: () => import('@/pages/admin/SystemPage.vue'),
        meta: { title: 'system.title', access: 'admin' },
      },
      {
        path: 'admin/apps',
        component: () => import('@/pages/admin/AppsPage.vue'),
        meta: { title: 'apps.title', access: 'admin' },
      },
      {
        path: 'admin/apps/:id',
        component: () => import('@/pages/admin/AppPage.vue'),
        props: true,
        children: [
          { path: '', component: () => import('@/pages/admin/AppOverviewPage.vue'), meta: { title: 'apps.titles.overview', access: 'admin' } },
          { path: 'settings', component: () => import('@/pages/admin/AppSettingsPage.vue'), meta: { title: 'apps.titles.settings', access: 'admin' } },
          { path: 'webhooks', component: () => import('@/pages/admin/AppWebhooksPage.vue'), meta: { title: 'apps.titles.webhooks', access: 'admin' } },
          { path: 'console', component: () => import('@/pages/admin/AppConsolePage.vue'), meta: { title: 'apps.titles.console', access: 'admin' } },
        ],
      },
      { path: 'admin/notices', component: NoticesPage, meta: { title: 'nav.notices', access: 'admin' } },
      {
        path: 'account',
        component: () => import('@/pages/AccountPage.vue'),
        meta: { title: 'nav.account', access: 'any' },
      },
      {
        path: '403',
        name: 'forbidden',
        component: () => import('@/pages/ForbiddenPage.vue'),
        meta: { title: 'page.forbidden', access: 'any' },
      },
    ],
  },
  {
    path: '/:path(.*)*',
    name: 'not-found',
    component: NotFoundPage,
    meta: { title: 'page.notFound', access: 'public' },
  },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach(async (to) => {
  const session = useSession()
  await session.load()
  if (session.bootError) return true
  return decideAccess(to, session.user)
})
