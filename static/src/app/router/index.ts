import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import type { Role } from '@/shared/api/types'
import { useSession } from '@/shared/session/session'
import { decideAccess } from '@/shared/session/access'

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

const AppShell = () => import('@/app/shell/AppShell.vue')
const AlertsPage = () => import('@/features/alerts/pages/AlertsPage.vue')
const NoticesPage = () => import('@/features/notices/pages/NoticesPage.vue')
const NotFoundPage = () => import('@/app/pages/NotFoundPage.vue')

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/login' },
  {
    path: '/login',
    name: 'login',
    component: () => import('@/features/accounts/pages/LoginPage.vue'),
    meta: { title: 'login.title', access: 'public' },
  },
  {
    path: '/',
    component: AppShell,
    children: [
      {
        path: 'student/dashboard',
        component: () => import('@/features/dashboard/pages/StudentDashboardPage.vue'),
        meta: { title: 'nav.dashboard', access: 'student' },
      },
      {
        path: 'student/materi',
        component: () => import('@/features/materials/pages/StudentMaterialsPage.vue'),
        meta: { title: 'nav.materials', access: 'student' },
      },
      {
        path: 'student/materi/:id',
        component: () => import('@/features/materials/pages/StudentMaterialPage.vue'),
        props: true,
        meta: { title: 'nav.materials', access: 'student' },
      },
      {
        path: 'student/appointments',
        component: () => import('@/features/appointments/pages/StudentAppointmentsPage.vue'),
        meta: { title: 'appointments.title', access: 'student' },
      },
      {
        path: 'student/appointments/create',
        component: () => import('@/features/appointments/pages/BookingPage.vue'),
        meta: { title: 'appointments.booking.title', access: 'student' },
      },
      {
        path: 'student/chat/:id?',
        component: () => import('@/features/chat/pages/StudentChatPage.vue'),
        meta: { title: 'chat.title', access: 'student', isFilled: true },
      },
      {
        path: 'student/ai-companion/:id?',
        component: () => import('@/features/companion/pages/CompanionPage.vue'),
        meta: { title: 'companion.title', access: 'student', isFilled: true },
      },
      { path: 'student/notices', component: NoticesPage, meta: { title: 'nav.notices', access: 'student' } },
      {
        path: 'guru/dashboard',
        component: () => import('@/features/dashboard/pages/CounsellorDashboardPage.vue'),
        meta: { title: 'nav.dashboard', access: 'counsellor' },
      },
      {
        path: 'guru/materi',
        component: () => import('@/features/materials/pages/CounsellorMaterialsPage.vue'),
        meta: { title: 'nav.materials', access: 'counsellor' },
      },
      {
        path: 'guru/materi/:id',
        component: () => import('@/features/materials/pages/CounsellorMaterialPage.vue'),
        props: true,
        meta: { title: 'nav.materials', access: 'counsellor' },
      },
      {
        path: 'guru/appointments',
        component: () => import('@/features/appointments/pages/CounsellorAppointmentsPage.vue'),
        meta: { title: 'appointments.title', access: 'counsellor' },
      },
      {
        path: 'guru/availability',
        component: () => import('@/features/appointments/pages/AvailabilityPage.vue'),
        meta: { title: 'appointments.availability.title', access: 'counsellor' },
      },
      {
        path: 'guru/chat/:id?',
        component: () => import('@/features/chat/pages/CounsellorChatPage.vue'),
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
        component: () => import('@/features/accounts/pages/UsersPage.vue'),
        meta: { title: 'nav.users', access: 'admin' },
      },
      {
        path: 'admin/alerts',
        component: AlertsPage,
        meta: { title: 'alerts.title', access: 'admin' },
      },
      {
        path: 'admin/help',
        component: () => import('@/features/help/pages/HotlinesPage.vue'),
        meta: { title: 'hotlines.title', access: 'admin' },
      },
      {
        path: 'admin/audit',
        component: () => import('@/features/audit/pages/AuditPage.vue'),
        meta: { title: 'audit.title', access: 'admin' },
      },
      {
        path: 'admin/system',
        component: () => import('@/features/system/pages/SystemPage.vue'),
        meta: { title: 'system.title', access: 'admin' },
      },
      {
        path: 'admin/apps',
        component: () => import('@/features/apps/pages/AppsPage.vue'),
        meta: { title: 'apps.title', access: 'admin' },
      },
      {
        path: 'admin/apps/:id',
        component: () => import('@/features/apps/pages/AppPage.vue'),
        props: true,
        children: [
          {
            path: '',
            component: () => import('@/features/apps/pages/AppOverviewPage.vue'),
            meta: { title: 'apps.titles.overview', access: 'admin' },
          },
          {
            path: 'settings',
            component: () => import('@/features/apps/pages/AppSettingsPage.vue'),
            meta: { title: 'apps.titles.settings', access: 'admin' },
          },
          {
            path: 'webhooks',
            component: () => import('@/features/apps/pages/AppWebhooksPage.vue'),
            meta: { title: 'apps.titles.webhooks', access: 'admin' },
          },
          {
            path: 'console',
            component: () => import('@/features/apps/pages/AppConsolePage.vue'),
            meta: { title: 'apps.titles.console', access: 'admin' },
          },
        ],
      },
      { path: 'admin/notices', component: NoticesPage, meta: { title: 'nav.notices', access: 'admin' } },
      {
        path: 'account',
        component: () => import('@/features/accounts/pages/AccountPage.vue'),
        meta: { title: 'nav.account', access: 'any' },
      },
      {
        path: '403',
        name: 'forbidden',
        component: () => import('@/app/pages/ForbiddenPage.vue'),
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
